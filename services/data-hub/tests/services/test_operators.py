"""Every operator with every type, over HTTP: an answer or a refusal with words, and each bound value says its type."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest
from psycopg import sql

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.datasets.service import Datasets
from data_hub.services.compiler import Compiler
from data_hub.services.domain import conditions, question

from .factories import AIR, HUB, Office, catalogued

TYPES = {
    "word": ColumnType.string, "whole": ColumnType.integer, "exact": ColumnType.number, "yes": ColumnType.boolean,
    "day": ColumnType.date, "moment": ColumnType.datetime,
}  # fmt: skip
SHAPE = Shape(tuple(Column(name, name, type_) for name, type_ in TYPES.items()), ())
GOOD = {
    "word": ("a", "%", ""), "whole": ("1", "-9223372036854775808", "40000"), "exact": ("0.10", "1e60", "7"),
    "yes": ("true", "false"), "day": ("2026-02-28", "0001-01-01"),
    "moment": ("2026-11-01T08:00:00+08:00", "0001-01-02T00:00:00Z"),
}  # fmt: skip
ROWS = [
    ("a", 1, Decimal("0.10"), True, date(2026, 2, 28), datetime(2026, 11, 1, tzinfo=UTC)),
    (None, None, None, None, None, None),
    ("b", 40000, Decimal("7"), False, None, datetime(2026, 11, 1, 1, tzinfo=UTC)),
    ("", -1, None, True, date(1, 1, 1), None),
]
COMPARED = ("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike")


class Asked:
    """A resource with a column of each type, empty values in all of them, open to everybody."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city

    async def publish(self) -> None:
        """Describe the resource and load its rows."""
        items = [{"name": name, "title": name, "type": type_.value} for name, type_ in TYPES.items()]
        await catalogued(
            self.city, AIR, items=items, key=[], opening="opened", share_type="unconditional", share_condition=None
        )
        async with self.city.work() as work:
            dataset = await Datasets(work).establish(AIR, SHAPE)
            names = sql.SQL(", ").join(map(sql.Identifier, TYPES))
            statement = sql.SQL("insert into {} (_batch, _loaded_at, {}) values (%s, now(), {})").format(
                sql.Identifier(dataset.table), names, sql.SQL(", ").join([sql.SQL("%s")] * len(TYPES))
            )
            for row in ROWS:
                await (await work.driver()).execute(statement, (new_id(), *row))

    async def ask(self, **query: str) -> tuple[int, list[dict[str, object]], str | None]:
        """A question: the status, the rows, and where the next page begins."""
        answer = await self.city.client.get(f"{HUB}/services/{AIR}/rows", params=query)
        assert answer.status_code in {200, 422}, (query, answer.text)
        if answer.status_code == 422:
            return 422, [], None
        told = answer.json()
        return 200, told["items"], told["next"]


@pytest.fixture
async def asked(city: ServiceUnderTest) -> Asked:
    made = Asked(city)
    await made.publish()
    return made


class TestEveryOperator:
    async def test_compares_what_fits_its_type(self, asked: Asked) -> None:
        for name, operator, negated in product(TYPES, COMPARED, ("", "not.")):
            for text in GOOD[name]:
                status, _, _ = await asked.ask(**{name: f"{negated}{operator}.{text}"})
                fits = operator in COMPARED[:6] or TYPES[name] is ColumnType.string
                assert status == (200 if fits else 422), (name, operator, text)

    async def test_takes_lists_and_refuses_empty_ones(self, asked: Asked) -> None:
        for name, negated in product(TYPES, ("", "not.")):
            quoted = ",".join(f'"{one}"' for one in GOOD[name])
            for text, status in ((f"({quoted})", 200), (f"({GOOD[name][0]})", 200), ("()", 422), ("", 422)):
                assert (await asked.ask(**{name: f"{negated}in.{text}"}))[0] == status, (name, text)
            _, found, _ = await asked.ask(**{name: f"in.({quoted})"})
            assert found

    async def test_tells_empty_values_from_others(self, asked: Asked) -> None:
        for name in TYPES:
            for word in ("null", "true", "false", "unknown"):
                status, _, _ = await asked.ask(**{name: f"is.{word}"})
                assert status == (200 if word == "null" or name == "yes" else 422), (name, word)
            empty = (await asked.ask(**{name: "is.null"}))[1]
            filled = (await asked.ask(**{name: "not.is.null"}))[1]
            assert len(empty) + len(filled) == len(ROWS)

    async def test_stands_in_groups(self, asked: Asked) -> None:
        for one, other in product(TYPES, TYPES):
            text = f'({one}.eq."{GOOD[one][0]}",not.and({other}.is.null,{one}.in.("{GOOD[one][0]}")))'
            for name in ("or", "and", "not.or"):
                assert (await asked.ask(**{name: text}))[0] == 200, (name, text)


