from typing import Any
from uuid import UUID

import pytest

from citykit.ids import new_id
from citykit.testing import at

PREFIX = "cn.hengshui.city-ops.case."


class Case:
    """A case of city-management, as its service tells of it."""

    def __init__(self, town: Any, ticket: dict[str, Any]) -> None:
        self.town = town
        self.id = str(new_id())
        self.common = {
            "case_id": self.id,
            "number": "CG-1",
            "source_kind": "hotline",
            "source_reference": ticket["id"],
            "reporter": None,
        }

    async def tell(self, kind: str, event_id: UUID | None = None, **data: Any) -> None:
        """Deliver one event."""
        response = await self.town.city.deliver(
            f"{PREFIX}{kind}.v1", self.common | data, source="city-ops", subject=self.id, event_id=event_id
        )
        assert response.status_code == 204, response.text

    async def reported(self, **more: Any) -> None:
        await self.tell("reported", title="路灯不亮", reported_at="2026-11-25T09:00:00+08:00", **more)

    async def progressed(self, clock: str = "10:00", state: str = "dispatched", **more: Any) -> None:
        await self.tell("progressed", state=state, note=f"{state} 进展", at=f"2026-11-25T{clock}:00+08:00", **more)

    async def closed(self, outcome: str = "resolved", **more: Any) -> None:
        text = {"outcome_text": "路灯已修复", "closed_at": "2026-11-25T12:00:00+08:00"}
        await self.tell("closed", outcome=outcome, **(text | more))


async def acts(town: Any, ticket: dict[str, Any]) -> list[str]:
    return [step["act"] for step in (await town.read(ticket, town.citizen))["trail"]]


class TestCases:
    async def test_a_case_answers_its_ticket_and_the_citizen_sees_the_way(self, town: Any) -> None:
        ticket = await town.as_case()
        case = Case(town, ticket)
        await case.reported()
        assert (await town.read(ticket, town.citizen))["state"] == "accepted"
        await case.progressed()
        await case.closed()
        seen = await town.read(ticket, town.citizen)
        assert (seen["state"], seen["answer"], seen["case_id"]) == ("answered", "路灯已修复", case.id)
        assert sorted(step["act"] for step in seen["trail"]) == sorted(
            ["take", "assign", "open-case", "case-progress", "answer-by-case"]
        )
        (event,) = await town.city.events("cn.hengshui.gov-collab.ticket.answered.v1")
        assert event.data["answer"] == "路灯已修复"
        assert (await town.does(ticket, "ratings", {"satisfaction": 1}, town.citizen))["state"] == "closed"

    async def test_one_event_delivered_twice_acts_once(self, town: Any) -> None:
        ticket = await town.as_case()
        case = Case(town, ticket)
        event_id = new_id()
        for _ in range(2):
            await case.reported(event_id=event_id)
        assert (await acts(town, ticket)).count("open-case") == 1
        event_id = new_id()
        for _ in range(2):
            await case.closed(event_id=event_id)
        assert len(await town.city.events("cn.hengshui.gov-collab.ticket.answered.v1")) == 1

    async def test_told_again_under_another_id_it_acts_once_too(self, town: Any) -> None:
        ticket = await town.as_case()
        case = Case(town, ticket)
        for _ in range(2):
            await case.reported()
            await case.closed()
        assert (await acts(town, ticket)).count("answer-by-case") == 1
        assert len(await town.city.events("cn.hengshui.gov-collab.ticket.answered.v1")) == 1

    async def test_the_wrong_order_ends_the_same(self, town: Any) -> None:
        town.city.clock.set(at("2026-11-25 13:00"))
        ticket = await town.as_case()
        case = Case(town, ticket)
        await case.closed()
        await case.progressed("11:00", "handled")
        await case.progressed("10:00", "dispatched")
        await case.reported()
        seen = await town.read(ticket, town.citizen)
        assert (seen["state"], seen["answer"]) == ("answered", "路灯已修复")
        told = [step["act"] for step in seen["trail"] if step["at"] < "2026-11-25T12"]
        assert [act for act in told if "case" in act] == ["open-case", "case-progress", "case-progress"]

    @pytest.mark.parametrize("outcome", ["rejected", "void"])
    async def test_a_case_that_comes_to_nothing_gives_the_ticket_back(self, town: Any, outcome: str) -> None:
        ticket = await town.as_case()
        case = Case(town, ticket)
        await case.reported()
        await case.closed(outcome, outcome_text="不属于城管职责")
        seen = await town.read(ticket, town.citizen)
        assert (seen["state"], seen["department_code"], seen["case_id"]) == ("taken", None, None)
        body = {"nature": "complaint", "matter": "property-management"}
        await town.does(ticket, "classifications", body, town.operator)
        again = await town.does(ticket, "assignments", {}, town.operator)
        assert (again["handled_as"], again["department_code"]) == ("ticket", town.housing)

    async def test_an_old_case_does_not_move_a_new_round(self, town: Any) -> None:
        ticket = await town.as_case()
        old, new = Case(town, ticket), Case(town, ticket)
        await old.reported()
        await old.closed("rejected")
        await town.does(ticket, "assignments", {}, town.operator)
        await new.reported()
        await old.closed()
        await old.progressed()
        assert (await town.read(ticket, town.operator))["state"] == "accepted"
        await new.closed()
        assert (await town.read(ticket, town.operator))["state"] == "answered"

    async def test_a_case_told_of_a_ticket_that_waits_for_none_only_shows(self, town: Any) -> None:
        ticket = await town.assigned()
        case = Case(town, ticket)
        await case.reported()
        await case.closed()
        assert (await town.read(ticket, town.operator))["state"] == "assigned"

    @pytest.mark.parametrize(
        "other", [{"source_kind": "patrol"}, {"source_reference": None}, {"source_reference": str(new_id())}]
    )
    async def test_cases_of_others_concern_nobody_here(self, town: Any, other: dict[str, Any]) -> None:
        ticket = await town.as_case()
        case = Case(town, ticket)
        await case.reported(**other)
        await case.progressed(**other)
        await case.closed(**other)
        assert await acts(town, ticket) == ["take", "assign"]

    async def test_no_department_answers_for_a_case(self, town: Any) -> None:
        ticket = await town.as_case()
        await Case(town, ticket).reported()
        response = await town.act(ticket, "answers", {"text": "已办"}, town.urbanist)
        assert (response.status_code, response.json()["type"]) == (409, "/problems/answered-by-case")

    async def test_before_there_is_a_case_the_operator_may_take_it_back(self, town: Any) -> None:
        ticket = await town.as_case()
        assert (await town.does(ticket, "recalls", {"reason": "分类有误"}, town.operator))["state"] == "taken"
