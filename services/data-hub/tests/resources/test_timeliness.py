"""Whether new data is late: by the last delivery, by a registry's last change; unknown where neither passes here."""

from datetime import timedelta

from psycopg import AsyncConnection

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.resources.domain import POPULATION

from . import factories as f
from .test_router import codes, inside

REPORTS = "203005-000002"
BASIC = {"provider_name": "衡水市公安局", "share_methods": ["query"]}


async def registered(city: ServiceUnderTest, *, number: int | None = None) -> None:
    """The population registry changed."""
    async with city.work() as work:
        connection: AsyncConnection[tuple[object, ...]] = await work.driver()
        await connection.execute(
            "insert into registry_change (id, subject, registry_name, fields, act, statement, changed_at, number)"
            " values (%s, 'x', 'population', '{name}', 'correct', %s, %s, %s)",
            (new_id(), new_id(), work.clock.now(), number),
        )


class TestWhatIsOnlyDescribed:
    async def test_is_neither_late_nor_in_time(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed(REPORTS, format="document"))
        for hours in (0, 100):
            city.clock.advance(hours=hours)
            assert await codes(city, overdue=True) == []
            assert await codes(city, overdue=False) == []
            assert await codes(city, timeliness="unknown") == [REPORTS]
        [told] = (await inside(city, "/statistics", f.reviewer(city)))["departments"]
        assert (told["overdue"], told["update_unknown"]) == (0, 1)

    async def test_is_in_time_where_nothing_is_due(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed(REPORTS, format="document", update_cycle="irregular"))
        assert await codes(city, timeliness="in-time") == [REPORTS]
        assert await codes(city, timeliness="unknown") == []


class TestARegistry:
    async def test_is_as_fresh_as_its_last_change(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed(POPULATION))
        assert await codes(city, timeliness="unknown") == [POPULATION]
        await registered(city, number=1)
        assert await codes(city, timeliness="in-time") == [POPULATION]
        city.clock.set(city.clock.now() + timedelta(hours=4))
        assert await codes(city, timeliness="late") == await codes(city, overdue=True) == [POPULATION]
        await registered(city)
        assert await codes(city, timeliness="in-time") == await codes(city, overdue=False) == [POPULATION]
