"""A description that changes while rows are there: what is described is what is gathered, and nothing breaks."""

from typing import Any

from citykit.testing import ServiceUnderTest

from .factories import (
    AIR,
    AIR_ITEMS,
    BUREAU,
    ECOLOGY,
    GOOD,
    HEAD,
    LOADER,
    RESOURCES,
    brought,
    description,
    published,
    rows_of,
    sent,
    table,
)

REVIEWER = "01890000-0000-7000-8000-000000000013"


async def described_anew(city: ServiceUnderTest, **more: Any) -> tuple[int, str]:
    """The resource changed and reviewed; how the review was answered."""
    body = description(**more)
    del body["code"]
    author = city.token(["data-hub.resources.catalogue"], subject=LOADER, department=ECOLOGY)
    reviewer = city.token(["data-hub.resources.review"], subject=REVIEWER, department=BUREAU)
    path = f"{RESOURCES}/{AIR}"
    assert (await city.client.post(f"{path}/changes", json=body, headers=author)).status_code == 201
    assert (await city.client.post(f"{path}/submissions", headers=author)).status_code == 200
    answer = await city.client.post(f"{path}/reviews", json={"approve": True}, headers=reviewer)
    return answer.status_code, str(answer.json().get("type", ""))


class TestAnItemThatComesBack:
    async def test_with_its_type_has_its_old_values_again(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        without = [one for one in AIR_ITEMS if one["name"] != "aqi"]
        assert await described_anew(city, items=without) == (200, "")
        assert await described_anew(city, items=AIR_ITEMS) == (200, "")
        assert [row["aqi"] for row in await rows_of(city)] == [57, 41, 112]
        assert (await brought(city, table([("1079A", "2026-11-01 08:00:00", "9", "优")])))["inserted"] == 1


class TestAResourceThatIsNoTableAnyMore:
    async def test_takes_no_rows(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        waits = await sent(city, table([("1079A", "2026-11-01 08:00:00", "9", "优")], HEAD))
        assert await described_anew(city, format="document", items=[], key=[]) == (200, "")
        await city.drain()
        path = f"/api/data-hub/v1/ingest/{AIR}/batches/{waits.json()['id']}"
        headers = city.token(["data-hub.ingest.load"], subject=LOADER, department=ECOLOGY)
        answer = (await city.client.get(path, headers=headers)).json()
        assert (answer["state"], answer["fault"]["code"]) == ("refused", "withdrawn")
        assert (await sent(city, table(GOOD))).status_code == 404
