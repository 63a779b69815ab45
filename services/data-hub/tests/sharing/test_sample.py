"""The sample city's sharing: there once, one grant that works and one application that waits."""

from citykit.testing import ServiceUnderTest
from data_hub.sample.resources import load_resources
from data_hub.sample.sharing import load_sharing
from data_hub.sharing.service import Grants

from .factories import HOUSING, bureau, decider, officer, seen

HEALTH, AIR = "11131100MB0H00081W", "203001-000001"


async def test_has_a_grant_and_an_open_application(city: ServiceUnderTest) -> None:
    for _ in range(2):
        async with city.work() as work:
            await load_resources(work)
            await load_sharing(work)
    found = (await seen(city, bureau(city), "applications"))["items"]
    assert sorted(one["state"] for one in found) == ["granted", "submitted"]
    (waiting,) = (await seen(city, decider(city, HOUSING), "applications", to_decide=True))["items"]
    assert waiting["purpose"] == "渣土运输和工地扬尘执法"
    async with city.work() as work:
        assert (await Grants(work).policy(AIR, actor=officer(HEALTH))).rows_left == 10_000
