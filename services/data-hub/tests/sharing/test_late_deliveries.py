"""Data that was granted and does not come in time: the source department and the bureau are told, once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets
from data_hub.resources.domain import POPULATION
from data_hub.sharing.steps import Steps

from .factories import (
    AIR,
    BASE,
    HOUSING,
    POLICE,
    act,
    applicant,
    bureau,
    decider,
    grant_to,
    granted,
    published,
    seen,
)

TASK = "data-hub.sharing.deadlines"
FIRST = datetime(2026, 11, 2, 10, tzinfo=CHINA)
WHY = {"reason": "用于履职"}


async def due(city: ServiceUnderTest) -> tuple[str, datetime]:
    """A grant of a resource without rows, and by when they must be there."""
    city.clock.set(FIRST)
    await published(city)
    grant = await granted(city)
    return grant, datetime.fromisoformat((await seen(city, decider(city), f"grants/{grant}"))["deliver_by"])


async def told(city: ServiceUnderTest, who: dict[str, str]) -> list[dict[str, Any]]:
    return list((await seen(city, who, "notices", kind="delivery"))["items"])


async def rows_came(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        dataset = await Datasets(work).need(AIR)
        await Datasets(work).append(dataset, [("1074A", None, 57, None)], batch=dataset.id)


class TestLateData:
    async def test_is_told_to_the_source_department_and_the_bureau_once(self, city: ServiceUnderTest) -> None:
        grant, deliver_by = await due(city)
        assert city.runtime.calendar.working_days_between(FIRST, deliver_by) == 20
        city.clock.set(deliver_by - timedelta(minutes=1))
        await city.run_task(TASK)
        assert await told(city, bureau(city)) == []
        city.clock.set(deliver_by + timedelta(minutes=1))
        for _ in range(2):
            await city.run_task(TASK)
            city.clock.advance(days=1)
        for who in (decider(city), bureau(city)):
            [notice] = await told(city, who)
            assert (notice["resource"], notice["subject"], notice["data"]["grant"]) == (AIR, grant, grant)
            assert (notice["data"]["department"], deliver_by.date().isoformat() in notice["note"]) == (HOUSING, True)
        for who in (decider(city, POLICE), applicant(city, POLICE)):
            assert await told(city, who) == []
        async with city.work() as work:
            steps = await Steps(work).of(UUID(grant))
        assert [(step.act, step.title) for step in steps][1:] == [
            ("late-delivery", "逾期未提供数据 Not delivered in time")
        ]

    async def test_is_settled_by_what_the_source_department_says(self, city: ServiceUnderTest) -> None:
        _, deliver_by = await due(city)
        city.clock.set(deliver_by + timedelta(minutes=1))
        await city.run_task(TASK)
        source = city.token(["data-hub.sharing.apply", "data-hub.sharing.decide"], department="11131100MB0H00030L")
        [notice] = await told(city, source)
        answer = await act(city, source, f"notices/{notice['id']}/acknowledgements", {"done": "本周内提供"})
        assert answer.status_code == 201, answer.text

    async def test_is_not_what_came_in_time(self, city: ServiceUnderTest) -> None:
        _, deliver_by = await due(city)
        await rows_came(city)
        city.clock.set(deliver_by + timedelta(days=1))
        await city.run_task(TASK)
        assert await told(city, bureau(city)) == []

    async def test_is_not_what_nobody_may_have_any_more(self, city: ServiceUnderTest) -> None:
        grant, deliver_by = await due(city)
        assert (await act(city, decider(city), f"grants/{grant}/revocations", WHY)).status_code == 201
        city.clock.set(deliver_by + timedelta(days=1))
        await city.run_task(TASK)
        assert await told(city, bureau(city)) == []

    async def test_is_not_what_a_registry_keeps(self, city: ServiceUnderTest) -> None:
        await published(city, POPULATION)
        await grant_to(city, HOUSING, resource=POPULATION)
        city.clock.advance(days=1)
        await city.run_task(TASK)
        assert await told(city, bureau(city)) == []
        assert (await city.client.get(f"{BASE}/notices", headers=bureau(city))).status_code == 200
