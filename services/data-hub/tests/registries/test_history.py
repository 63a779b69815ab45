"""The tables of values, as the database itself guards them."""

from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from citykit.testing import ServiceUnderTest
from data_hub.registries.population.models import PersonValueRow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class TestOneTruthAtATime:
    async def test_two_values_of_one_day_known_at_once_are_refused(self, city: ServiceUnderTest) -> None:
        row = {
            "person": uuid4(), "field": "name", "known_from": NOON, "true_from": date(2000, 1, 1), "value": "甲",
            "statement": uuid4(),
        }  # fmt: skip
        async with city.runtime.sessions() as session:
            await session.execute(insert(PersonValueRow).values(row))
            with pytest.raises(IntegrityError, match="one_truth"):
                await session.execute(insert(PersonValueRow).values(row | {"true_from": date(2010, 1, 1)}))

    async def test_what_was_known_before_may_differ(self, city: ServiceUnderTest) -> None:
        row = {
            "person": uuid4(), "field": "name", "known_from": NOON, "true_from": date(2000, 1, 1), "value": "甲",
            "statement": uuid4(), "known_to": NOON.replace(hour=13),
        }  # fmt: skip
        later = row | {"known_from": NOON.replace(hour=13), "known_to": None}
        async with city.runtime.sessions() as session:
            await session.execute(insert(PersonValueRow).values([row, later]))


class TestReadyToBeSpread:
    """A table that shall lie on several servers carries what it is spread by in every key, and no foreign key."""

    SPREAD: ClassVar = {
        "person": "id",
        "person_number": "id_number_index",
        "person_value": "person",
        "person_relation": "person",
        "person_disclosure": "person",
        "legal_entity": "uscc",
        "legal_entity_value": "uscc",
        "legal_entity_reader": "uscc",
    }

    @pytest.mark.parametrize("table", sorted(SPREAD))
    async def test_every_unique_key_holds_the_distribution_column(self, city: ServiceUnderTest, table: str) -> None:
        async with city.work() as work:
            keys = await work.session.execute(
                text(
                    "select i.indexrelid::regclass::text as name, array(select a.attname::text from pg_attribute a"
                    " where a.attrelid = i.indrelid and a.attnum = any(i.indkey)) as columns from pg_index i"
                    " where i.indrelid = to_regclass(:table) and (i.indisunique or i.indisexclusion)"
                ),
                {"table": table},
            )
            found = {row.name: row.columns for row in keys}
        assert found
        assert all(self.SPREAD[table] in columns for columns in found.values())

    async def test_there_is_no_foreign_key(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            number = await work.session.scalar(
                text(
                    "select count(*) from pg_constraint"
                    " where contype = 'f' and conrelid = any(cast(:tables as regclass[]))"
                ).bindparams(tables=sorted(self.SPREAD))
            )
        assert number == 0
