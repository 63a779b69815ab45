"""What the sample city holds here, and what the database must look like."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from city_ops.main import service
from citykit.migrations import KERNEL_TABLES


class TestSample:
    async def test_the_stations_are_there_once_however_often_it_is_loaded(self, city):
        for _ in range(2):
            async with city.work() as work:
                await city.service.sample(work, 1.0)
        async with city.work() as work:
            rows = await work.session.execute(
                text("select code, name, longitude, latitude, division_code from air_stations order by code")
            )
            assert [tuple(row) for row in rows] == [
                ("1074A", "电机北厂", 115.6838, 37.7541, "131102"),
                ("1075A", "市监测站", 115.6303, 37.7316, "131102"),
            ]


class TestMigrations:
    async def test_they_make_what_the_models_say(self, city):
        def ours(name, kind, _parents):
            return not (kind == "table" and (name in KERNEL_TABLES or name.startswith("procrastinate_")))

        engine = create_engine(city.settings.database_url)
        with engine.connect() as connection:
            options = {"include_name": ours, "compare_type": True}
            context = MigrationContext.configure(connection, opts=options)
            differences = compare_metadata(context, service.metadata)
        engine.dispose()
        assert differences == []
