"""The sample city's directory."""

from sqlalchemy import text

from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets
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


async def test_its_rows_came_in_a_batch_that_tells_where_they_are_from(city: ServiceUnderTest) -> None:
    for _ in range(2):
        async with city.work() as work:
            await load_resources(work)
    await city.drain()
    async with city.work() as work:
        (batch,) = (await work.session.execute(text("select id, state, accepted, quarantined from ingest_batch"))).all()
        rows = await work.session.execute(text("select event_type from ingest_lineage where batch = :id order by id"),
                                          {"id": batch.id})  # fmt: skip
        assert [row.event_type for row in rows] == ["START", "COMPLETE"]
        dataset = await Datasets(work).need(AIR)
        batches = await work.session.execute(text(f"select distinct _batch from {dataset.table}"))
        assert [row[0] for row in batches] == [batch.id]
    assert (batch.state, batch.accepted, batch.quarantined) == ("loaded", 96, 0)
