"""Events and jobs: nothing is lost, nothing happens twice, order is kept per aggregate."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest
from procrastinate.jobs import Job as QueuedJob
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from citykit.chain import verify
from citykit.ids import new_id
from citykit.jobs import Patient
from citykit.testing import MESH, ServiceUnderTest

NOTES = "/api/example/v1/notes"
BELL = "cn.hengshui.gov-collab.bell.rung.v1"


async def notes(city: ServiceUnderTest) -> int:
    return int((await city.client.get(f"{NOTES}/count")).json()["count"])


async def waiting(city: ServiceUnderTest) -> int:
    async with city.runtime.sessions() as session:
        return int(await session.scalar(text("select count(*) from procrastinate_jobs where status = 'todo'")) or 0)


class TestDelivery:
    async def test_each_subscriber_gets_the_event_in_its_envelope(self, city: ServiceUnderTest) -> None:
        taken: list[httpx.Request] = []

        def take(request: httpx.Request) -> httpx.Response:
            taken.append(request)
            return httpx.Response(204)

        for name in ("city-ops", "gov-collab"):
            city.neighbours.post(f"{MESH}/internal/{name}/v1/events").mock(side_effect=take)
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        headers = city.token() | {"traceparent": trace}
        note = (await city.client.post(NOTES, json={"text": "x"}, headers=headers)).json()
        await city.drain()
        assert {request.url.path for request in taken} == {
            "/internal/city-ops/v1/events",
            "/internal/gov-collab/v1/events",
        }
        envelope = json.loads(taken[0].content)
        assert envelope["specversion"] == "1.0"
        assert envelope["source"] == "/example"
        assert envelope["type"] == "cn.hengshui.example.note.written.v1"
        assert envelope["subject"] == note["id"]
        assert envelope["traceparent"].split("-")[1] == trace.split("-")[1]
        assert taken[0].headers["authorization"].startswith("Bearer ")
        assert taken[0].headers["content-type"] == "application/cloudevents+json"
        assert await waiting(city) == 0

    async def test_a_subscriber_that_is_down_loses_nothing_and_holds_nobody_up(self, city: ServiceUnderTest) -> None:
        down = city.neighbours.post(f"{MESH}/internal/city-ops/v1/events").mock(side_effect=httpx.ConnectError("down"))
        up = city.neighbours.post(f"{MESH}/internal/gov-collab/v1/events").respond(204)
        await city.client.post(NOTES, json={"text": "x"}, headers=city.token())
        await city.drain()
        assert (up.call_count, await waiting(city)) == (1, 1)
        down.respond(204)
        city.clock.advance(minutes=10)
        await city.drain()
        assert (up.call_count, await waiting(city)) == (1, 0)

    async def test_the_later_event_of_an_aggregate_waits_for_the_earlier(self, city: ServiceUnderTest) -> None:
        refusing = True
        order: list[str] = []

        def take(request: httpx.Request) -> httpx.Response:
            if refusing:
                return httpx.Response(500)
            order.append(json.loads(request.content)["data"]["text"])
            return httpx.Response(204)

        city.neighbours.post(f"{MESH}/internal/city-ops/v1/events").mock(side_effect=take)
        city.neighbours.post(f"{MESH}/internal/gov-collab/v1/events").respond(204)
        from example.main import NoteWritten

        async with city.work() as work:
            for word in ("first", "second", "third"):
                work.events.record(NoteWritten(note_id=new_id(), text=word), subject="one aggregate")
        await city.drain()
        refusing = False
        city.clock.advance(minutes=10)
        await city.drain()
        assert order == ["first", "second", "third"]

    def test_a_delivery_never_gives_up_and_never_pauses_over_five_minutes(self) -> None:
        def pause(attempts: int) -> int:
            job = QueuedJob(
                id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts, priority=0
            )
            decision = Patient().get_retry_decision(exception=OSError(), job=job)
            assert decision.retry_at is not None
            return round((decision.retry_at - datetime.now(UTC)).total_seconds())

        pauses = [pause(attempts) for attempts in range(200)]
        assert pauses[:3] == [2, 4, 8]
        assert max(pauses) == 300


class TestInbox:
    async def test_a_second_delivery_changes_nothing(self, city: ServiceUnderTest) -> None:
        event_id = new_id()
        for _ in range(3):
            answer = await city.deliver(BELL, {"times": 2}, source="gov-collab", event_id=event_id)
            assert answer.status_code == 204
        assert await notes(city) == 2

    async def test_two_deliveries_at_the_same_moment_act_once(self, city: ServiceUnderTest) -> None:
        event_id = new_id()
        answers = await asyncio.gather(
            *[city.deliver(BELL, {"times": 1}, source="gov-collab", event_id=event_id) for _ in range(4)]
        )
        assert {answer.status_code for answer in answers} == {204}
        assert await notes(city) == 1

    async def test_a_handler_that_refuses_leaves_the_event_untaken(self, city: ServiceUnderTest) -> None:
        event_id = new_id()
        assert (await city.deliver(BELL, {"times": 101}, source="gov-collab", event_id=event_id)).status_code == 409
        assert (await city.deliver(BELL, {"times": 1}, source="gov-collab", event_id=event_id)).status_code == 204

    async def test_fields_that_the_view_does_not_know_are_ignored(self, city: ServiceUnderTest) -> None:
        answer = await city.deliver(BELL, {"times": 1, "colour": "red"}, source="gov-collab")
        assert answer.status_code == 204

    async def test_what_does_not_fit_is_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.deliver(BELL, {"times": "many"}, source="gov-collab")).status_code == 422
        assert (await city.deliver("cn.hengshui.gov-collab.x.v1", {}, source="gov-collab")).status_code == 422
        assert (await city.deliver(BELL, {"times": 1}, source="city-ops")).status_code == 403
        foreign = {"specversion": "1.0", "id": str(new_id()), "source": "/city-ops", "type": BELL, "data": {"times": 1}}
        foreign["time"] = "2026-11-24T00:00:00Z"
        path, headers = "/internal/example/v1/events", city.mesh_token("gov-collab")
        assert (await city.client.post(path, json=foreign, headers=headers)).status_code == 403
        assert (await city.client.post(path, json=foreign, headers=city.token())).status_code == 403
        assert await notes(city) == 0


class TestJobs:
    async def test_a_job_runs_after_the_commit_in_its_own_transaction(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            work.jobs.defer("example.notes.later", text="from a job")
        assert await notes(city) == 0
        await city.drain()
        assert await notes(city) == 1

    async def test_a_job_of_a_failed_transaction_never_runs(self, city: ServiceUnderTest) -> None:
        class Fails(Exception):
            pass

        try:
            async with city.work() as work:
                work.jobs.defer("example.notes.later", text="from a job")
                raise Fails
        except Fails:
            pass
        await city.drain()
        assert await notes(city) == 0


class TestAuditTrail:
    async def test_parallel_acts_on_one_stream_make_one_chain(self, city: ServiceUnderTest) -> None:
        async def act(number: int) -> None:
            async with city.work() as work:
                work.audit.note(stream="case/1", act="touch", by="service:example", data={"number": number})
                work.audit.note(stream=f"case/{2 + number % 2}", act="touch", by="service:example")

        await asyncio.gather(*[act(number) for number in range(6)])
        async with city.runtime.sessions() as session:
            rows = (
                await session.execute(text("select entry, hash from audit_entry where stream = 'case/1' order by seq"))
            ).all()
        entries = [(json.loads(row.entry), bytes(row.hash)) for row in rows]
        assert len(entries) == 6
        assert verify(entries) is None
        changed = [({**entry, "act": "hide"} if n == 3 else entry, digest) for n, (entry, digest) in enumerate(entries)]
        assert verify(changed) is not None

    async def test_no_line_can_be_changed_or_deleted(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            work.audit.note(stream="case/1", act="touch", by="service:example")
        for statement in ("delete from audit_entry", "update audit_entry set act = 'hide'", "truncate audit_entry"):
            async with city.runtime.sessions() as session:
                with pytest.raises(ProgrammingError, match="append-only"):
                    await session.execute(text(statement))

    async def test_the_auditor_sees_a_line_that_was_changed_behind_the_back(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            for act in ("report", "close"):
                work.audit.note(stream="case/1", act=act, by="service:example")
        page, auditor = "/api/example/v1/audit/verdict", city.token(["example.audit.read"])
        verdict = (await city.client.get(page, params={"stream": "case/1"}, headers=auditor)).json()
        assert verdict == {"stream": "case/1", "entries": 2, "intact": True, "broken_at": None, "fault": None}
        async with city.runtime.engine.begin() as connection:
            await connection.execute(text("alter table audit_entry disable trigger user"))
            await connection.execute(text("update audit_entry set entry = replace(entry, 'close', 'other')"))
            await connection.execute(text("alter table audit_entry enable trigger user"))
        verdict = (await city.client.get(page, params={"stream": "case/1"}, headers=auditor)).json()
        assert (verdict["intact"], verdict["broken_at"]) == (False, 2)
