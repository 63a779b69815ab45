"""The acts that move a case, over HTTP, on a real database."""

import asyncio

import pytest
from sqlalchemy import text

from city_ops.cases.service import LOCATE
from citykit.ids import new_id
from citykit.testing import at

from .factories import (
    EYE,
    HOUSING,
    URBAN,
    act,
    brought_to,
    departments_answer,
    read,
    reported,
    uploaded,
)


class TestTheStraightWay:
    async def test_from_report_to_closing(self, city, people):
        case = await brought_to(city, people, "closed")
        assert case["outcome"] == "resolved"
        assert case["due_at"] is None
        whole = (await read(city, case, people.citizen)).json()
        assert [step["act"] for step in whole["trail"]] == [
            "report", "accept", "file", "dispatch", "handle", "verify", "close",
        ]  # fmt: skip
        assert all(step["in_time"] for step in whole["trail"][1:])
        assert whole["outcome_text"] == "井盖已补装，感谢您的反映。"
        types = [event.type.split(".")[-2] for event in await city.events()]
        assert types == ["reported", *["progressed"] * 5, "closed"]
        closed = (await city.events("cn.hengshui.city-ops.case.closed.v1"))[0]
        assert (closed.data["outcome"], closed.data["reporter"]) == ("resolved", people.citizen_id)

    async def test_each_stage_has_its_own_clock(self, city, people):
        city.clock.set(at("2026-11-27 16:00"))
        departments_answer(city)
        case = await reported(city, people)
        city.clock.set(at("2026-11-27 17:15"))
        case = (await act(city, case, "acceptances", people.desk)).json()
        assert case["due_at"] == "2026-11-30T09:15:00.000+08:00"
        case = (await act(city, case, "filings", people.desk, class_code="C0102", standard=2)).json()
        case = (await act(city, case, "dispatches", people.desk, department_code=URBAN)).json()
        assert case["due_at"] == "2026-12-01T17:30:00.000+08:00"
        trail = (await read(city, case, people.desk)).json()["trail"]
        assert [(step["act"], step["in_time"]) for step in trail] == [
            ("report", None), ("accept", False), ("file", True), ("dispatch", True),
        ]  # fmt: skip

    async def test_an_urgent_class_runs_through_the_night(self, city, people):
        city.clock.set(at("2026-11-27 17:00"))
        case = await brought_to(city, people, "dispatched")
        assert case["due_at"] == "2026-11-27T21:00:00.000+08:00"

    async def test_the_trail_is_chained(self, city, people):
        case = await brought_to(city, people, "handled")
        async with city.work() as work:
            acts = await work.session.scalars(
                text("select act from audit_entry where stream = :s order by seq"), {"s": f"case/{case['id']}"}
            )
            assert list(acts) == ["report", "accept", "file", "dispatch", "handle"]

    async def test_no_stage_is_skipped(self, city, people):
        departments_answer(city)
        case = await reported(city, people)
        for what, who, body in (
            ("filings", people.desk, {"class_code": "E0102"}),
            ("dispatches", people.desk, {"department_code": URBAN}),
            ("verifications", people.verifier, {"passed": True}),
            ("closings", people.desk, {"outcome_text": "完"}),
        ):
            answer = await act(city, case, what, who, **body)
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/case-state")
            assert answer.json()["state"] == "reported"

    async def test_a_closed_case_stays_closed(self, city, people):
        case = await brought_to(city, people, "closed")
        for what, who, body in (
            ("voidings", people.desk, {"outcome_text": "作废"}),
            ("acceptances", people.desk, {}),
            ("handlings", people.officer, {"result": "再来"}),
        ):
            assert (await act(city, case, what, who, **body)).status_code == 409


