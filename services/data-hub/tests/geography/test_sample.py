"""The sample's layers: invented, marked so, loaded once; and the map of the divisions."""

from citykit.testing import ServiceUnderTest
from data_hub.reference import load_reference
from data_hub.registries.geography.models import NameRow
from data_hub.registries.geography.repository import LayerTable
from data_hub.sample.geography import load_layers

from .office import OGC, Office

LAYERS = ("sample-parks", "sample-public-toilets", "sample-villages")


async def test_the_samples_layers_are_loaded_once_and_marked(city: ServiceUnderTest) -> None:
    versions = []
    for _ in range(2):
        async with city.work() as work:
            await load_layers(work)
            rows = [await LayerTable(work).one(layer) for layer in LAYERS]
            versions.append([row.version for row in rows if row is not None])
    assert versions[0] == versions[1]
    assert len(versions[0]) == len(LAYERS)
    for layer in LAYERS:
        told = (await city.client.get(f"{OGC}/{layer}")).json()
        assert (told["sample"], "虚构" in told["caution"]) == (True, True)


async def test_villages_lead_the_geocoder_to_their_own_code(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load_layers(work)
    fid = next(iter(await Office(city).items("sample-villages")))
    async with city.work() as work:
        name = await work.session.get_one(NameRow, ("sample-villages", fid))
        assert (name.kind, name.division_code, len(fid)) == ("village", fid, 12)


async def test_parks_that_closed_are_on_the_map_of_their_time(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load_layers(work)
    office = Office(city)
    then = await office.items("sample-parks", datetime="2010-01-01T00:00:00Z")
    now = await office.items("sample-parks", datetime="2026-01-01T00:00:00Z")
    assert ("park-04" in then, "park-04" in now, "park-05" in then, "park-05" in now) == (True, False, False, True)


async def test_reference_data_loaded_again_changes_nothing(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        before = await LayerTable(work).one("divisions")
        version = None if before is None else before.version
        await load_reference(work)
        after = await LayerTable(work).one("divisions")
        assert (None if after is None else after.version) == version


async def test_names_that_are_spelt_by_new_rules_are_brought_up_to_date(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load_reference(work)
    async with city.work() as work:
        name = await work.session.get_one(NameRow, ("divisions", "131102"))
        right = list(name.keys)
        name.keys = ["旧写法"]
    async with city.work() as work:
        await load_reference(work)
        assert (await work.session.get_one(NameRow, ("divisions", "131102"))).keys == right
