"""Refusals that no act ever sees leave evidence too: without a right, with a broken body, of what is not there."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from citykit.callers import Allowance
from citykit.chain import verify
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from citykit.work import Work
from data_hub.sharing.refusals import RefusalBook

from .factories import AIR, HOUSING, HUB, ROWS, Office
from .recorded import EVERYBODY, SERVICES, SHARING, Calls, month, routes

ADDRESS = {"X-Forwarded-For": "203.0.113.7"}
NOWHERE = str(new_id())
SCOPES = ["data-hub.services.query", "data-hub.services.maintain", "data-hub.sharing.apply"]
STYLE = ("GET", "/api/data-hub/services/-/service.css")
Found = list[tuple[str, dict[str, Any]]]


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    made = Office(city)
    await made.publish()
    return made


@pytest.fixture
def calls(office: Office) -> Calls:
    office.city.app.state.refusals = RefusalBook(office.city.runtime, each=Allowance(10_000, 60))
    return Calls(office)


class Things:
    """One of each thing that a path can name, all of the department of housing, and of the resource AIR."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.ids: dict[str, str] = {"code": AIR, "notice_id": NOWHERE}

    async def make(self) -> None:
        """Make them."""
        office = self.calls.office
        self.ids["grant_id"] = grant = await office.grant(deliveries=("query", "file", "subscription"))
        for name, path, body in (
            ("key_id", f"{SERVICES}/keys", {"name": "平台", "resource": AIR}),
            ("export_id", f"{SERVICES}/{AIR}/exports", {"format": "csv"}),
            ("file_id", f"{SHARING}/grants/{grant}/files", {}),
            ("subscription_id", f"{SHARING}/grants/{grant}/subscriptions", {"name": "系统"}),
        ):
            made = await office.city.client.post(path, json=body, headers=office.housing)
            assert made.status_code < 300, made.text
            self.ids[name] = made.json()["id"]

    async def refused(self, route: tuple[str, str], who: dict[str, str], **sent: Any) -> dict[str, Any]:
        """A call of a route that must be refused: its one record, which says what the caller was told."""
        method, template = route
        await self.calls.records.fresh()
        path = template.format(**(self.ids | sent.pop("ids", {})))
        answer = await self.calls.office.city.client.request(method, path, headers=who, **sent)
        found = await self.calls.records.fresh()
        told = (method, path, answer.status_code, answer.text[:300], found)
        assert 400 <= answer.status_code < 500, told
        assert len(found) == 1, told
        stream, said = found[0]
        assert said["outcome"] == "refused", told
        assert stream in {f"resource/{AIR}", month(self.calls)} or stream.startswith("grant/"), told
        if "route" in said:
            assert (said["method"], said["route"], said["status"]) == (method, template, answer.status_code), told
            assert answer.json()["type"] == f"/problems/{said['code']}", told
        return said | {"stream": stream}


@pytest.fixture
async def things(calls: Calls) -> Things:
    made = Things(calls)
    await made.make()
    return made


def with_body() -> Iterator[tuple[str, str]]:
    """The routes that take a body."""
    return (one for one in sorted(routes()) if one[0] == "POST" and not one[1].endswith("endings"))


def named(template: str) -> str:
    """The stream that a refusal of a path belongs to that names things which are there."""
    return f"resource/{AIR}" if "{" in template and "notice_id" not in template else ""