class TestAcceptCase:
    async def test_the_division_comes_afterwards(self, city, people):
        city.neighbours.get(path__eq="/internal/data-hub/v1/divisions/at").respond(
            json={"code": "131102", "name": "桃城区", "level": "county", "parent_code": "1311"}
        )
        case = await reported(city, people)
        assert (await act(city, case, "acceptances", people.desk)).json()["division_code"] is None
        await city.drain()
        assert (await read(city, case, people.desk)).json()["division_name"] == "桃城区"

    async def test_data_hub_down_holds_nothing_up(self, city, people):
        case = await reported(city, people)
        assert (await act(city, case, "acceptances", people.desk)).status_code == 200
        await city.drain()
        assert (await read(city, case, people.desk)).json()["division_code"] is None

    async def test_a_point_outside_the_city_has_none(self, city, people):
        city.neighbours.get(path__eq="/internal/data-hub/v1/divisions/at").respond(404, json={})
        case = await reported(city, people)
        await act(city, case, "acceptances", people.desk)
        await city.run_task(LOCATE, case_id=case["id"])
        assert (await read(city, case, people.desk)).json()["division_code"] is None

    async def test_two_at_once_accept_once(self, city, people):
        case = await reported(city, people)
        answers = await asyncio.gather(*(act(city, case, "acceptances", people.desk) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


class TestRejectCase:
    async def test_the_citizen_is_told_why(self, city, people):
        case = await reported(city, people)
        answer = await act(city, case, "rejections", people.desk, outcome_text="不属于城市管理范围")
        assert (answer.json()["state"], answer.json()["outcome"]) == ("closed", "rejected")
        (event,) = await city.events("cn.hengshui.city-ops.case.closed.v1")
        assert event.data["outcome_text"] == "不属于城市管理范围"

    async def test_not_after_filing(self, city, people):
        case = await brought_to(city, people, "filed")
        assert (await act(city, case, "rejections", people.desk, outcome_text="否")).status_code == 409


class TestFileCase:
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [({"class_code": "E9999"}, "/body/class_code"), ({"class_code": "E0102", "standard": 9}, "/body/standard")],
    )
    async def test_only_by_the_pack(self, city, people, body, pointer):
        case = await brought_to(city, people, "accepted")
        answer = await act(city, case, "filings", people.desk, **body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


class TestDispatchCase:
    async def test_an_unknown_department(self, city, people):
        case = await brought_to(city, people, "filed")
        answer = await act(city, case, "dispatches", people.desk, department_code="91131100MA07XY3K94")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-department")

    async def test_while_gov_collab_is_down_nothing_is_changed(self, city, people):
        case = await reported(city, people)
        await act(city, case, "acceptances", people.desk)
        await act(city, case, "filings", people.desk, class_code="E0102")
        answer = await act(city, case, "dispatches", people.desk, department_code=URBAN)
        assert answer.status_code == 503
        assert (await read(city, case, people.desk)).json()["state"] == "filed"


class TestSendCaseBack:
    async def test_it_goes_to_another_department(self, city, people):
        case = await brought_to(city, people, "dispatched")
        back = await act(city, case, "returns", people.officer, reason="属住建部门职责")
        assert (back.json()["state"], back.json()["department_code"]) == ("filed", None)
        assert (await read(city, case, people.officer)).status_code == 404
        again = await act(city, case, "dispatches", people.desk, department_code=HOUSING)
        assert again.json()["department_name"] == "衡水市住房和城乡建设局"
        assert (await read(city, case, people.elsewhere)).status_code == 200


class TestExtensions:
    ASK = {"amount": 2, "unit": "working-days", "reason": "配件需采购"}  # noqa: RUF012

    async def test_asked_and_granted(self, city, people):
        city.clock.set(at("2026-11-24 10:00"))
        case = await brought_to(city, people, "dispatched")
        assert case["due_at"] == "2026-11-24T14:00:00.000+08:00"
        asked = await act(city, case, "extensions", people.officer, **self.ASK)
        assert (asked.status_code, asked.json()["state"]) == (201, "asked")
        twice = await act(city, case, "extensions", people.officer, **self.ASK)
        assert twice.json()["type"] == "/problems/extension-asked"
        granted = await act(city, case, "extensions/decisions", people.desk, granted=True)
        assert granted.json()["due_at"] == "2026-11-26T17:30:00.000+08:00"
        assert (await read(city, case, people.desk)).json()["extensions"][0]["state"] == "granted"
        assert (await read(city, case, people.citizen)).json()["extensions"] == []

    async def test_asked_and_refused(self, city, people):
        case = await brought_to(city, people, "dispatched")
        await act(city, case, "extensions", people.officer, **self.ASK)
        refused = await act(city, case, "extensions/decisions", people.desk, granted=False, note="不批准")
        assert refused.json()["due_at"] == case["due_at"]
        none = await act(city, case, "extensions/decisions", people.desk, granted=True)
        assert (none.status_code, none.json()["type"]) == (409, "/problems/no-extension-asked")

    async def test_what_was_not_decided_lapses_with_the_handling(self, city, people):
        case = await brought_to(city, people, "dispatched")
        await act(city, case, "extensions", people.officer, **self.ASK)
        await act(city, case, "handlings", people.officer, result="已处置")
        assert (await act(city, case, "extensions/decisions", people.desk, granted=True)).status_code == 409

    @pytest.mark.parametrize(
        "wrong", [{"amount": 0}, {"amount": 10**12}, {"unit": "years"}, {"reason": ""}, {"amount": "2"}]
    )
    async def test_bad_input(self, city, people, wrong):
        case = await brought_to(city, people, "dispatched")
        assert (await act(city, case, "extensions", people.officer, **(self.ASK | wrong))).status_code == 422


class TestHandleCase:
    async def test_with_photos_of_the_result(self, city, people):
        case = await brought_to(city, people, "dispatched")
        photo = (await uploaded(city, people.officer)).json()["id"]
        await act(city, case, "handlings", people.officer, result="已补装", photos=[photo])
        whole = (await read(city, case, people.citizen)).json()
        assert (whole["photos"][0]["purpose"], whole["result"]) == ("result", "已补装")

    async def test_another_department_finds_none(self, city, people):
        case = await brought_to(city, people, "dispatched")
        assert (await act(city, case, "handlings", people.elsewhere, result="x")).status_code == 404

    async def test_who_sees_it_from_elsewhere_may_not_either(self, city, people):
        case = await brought_to(city, people, "dispatched")
        head = city.token(["city-ops.cases.handle", *EYE], department=HOUSING)
        answer = await act(city, case, "handlings", head, result="x")
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/other-department")

    async def test_a_refused_photo_changes_nothing(self, city, people):
        case = await brought_to(city, people, "dispatched")
        answer = await act(city, case, "handlings", people.officer, result="x", photos=[str(new_id())])
        assert answer.status_code == 422
        assert (await read(city, case, people.desk)).json()["state"] == "dispatched"


class TestVerifyCase:
    async def test_who_handled_it_may_not(self, city, people):
        case = await brought_to(city, people, "handled")
        head = city.token(EYE, subject=people.officer_id, department=URBAN)
        answer = await act(city, case, "verifications", head, passed=True)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/own-work")
        assert (await read(city, case, people.desk)).json()["state"] == "handled"

    async def test_nor_who_handled_an_earlier_round(self, city, people):
        case = await brought_to(city, people, "handled")
        await act(city, case, "verifications", people.verifier, passed=False, note="井盖松动")
        second = city.token(["city-ops.cases.handle"], department=URBAN)
        assert (await act(city, case, "handlings", second, result="已固定")).status_code == 200
        head = city.token(EYE, subject=people.officer_id)
        assert (await act(city, case, "verifications", head, passed=True)).status_code == 403

    async def test_nor_may_she_close_it(self, city, people):
        case = await brought_to(city, people, "verified")
        head = city.token(["city-ops.cases.accept"], subject=people.officer_id)
        answer = await act(city, case, "closings", head, outcome_text="完")
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/own-work")

    async def test_two_verifiers_at_once(self, city, people):
        case = await brought_to(city, people, "handled")
        other = city.token(EYE)
        answers = await asyncio.gather(
            act(city, case, "verifications", people.verifier, passed=True),
            act(city, case, "verifications", other, passed=False, note="不合格"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        trail = (await read(city, case, people.desk)).json()["trail"]
        assert len([step for step in trail if step["act"] in {"verify", "rework"}]) == 1

    async def test_rework_starts_the_clock_anew_and_needs_words(self, city, people):
        case = await brought_to(city, people, "handled")
        silent = await act(city, case, "verifications", people.verifier, passed=False)
        assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/body/note")
        assert (await act(city, case, "verifications", people.verifier, passed="yes")).status_code == 422
        again = await act(city, case, "verifications", people.verifier, passed=False, note="仍松动")
        assert (again.json()["state"], again.json()["stage"]) == ("dispatched", "handle")
        assert again.json()["department_code"] == URBAN


class TestVoidCase:
    @pytest.mark.parametrize("state", ["reported", "dispatched", "verified"])
    async def test_at_any_stage(self, city, people, state):
        case = await brought_to(city, people, state)
        answer = await act(city, case, "voidings", people.desk, outcome_text="重复上报")
        assert (answer.json()["state"], answer.json()["outcome"]) == ("closed", "void")


class TestScopes:
    @pytest.mark.parametrize(
        ("what", "body"),
        [
            ("acceptances", {}), ("rejections", {"outcome_text": "x"}), ("filings", {"class_code": "E0102"}),
            ("dispatches", {"department_code": URBAN}), ("returns", {"reason": "x"}), ("handlings", {"result": "x"}),
            ("extensions", {"amount": 1, "unit": "hours", "reason": "x"}), ("extensions/decisions", {"granted": True}),
            ("verifications", {"passed": True}), ("closings", {"outcome_text": "x"}),
            ("voidings", {"outcome_text": "x"}),
        ],
    )  # fmt: skip
    async def test_the_reporter_may_do_none_of_it(self, city, people, what, body):
        case = await reported(city, people)
        assert (await act(city, case, what, people.citizen, **body)).status_code == 403
        assert (await act(city, case, what, {}, **body)).status_code == 401
        wrong = await act(city, case, what, city.token(["city-ops.cases.accept"], audience="data-hub"), **body)
        assert wrong.status_code == 401
