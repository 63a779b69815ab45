"""History in Parquet: written once a month, masked, read by DuckDB without the database."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.registries.archiving import archive
from data_hub.registries.population.schemas import Correction
from data_hub.registries.population.service import Population
from data_hub.sample.personas import LOADER

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    OTHER,
    PERSONS,
    correction,
    register,
    register_firm,
    stating,
)

duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
AS_OF = """
select value, department from read_parquet(?, hive_partitioning = true)
where subject = ? and field = 'name' and known_from <= ? and known_to > ?
"""


async def corrected(city: ServiceUnderTest, path: str, name: str, department: str | None = None) -> None:
    body = (
        correction("name", name) if department is None else correction("name", name, source={"department": department})
    )
    answer = await city.client.post(f"{path}/corrections", json=body, headers=stating(city, body))
    assert answer.status_code == 201, answer.text


async def written(city: ServiceUnderTest, folder: Path) -> list[str]:
    async with city.work() as work:
        return [part.file for part in await archive(work, folder)]


def asked(folder: Path, *values: Any) -> list[Any]:
    return list(duckdb.execute(AS_OF, [str(folder / "**" / "*.parquet"), *values]).fetchall())


class TestArchive:
    async def test_tells_what_was_known_on_a_day(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        await register_firm(city)
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{ENTITIES}/{FIRM}", "衡水更正有限公司", MARKET)
        city.clock.set(at("2026-07-04 09:00"))
        assert await written(city, tmp_path) == ["registry=legal-entities/month=2026-05/part-0000.parquet"]
        day = at("2026-04-01 00:00")
        assert await asyncio.to_thread(asked, tmp_path, FIRM, day, day) == [("衡水示例橡塑制品有限公司", MARKET)]

    async def test_a_month_is_written_once_and_only_when_it_is_over(
        self, city: ServiceUnderTest, tmp_path: Path
    ) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        person = await register(city)
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{PERSONS}/{person}", "李秀莹")
        assert await written(city, tmp_path) == []
        city.clock.set(at("2026-06-03 23:59"))
        assert await written(city, tmp_path) == []
        city.clock.set(at("2026-06-04 00:01"))
        assert len(await written(city, tmp_path)) == 1
        assert await written(city, tmp_path) == []

    async def test_what_a_long_act_learnt_before_the_month_s_end_is_not_lost(
        self, city: ServiceUnderTest, tmp_path: Path
    ) -> None:
        """A night's feed learns at 23:50 on the last day and commits hours later, when the month is over."""
        city.clock.set(at("2026-03-01 09:00"))
        person, other = await register(city), await register(city, id_number=OTHER, name="王芳")
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{PERSONS}/{person}", "李秀莹")
        city.clock.set(at("2026-05-31 23:50"))
        moment = city.clock.now()
        async with city.work() as night:
            row = await Population(night).locked(other)
            draft = Correction.model_validate(correction("name", "王方"))
            await Population(night).correct(row, draft, by=LOADER)
            city.clock.set(at("2026-06-01 03:17"))
            assert await written(city, tmp_path) == []
        city.clock.set(at("2026-06-04 03:17"))
        assert len(await written(city, tmp_path)) == 1
        kept = await asyncio.to_thread(asked, tmp_path, str(other), moment - timedelta(days=1), moment - timedelta(1))
        assert [value for value, _ in kept] == ["王*"]

    async def test_names_are_masked(self, city: ServiceUnderTest, tmp_path: Path) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        person = await register(city)
        city.clock.set(at("2026-05-10 09:00"))
        await corrected(city, f"{PERSONS}/{person}", "李秀莹")
        city.clock.set(at("2026-06-05 09:00"))
        await written(city, tmp_path)
        day = at("2026-04-01 00:00")
        found = await asyncio.to_thread(asked, tmp_path, str(person), day, day)
        assert [value for value, _ in found] == ["李*英"]

    async def test_the_task_wants_a_folder(self, city: ServiceUnderTest) -> None:
        assert city.settings.archive_dir is None
        await city.run_task("data-hub.registries.archive")
