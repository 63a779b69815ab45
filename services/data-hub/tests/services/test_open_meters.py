"""Opened rows that leave as CKAN's datastore or as a file are metered like those of the data services."""

import asyncio

import pytest

from citykit.testing import ServiceUnderTest
from data_hub import meters
from data_hub.opened_reads import Read
from data_hub.resources import download
from data_hub.resources.reading import Reading

from .factories import AIR, HUB, Office

SEARCH = "/api/data-hub/ckan/api/3/action/datastore_search"
FILE = f"{HUB}/catalogue/resources/{AIR}/rows.csv"


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    office = Office(city)
    await office.publish(opening="opened", share_type="unconditional", share_condition=None)
    return office


async def metered(office: Office) -> list[tuple[str, int, int]]:
    """Caller, calls and rows, as the department reads them whose data they are."""
    answer = await office.city.client.get(f"{HUB}/services/meters", headers=office.ecology)
    return [(one["caller"], one["calls"], one["rows"]) for one in answer.json()["items"]]


async def search(office: Office, **query: object) -> int:
    answer = await office.city.client.post(SEARCH, json={"resource_id": AIR} | query)
    return answer.status_code


async def rows_in(office: Office) -> int:
    return len((await office.city.client.get(FILE)).text.splitlines()) - 1


class TestTheDatastore:
    async def test_counts_calls_and_the_rows_that_left(self, office: Office) -> None:
        assert [
            await search(office, limit=2),
            await search(office, limit=1, offset=1),
            await search(office, limit=0),
        ] == [200] * 3
        assert await metered(office) == [("public", 3, 3)]

    async def test_counts_nothing_where_it_refuses(self, office: Office) -> None:
        assert await search(office, filters={"nothing": 1}) == 409
        assert await metered(office) == []

    async def test_counts_everybody_who_asks_at_once(self, office: Office) -> None:
        await asyncio.gather(*(search(office, limit=1) for _ in range(8)))
        assert await metered(office) == [("public", 8, 8)]


class TestTheFile:
    async def test_is_one_call_with_all_its_rows(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(download, "_PIECE", 2)
        whole = await rows_in(office)
        assert whole > 2
        assert await metered(office) == [("public", 1, whole)]

    async def test_without_rows_is_a_call(self, office: Office) -> None:
        async with office.city.work() as work:
            resource = await Reading(work).public(AIR)
            dataset, columns = await download.opened_rows(work, resource)
            await (await work.driver()).execute(f'delete from "{dataset.table}"')
        noted: list[Read] = []
        pieces = [one async for one in download.as_csv(office.city.work, dataset, columns, resource, noted.append)]
        assert (len(pieces), await metered(office)) == (1, [("public", 1, 0)])
        assert [(one.calls, one.rows) for one in noted] == [(1, 0)]

    async def test_read_slowly_lets_others_go_on(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(download, "_PIECE", 1)
        async with office.city.work() as work:
            resource = await Reading(work).public(AIR)
            dataset, columns = await download.opened_rows(work, resource)
        noted: list[Read] = []
        slow = download.as_csv(office.city.work, dataset, columns, resource, noted.append)
        await anext(slow)
        await anext(slow)  # a row has left, and the reader has stopped to read
        async with office.city.work() as work:
            await (await work.driver()).execute("set local lock_timeout = '1ms'")
            assert await meters.count(work, AIR, resource.source_department, 1)
        assert await metered(office) == [("public", 2, 2)]
        await slow.aclose()
        assert [(one.calls, one.rows) for one in noted] == [(1, 1)]


class TestTheCounter:
    async def test_of_everybody_does_not_wait_for_the_disk(self, office: Office) -> None:
        async with office.city.work() as work:
            shown = "show synchronous_commit"
            connection = await work.driver()
            await connection.execute("set local synchronous_commit = 'on'")  # as in a city; here the disk is spared
            await meters.count(work, AIR, "11131100MB0H00030L", 1, caller="key:x")
            assert (await (await connection.execute(shown)).fetchone()) == ("on",)
            await meters.count(work, AIR, "11131100MB0H00030L", 1)
            assert (await (await connection.execute(shown)).fetchone()) == ("off",)