class TestEveryRoute:
    async def test_leaves_a_refusal_of_whoever_shows_no_token(self, things: Things) -> None:
        for route in sorted(routes() - {STYLE}):
            said = await things.refused(route, ADDRESS, json={} if route[0] == "POST" else None)
            assert said["stream"] == (named(route[1]) or month(things.calls))
            assert (said["actor"], said["actor_org"], said["shown"], said["calls"]) == ("anyone", None, None, 1)
            assert len(said["address"]) == 64
            assert "203.0.113.7" not in json.dumps(said)

    async def test_leaves_a_refusal_of_whoever_shows_a_token_that_does_not_hold(self, things: Things) -> None:
        expired = things.calls.office.city.token(SCOPES, expires_in=-60)
        for who in (expired, {"Authorization": "Bearer of.bad.news"}):
            for route in sorted(routes() - {STYLE}):
                said = await things.refused(route, ADDRESS | who)
                assert (said["actor"], said["code"], said["shown"]) == ("anyone", "unauthenticated", "token")

    async def test_leaves_a_refusal_of_whoever_has_no_right(self, things: Things) -> None:
        nobody = things.calls.office.city.token([], subject=NOWHERE, department="11131100MB0H00049H")
        for route in sorted(routes() - {STYLE}):
            said = await things.refused(route, nobody, json={} if route[0] == "POST" else None)
            assert (said["actor"], said["actor_org"]) == (f"sub:{NOWHERE}", "11131100MB0H00049H")
            assert (said["address"], said["shown"]) == (None, "token")
            assert said["code"] in {"forbidden", "key-wanted"}

    async def test_leaves_a_refusal_of_a_broken_body(self, things: Things) -> None:
        for route in with_body():
            for body in (b'{"name"', b"[1]", b'{"nothing": 1}', b'{"reason": "\\u0000"}'):
                said = await things.refused(
                    route, things.calls.office.housing | {"Content-Type": "application/json"}, content=body
                )
                assert said["code"] in {"invalid", "not-text", *(["not-found"] if "notice_id" in route[1] else ())}
                assert (said["stream"], said["actor_org"]) == (named(route[1]) or month(things.calls), HOUSING)

    async def test_leaves_a_refusal_of_names_that_are_none(self, things: Things) -> None:
        wrong = dict.fromkeys(things.ids, "nobody's-42")
        for route in sorted(one for one in routes() if "{" in one[1]):
            said = await things.refused(
                route, things.calls.office.housing, ids=wrong, json={} if route[0] == "POST" else None
            )
            assert (said["stream"], said["resource"]) == (month(things.calls), None)
            assert "nobody" not in json.dumps(said)

    async def test_leaves_a_refusal_of_things_that_are_not_there(self, things: Things) -> None:
        gone = dict.fromkeys(things.ids, NOWHERE) | {"code": "203001-000099"}
        for method, template in sorted(one for one in routes() if "{" in one[1]):
            body = {"name": "x", "reason": "x", "cursor": "x", "done": "x"}
            known = {"confirmations": "cursor", "revocations": "reason", "subscriptions": "name"}
            wanted = known.get(template.rpartition("/")[2]) or ("done" if "notice" in template else None)
            sent = {name: body[name] for name in (wanted,) if name}
            said = await things.refused(
                (method, template), things.calls.office.housing, ids=gone, json=sent if method == "POST" else None
            )
            assert said["stream"] == month(things.calls)
            assert said["code"] in {"not-found", "no-service"}

    async def test_leaves_a_refusal_of_parameters_that_it_does_not_know(self, things: Things) -> None:
        secret = {"nothing": "eq.13110219900101001X"}
        for route in sorted(routes() - {STYLE} - {("GET", "/api/data-hub/services/{code}")}):
            said = await things.refused(
                route, things.calls.office.housing, params=secret, json={} if route[0] == "POST" else None
            )
            assert said["code"] in {"unknown-parameter", "unknown-column"}
            assert "19900101" not in json.dumps(said)


class TestRepeatedRequests:
    async def test_leave_a_record_that_says_so(self, calls: Calls) -> None:
        office = calls.office
        grant = await office.grant(deliveries=("query", "file", "subscription"))
        for path, body, action in (
            (f"{SERVICES}/keys", {"name": "平台", "resource": AIR}, "key.make"),
            (f"{SERVICES}/{AIR}/exports", {"format": "csv"}, "export.ask"),
            (f"{SHARING}/grants/{grant}/files", {}, "file.ask"),
            (f"{SHARING}/grants/{grant}/subscriptions", {"name": "系统"}, "subscribe"),
        ):
            once = office.housing | {"Idempotency-Key": f"again-{action}"}
            left: list[tuple[Any, ...]] = []
            for sent in (body, body, body | {"nothing": 1}):
                await calls.records.fresh()
                answer = await office.city.client.post(path, json=sent, headers=once)
                found = await calls.records.fresh()
                left += [(answer.status_code < 300, stream, said["action"], said["code"]) for stream, said in found]
            assert left[:2] == [
                (True, f"grant/{grant}", action, None), (True, f"grant/{grant}", action, "repeated"),
            ]  # fmt: skip
            assert [one[0::2] for one in left[2:]] == [(False, action)]

    async def test_with_another_content_leave_a_refusal(self, calls: Calls) -> None:
        office = calls.office
        await office.grant()
        once = office.housing | {"Idempotency-Key": "again-0123456789"}
        for name in ("一", "二"):
            await calls.records.fresh()
            await office.post("/keys", {"name": name, "resource": AIR}, once)
        ((_, said),) = await calls.records.fresh()
        assert (said["action"], said["outcome"], said["code"]) == ("key.make", "refused", "idempotency-key-reused")


