import asyncio
from typing import Any

import pytest

from citykit.ids import new_id
from citykit.testing import at

ASSIGNED = "cn.hengshui.gov-collab.ticket.assigned.v1"
ANSWERED = "cn.hengshui.gov-collab.ticket.answered.v1"
CLASSES = {"nature": "complaint", "matter": "air-pollution"}


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("/problems/")


class TestClassify:
    async def test_can_be_mended_until_it_is_assigned(self, town: Any) -> None:
        ticket = await town.classified()
        again = await town.does(ticket, "classifications", CLASSES | {"nature": "help"}, town.operator)
        assert again["nature"] == "help"
        await town.does(ticket, "assignments", {}, town.operator)
        assert problem(await town.act(ticket, "classifications", CLASSES, town.operator)) == (409, "ticket-state")

    @pytest.mark.parametrize("change", [{"matter": "no-such"}, {"nature": "x"}, {"urgent": "yes!"}, {"extra": 1}])
    async def test_bad_input_is_told(self, town: Any, change: dict[str, Any]) -> None:
        response = await town.act(await town.ticket(), "classifications", CLASSES | change, town.operator)
        assert response.status_code == 422

    async def test_is_for_operators(self, town: Any) -> None:
        ticket = await town.ticket()
        assert (await town.act(ticket, "classifications", CLASSES, town.citizen)).status_code == 403
        assert (await town.act({"id": new_id()}, "classifications", CLASSES, town.operator)).status_code == 404
        assert (await town.act({"id": "x"}, "classifications", CLASSES, town.operator)).status_code == 422


class TestRefuse:
    async def test_names_the_right_channel(self, town: Any) -> None:
        ticket = await town.ticket()
        reason = "紧急警情请拨打110"
        refused = await town.does(ticket, "refusals", {"reason": reason}, town.operator)
        assert refused["state"] == "refused"
        assert (await town.read(ticket, town.citizen))["trail"][-1]["note"] == reason