class TestEveryAggregate:
    async def test_is_grouped_ordered_and_paged(self, asked: Asked) -> None:
        for function, column in product(("count", "sum", "avg", "min", "max"), TYPES):
            for group in ("", *(name for name in TYPES if name != column)):
                select = ",".join(filter(None, (group, f"{function}({column})")))
                order = f"{function}_{column}.desc.nullslast"
                status, rows, after = await asked.ask(select=select, order=order, limit="1", count="exact")
                while status == 200 and after is not None:
                    status, more, after = await asked.ask(select=select, order=order, limit="1", after=after)
                    assert status == 200
                    rows += more
                assert len({str(row) for row in rows}) == len(rows)


class TestEveryOrder:
    async def test_goes_on_behind_empty_values(self, asked: Asked) -> None:
        ways = [f".{way}.{nulls}" for way in ("asc", "desc") for nulls in ("nullsfirst", "nullslast")]
        for (one, other), way in product(zip(TYPES, [*list(TYPES)[1:], "word"], strict=True), ways):
            order, found, after = f"{one}{way},{other}{way}", list[object](), ""
            while after is not None:
                more = {"after": after} if after else {}
                status, rows, after = await asked.ask(order=order, limit="1", **more)  # type: ignore[assignment]  # None ends it
                assert status == 200, (order, after)
                found += rows
            whole = (await asked.ask(order=order))[1]
            assert found == whole
            assert len(whole) == len(ROWS)


class TestStatements:
    @pytest.mark.parametrize("order", ["word", "exact.desc,moment", "yes.desc.nullslast,day"])
    async def test_bind_every_value_with_its_type(self, asked: Asked, order: str) -> None:
        async with asked.city.work() as work:
            dataset = await Datasets(work).need(AIR)
            sealed = Datasets(work).sealed(dataset)
            policy = conditions("word=in.(a,b)&whole=gt.1", TYPES)
            compiler = Compiler(dataset.table, TYPES, policy, sealed, ("word",))
            pairs = [(name, f"in.({GOOD[name][0]})") for name in TYPES] + [("order", order), ("word", "like.a*")]
            first = question(pairs, TYPES)
            texts = {"word": "a", "exact": "1.5", "moment": "2026-11-01 00:00:00+00", "yes": "t", "day": "2026-01-01"}
            last = [
                texts[one.name].replace("t", "true") if one.name == "yes" else texts[one.name] for one in first.order
            ]
            after = compiler.cursor(first, str([*last, "7"]).replace("'", '"'))
            following = question([*pairs, ("after", after)], TYPES)
            for made in (compiler.page(following), compiler.each(first), compiler.count(first)):
                text = made.text.as_string(await work.driver())
                assert text.count("%s") == len(made.values)
                assert not re.findall(r"%s(?!::)", text)


async def test_offices_rows_are_asked_for_as_ever(city: ServiceUnderTest) -> None:
    office = Office(city)
    await office.publish()
    await office.grant(row_filter="district=in.(131102,131103)", daily_quota_rows=100)
    assert await office.stations(aqi="in.(57,112)", pm25="not.is.null", order="pm25.desc") == [
        "1075A",
        "1074A",
        "1076A",
    ]
