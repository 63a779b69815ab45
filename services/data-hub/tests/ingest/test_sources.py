"""Sources: registered, pulled when it is time; what answers garbage, too much or never leaves nothing behind."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from psycopg.conninfo import conninfo_to_dict

from citykit.callers import Allowance
from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest
from data_hub.adapters.feeds import http as feed
from data_hub.adapters.feeds.addresses import allowed_address
from data_hub.adapters.feeds.port import FeedBroken
from data_hub.ingest import sources
from data_hub.ingest.domain import Plan, SourceKind, next_pull
from data_hub.settings import Settings

from .factories import (
    AIR,
    BASE,
    GOOD,
    HEAD,
    HOUSING,
    PERMITS,
    act,
    batch_of,
    brought,
    loader,
    published,
    raw,
    rows_of,
    seen,
    table,
)

OWN = "127.0.0.1/32"
Answer = Callable[[str, dict[str, str]], bytes]


def http(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}Connection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def serving(answer: Answer, *, silent: bool = False) -> AsyncIterator[int]:
    """A server on this machine that answers each GET as told, or never; its port."""
    held: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        if not silent:
            writer.write(answer(lines[0].split(" ")[1], headers))
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        for writer in held:
            writer.close()
        server.close()


@asynccontextmanager
async def dripping(piece: bytes, every: float) -> AsyncIterator[int]:
    """A server on this machine whose answer begins well and never ends; its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + ",".join(HEAD).encode() + b"\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(every)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


def open_to(city: ServiceUnderTest, networks: str = OWN, seconds: float = 20.0) -> None:
    """Settings that let the hub pull from these networks."""
    told = {"pull_networks": networks, "pull_seconds": seconds}
    city.runtime.settings = city.runtime.settings.model_copy(update=told)


def draft(port: int = 1, **more: Any) -> dict[str, Any]:
    return {"kind": "http", "name": "监测平台", "address": f"http://127.0.0.1:{port}/air.csv"} | more


