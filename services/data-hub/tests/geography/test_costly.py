"""What costs a process much is counted by address, of those who see no more than everybody."""

import pytest

from citykit.callers import Allowance
from citykit.testing import ServiceUnderTest

from .office import EAST, NORTH, OGC, Office, draft, layer_id, point

GEOCODINGS = "/api/data-hub/v1/geography/geocodings"


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    """An office in a city where an address has four requests in a time that does not pass."""
    city.app.state.keyless = Allowance(4, 4, now=lambda: 1000.0)
    return Office(city)


async def layer_of(office: Office) -> str:
    """A public layer."""
    layer = layer_id()
    await office.publish(draft(layer, point("a", x=EAST, y=NORTH, name="人民公园")))
    return layer


async def statuses(office: Office, times: int, path: str, who: dict[str, str] | None = None, **query: str) -> list[int]:
    """What is answered to who asks several times."""
    return [(await office.get(path, who, **query)).status_code for _ in range(times)]


class TestFeatures:
    async def test_plain_pages_are_free(self, office: Office) -> None:
        layer = await layer_of(office)
        assert await statuses(office, 20, f"{OGC}/{layer}/items", limit="100", name="人民公园") == [200] * 20

    @pytest.mark.parametrize(("query", "often"), [({"filter": "name IS NOT NULL"}, 2), ({"limit": "500"}, 2)])
    async def test_filters_and_long_pages_are_counted(self, office: Office, query: dict[str, str], often: int) -> None:
        layer = await layer_of(office)
        assert await statuses(office, often + 1, f"{OGC}/{layer}/items", **query) == [200] * often + [429]
        refused = await office.get(f"{OGC}/{layer}/items", **query)
        assert (refused.headers["retry-after"], refused.json()["type"]) == ("2", "/problems/too-many-requests")
        assert await statuses(office, 9, f"{OGC}/{layer}/items", office.housing, **query) == [200] * 9
        citizen = office.city.token([])
        assert await statuses(office, 1, f"{OGC}/{layer}/items", citizen, **query) == [429]

    async def test_a_limit_that_is_no_number_is_told_as_before(self, office: Office) -> None:
        layer = await layer_of(office)
        for limit in ("x", "٣", "-1", "9" * 50):
            assert await statuses(office, 1, f"{OGC}/{layer}/items", limit=limit) != [500]


class TestTiles:
    async def test_one_that_is_drawn_is_counted_and_one_that_the_caller_has_is_not(self, office: Office) -> None:
        path = f"{OGC}/{await layer_of(office)}/tiles/WebMercatorQuad/10/395/841"
        tag = (await office.get(path)).headers["etag"]
        assert await statuses(office, 20, path, {"If-None-Match": tag}) == [304] * 20
        assert await statuses(office, 4, path) == [200] * 3 + [429]
        assert await statuses(office, 5, path, office.housing) == [200] * 5


class TestGeocoding:
    async def test_many_addresses_at_once_are_counted(self, office: Office) -> None:
        async def ask(many: int, who: dict[str, str] | None = None) -> int:
            body = {"texts": ["衡水市桃城区"] * many}
            return (await office.city.client.post(GEOCODINGS, json=body, headers=who or {})).status_code

        assert [await ask(30), await ask(30), await ask(1)] == [200, 200, 429]
        assert await ask(30, office.housing) == 200
        assert await statuses(office, 9, GEOCODINGS, text="衡水市桃城区") == [200] * 9
