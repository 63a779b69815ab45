"""Whoever reads what everybody may read leaves evidence, waits for nothing, and fills nothing."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from citykit.work import Work
from data_hub.opened_reads import OpenedReads
from data_hub.resources import download

from .factories import AIR, ECOLOGY, HOUSING, HUB, QUERY, ROWS, Office
from .opened import FILE, LAYER, ONE, OTHER, SEARCH, SIGN, bounded, exported, kept, month, signed, verified

COLUMNS = ["station", "district", "aqi", "pm25", "hour", "contact"]


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    office = Office(city)
    await office.publish(opening="opened", share_type="unconditional", share_condition=None)
    return office


async def read(office: Office, path: str = ROWS, times: int = 1, **headers: str) -> None:
    """Read what is opened."""
    for _ in range(times):
        answer = await office.city.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text


class TestEveryDoor:
    @pytest.mark.parametrize(
        ("path", "action", "route", "columns", "rows"),
        [
            (ROWS, "query", f"{HUB}/services/{{code}}/rows", COLUMNS, 4),
            (f"{ROWS}?select=aqi,station&aqi=gt.50", "query", f"{HUB}/services/{{code}}/rows", ["aqi", "station"], 3),
            (f"{HUB}/services/{AIR}", "describe", f"{HUB}/services/{{code}}", COLUMNS, 0),
            (f"/api/data-hub/services/{AIR}", "describe", "/api/data-hub/services/{code}", COLUMNS, 0),
            (FILE, "download", f"{HUB}/catalogue/resources/{{code}}/rows.csv", COLUMNS, 4),
            (
                f"{SEARCH}?resource_id={AIR}-rows&fields=aqi&q=1074A", "datastore_search",
                "/api/data-hub/ckan/api/3/action/{action}", ["aqi"], 1,
            ),
        ],
    )  # fmt: skip
    async def test_to_the_rows_leaves_a_record(
        self, office: Office, path: str, action: str, route: str, columns: list[str], rows: int
    ) -> None:
        await read(office, path, **ONE)
        (said,) = await signed(office)
        assert (said["resource"], said["action"], said["route"]) == (AIR, action, route)
        assert (said["columns"], said["rows"], said["calls"]) == (columns, rows, 1)
        assert (said["outcome"], said["code"], said["grant_id"]) == ("served", None, None)
        assert (said["stream"], said["actor"], said["actor_org"]) == (month(office), "anyone", None)

    @pytest.mark.parametrize(
        ("path", "action", "features"),
        [
            ("/items?limit=3", "features", 3), ("/items?limit=3&f=html", "features", 3),
            ("/items/131102", "feature", 1), ("/items/131102/history", "history", 1),
            ("/tiles/WebMercatorQuad/0/0/0", "tile", 12),
        ],
    )  # fmt: skip
    async def test_to_a_layer_that_everybody_sees_leaves_a_record(
        self, office: Office, path: str, action: str, features: int
    ) -> None:
        await read(office, f"{LAYER}{path}", **ONE)
        (said,) = await signed(office)
        assert (said["resource"], said["action"], said["rows"]) == ("layer/divisions", action, features)
        assert said["route"].startswith("/api/data-hub/ogc/collections/{layer}/")
        assert "name" in said["columns"]

    async def test_to_files_of_departments_leaves_a_record_with_the_answer(self, office: Office) -> None:
        asked = await office.post(f"/{AIR}/exports", {"format": "csv", "question": "select=aqi"}, office.ecology)
        assert asked.status_code == 202, asked.text
        await office.city.drain()
        await read(office, f"{HUB}/services/exports/{asked.json()['id']}/content", **office.ecology)
        await office.city.run_task(SIGN)
        found = [(one["action"], one["rows"], one["actor_org"]) for one in await kept(office)]
        assert found == [("export.ask", 0, ECOLOGY), ("export.make", 4, ECOLOGY), ("export.fetch", 4, ECOLOGY)]

    async def test_that_is_asked_for_its_head_alone_leaves_none(self, office: Office) -> None:
        for path in (FILE, f"{SEARCH}?resource_id={AIR}-rows", f"{LAYER}/items"):
            answer = await office.city.client.head(path, headers=ONE)
            assert (answer.status_code, answer.content) == (200, b"")
        assert await signed(office) == []

    async def test_to_a_map_that_was_read_already_leaves_none(self, office: Office) -> None:
        first = await office.city.client.get(f"{LAYER}/items", headers=ONE)
        again = await office.city.client.get(f"{LAYER}/items", headers=ONE | {"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert [one["action"] for one in await signed(office)] == ["features"]

    async def test_to_a_large_file_leaves_one_record_and_counts_its_further_rows(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(download, "_PIECE", 2)
        await read(office, FILE, **ONE)
        office.city.clock.advance(minutes=10)
        first, more = await signed(office)
        assert [(one["code"], one["calls"], one["rows"]) for one in (first, more)] == [(None, 1, 2), ("counted", 0, 2)]
        assert first["address"] == more["address"]


class TestReaders:
    async def test_are_a_hash_of_their_address_and_nothing_that_they_asked(self, office: Office) -> None:
        await read(office, f"{ROWS}?station=eq.1074A", **ONE)
        await read(office, **OTHER)
        await read(office, **ONE)
        one, other, again = await signed(office)
        assert one["address"] == again["address"] != other["address"]
        assert len(one["address"]) == 64
        assert "203.0.113.7" not in (told := json.dumps([one, other, again]))
        assert "1074A" not in told

    async def test_cannot_be_followed_from_one_month_into_the_next(self, office: Office) -> None:
        await read(office, **ONE)
        office.city.clock.advance(days=31)
        await read(office, **ONE)
        before, after = await signed(office)
        assert before["stream"] != after["stream"]
        assert before["address"] != after["address"]

    async def test_of_a_department_are_named_and_persons_on_their_own_are_not(self, office: Office) -> None:
        await read(office, **ONE, **office.ecology)
        for scopes in ([], [QUERY]):
            await read(office, **ONE, **office.city.token(scopes, subject=str(new_id())))
        named, *nameless = await signed(office)
        assert (named["actor"][:4], named["actor_org"], named["address"]) == ("sub:", ECOLOGY, None)
        assert {(one["actor"], one["actor_org"], len(one["address"])) for one in nameless} == {("anyone", None, 64)}

    async def test_with_a_key_are_those_of_anybody_who_gives_a_name(self, city: ServiceUnderTest) -> None:
        office = Office(city)
        await office.publish(opening="opened")
        await office.grant(columns=["station"])
        key = (await office.post("/keys", {"name": "平台", "resource": AIR})).json()["key"]
        await read(office, **{"X-Api-Key": key})
        (one,) = await signed(office)
        assert (one["actor"][:11], one["actor_org"], one["address"], one["grant_id"]) == (
            "client:key:", HOUSING, None, None,
        )  # fmt: skip


class TestFloods:
    async def test_of_one_reader_are_counted_beyond_so_many_records(self, office: Office) -> None:
        bounded(office, each=3)
        await read(office, times=8, **ONE)
        await read(office, **OTHER)
        assert [one["calls"] for one in await signed(office)] == [1, 1, 1, 1]
        office.city.clock.advance(minutes=10)
        *alone, counted = await signed(office)
        assert (counted["code"], counted["calls"], counted["rows"], counted["columns"]) == ("counted", 5, 20, [])
        assert (counted["resource"], counted["action"]) == (AIR, "query")
        assert counted["address"] == alone[0]["address"] != alone[3]["address"]
        assert counted["first_at"] <= counted["last_at"]
        await office.city.run_task(SIGN)
        assert len(await kept(office)) == 5

    async def test_of_many_readers_are_counted_together_and_nothing_is_missed(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_hub.opened_reads.MOST_APART", 2)
        monkeypatch.setattr("data_hub.opened_reads.MOST_RESOURCES", 3)
        bounded(office, together=1)
        for number in range(6):
            await read(office, **{"X-Forwarded-For": f"203.0.113.{number}"})
        await read(office, f"{LAYER}/items/131102", **ONE)
        office.city.clock.advance(minutes=10)
        (alone, *counted) = await signed(office)
        assert alone["calls"] == 1
        told = sorted((one["resource"], one["action"], one["calls"], one["address"] is None) for one in counted)
        assert told == [
            (AIR, "query", 1, False), (AIR, "query", 1, False), (AIR, "query", 3, True), ("others", "feature", 1, True),
        ]  # fmt: skip

    async def test_of_two_processes_are_counted_into_one_record(self, office: Office) -> None:
        for _ in range(2):
            made = bounded(office, each=1)
            await read(office, times=3, **ONE)
            assert await made.write()
        office.city.clock.advance(minutes=10)
        assert [one["calls"] for one in await signed(office)] == [1, 1, 4]

    async def test_are_written_together_in_one_transaction(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_hub.opened_reads.PAUSE", 3600)
        runtime, opened, times = office.city.runtime, office.city.runtime.open_work, 0
        made = bounded(office)
        await asyncio.gather(*(read(office, times=10, **ONE) for _ in range(5)))

        @asynccontextmanager
        async def counted() -> AsyncIterator[Work]:
            nonlocal times
            times += 1
            async with opened() as work:
                yield work

        with monkeypatch.context() as watched:
            watched.setattr(runtime, "open_work", counted)
            assert await made.write()
        assert times == 1
        assert len(await signed(office)) == 50

    async def test_are_written_without_being_asked(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("data_hub.opened_reads.PAUSE", 0.01)
        bounded(office)
        await read(office, times=2, **ONE)
        while len(await kept(office)) < 2:
            await office.city.run_task(SIGN)

    async def test_that_one_round_does_not_sign_are_signed_by_the_next(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_hub.sharing.opened.MOST_AT_ONCE", 2)
        await read(office, times=5, **ONE)
        assert len(await signed(office)) == 2
        await office.city.drain()
        assert [one["seq"] for one in await kept(office)] == [1, 2, 3, 4, 5]


class TestADatabaseThatIsDown:
    async def test_costs_no_reader_anything_and_the_count_nothing(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = bounded(office, each=2)
        await read(office, times=5, **ONE)

        def down() -> Any:
            raise OSError("the database is down")

        with monkeypatch.context() as broken:
            broken.setattr(office.city.runtime, "open_work", down)
            assert not await made.write()
        office.city.clock.advance(minutes=10)
        assert [(one["code"], one["calls"], one["rows"]) for one in await signed(office)] == [("counted", 5, 20)]


async def test_a_process_that_ends_writes_what_it_noted(office: Office) -> None:
    made = OpenedReads.of(office.city.app.state)
    assert made.close in office.city.runtime.farewells
    await read(office, times=2, **ONE)
    await made.close()
    await office.city.run_task(SIGN)
    assert len(await kept(office)) == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
class TestAnAuditor:
    async def test_verifies_reads_and_counts_offline_as_ever(self, office: Office, tmp_path: Path) -> None:
        auditor = office.city.token(["data-hub.sharing.audit"])
        bounded(office, each=2)
        await read(office, times=4, **ONE)
        await signed(office)
        office.city.clock.advance(minutes=10)
        await signed(office)
        await exported(office, tmp_path)
        asked = {"params": {"stream": month(office)}, "headers": auditor}
        streams = (await office.city.client.get(f"{HUB}/sharing/evidence/streams", headers=auditor)).json()["items"]
        assert [(one["stream"], one["records"], one["sealed"]) for one in streams] == [(month(office), 3, 3)]
        assert (await office.city.client.get(f"{HUB}/sharing/evidence/verdicts", **asked)).json()["intact"]
        said = verified(tmp_path)
        assert (said.returncode, "records: 3" in said.stdout, "stamps that hold: 1" in said.stdout) == (0, True, True)
        records = tmp_path / "records.ndjson"
        records.write_text(records.read_text("utf-8").replace('\\"calls\\":2', '\\"calls\\":1'), encoding="utf-8")
        assert verified(tmp_path).returncode == 1

    async def test_finds_a_read_that_was_taken_out(self, office: Office) -> None:
        auditor = office.city.token(["data-hub.sharing.audit"])
        await read(office, times=3, **ONE)
        await signed(office)
        async with office.city.work() as work:
            connection = await work.driver()
            await connection.execute("alter table evidence disable trigger user")
            await connection.execute("delete from evidence where stream like 'opened/%' and seq = 2")
            await connection.execute("alter table evidence enable trigger user")
        answer = await office.city.client.get(
            f"{HUB}/sharing/evidence/verdicts", params={"stream": month(office)}, headers=auditor
        )
        assert (answer.json()["intact"], answer.json()["at"]) == (False, 2)
