"""Data sets: a shape becomes a table, grows with its rows, and is refused where it cannot."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape, faults, growth, value
from data_hub.datasets.errors import BadShape, NoDataset, ShapeInUse
from data_hub.datasets.service import Datasets, RowQuery

CODE = Column("station", "站点编码", ColumnType.string, required=True)
HOUR = Column("hour", "时间", ColumnType.datetime, required=True)
AQI = Column("aqi", "空气质量指数", ColumnType.integer)
SHAPE = Shape((CODE, HOUR, AQI), ("station", "hour"))
RESOURCE = "203001-000001"

columns = st.builds(
    Column, st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), st.just("项"), st.sampled_from(ColumnType)
)
shapes = st.lists(columns, min_size=1, max_size=6, unique_by=lambda c: c.name).map(lambda c: Shape(tuple(c)))


class TestFaults:
    def test_of_a_good_shape_are_none(self) -> None:
        assert faults(SHAPE) == []

    @pytest.mark.parametrize("name", ["Aqi", "1st", "_id", "a b", "a;drop", "", "项", "a" * 60])
    def test_names_that_are_no_columns(self, name: str) -> None:
        assert faults(Shape((Column(name, "项", ColumnType.string),)))

    def test_twice_the_same_name_and_a_key_of_nothing(self) -> None:
        assert faults(Shape((AQI, AQI), ("nothing",))) == ["twice: aqi", "no such column: nothing"]

    def test_ten_thousand_columns(self) -> None:
        many = tuple(Column(f"c{place}", "项", ColumnType.string) for place in range(10_000))
        assert faults(Shape(many)) == ["10000 columns; there may be 1 to 500"]


class TestGrowth:
    @settings(max_examples=50)
    @given(shapes, shapes)
    def test_never_changes_a_type(self, before: Shape, after: Shape) -> None:
        added = growth(before, after)
        types = {c.name: c.type for c in before.columns}
        clash = any(types.get(c.name, c.type) is not c.type for c in after.columns)
        assert (added is None) == clash
        if added is not None:
            assert {c.name for c in added} == {c.name for c in after.columns} - set(types)


class TestEstablish:
    async def test_makes_a_table_once(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            made = await Datasets(work).establish(RESOURCE, SHAPE)
        async with city.work() as work:
            assert await Datasets(work).establish(RESOURCE, SHAPE) == made
            assert await Datasets(work).need(RESOURCE) == made

    async def test_grows_while_there_are_rows(self, city: ServiceUnderTest) -> None:
        more = Column("pm25", "细颗粒物", ColumnType.number)
        async with city.work() as work:
            made = await Datasets(work).establish(RESOURCE, SHAPE)
            await _insert(work, made.table)
            grown = await Datasets(work).establish(RESOURCE, Shape((*SHAPE.columns, more), SHAPE.key))
            assert grown.shape.column("pm25") == more
            rows = await (await work.driver()).execute(f"select aqi, pm25 from {made.table}")
            assert await rows.fetchall() == [(51, None)]

    async def test_keeps_a_type_while_there_are_rows(self, city: ServiceUnderTest) -> None:
        other = Shape((CODE, HOUR, Column("aqi", "空气质量指数", ColumnType.string)), SHAPE.key)
        async with city.work() as work:
            made = await Datasets(work).establish(RESOURCE, SHAPE)
            assert (await Datasets(work).establish(RESOURCE, other)).shape == other
            await Datasets(work).establish(RESOURCE, SHAPE)
            await _insert(work, made.table)
            with pytest.raises(ShapeInUse):
                await Datasets(work).establish(RESOURCE, other)

    async def test_refuses_what_is_no_table(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            with pytest.raises(BadShape):
                await Datasets(work).establish(RESOURCE, Shape((AQI, AQI)))
            with pytest.raises(NoDataset):
                await Datasets(work).need(RESOURCE)


async def _insert(work: object, table: str) -> None:
    connection = await work.driver()  # type: ignore[attr-defined]  # the work of this test
    await connection.execute(
        f"insert into {table} (_batch, station, hour, aqi) values (gen_random_uuid(), '1074A', now(), 51)"
    )


class TestValues:
    @pytest.mark.parametrize(
        ("type_", "given", "read"),
        [
            (ColumnType.string, 7, "7"), (ColumnType.integer, "42", 42), (ColumnType.integer, 4.0, 4),
            (ColumnType.number, "0.1", Decimal("0.1")), (ColumnType.boolean, "True", True),
            (ColumnType.date, "2026-03-01", date(2026, 3, 1)),
            (ColumnType.datetime, "2026-03-01T08:00:00", datetime(2026, 3, 1, 8, tzinfo=CHINA)),
        ],
    )  # fmt: skip
    def test_are_read_by_type(self, type_: ColumnType, given: Any, read: Any) -> None:
        assert value(type_, given) == read

    @settings(max_examples=50)
    @given(st.sampled_from(ColumnType), st.text(max_size=20) | st.integers() | st.floats() | st.booleans())
    def test_are_read_or_refused(self, type_: ColumnType, given: Any) -> None:
        with contextlib.suppress(ValueError):
            assert value(type_, given) is not None

    @pytest.mark.parametrize("given", ["1.5", "1e9", "", "９", str(2**63), "NaN"])
    def test_whole_numbers_fit(self, given: str) -> None:
        with pytest.raises(ValueError, match="number"):
            value(ColumnType.integer, given)


class TestRows:
    async def test_beyond_what_is_counted_are_estimated(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            datasets = Datasets(work)
            dataset = await datasets.establish(RESOURCE, SHAPE)
            start = datetime(2026, 1, 1, tzinfo=UTC)
            await datasets.append(dataset, [("a", start + timedelta(hours=n), n) for n in range(50)], batch=new_id())
            query = RowQuery(("aqi",))
            assert await datasets.count(dataset, query) == (50, False)
            counted, estimated = await datasets.count(dataset, query, exact_up_to=10)
        assert (counted >= 11, estimated) == (True, True)

    async def test_come_in_pieces_as_csv(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            datasets = Datasets(work)
            dataset = await datasets.establish(RESOURCE, SHAPE)
            rows = [
                (text, datetime(2026, 1, 1, tzinfo=UTC), n) for n, text in enumerate(["=a", 'b"c', "＠d", "-1", "e,f"])
            ]
            await datasets.append(dataset, rows, batch=new_id())
            first = await datasets.lines(dataset, ["station", "aqi"], after=0, most=3)
            assert first is not None
            second = await datasets.lines(dataset, ["station", "aqi"], after=first[1], most=3)
            assert second is not None
            assert await datasets.lines(dataset, ["station"], after=second[1], most=3) is None
        text = (first[0] + second[0]).decode()
        assert text.splitlines() == ["'=a,0", '"b""c",1', "'＠d,2", "'-1,3", '"e,f",4']