class TestKeys:
    async def test_that_hold_name_their_department_in_every_refusal(self, things: Things) -> None:
        made = await things.calls.office.post("/keys", {"name": "平台", "resource": AIR})
        key = {"X-Api-Key": made.json()["key"]}
        said = await things.refused(("GET", f"{SERVICES}/{{code}}/rows"), key, params={"grant": "x"})
        holder = f"key:{made.json()['id'].replace('-', '')}"
        assert (said["actor"], said["actor_org"], said["shown"]) == (
            f"client:key:{made.json()['id']}", "11131100MB0H000732", holder,
        )  # fmt: skip

    async def test_that_nobody_ever_had_are_named_by_their_public_half(self, things: Things) -> None:
        name, secret = new_id().hex, "S" * 43
        for text, shown in ((f"hsk_{name}_{secret}", f"key:{name}"), (f"{name}{secret}", "key")):
            said = await things.refused(("GET", f"{SERVICES}/{{code}}/rows"), ADDRESS | {"X-Api-Key": text})
            assert (said["shown"], said["code"], said["actor"]) == (shown, "key-refused", "anyone")
            assert secret not in json.dumps(said)


class TestBodies:
    async def test_that_are_too_large_leave_a_refusal_declared_or_not(self, things: Things) -> None:
        most = things.calls.office.city.settings.max_body_bytes

        async def streamed() -> AsyncIterator[bytes]:
            for _ in range(9):
                yield b" " * (most // 8)

        for content in (b" " * (most + 1), streamed()):
            said = await things.refused(
                ("POST", f"{SERVICES}/{{code}}/exports"), things.calls.office.housing, content=content
            )
            assert (said["stream"], said["code"], said["status"]) == (f"resource/{AIR}", "too-large", 413)


async def in_month(calls: Calls) -> list[dict[str, Any]]:
    """The records of the month's stream, whose chain holds."""
    async with calls.office.city.work() as work:
        rows = await (await work.driver()).execute(
            "select entry, hash from evidence where stream = %s order by seq", (month(calls),)
        )
        found = await rows.fetchall()
    assert verify((entry.encode(), bytes(hashed)) for entry, hashed in found) is None
    return [json.loads(entry) for entry, _ in found]


async def many(calls: Calls, times: int, path: str = f"{SERVICES}/keys", **headers: str) -> list[httpx.Response]:
    """The same call many times at once."""
    return list(await asyncio.gather(*(calls.office.city.client.get(path, headers=headers) for _ in range(times))))


class TestFloods:
    async def test_are_counted_beyond_so_many_records_of_a_caller(self, calls: Calls) -> None:
        city = calls.office.city
        city.app.state.refusals = book = RefusalBook(city.runtime, each=Allowance(5, 60))
        answers = await many(calls, 40, **ADDRESS)
        await many(calls, 2, **{"X-Forwarded-For": "203.0.113.8"})
        assert {one.status_code for one in answers} == {401}
        assert len(await in_month(calls)) == 5 + 2
        await book.end_minute()
        counted = (await in_month(calls))[7:]
        assert [(one["action"], one["calls"], one["codes"]) for one in counted] == [
            ("calls", 35, {"unauthenticated": 35})
        ]
        assert counted[0]["address"] == (await in_month(calls))[0]["address"]
        await book.end_minute()
        assert len(await in_month(calls)) == 8

    async def test_of_many_callers_are_bounded_together(self, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("data_hub.sharing.refusals.MOST_COUNTED", 3)
        city = calls.office.city
        city.app.state.refusals = book = RefusalBook(city.runtime, together=Allowance(4, 60))
        for number in range(10):
            await many(calls, 1, **{"X-Forwarded-For": f"203.0.113.{number}"})
        assert len(await in_month(calls)) == 4
        await book.end_minute()
        counted = (await in_month(calls))[4:]
        assert [one["calls"] for one in counted] == [1, 1, 1, 3]
        assert [one["address"] is None for one in counted] == [False, False, False, True]

    async def test_that_the_limit_of_an_address_refuses_are_counted(self, city: ServiceUnderTest) -> None:
        office = Office(city)
        await office.publish(opening="opened", share_type="unconditional", share_condition=None)
        calls = Calls(office)
        city.app.state.keyless = Allowance(2, 60)
        answers = await many(calls, 9, ROWS, **ADDRESS)
        assert sorted(one.status_code for one in answers) == [200] * 2 + [429] * 7
        await RefusalBook.of(city.app.state).end_minute()
        (said,) = await in_month(calls)
        assert (said["calls"], said["codes"]) == (7, {"too-many-requests": 7})

    async def test_are_written_over_one_connection_in_one_chain(
        self, calls: Calls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        city, open_at_once = calls.office.city, [0]
        opened, now = city.runtime.open_work, 0

        @asynccontextmanager
        async def counted() -> AsyncIterator[Work]:
            nonlocal now
            now += 1
            open_at_once.append(now)
            try:
                async with opened() as work:
                    yield work
            finally:
                now -= 1

        monkeypatch.setattr(city.runtime, "open_work", counted)
        answers = await many(calls, 300, **ADDRESS)
        await RefusalBook.of(city.app.state).close()
        assert {one.status_code for one in answers} == {401}
        assert max(open_at_once) == 1
        assert len(open_at_once) < 40
        assert [one["calls"] for one in await in_month(calls)] == [1] * 300

    async def test_of_more_questions_than_the_pool_bears_are_all_on_record(self, calls: Calls) -> None:
        await calls.records.fresh()
        await many(calls, 100, f"{SERVICES}/{AIR}/rows", **ADDRESS)
        await RefusalBook.of(calls.office.city.app.state).close()
        assert sum(said["calls"] for _, said in await calls.records.fresh()) == 100

    async def test_do_not_keep_the_process_from_ending_with_what_it_counted(self, calls: Calls) -> None:
        city = calls.office.city
        del city.app.state.refusals
        assert RefusalBook.of(city.app.state).close in city.runtime.farewells
        city.app.state.refusals = book = RefusalBook(city.runtime, each=Allowance(1, 60))
        await many(calls, 4, **ADDRESS)
        await book.close()
        assert [one["calls"] for one in await in_month(calls)] == [1, 3]


class TestWithoutADatabase:
    async def test_callers_are_refused_as_ever_and_written_down_later(
        self, calls: Calls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        city = calls.office.city
        book = RefusalBook.of(city.app.state)

        def down() -> Any:
            raise OSError("the database is down")

        with monkeypatch.context() as broken:
            broken.setattr(city.runtime, "open_work", down)
            answers = await many(calls, 5, **ADDRESS)
            await book.end_minute()
        assert {(one.status_code, one.json()["type"]) for one in answers} == {(401, "/problems/unauthenticated")}
        assert await in_month(calls) == []
        await book.end_minute()
        assert [(one["calls"], one["codes"]) for one in await in_month(calls)] == [(5, {"unauthenticated": 5})]

    async def test_that_hangs_they_wait_a_moment_once(self, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
        city, goes_on = calls.office.city, asyncio.Event()
        opened = city.runtime.open_work
        city.app.state.refusals = book = RefusalBook(city.runtime)
        monkeypatch.setattr("data_hub.sharing.refusals.PATIENCE", 0.05)

        @asynccontextmanager
        async def hanging() -> AsyncIterator[Work]:
            await goes_on.wait()
            async with opened() as work:
                yield work

        with monkeypatch.context() as broken:
            broken.setattr(city.runtime, "open_work", hanging)
            for _ in range(3):
                (answer,) = await many(calls, 1, **ADDRESS)
                assert answer.status_code == 401
            goes_on.set()
            await asyncio.sleep(0)
            monkeypatch.setattr("data_hub.sharing.refusals.PATIENCE", 5)
            await book.close()
        assert [one["calls"] for one in await in_month(calls)] == [1, 2]


async def test_paths_and_methods_that_do_not_exist_are_no_calls(calls: Calls) -> None:
    await calls.records.fresh()
    for method, path in (("GET", f"{SERVICES}/{AIR}/nothing"), ("DELETE", f"{SERVICES}/keys"), ("GET", f"{HUB}/none")):
        answer = await calls.office.city.client.request(method, path, headers=EVERYBODY)
        assert answer.status_code in {404, 405}
    assert await calls.records.fresh() == []