class TestAssign:
    async def test_by_the_list_with_its_clause(self, town: Any) -> None:
        town.city.clock.set(at("2026-02-12 10:00"))
        ticket = await town.assigned()
        assert (ticket["state"], ticket["department_code"]) == ("assigned", town.ecology)
        assert ticket["sign_due_at"] == "2026-02-13T17:30:00.000+08:00"
        step = (await town.read(ticket, town.citizen))["trail"][-1]
        assert (step["act"], step["data"]["legal_basis"]) == ("assign", "air-pollution 第一条")

    @pytest.mark.parametrize(
        ("nature", "urgent", "due"),
        [
            ("consultation", False, "2026-02-24T17:30:00.000+08:00"),
            ("report", False, "2026-02-26T17:30:00.000+08:00"),
            ("complaint", False, "2026-03-09T17:30:00.000+08:00"),
            ("complaint", True, "2026-02-12T23:59:59.000+08:00"),
        ],
    )
    async def test_is_due_in_working_days(self, town: Any, nature: str, urgent: bool, due: str) -> None:
        town.city.clock.set(at("2026-02-12 10:00"))
        assert (await town.assigned(nature=nature, urgent=urgent))["due_at"] == due

    async def test_tells_city_ops_all_it_needs(self, town: Any) -> None:
        ticket = await town.as_case()
        (event,) = await town.city.events(ASSIGNED)
        assert event.data["handled_as"] == "city-case"
        assert event.data["location"] == {"longitude": 115.69, "latitude": 37.73, "address": "人民路与中心街交叉口"}
        assert (event.data["ticket_id"], event.data["round"], event.data["citizen"]) == (
            ticket["id"],
            1,
            town.citizen_id,
        )

    async def test_a_city_case_needs_a_place(self, town: Any) -> None:
        ticket = await town.classified("street-lighting")
        response = await town.act(ticket, "assignments", {}, town.operator)
        assert problem(response) == (422, "location-missing")

    async def test_by_hand_with_a_reason(self, town: Any) -> None:
        ticket = await town.classified()
        body = {"department_code": town.housing, "reason": "工地扬尘由住建部门主办"}
        assert (await town.does(ticket, "assignments", body, town.operator))["department_code"] == town.housing

    @pytest.mark.parametrize(
        ("body", "slug"),
        [
            ({"department_code": "11131100MB0H000732"}, "invalid"),
            ({"department_code": "11131100MB0H0009XL", "reason": "x"}, "unknown-department"),
            ({"department_code": "nobody", "reason": "x"}, "invalid"),
        ],
    )
    async def test_bad_input_is_told(self, town: Any, body: dict[str, Any], slug: str) -> None:
        response = await town.act(await town.classified(), "assignments", body, town.operator)
        assert problem(response) == (422, slug)

    async def test_where_the_list_names_nobody_the_operator_must(self, town: Any) -> None:
        response = await town.act(await town.classified("teachers"), "assignments", {}, town.operator)
        assert problem(response) == (422, "nobody-named")

    async def test_unclassified_it_stays(self, town: Any) -> None:
        response = await town.act(await town.ticket(), "assignments", {}, town.operator)
        assert problem(response) == (422, "not-classified")

    async def test_two_operators_at_once_assign_it_once(self, town: Any) -> None:
        ticket = await town.classified()
        bodies = [{"department_code": code, "reason": "抢派"} for code in (town.housing, town.urban)]
        answers = await asyncio.gather(*(town.act(ticket, "assignments", body, town.operator) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert len(await town.city.events(ASSIGNED)) == 1

    async def test_past_the_calendar_nothing_is_guessed(self, town: Any) -> None:
        ticket = await town.classified()
        town.city.clock.set(at("2031-01-02 10:00"))
        assert problem(await town.act(ticket, "assignments", {}, town.operator)) == (503, "calendar-end")


class TestRecall:
    async def test_until_it_is_signed_for(self, town: Any) -> None:
        ticket = await town.assigned()
        recalled = await town.does(ticket, "recalls", {"reason": "派错单位"}, town.operator)
        assert (recalled["state"], recalled["department_code"], recalled["due_at"]) == ("taken", None, None)
        await town.does(ticket, "assignments", {}, town.operator)
        await town.does(ticket, "acceptances", None, town.ecologist)
        response = await town.act(ticket, "recalls", {"reason": "派错单位"}, town.operator)
        assert problem(response) == (409, "ticket-state")


class TestAccept:
    async def test_is_for_the_department_in_charge(self, town: Any) -> None:
        ticket = await town.assigned()
        assert (await town.act(ticket, "acceptances", None, town.urbanist)).status_code == 404
        assert (await town.does(ticket, "acceptances", None, town.ecologist))["state"] == "accepted"

    async def test_a_case_is_not_signed_for(self, town: Any) -> None:
        response = await town.act(await town.as_case(), "acceptances", None, town.urbanist)
        assert problem(response) == (409, "answered-by-case")


class TestSendBack:
    REASON = {"reason": "不属于本单位职责"}  # noqa: RUF012 - never changed

    async def test_upheld_it_goes_to_another(self, town: Any) -> None:
        ticket = await town.assigned()
        assert (await town.does(ticket, "returns", self.REASON, town.ecologist))["state"] == "contested"
        decision = {"upheld": True, "reason": "改派"}
        assert (await town.does(ticket, "arbitrations", decision, town.operator))["state"] == "taken"
        body = {"department_code": town.housing, "reason": "改派住建"}
        assert (await town.does(ticket, "assignments", body, town.operator))["department_code"] == town.housing
        assert (await town.act(ticket, "returns", self.REASON, town.ecologist)).status_code == 404

    async def test_dismissed_it_stays_and_comes_back_no_more(self, town: Any) -> None:
        ticket = await town.assigned()
        await town.does(ticket, "returns", self.REASON, town.ecologist)
        decision = {"upheld": False, "reason": "权责清单已列明"}
        dismissed = await town.does(ticket, "arbitrations", decision, town.operator)
        assert (dismissed["state"], dismissed["due_at"]) == ("assigned", ticket["due_at"])
        assert problem(await town.act(ticket, "returns", self.REASON, town.ecologist)) == (409, "return-decided")

    async def test_after_its_term_it_is_too_late(self, town: Any) -> None:
        town.city.clock.set(at("2026-03-02 10:00"))
        ticket = await town.assigned()
        town.city.clock.set(at("2026-03-04 17:31"))
        assert problem(await town.act(ticket, "returns", self.REASON, town.ecologist)) == (409, "return-too-late")

    async def test_the_citizen_does_not_see_the_quarrel(self, town: Any) -> None:
        ticket = await town.assigned()
        await town.does(ticket, "returns", self.REASON, town.ecologist)
        assert "send-back" not in {step["act"] for step in (await town.read(ticket, town.citizen))["trail"]}
        assert "send-back" in {step["act"] for step in (await town.read(ticket, town.operator))["trail"]}


class TestAnswer:
    async def test_tells_the_citizen(self, town: Any) -> None:
        ticket = await town.answered()
        (event,) = await town.city.events(ANSWERED)
        assert (event.data["answer"], event.data["department_name"]) == ("已责令整改。", "衡水市生态环境局")
        seen = await town.read(ticket, town.citizen)
        assert (seen["state"], seen["answer"], seen["trail"][-1]["note"]) == (
            "answered",
            "已责令整改。",
            "已责令整改。",
        )

    async def test_wants_a_signature_first(self, town: Any) -> None:
        response = await town.act(await town.assigned(), "answers", {"text": "已办"}, town.ecologist)
        assert problem(response) == (409, "ticket-state")

    async def test_two_at_once_answer_once(self, town: Any) -> None:
        ticket = await town.assigned()
        await town.does(ticket, "acceptances", None, town.ecologist)
        answers = await asyncio.gather(*(town.act(ticket, "answers", {"text": t}, town.ecologist) for t in "甲乙"))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert len(await town.city.events(ANSWERED)) == 1


class TestAnswerAtOnce:
    async def test_an_enquiry_needs_no_department(self, town: Any) -> None:
        ticket = await town.classified(nature="consultation")
        answered = await town.does(ticket, "immediate-answers", {"text": "工作日 8:30 至 17:30"}, town.operator)
        assert answered["state"] == "answered"
        assert await town.city.events(ASSIGNED) == []

    async def test_a_complaint_does(self, town: Any) -> None:
        response = await town.act(await town.classified(), "immediate-answers", {"text": "好"}, town.operator)
        assert problem(response) == (409, "ticket-state")


class TestNotes:
    async def test_stay_internal(self, town: Any) -> None:
        ticket = await town.assigned()
        await town.does(ticket, "notes", {"text": "此人曾多次来电"}, town.ecologist)
        assert "此人曾多次来电" not in str(await town.read(ticket, town.citizen))
        assert "此人曾多次来电" in str(await town.read(ticket, town.operator))
