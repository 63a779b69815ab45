"""Requests of firms over HTTP."""

import asyncio

import httpx
import pytest

from citykit.testing import ServiceUnderTest, at
from enterprise.requests.service import FIELD_WORDS

from ..firms.factories import USCC, Caller, bound  # noqa: TID252 - tests are no installed package
from .factories import (
    ANSWER,
    DEPARTMENT,
    FOUNDER,
    ORGANISATIONS,
    OTHER_DEPARTMENT,
    REQUESTS,
    SUBMIT,
    SUPERVISE,
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

UNKNOWN = "01890000-0000-7000-8000-00000000ffff"


def slug(response: httpx.Response) -> str:
    return str(response.json()["type"]).rpartition("/")[2]


class TestListCategories:
    async def test_names_limits_with_their_source(self, city: ServiceUnderTest) -> None:
        categories = (await city.client.get(f"{REQUESTS}/categories")).json()["items"]
        supply = next(one for one in categories if one["code"] == "supply")
        assert supply["limits"][0] == {"milestone": "contact", "amount": 60, "unit": "minutes", "level": 1}
        assert "中山" in supply["source"]


class TestSubmitRequest:
    async def test_takes_a_founder_without_a_code(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        response = await city.client.post(REQUESTS, json=FOUNDER, headers=founder(city))
        made = response.json()
        assert response.status_code == 201
        assert (made["state"], made["uscc"], made["phone"]) == ("submitted", None, FOUNDER["phone"])
        assert made["number"].startswith("QS20260302")
        assert [one["milestone"] for one in made["milestones"]] == ["contact", "plan", "resolve", "extended"]
        assert made["milestones"][0]["due_at"] == "2026-03-03T17:30:00.000+08:00"

    async def test_takes_a_firm_from_its_representative(self, city: ServiceUnderTest) -> None:
        caller = await bound(city, USCC, SUBMIT)
        body = {"category": "supply", "title": "停电", "text": "厂区已停电三小时", "uscc": USCC}
        made = (await city.client.post(REQUESTS, json=body, headers=caller.headers)).json()
        assert (made["firm_name"], made["division_code"]) == ("衡水示例橡塑制品有限公司", "131102")
        event = (await city.events("cn.hengshui.enterprise.request.submitted.v1"))[0]
        assert (event.data["firm_uscc"], event.data["submitter"]) == (USCC, caller.subject)
        assert event.subject == made["id"]

    async def test_takes_a_firm_from_its_delegate_until_revoked(self, city: ServiceUnderTest) -> None:
        boss, clerk = await bound(city), Caller(city, SUBMIT)
        firm = f"/api/enterprise/v1/firms/{USCC}/delegates"
        given = await city.client.post(firm, json={"subject": clerk.subject}, headers=boss.headers)
        body = FOUNDER | {"uscc": USCC}
        assert (await city.client.post(REQUESTS, json=body, headers=clerk.headers)).status_code == 201
        await city.client.delete(f"{firm}/{given.json()['id']}", headers=boss.headers)
        refused = await city.client.post(REQUESTS, json=body, headers=clerk.headers)
        assert (refused.status_code, slug(refused)) == (403, "not-the-firms")

    async def test_refuses_a_ceased_firm(self, city: ServiceUnderTest) -> None:
        caller = await bound(city, USCC, SUBMIT)
        changed = {"uscc": USCC, "name": "停业", "state": "deregistered", "changed_at": "2026-11-24T08:00:00Z"}
        await city.deliver("cn.hengshui.data-hub.legal-entity.changed.v1", changed, source="data-hub")
        refused = await city.client.post(REQUESTS, json=FOUNDER | {"uscc": USCC}, headers=caller.headers)
        assert (refused.status_code, slug(refused)) == (409, "firm-ceased")

    @pytest.mark.parametrize(
        ("change", "status", "said"),
        [
            ({"category": "weather"}, 422, "unknown-category"),
            ({"firm_name": None}, 422, "invalid"),
            ({"division_code": None}, 422, "division-missing"),
            ({"uscc": USCC}, 403, "not-the-firms"),
            ({"phone": "call me"}, 422, "invalid"),
            ({"title": ""}, 422, "invalid"),
            ({"title": "x" * 201}, 422, "invalid"),
            ({"text": "\u0000"}, 422, "not-text"),
            ({"priority": 1}, 422, "invalid"),
        ],
    )
    async def test_refuses_what_is_wrong(
        self, city: ServiceUnderTest, change: dict[str, object], status: int, said: str
    ) -> None:
        response = await city.client.post(REQUESTS, json=FOUNDER | change, headers=founder(city))
        assert (response.status_code, slug(response)) == (status, said)
        assert (await city.client.get(REQUESTS, headers=supervisor(city))).json()["items"] == []

    async def test_one_key_submits_once_even_in_parallel(self, city: ServiceUnderTest) -> None:
        headers = founder(city) | {"Idempotency-Key": "submit-once-01"}
        answers = await asyncio.gather(*(city.client.post(REQUESTS, json=FOUNDER, headers=headers) for _ in range(2)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1

    async def test_is_for_persons(self, city: ServiceUnderTest) -> None:
        client = city.token([SUBMIT], kind="client", subject="bench")
        assert (await city.client.post(REQUESTS, json=FOUNDER, headers=client)).status_code == 403
        assert (await city.client.post(REQUESTS, json=FOUNDER)).status_code == 401


class TestListRequests:
    async def test_shows_each_side_its_own(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        mine = await assigned(city, asker)
        await submitted(city, founder(city))

        async def seen(headers: dict[str, str]) -> list[str]:
            return [one["id"] for one in (await city.client.get(REQUESTS, headers=headers)).json()["items"]]

        assert await seen(asker) == [mine]
        assert await seen(official(city)) == [mine]
        assert await seen(official(city, OTHER_DEPARTMENT)) == []
        assert len(await seen(supervisor(city))) == 2
        assert await seen(city.token([ANSWER])) == []

    async def test_a_scope_less_asker_sees_nothing_of_her_own(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(REQUESTS, headers=city.token([]))).status_code == 403

    async def test_pages_by_key_newest_first(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        made = [await submitted(city, asker) for _ in range(3)]
        first = (await city.client.get(REQUESTS, params={"limit": 2}, headers=asker)).json()
        second = (await city.client.get(REQUESTS, params={"limit": 2, "after": first["next"]}, headers=asker)).json()
        assert [one["id"] for one in first["items"] + second["items"]] == list(reversed(made))
        assert second["next"] is None

    async def test_filters(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        late = await submitted(city, founder(city))
        city.clock.set(at("2026-03-04 09:00"))
        fresh = await submitted(city, founder(city), category="labour")

        async def seen(**params: str) -> list[str]:
            response = await city.client.get(REQUESTS, params=params, headers=supervisor(city))
            return [one["id"] for one in response.json()["items"]]

        assert await seen(overdue="true") == [late]
        assert await seen(overdue="false", category="labour") == [fresh]
        assert await seen(state="accepted") == []
        assert await seen(uscc=USCC) == []

    @pytest.mark.parametrize("params", [{"sort": "x"}, {"limit": "0"}, {"after": "bm90LWEtY3Vyc29y"}, {"state": "x"}])
    async def test_refuses_wrong_parameters(self, city: ServiceUnderTest, params: dict[str, str]) -> None:
        response = await city.client.get(REQUESTS, params=params, headers=supervisor(city))
        assert response.status_code in {400, 422}


class TestReadRequest:
    async def test_a_read_by_the_department_is_noted(self, city: ServiceUnderTest) -> None:
        caller = await bound(city, USCC, SUBMIT)
        request = await assigned(city, caller.headers, uscc=USCC)
        await read(city, request, caller.headers)
        seen = await read(city, request, official(city))
        assert seen["phone"] == FOUNDER["phone"]
        usage = await city.client.get(
            "/internal/enterprise/v1/usage",
            params={"person": f"sub:{caller.subject}"},
            headers=city.mesh_token("citizen-pass"),
        )
        lines = usage.json()["usages"]
        assert [(line["receiver_organisation"], line["fields"]) for line in lines] == [(DEPARTMENT, ["phone", "text"])]
        assert (lines[0]["field_words"], FIELD_WORDS.keys()) == (FIELD_WORDS, {"phone", "text"})
        assert all(words[0] > "一" for words in FIELD_WORDS.values())
        assert lines[0]["record"] == "企业诉求 Request of a firm"
        assert lines[0]["matter"] == f"诉求 Request {seen['number']}"
        log = await city.client.get(f"/api/enterprise/v1/firms/{USCC}/access-log", headers=caller.headers)
        assert [line["department_code"] for line in log.json()["items"]] == [DEPARTMENT]

    async def test_a_supervisor_does_not_get_the_number(self, city: ServiceUnderTest) -> None:
        request = await submitted(city, founder(city))
        assert (await read(city, request, supervisor(city)))["phone"] is None

    async def test_hides_it_from_others(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        for headers in (founder(city), official(city, OTHER_DEPARTMENT)):
            assert (await city.client.get(f"{REQUESTS}/{request}", headers=headers)).status_code == 404

    @pytest.mark.parametrize(("key", "status"), [(UNKNOWN, 404), ("7", 422)])
    async def test_refuses_foreign_ids(self, city: ServiceUnderTest, key: str, status: int) -> None:
        assert (await city.client.get(f"{REQUESTS}/{key}", headers=supervisor(city))).status_code == status


class TestAcceptRequest:
    async def test_two_at_once_accept_once(self, city: ServiceUnderTest) -> None:
        request = await submitted(city, founder(city))
        answers = await asyncio.gather(*(act(city, request, "acceptance", supervisor(city)) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_is_the_departments_that_it_was_shown_to(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        responsibility(city)
        request = await submitted(city, asker)
        await city.drain()
        assert (await read(city, request, official(city)))["state"] == "submitted"
        assert (await act(city, request, "acceptance", asker)).status_code == 403
        assert (await act(city, request, "acceptance", official(city, OTHER_DEPARTMENT))).status_code == 404
        assert (await act(city, request, "acceptance", official(city))).json()["state"] == "assigned"

    async def test_waits_for_a_department_where_none_is_known(self, city: ServiceUnderTest) -> None:
        request = await submitted(city, founder(city))
        assert (await act(city, request, "acceptance", supervisor(city))).json()["state"] == "accepted"

    async def test_names_state_and_act_in_a_refusal(self, city: ServiceUnderTest) -> None:
        request = await answered(city, founder(city))
        refused = await act(city, request, "acceptance", supervisor(city))
        assert (refused.json()["state"], refused.json()["act"]) == ("answered", "accept")


class TestAssignRequest:
    async def test_gives_it_to_another_department(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        city.neighbours.get(f"{ORGANISATIONS}/departments/{OTHER_DEPARTMENT}").respond(
            json={"code": OTHER_DEPARTMENT, "name": "市监局", "short_name": "市监局", "division_code": "131100"}
        )
        moved = await act(city, request, "assignments", supervisor(city), department_code=OTHER_DEPARTMENT)
        assert (moved.status_code, moved.json()["department_name"]) == (201, "市监局")
        assert (await city.client.get(f"{REQUESTS}/{request}", headers=official(city))).status_code == 404

    async def test_refuses_an_unknown_department(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        city.neighbours.get(f"{ORGANISATIONS}/departments/{OTHER_DEPARTMENT}").respond(404, json={})
        refused = await act(city, request, "assignments", supervisor(city), department_code=OTHER_DEPARTMENT)
        assert (refused.status_code, slug(refused)) == (422, "unknown-department")

    async def test_says_when_gov_collab_is_down(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        refused = await act(city, request, "assignments", supervisor(city), department_code=OTHER_DEPARTMENT)
        assert refused.status_code == 503


class TestDepartmentActs:
    async def test_contact_plan_pause_resume_answer(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        asker = founder(city)
        request, hand = await assigned(city, asker), official(city)
        await act(city, request, "contacts", hand, note="已电话联系")
        await act(city, request, "plans", hand, note="三日内核对台账")
        city.clock.set(at("2026-03-03 09:00"))
        await act(city, request, "pauses", hand, reason="等待企业补充材料")
        paused = await read(city, request, asker)
        assert paused["state"] == "paused"
        assert [one["due_at"] is None for one in paused["milestones"]] == [False, False, True, True]
        city.clock.set(at("2026-03-09 09:00"))
        await act(city, request, "resumptions", hand)
        resumed = (await read(city, request, asker))["milestones"][2]
        assert resumed["due_at"] == "2026-03-27T17:30:00.000+08:00"
        said = await act(city, request, "answers", hand, answer="补贴已拨付")
        assert said.json()["state"] == "answered"
        done = await read(city, request, asker)
        assert done["answer"] == "补贴已拨付"
        assert all(one["met_at"] for one in done["milestones"])
        event = (await city.events("cn.hengshui.enterprise.request.answered.v1"))[0]
        assert event.data["answer"] == "补贴已拨付"
        ledger = (await city.client.get(f"{REQUESTS}/{request}/clock", headers=asker)).json()
        assert [entry["act"] for entry in ledger] == ["start", "pause", "resume", "stop"]

    @pytest.mark.parametrize("name", ["contacts", "plans", "pauses", "resumptions", "answers"])
    async def test_another_department_finds_nothing(self, city: ServiceUnderTest, name: str) -> None:
        request = await assigned(city, founder(city))
        body = {"pauses": {"reason": "x"}, "answers": {"answer": "x"}}.get(name, {"note": "x"})
        response = await act(city, request, name, official(city, OTHER_DEPARTMENT), **body)
        assert response.status_code == 404

    async def test_a_pause_wants_a_reason(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        assert (await act(city, request, "pauses", official(city))).status_code == 422

    async def test_an_answer_before_a_contact_is_refused(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        refused = await act(city, request, "answers", official(city), answer="x")
        assert (refused.status_code, slug(refused)) == (409, "request-state")


class TestFirmActs:
    async def test_confirming_takes_a_rating(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        request = await answered(city, asker)
        assert (await act(city, request, "confirmation", asker, rating=6)).status_code == 422
        assert (await act(city, request, "confirmation", asker, rating=5)).json()["state"] == "confirmed"

    async def test_reopening_begins_a_round_with_its_own_clock(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-02 09:00"))
        asker = founder(city)
        request = await answered(city, asker)
        city.clock.set(at("2026-03-10 09:00"))
        again = await act(city, request, "reopenings", asker, reason="并未到账")
        assert again.json()["state"] == "reopened"
        found = await read(city, request, asker)
        second = [one for one in found["milestones"] if one["round"] == 2]
        assert second[0]["due_at"] == "2026-03-11T17:30:00.000+08:00"
        assert second[0]["met_at"] is None

    async def test_a_stranger_finds_nothing(self, city: ServiceUnderTest) -> None:
        request = await answered(city, founder(city))
        for name, body in (("confirmation", {}), ("reopenings", {"reason": "x"}), ("withdrawal", {})):
            assert (await act(city, request, name, founder(city), **body)).status_code == 404

    async def test_the_representative_speaks_for_what_a_delegate_asked(self, city: ServiceUnderTest) -> None:
        boss, clerk = await bound(city, USCC, SUBMIT), Caller(city, SUBMIT)
        delegates = f"/api/enterprise/v1/firms/{USCC}/delegates"
        await city.client.post(delegates, json={"subject": clerk.subject}, headers=boss.headers)
        request = await submitted(city, clerk.headers, uscc=USCC)
        assert (await act(city, request, "withdrawal", boss.headers)).json()["state"] == "closed"


class TestCloseRequest:
    async def test_declines_with_a_reason(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        request = await submitted(city, asker)
        closed = await act(city, request, "closure", supervisor(city), reason="属个人信访事项，请拨打 961890")
        assert closed.json()["state"] == "closed"
        assert (await read(city, request, asker))["outcome"] == "declined"

    async def test_a_request_in_hand_cannot_be_closed(self, city: ServiceUnderTest) -> None:
        request = await assigned(city, founder(city))
        assert (await act(city, request, "closure", supervisor(city), reason="x")).status_code == 409


class TestTrail:
    async def test_names_departments_not_officials(self, city: ServiceUnderTest) -> None:
        asker = founder(city)
        request = await answered(city, asker)
        trail = (await city.client.get(f"{REQUESTS}/{request}/trail", headers=asker)).json()
        assert [line["act"] for line in trail] == ["submit", "route", "accept", "assign", "contact", "answer"]
        assert trail[-1]["department_name"] == "衡水市工业和信息化局"
        assert "actor" not in trail[-1]


class TestListEscalations:
    async def test_is_the_supervisors(self, city: ServiceUnderTest) -> None:
        for headers in (founder(city), official(city)):
            assert (await city.client.get(f"{REQUESTS}/escalations", headers=headers)).status_code == 403
        assert SUPERVISE
