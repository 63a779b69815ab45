"""What happens to requests by itself, on a clock that the test moves."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
from sqlalchemy import text

from citykit.actors import Actor, ActorKind
from citykit.calendar import WorkingCalendar
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, at
from enterprise.requests.schemas import RequestDraft
from enterprise.requests.service import Requests

from .factories import (
    DEPARTMENT,
    FOUNDER,
    ORGANISATIONS,
    REQUESTS,
    SUBMIT,
    act,
    answered,
    assigned,
    founder,
    official,
    read,
    responsibility,
    submitted,
    supervisor,
)

ESCALATED = "cn.hengshui.enterprise.request.escalated.v1"


async def escalations(city: ServiceUnderTest) -> list[dict[str, Any]]:
    """The escalations, oldest first, as a supervisor sees them."""
    response = await city.client.get(f"{REQUESTS}/escalations", headers=supervisor(city))
    return list(reversed(response.json()["items"]))


class TestRoute:
    async def test_finds_the_responsible_department(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        request = await read(city, await assigned(city, asker), asker)
        assert (request["state"], request["department_code"]) == ("assigned", DEPARTMENT)
        assert request["legal_basis"] == "责任清单"
        question = next(c.request for c in city.neighbours.calls if "resolution" in c.request.url.path)
        assert question.url.params["matter"] == "enterprise-request"
        assert question.url.params["division"] == "131102"

    async def test_waits_while_gov_collab_is_down(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        request = await submitted(city, asker)
        assert (await act(city, request, "acceptance", supervisor(city))).status_code == 201
        await city.drain()
        assert (await read(city, request, asker))["state"] == "accepted"
        responsibility(city)
        city.clock.advance(minutes=10)
        await asyncio.sleep(5)  # the breaker of the mesh stays shut for five seconds of the wall clock
        await city.drain()
        assert (await read(city, request, asker))["state"] == "assigned"

    async def test_says_so_where_nobody_is_responsible(self, city: ServiceUnderTest) -> None:
        city.neighbours.get(f"{ORGANISATIONS}/responsibilities/resolution").respond(404, json={})
        asker = founder(city)
        request = await submitted(city, asker)
        await act(city, request, "acceptance", supervisor(city))
        await city.drain()
        trail = (await city.client.get(f"{REQUESTS}/{request}/trail", headers=asker)).json()
        assert [line["act"] for line in trail] == ["submit", "accept", "unassignable"]

    async def test_leaves_a_request_that_somebody_assigned_meanwhile(self, city: ServiceUnderTest) -> None:
        city.neighbours.get(f"{ORGANISATIONS}/departments/{DEPARTMENT}").respond(
            json={"code": DEPARTMENT, "name": "工信局", "short_name": "工信局", "division_code": "131100"}
        )
        asker = founder(city)
        request = await submitted(city, asker)
        await act(city, request, "acceptance", supervisor(city))
        await act(city, request, "assignments", supervisor(city), department_code=DEPARTMENT)
        responsibility(city)
        await city.drain()
        trail = (await city.client.get(f"{REQUESTS}/{request}/trail", headers=asker)).json()
        assert [line["act"] for line in trail] == ["submit", "accept", "assign"]


class TestEscalate:
    async def test_an_overdue_milestone_goes_up_once(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        request = await assigned(city, founder(city))
        city.clock.set(at("2026-03-03 17:31"))
        for _ in range(2):
            await city.run_task("enterprise.requests.escalate")
        found = await escalations(city)
        assert [(one["milestone"], one["level"], one["request_id"]) for one in found] == [("contact", 1, request)]
        event = (await city.events(ESCALATED))[0].data
        assert (event["level"], event["department_code"], event["firm_uscc"]) == (1, DEPARTMENT, None)

    async def test_two_runs_at_once_escalate_once(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        for _ in range(3):
            await submitted(city, founder(city))
        city.clock.set(at("2026-03-04 09:00"))
        await asyncio.gather(*(city.run_task("enterprise.requests.escalate") for _ in range(3)))
        assert len(await escalations(city)) == 3
        assert len(await city.events(ESCALATED)) == 3

    async def test_climbs_the_levels_as_time_goes_by(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        await assigned(city, founder(city))
        for day in ("2026-03-03 18:00", "2026-03-05 18:00", "2026-03-23 18:00", "2026-04-15 18:00"):
            city.clock.set(at(day))
            await city.run_task("enterprise.requests.escalate")
        assert [one["level"] for one in await escalations(city)] == [1, 2, 3, 4]

    async def test_spares_what_nobody_could_have_read_yet(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-02-14 17:00"))
        await submitted(city, founder(city), category="supply")
        for moment, count in (("2026-02-23 12:00", 0), ("2026-02-24 09:30", 0), ("2026-02-24 10:00", 1)):
            city.clock.set(at(moment))
            await city.run_task("enterprise.requests.escalate")
            assert len(await escalations(city)) == count

    async def test_spares_paused_and_answered_requests(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        await answered(city, founder(city))
        paused = await assigned(city, founder(city))
        await act(city, paused, "contacts", official(city), note="已联系")
        await act(city, paused, "pauses", official(city), reason="等待企业补充材料")
        city.clock.set(at("2026-05-02 09:00"))
        await city.run_task("enterprise.requests.escalate")
        assert await escalations(city) == []

    async def test_an_escalation_stands_in_the_trail(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        asker = founder(city)
        request = await submitted(city, asker)
        city.clock.set(at("2026-03-04 09:00"))
        await city.run_task("enterprise.requests.escalate")
        trail = (await city.client.get(f"{REQUESTS}/{request}/trail", headers=asker)).json()
        assert (trail[-1]["act"], trail[-1]["side"], trail[-1]["state"]) == ("escalate", "system", "submitted")


class TestSettle:
    async def test_closes_an_answer_that_the_firm_does_not_speak_about(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        asker = founder(city)
        request = await answered(city, asker)
        for moment, state in (("2026-03-09 17:30", "answered"), ("2026-03-09 17:31", "closed")):
            city.clock.set(at(moment))
            await city.run_task("enterprise.requests.settle")
            assert (await read(city, request, asker))["state"] == state
        assert (await read(city, request, asker))["outcome"] == "answered"

    async def test_files_a_confirmed_request(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        asker = founder(city)
        request = await answered(city, asker)
        await act(city, request, "confirmation", asker, rating=5)
        city.clock.set(at("2026-03-03 18:00"))
        await city.run_task("enterprise.requests.settle")
        found = await read(city, request, asker)
        assert (found["state"], found["outcome"], found["rating"]) == ("closed", "resolved", 5)


class TestRecalculate:
    async def test_reckons_open_requests_by_the_new_calendar_and_keeps_the_old_value(
        self, city: ServiceUnderTest
    ) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        asker = founder(city)
        request = await submitted(city, asker)
        before = (await read(city, request, asker))["milestones"][0]["due_at"]
        tables = list(city.runtime.calendar.tables)
        holiday = (
            tables[-1]
            .holidays[0]
            .model_copy(
                update={
                    "name": "临时放假",
                    "first": at("2026-03-03 00:00").date(),
                    "last": at("2026-03-03 00:00").date(),
                }
            )
        )
        changed = tables[-1].model_copy(update={"holidays": (*tables[-1].holidays, holiday)})
        calendar = WorkingCalendar([*tables[:-1], changed], city.runtime.calendar.hours)
        async with city.work() as work:
            run = next(t.run for t in city.service.tasks if t.name == "enterprise.requests.recalculate")
            await run(replace(work, calendar=calendar))
        found = (await read(city, request, asker))["milestones"][0]
        assert before.startswith("2026-03-03T17:30")
        assert found["due_at"].startswith("2026-03-04T17:30")
        assert found["calendar_version"] == calendar.version
        ledger = (await city.client.get(f"{REQUESTS}/{request}/clock", headers=asker)).json()
        assert ledger[-1]["act"] == "recalculate"
        assert ledger[-1]["before"]["contact"].startswith("2026-03-03T09:30")

    async def test_fills_deadlines_that_the_old_calendar_did_not_reach(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-12-30 09:00"))
        asker = str(new_id())
        async with city.work() as work:
            short = replace(work, calendar=WorkingCalendar.load())
            by = Actor(asker, ActorKind.person, frozenset([SUBMIT]))
            made = await Requests(short).submit(RequestDraft.model_validate(FOUNDER), by=by)
        assert [one.due_at is None for one in made.milestones] == [False, True, True, True]
        await city.run_task("enterprise.requests.recalculate")
        found = await read(city, str(made.id), city.token([SUBMIT], subject=asker))
        assert [one["due_at"] is None for one in found["milestones"]] == [False] * 4

    async def test_leaves_what_is_reckoned_already(self, city: ServiceUnderTest) -> None:
        request = await submitted(city, founder(city))
        await city.run_task("enterprise.requests.recalculate")
        async with city.runtime.sessions() as session:
            count = await session.scalar(
                text("select count(*) from request_clock where request_id = :id"), {"id": request}
            )
        assert count == 1


class TestDelivery:
    async def test_the_events_go_to_the_message_centre(self, city: ServiceUnderTest) -> None:
        inbox = city.neighbours.post("http://mesh.test/internal/citizen-pass/v1/events").mock(
            return_value=httpx.Response(204)
        )
        await submitted(city, founder(city))
        await city.drain()
        assert inbox.call_count == 1
