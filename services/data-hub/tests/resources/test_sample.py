"""The sample city's directory."""

from citykit.testing import ServiceUnderTest
from data_hub.sample.catalogue import AIR, RESOURCES
from data_hub.sample.resources import load_resources

from .factories import CATALOGUE, reader
from .factories import RESOURCES as BASE


async def test_is_loaded_once_and_shows_what_is_opened(city: ServiceUnderTest) -> None:
    for _ in range(2):
        async with city.work() as work:
            await load_resources(work)
    inside = (await city.client.get(BASE, params={"limit": 100}, headers=reader(city))).json()["items"]
    assert len(inside) == len(RESOURCES) - 1, "one waits for review"
    opened = (await city.client.get(f"{CATALOGUE}/resources", params={"limit": 100})).json()["items"]
    assert AIR in {one["code"] for one in opened}
    assert {one["opening"] for one in opened} == {"opened"}
