"""Data sets: a shape becomes a table, grows with its rows, and is refused where it cannot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape, faults, growth
from data_hub.datasets.errors import BadShape, NoDataset, ShapeInUse
from data_hub.datasets.service import Datasets

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
