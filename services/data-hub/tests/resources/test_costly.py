"""What the public face of the directory asks of an address: descriptions are free, what is costly is counted."""

from typing import Any

import pytest

from citykit.callers import Allowance
from citykit.testing import ServiceUnderTest

from . import factories as f

ACTION = "/api/data-hub/ckan/api/3/action"
CATALOGUE = "/api/data-hub/v1/catalogue"


@pytest.fixture
async def opened(city: ServiceUnderTest) -> ServiceUnderTest:
    """A city with an opened resource, where an address has ten requests in a time that does not pass."""
    await f.published(city)
    city.app.state.keyless = Allowance(10, 10, now=lambda: 1000.0)
    return city


async def statuses(city: ServiceUnderTest, times: int, path: str, **headers: str) -> list[int]:
    """What an address is answered that asks several times."""
    return [(await city.client.get(path, headers=headers)).status_code for _ in range(times)]


class TestACatalogue:
    async def test_counts_where_it_is_made_anew_and_not_where_it_is_kept(self, opened: ServiceUnderTest) -> None:
        assert await statuses(opened, 20, f"{CATALOGUE}.ttl") == [200] * 20
        assert await statuses(opened, 1, f"{CATALOGUE}.ttl?limit=7") == [200]
        refused = await opened.client.get(f"{CATALOGUE}.ttl?limit=8")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert refused.json()["type"] == "/problems/too-many-requests"

    async def test_that_a_harvester_has_costs_it_nothing(self, opened: ServiceUnderTest) -> None:
        first = await opened.client.get(f"{CATALOGUE}.rdf")
        opened.app.state.keyless.spend("127.0.0.1", 5)
        asked = {"If-None-Match": first.headers["etag"]}
        assert await statuses(opened, 20, f"{CATALOGUE}.rdf", **asked) == [304] * 20


class TestActions:
    async def test_a_dump_of_every_package_is_never_refused(self, opened: ServiceUnderTest) -> None:
        assert await statuses(opened, 30, f"{ACTION}/package_show?id={f.AIR}") == [200] * 30
        assert await statuses(opened, 30, f"{ACTION}/package_search?rows=100") == [200] * 30
        assert await statuses(opened, 20, f"{ACTION}/organization_show?id={f.ECOLOGY.lower()}") == [200] * 20

    @pytest.mark.parametrize(
        ("call", "often"),
        [
            ("package_search?rows=1000", 2),
            ("current_package_list_with_resources?limit=400", 5),
            ("group_package_show?id=environment", 2),
            (f"organization_show?id={f.ECOLOGY.lower()}&include_datasets=true", 2),
        ],
    )
    async def test_long_pages_of_packages_are_counted(self, opened: ServiceUnderTest, call: str, often: int) -> None:
        assert await statuses(opened, often + 1, f"{ACTION}/{call}") == [200] * often + [429]
        told: dict[str, Any] = (await opened.client.get(f"{ACTION}/{call}")).json()
        assert (told["success"], told["error"]["__type"]) == (False, "Too Many Requests")