async def registered(city: ServiceUnderTest, **more: Any) -> dict[str, Any]:
    answer = await act(city, f"{AIR}/sources", draft(**more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def pulled(city: ServiceUnderTest, source: dict[str, Any]) -> dict[str, Any]:
    answer = await act(city, f"{AIR}/sources/{source['id']}/pulls")
    assert answer.status_code == 202, answer.text
    await city.drain()
    return dict(await seen(city, f"{AIR}/sources/{source['id']}"))


async def fault(city: ServiceUnderTest, source: dict[str, Any]) -> str:
    """Why a pull brought nothing; indeed nothing is here."""
    after = await pulled(city, source)
    assert (after["last_batch"], after["failures"]) == (None, 1)
    assert await raw(city, "select id from ingest_batch") == []
    return str(after["last_fault"]["code"])


class TestHttp:
    async def test_brings_a_file_in(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        asked: list[tuple[str, dict[str, str]]] = []

        def answer(path: str, headers: dict[str, str]) -> bytes:
            asked.append((path, headers))
            return http(table(GOOD))

        async with serving(answer) as port:
            source = await registered(city, port=port, secret="k-123")
            assert "k-123" not in json.dumps(source)
            after = await pulled(city, source)
        assert (asked[0][0], asked[0][1]["authorization"]) == ("/air.csv", "bearer k-123")
        batch = await batch_of(city, after["last_batch"])
        assert (batch["origin"], batch["state"], batch["inserted"]) == ("pull", "loaded", 3)
        assert len(await rows_of(city)) == 3

    async def test_of_the_same_file_again_changes_nothing(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        async with serving(lambda *_: http(table(GOOD))) as port:
            source = await registered(city, port=port)
            await pulled(city, source)
            after = await pulled(city, source)
        assert (await batch_of(city, after["last_batch"]))["state"] == "repeated"

    async def test_of_garbage_is_refused_as_a_file_is(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        async with serving(lambda *_: http(b"<html>Login</html>")) as port:
            after = await pulled(city, await registered(city, port=port))
        batch = await batch_of(city, after["last_batch"])
        assert (batch["state"], batch["fault"]["code"]) == ("refused", "unknown-column")

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (http(b"gone", "404 Not Found"), "status"),
            (http(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), "status"),
            (http(b""), "empty"),
            (b"no HTTP at all\r\n\r\n", "no-answer"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nstation,hour\n", "no-answer"),
            (b"", "no-answer"),
        ],
        ids=["not found", "sent elsewhere", "nothing", "no HTTP", "broken off", "hung up"],
    )
    async def test_that_breaks_leaves_nothing_behind(self, city: ServiceUnderTest, answer: bytes, code: str) -> None:
        await published(city)
        open_to(city)
        async with serving(lambda *_: answer) as port:
            assert await fault(city, await registered(city, port=port)) == code

    async def test_that_never_answers_is_given_up(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city, seconds=0.3)
        async with serving(lambda *_: b"", silent=True) as port:
            assert await fault(city, await registered(city, port=port)) == "too-slow"

    async def test_that_drips_for_ever_is_given_up(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city, seconds=1.0)
        async with dripping(b"1074A,2026-11-01 08:00:00,57,\xe8\x89\xaf\n", every=0.02) as port:
            assert await fault(city, await registered(city, port=port)) == "too-slow"
        assert await rows_of(city) == []

    async def test_that_drips_for_ever_is_too_much_at_some_time(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await published(city)
        open_to(city)
        monkeypatch.setattr(sources, "_MOST_BYTES", 4000)
        async with dripping(b"1074A,2026-11-01 08:00:00,57,\xe8\x89\xaf\n" * 10, every=0.001) as port:
            assert await fault(city, await registered(city, port=port)) == "too-large"
        assert await rows_of(city) == []

    async def test_that_nobody_serves_is_told(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        assert await fault(city, await registered(city, port=9)) == "no-answer"


class TestAddresses:
    @pytest.mark.parametrize("networks", ["", "10.0.0.0/8", "127.0.0.2/32"])
    async def test_that_the_settings_do_not_name_are_not_asked(self, city: ServiceUnderTest, networks: str) -> None:
        await published(city)
        open_to(city, networks)
        asked: list[str] = []

        def answer(path: str, _: dict[str, str]) -> bytes:
            asked.append(path)
            return http(table(GOOD))

        async with serving(answer) as port:
            assert await fault(city, await registered(city, port=port)) == "address-not-allowed"
        assert asked == []

    @pytest.mark.parametrize("host", ["localhost", "::ffff:169.254.169.254", "::1", "0.0.0.0", "0x7f.1", "2130706433"])
    async def test_in_other_words_are_the_same_addresses(self, host: str) -> None:
        with pytest.raises(FeedBroken):
            await allowed_address(host, 80, "10.0.0.0/8")

    async def test_of_unknown_names_are_told(self) -> None:
        with pytest.raises(FeedBroken, match="unknown-host"):
            await allowed_address("nobody.invalid", 80, "0.0.0.0/0")

    def test_in_the_settings_are_networks(self, city: ServiceUnderTest) -> None:
        told = city.settings.model_dump() | {"pull_networks": "10.0.0.0/33"}
        with pytest.raises(ValueError, match="pull_networks"):
            Settings(**told)


class TestDataHub:
    async def test_brings_all_pages_in(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        rows = [dict(zip(HEAD, row, strict=True)) | {"_id": 7, "aqi": int(row[2])} for row in GOOD]

        def answer(path: str, headers: dict[str, str]) -> bytes:
            parts = urlsplit(path)
            assert parts.path == "/api/data-hub/v1/services/203001-000001/rows"
            assert headers["x-api-key"] == "k"
            at = int(parse_qs(parts.query).get("after", ["0"])[0])
            page = {"items": rows[at : at + 2], "next": str(at + 2) if at + 2 < len(rows) else None}
            return http(json.dumps(page).encode())

        async with serving(answer) as port:
            source = await registered(
                city, kind="data-hub", address=f"http://127.0.0.1:{port}", resource="203001-000001",
                key_header="X-API-Key", secret="k",
            )  # fmt: skip
            after = await pulled(city, source)
        assert (await batch_of(city, after["last_batch"]))["inserted"] == 3
        assert [row["aqi"] for row in await rows_of(city)] == [57, 41, 112]

    @pytest.mark.parametrize(
        "body", [b"[]", b'{"items": [1], "next": null}', b"{", b'{"items": [], "next": "again"}', b"[" * 9000]
    )
    async def test_that_answers_garbage_is_told(self, city: ServiceUnderTest, body: bytes) -> None:
        await published(city)
        open_to(city)
        async with serving(lambda *_: http(body)) as port:
            source = await registered(city, kind="data-hub", address=f"http://127.0.0.1:{port}", resource=AIR)
            assert await fault(city, source) == "garbage"


class TestBusy:
    """A source that says when it wants to be asked again (RFC 9110 §10.2.3)."""

    async def test_is_waited_for_page_by_page(self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
        await published(city)
        open_to(city)
        waited = waits(monkeypatch)
        soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        rows = [dict(zip(HEAD, row, strict=True)) | {"aqi": int(row[2])} for row in GOOD]
        pages = [
            http(b"{}", "429 Too Many Requests", "Retry-After: 7\r\n"),
            http(json.dumps({"items": rows[:2], "next": "2"}).encode()),
            http(b"", "503 Service Unavailable", "Retry-After: 0\r\n"),
            http(b"{}", "429 Too Many Requests", f"Retry-After: {soon}\r\n"),
            http(json.dumps({"items": rows[2:], "next": None}).encode()),
        ]  # fmt: skip
        async with serving(lambda *_: pages.pop(0)) as port:
            source = await registered(city, kind="data-hub", address=f"http://127.0.0.1:{port}", resource=AIR)
            after = await pulled(city, source)
        assert (after["last_fault"], after["failures"]) == (None, 0)
        assert len(await rows_of(city)) == 3
        assert waited[:2] == [7, 1]
        assert 1 < waited[2] <= 30, "what is left until then, and this machine may have taken its time"

    async def test_for_longer_is_asked_later_and_not_before(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        city.clock.set(datetime(2026, 11, 2, 8, tzinfo=UTC))
        asked: list[str] = []

        def answer(path: str, _: dict[str, str]) -> bytes:
            asked.append(path)
            return http(b"{}", "429 Too Many Requests", "Retry-After: 30000\r\n")

        async with serving(answer) as port:
            source = await registered(
                city, kind="data-hub", address=f"http://127.0.0.1:{port}", resource=AIR, every_minutes=60
            )
            await city.run_task("data-hub.ingest.due")
            await city.drain()
            after = await seen(city, f"{AIR}/sources/{source['id']}")
            assert (after["last_fault"]["code"], after["failures"]) == ("busy", 1)
            assert after["next_at"] == "2026-11-03T00:20:00.000+08:00"
            city.clock.advance(hours=8)
            await city.run_task("data-hub.ingest.due")
            await city.drain()
        assert len(asked) == 1

    @pytest.mark.parametrize("told", ["", "Retry-After: soon\r\n", "Retry-After: -5\r\n", "Retry-After: 1.5\r\n"])
    async def test_without_a_word_when_is_at_fault(self, city: ServiceUnderTest, told: str) -> None:
        await published(city)
        open_to(city)
        async with serving(lambda *_: http(b"{}", "429 Too Many Requests", told)) as port:
            assert await fault(city, await registered(city, port=port)) == "status"

    @pytest.mark.parametrize("told", ["61", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
    async def test_for_ever_is_given_up_for_now(self, city: ServiceUnderTest, told: str) -> None:
        await published(city)
        open_to(city)
        async with serving(lambda *_: http(b"{}", "429 Too Many Requests", f"Retry-After: {told}\r\n")) as port:
            assert await fault(city, await registered(city, port=port)) == "busy"

    async def test_again_and_again_is_given_up_in_time(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city, seconds=1.5)
        async with serving(lambda *_: http(b"{}", "429 Too Many Requests", "Retry-After: 1\r\n")) as port:
            assert await fault(city, await registered(city, port=port)) == "too-slow"


def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made for a source, which are not waited out."""
    made: list[float] = []

    async def at_once(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(feed, "asyncio", SimpleNamespace(sleep=at_once))
    return made


class TestSchedule:
    async def test_pulls_when_it_is_time(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        bodies = [table(GOOD[:1]), table(GOOD)]
        async with serving(lambda *_: http(bodies.pop(0))) as port:
            await registered(city, port=port, every_minutes=60)
            for rows in (1, 1, 3):
                await city.run_task("data-hub.ingest.due")
                await city.drain()
                assert len(await rows_of(city)) == rows
                city.clock.advance(minutes=31)
        assert bodies == []

    def test_waits_longer_after_failures_and_never_more_than_a_day(self) -> None:
        now = datetime(2026, 11, 1, tzinfo=UTC)
        pauses = [next_pull(now, Plan(60), failures) for failures in (0, 1, 2, 30)]
        assert [(at - now) / timedelta(hours=1) for at in pauses if at] == [1, 2, 4, 24]
        assert next_pull(now, Plan(44_640), 30) == now + timedelta(days=31)
        assert next_pull(now, Plan(), 0) is None

    def test_is_once_a_day_at_an_hour_of_beijing(self) -> None:
        """A night's window: after a failure it is tried again the same night, and the next night in any case."""
        plan = Plan(daily_at="02:30")
        evening, night = datetime(2026, 10, 31, 18, 29, tzinfo=UTC), datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
        assert next_pull(evening, plan, 0) == night
        assert next_pull(night, plan, 0) == night + timedelta(days=1)
        tries = [next_pull(night, plan, failures) for failures in (1, 2, 3, 30)]
        assert [(at - night) / timedelta(minutes=15) for at in tries if at] == [1, 2, 4, 96]
        assert next_pull(night, plan, 1, again_in=3600) == night + timedelta(hours=1)

    async def test_of_every_night_pulls_once_a_night(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        bodies = [table(GOOD[:1]), http(b"", "503 Busy"), table(GOOD)]
        hour = (city.clock.now().astimezone(CHINA) + timedelta(minutes=90)).strftime("%H:%M")

        def answer(*_: Any) -> bytes:
            body = bodies.pop(0)
            return body if body.startswith(b"HTTP") else http(body)

        async with serving(answer) as port:
            source = await registered(city, port=port, daily_at=hour)
            # Nothing yet; the night; the failure of the second night; its second try; nothing more until the third.
            for minutes, left in ((60, 3), (31, 2), (24 * 60, 1), (16, 0), (60, 0)):
                city.clock.advance(minutes=minutes)
                await city.run_task("data-hub.ingest.due")
                await city.drain()
                assert len(bodies) == left, minutes
        after = await seen(city, f"{AIR}/sources/{source['id']}")
        planned = datetime.fromisoformat(after["next_at"]).astimezone(CHINA)
        assert (planned.strftime("%H:%M"), after["failures"]) == (hour, 0)
        assert planned - city.clock.now() > timedelta(hours=20)

    async def test_is_changed_and_paused(self, city: ServiceUnderTest) -> None:
        await published(city)
        source = await registered(city, every_minutes=60)
        path = f"{BASE}/{AIR}/sources/{source['id']}/plan"
        answer = await city.client.put(path, json={"every_minutes": 30, "state": "paused"}, headers=loader(city))
        assert (answer.status_code, answer.json()["next_at"]) == (200, None)
        refused = await act(city, f"{AIR}/sources/{source['id']}/pulls")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/source-paused")

    @pytest.mark.parametrize("broken", [False, True])
    async def test_that_is_paused_while_it_is_waited_for_brings_nothing(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, broken: bool
    ) -> None:
        await published(city)
        source = await registered(city, every_minutes=60)
        path = f"{BASE}/{AIR}/sources/{source['id']}/plan"

        async def fetch(_: Any, into: IO[bytes]) -> None:
            body = {"every_minutes": 30, "state": "paused"}
            assert (await city.client.put(path, json=body, headers=loader(city))).status_code == 200
            if broken:
                raise FeedBroken("garbage", "无法识别", "Not readable")
            into.write(table(GOOD))

        monkeypatch.setitem(sources._FEEDS, SourceKind.http, SimpleNamespace(fetch=fetch))
        after = await pulled(city, source)
        assert (after["state"], after["next_at"], after["failures"]) == ("paused", None, 0)
        assert await raw(city, "select id from ingest_batch") == []


class TestRegistration:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"address": "file:///etc/passwd"}, {"address": "gopher://127.0.0.1/"}, {"address": "http:///x.csv"},
            {"address": "http://user:word@127.0.0.1/"}, {"kind": "postgresql", "address": "postgresql://db/name"},
            {"kind": "postgresql", "address": "postgresql://db/", "table": "air"},
            {"kind": "postgresql", "address": "postgresql://db/name?host=elsewhere", "table": "air"},
            {"kind": "postgresql", "address": "postgresql://db/name", "table": "air; drop table x"},
            {"kind": "data-hub", "address": "http://hub.example"}, {"every_minutes": 1},
            {"address": "http://host:99999/"}, {"secret": "a\r\nHost: other"}, {"key_header": "Host"},
        ],
    )  # fmt: skip
    async def test_wants_an_address_of_its_kind(self, city: ServiceUnderTest, wrong: dict[str, Any]) -> None:
        await published(city)
        answer = await act(city, f"{AIR}/sources", draft() | wrong)
        assert answer.status_code == 422, answer.text

    async def test_is_for_the_source_department_alone(self, city: ServiceUnderTest) -> None:
        await published(city)
        answer = await act(city, f"{AIR}/sources", draft(), loader(city, HOUSING))
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-the-resource-source")
        source = await registered(city)
        for path in ("", "/pulls"):
            method = "POST" if path else "GET"
            answer = await city.client.request(
                method, f"{BASE}/{AIR}/sources/{source['id']}{path}", headers=loader(city, HOUSING)
            )  # fmt: skip
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-source")
        assert (await seen(city, f"{AIR}/sources", loader(city, HOUSING)))["items"] == []
        assert [one["id"] for one in (await seen(city, f"{AIR}/sources"))["items"]] == [source["id"]]


@asynccontextmanager
async def postgres_over_tcp() -> AsyncIterator[dict[str, Any]]:
    """The tests' PostgreSQL, which listens on a socket alone, behind a port of this machine."""
    told = conninfo_to_dict(json.loads(os.environ["CITY_TEST_POSTGRES"])["data-hub"].replace("+psycopg", ""))
    socket = f"{told['host']}/.s.PGSQL.{told.get('port', 5432)}"

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        await asyncio.gather(pipe(reader, back), pipe(there, writer), return_exceptions=True)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield told | {"port": server.sockets[0].getsockname()[1]}
    finally:
        server.close()


@asynccontextmanager
async def feed_table(city: ServiceUnderTest) -> AsyncIterator[tuple[dict[str, Any], Callable[[str], Any]]]:
    """A table of another database that tells when its rows changed: how it is reached, and who runs SQL there."""

    async def run(statement: str) -> None:
        if statement:
            async with city.work() as work:
                await (await work.driver()).execute(statement.encode())

    await run(
        "create table feed_air as select '1074A'::text as station, timestamptz '2026-11-01 08:00+08' as hour,"
        " 57 as aqi, 'x' as remark, null::text as level, timestamptz '2026-11-01 00:00+00' as changed_at"
    )
    try:
        async with postgres_over_tcp() as told:
            address = f"postgresql://127.0.0.1:{told['port']}/{told['dbname']}"
            known = {"kind": "postgresql", "address": address, "username": told["user"]}
            yield known | {"secret": told.get("password")}, run
    finally:
        await run("drop table feed_air")


class TestPostgres:
    async def test_that_is_not_there_is_told(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        source = await registered(city, kind="postgresql", address="postgresql://127.0.0.1:9/name", table="air")
        assert await fault(city, source) == "database"

    async def test_is_read_on_from_the_last_change(self, city: ServiceUnderTest) -> None:
        """What a refused batch held is read once more, what was taken in is not, and all of it where one says so."""
        await published(city)
        open_to(city)
        async with feed_table(city) as (known, run):
            source = await registered(city, table="feed_air", since_column="changed_at", **known)
            read = []
            for change in (
                "",
                "",
                "insert into feed_air values ('1075A', '2026-11-01 09:00+08', -5, 't', null, '2026-11-02')",
                "update feed_air set aqi = 61, changed_at = '2026-11-03' where station = '1075A'",
                "update feed_air set aqi = 58, changed_at = '2026-11-04' where station = '1074A'",
            ):
                await run(change)
                after = await pulled(city, source)
                assert after["last_fault"] is None
                batch = await batch_of(city, after["last_batch"])
                read.append((batch["state"], batch["parsed"], after["since"]))
            assert read == [
                ("loaded", 1, None),
                ("loaded", 1, None),  # nothing new: the batch is that of before
                ("refused", 2, "2026-11-01 00:00:00+00"),  # rows of the last moment come again, and one is wrong
                ("loaded", 2, "2026-11-01 00:00:00+00"),  # what was refused is read again
                ("loaded", 2, "2026-11-03 00:00:00+00"),
            ]
            assert {(row["station"], row["aqi"]) for row in await rows_of(city)} == {("1074A", 58), ("1075A", 61)}
            path = f"{BASE}/{AIR}/sources/{source['id']}/plan"
            assert (await city.client.put(path, json={"anew": True}, headers=loader(city))).status_code == 200
            await run("update feed_air set aqi = 70")
            await pulled(city, source)
            assert {row["aqi"] for row in await rows_of(city)} == {70}

    async def test_gives_the_columns_that_are_items(self, city: ServiceUnderTest) -> None:
        await published(city)
        open_to(city)
        async with city.work() as work:
            await (await work.driver()).execute(
                "create table feed_air as select '1074A'::text as station, timestamptz '2026-11-01 08:00+08' as hour,"
                " 57 as aqi, 'x' as remark, null::text as level"
            )
        try:
            async with postgres_over_tcp() as told:
                address = f"postgresql://127.0.0.1:{told['port']}/{told['dbname']}"
                known = {"kind": "postgresql", "address": address, "username": told["user"]}
                known |= {"secret": told.get("password")}
                after = await pulled(city, await registered(city, table="feed_air", **known))
                nothing = await pulled(city, await registered(city, table="ingest_part", **known))
        finally:
            async with city.work() as work:
                await (await work.driver()).execute("drop table feed_air")
        assert after["last_fault"] is None
        assert (await batch_of(city, after["last_batch"]))["inserted"] == 1
        [row] = await rows_of(city)
        assert (row["station"], row["hour"], row["aqi"], row["level"]) == (
            "1074A", "2026-11-01T00:00:00+00:00", 57, None,
        )  # fmt: skip
        assert nothing["last_fault"]["code"] == "no-columns"


@asynccontextmanager
async def served(city: ServiceUnderTest) -> AsyncIterator[int]:
    """This very data hub behind a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(city.app, host="127.0.0.1", port=0, lifespan="off", log_level="error"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
        await asyncio.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize("often", [600, 2], ids=["at once", "in pauses"])
async def test_a_data_hub_pulls_from_the_data_service_of_a_real_one(city: ServiceUnderTest, often: int) -> None:
    city.app.state.keyless = Allowance(often, 1)  # what the hub lets a reader without a key do in a second
    await published(city, PERMITS, share_type="unconditional", opening="opened")
    many = [(f"{number + 1000}A", "2026-11-01 08:00:00", str(number % 500), "良") for number in range(450)]
    await brought(city, table(many), PERMITS)
    await published(city)
    open_to(city)
    async with served(city) as port:
        source = await registered(city, kind="data-hub", address=f"http://127.0.0.1:{port}", resource=PERMITS)
        after = await pulled(city, source)
        refused = await registered(city, kind="data-hub", address=f"http://127.0.0.1:{port}", resource="203001-000099")
        nothing = await pulled(city, refused)
    assert after["last_fault"] is None
    batch = await batch_of(city, after["last_batch"])
    assert (batch["state"], batch["inserted"], batch["format"]) == ("loaded", 450, "ndjson")
    here, there = await rows_of(city, order="station"), await rows_of(city, PERMITS, order="station")
    names = ("station", "hour", "aqi", "level")
    assert [[row[name] for name in names] for row in here] == [[row[name] for name in names] for row in there]
    assert nothing["last_fault"]["code"] == "status"
