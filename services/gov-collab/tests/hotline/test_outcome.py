import asyncio
from typing import Any

import pytest

from citykit.testing import at

CLOSED = "cn.hengshui.gov-collab.ticket.closed.v1"


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("/problems/")


class TestRate:
    async def test_closes_the_ticket(self, town: Any) -> None:
        ticket = await town.answered()
        rated = await town.does(ticket, "ratings", {"satisfaction": 1, "note": "很快"}, town.citizen)
        assert (rated["state"], rated["satisfaction"]) == ("closed", 1)
        assert rated["trail"][-1]["act"] == "rate"
        (event,) = await town.city.events(CLOSED)
        assert (event.data["satisfaction"], event.data["citizen"]) == (1, town.citizen_id)

    async def test_once(self, town: Any) -> None:
        ticket = await town.answered()
        answers = await asyncio.gather(
            *(town.act(ticket, "ratings", {"satisfaction": n}, town.citizen) for n in (1, 5))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_after_a_closing_without_rating(self, town: Any) -> None:
        ticket = await town.answered()
        await town.does(ticket, "call-backs", {"reached": False}, town.operator)
        await town.does(ticket, "closings", None, town.operator)
        assert (await town.does(ticket, "ratings", {"satisfaction": 2}, town.citizen))["satisfaction"] == 2
        assert len(await town.city.events(CLOSED)) == 1

    async def test_not_before_the_answer(self, town: Any) -> None:
        response = await town.act(await town.assigned(), "ratings", {"satisfaction": 1}, town.citizen)
        assert problem(response) == (409, "ticket-state")

    @pytest.mark.parametrize("satisfaction", [0, 6, "1", None, 1.5])
    async def test_goes_from_one_to_five(self, town: Any, satisfaction: object) -> None:
        response = await town.act(await town.answered(), "ratings", {"satisfaction": satisfaction}, town.citizen)
        assert response.status_code == 422

    async def test_is_for_the_one_who_asked(self, town: Any) -> None:
        ticket = await town.answered()
        assert (await town.act(ticket, "ratings", {"satisfaction": 1}, town.stranger)).status_code == 404
        assert (await town.act(ticket, "ratings", {"satisfaction": 1}, town.operator)).status_code == 403


class TestCallBack:
    async def test_reached_it_closes_with_her_rating(self, town: Any) -> None:
        body = {"reached": True, "satisfaction": 3, "note": "基本满意"}
        closed = await town.does(await town.answered(), "call-backs", body, town.operator)
        assert (closed["state"], closed["satisfaction"]) == ("closed", 3)

    async def test_missed_it_stays(self, town: Any) -> None:
        missed = await town.does(await town.answered(), "call-backs", {"reached": False}, town.operator)
        assert missed["state"] == "answered"

    @pytest.mark.parametrize("body", [{"reached": True}, {"reached": False, "satisfaction": 1}, {}])
    async def test_a_rating_belongs_to_one_who_was_reached(self, town: Any, body: dict[str, Any]) -> None:
        assert (await town.act(await town.answered(), "call-backs", body, town.operator)).status_code == 422


class TestClose:
    async def test_wants_a_tried_call_back(self, town: Any) -> None:
        ticket = await town.answered()
        assert problem(await town.act(ticket, "closings", None, town.operator)) == (409, "not-called-back")
        await town.does(ticket, "call-backs", {"reached": False}, town.operator)
        assert (await town.does(ticket, "closings", None, town.operator))["state"] == "closed"


class TestReopen:
    REASON = {"reason": "油烟依旧"}  # noqa: RUF012 - never changed

    async def test_once_for_the_unhappy(self, town: Any) -> None:
        ticket = await town.answered()
        await town.does(ticket, "ratings", {"satisfaction": 5}, town.citizen)
        reopened = await town.does(ticket, "reopenings", self.REASON, town.citizen)
        assert (reopened["state"], reopened["satisfaction"], reopened["department_code"]) == ("taken", None, None)
        await town.does(ticket, "assignments", {}, town.operator)
        await town.does(ticket, "acceptances", None, town.ecologist)
        await town.does(ticket, "answers", {"text": "再次整改"}, town.ecologist)
        await town.does(ticket, "ratings", {"satisfaction": 5}, town.citizen)
        assert problem(await town.act(ticket, "reopenings", self.REASON, town.citizen)) == (409, "not-reopenable")

    async def test_not_for_the_happy(self, town: Any) -> None:
        ticket = await town.answered()
        await town.does(ticket, "ratings", {"satisfaction": 2}, town.citizen)
        assert problem(await town.act(ticket, "reopenings", self.REASON, town.citizen)) == (409, "not-reopenable")

    async def test_not_after_its_term(self, town: Any) -> None:
        town.city.clock.set(at("2026-03-02 10:00"))
        ticket = await town.answered()
        await town.does(ticket, "ratings", {"satisfaction": 5}, town.citizen)
        town.city.clock.set(at("2026-03-16 17:31"))
        assert problem(await town.act(ticket, "reopenings", self.REASON, town.citizen)) == (409, "not-reopenable")

    async def test_an_operator_may_for_the_caller(self, town: Any) -> None:
        ticket = await town.answered()
        await town.does(ticket, "call-backs", {"reached": True, "satisfaction": 4}, town.operator)
        assert (await town.does(ticket, "reopenings", self.REASON, town.operator))["state"] == "taken"

    async def test_a_new_round_is_told_as_one(self, town: Any) -> None:
        ticket = await town.answered()
        await town.does(ticket, "ratings", {"satisfaction": 5}, town.citizen)
        await town.does(ticket, "reopenings", self.REASON, town.citizen)
        await town.does(ticket, "assignments", {}, town.operator)
        events = await town.city.events("cn.hengshui.gov-collab.ticket.assigned.v1")
        assert [event.data["round"] for event in events] == [1, 2]


class TestUrge:
    async def test_hangs_on_its_ticket(self, town: Any) -> None:
        ticket = await town.assigned()
        await town.does(ticket, "urgings", {"text": "请尽快处理"}, town.citizen)
        assert len((await town.get("/hotline/tickets", town.citizen)).json()["items"]) == 1
        assert (await town.read(ticket, town.ecologist))["trail"][-1]["note"] == "请尽快处理"

    async def test_not_after_the_answer(self, town: Any) -> None:
        response = await town.act(await town.answered(), "urgings", {"text": "快"}, town.citizen)
        assert problem(response) == (409, "ticket-state")

    async def test_not_by_a_stranger(self, town: Any) -> None:
        assert (await town.act(await town.assigned(), "urgings", {"text": "快"}, town.stranger)).status_code == 404
