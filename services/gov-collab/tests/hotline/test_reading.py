from typing import Any

import pytest
from sqlalchemy import text

from citykit.ids import new_id
from citykit.testing import at
from gov_collab.hotline.records import FIELD_WORDS

LIST = "/hotline/tickets"
CALL = {"title": "路灯不亮", "text": "门口黑", "contact": {"name": "王建国", "phone": "13900000001"}}


async def reads(town: Any) -> list[dict[str, Any]]:
    """What the access log holds."""
    async with town.city.work() as work:
        return [dict(row) for row in (await work.session.execute(text("select * from personal_access"))).mappings()]


async def ids(town: Any, who: Any, **query: Any) -> list[str]:
    response = await town.get(LIST, who, **query)
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


class TestList:
    async def test_each_sees_her_own(self, town: Any) -> None:
        ticket = await town.assigned()
        other = await town.ticket()
        assert await ids(town, town.citizen) == [other["id"], ticket["id"]]
        assert await ids(town, town.operator) == [other["id"], ticket["id"]]
        assert await ids(town, town.ecologist) == [ticket["id"]]
        assert await ids(town, town.urbanist) == []
        assert await ids(town, town.stranger) == []

    async def test_staff_without_a_department_see_nothing(self, town: Any) -> None:
        await town.assigned()
        assert await ids(town, town.city.token(["gov-collab.hotline.handle"])) == []

    async def test_staff_who_asked_something_see_that_too(self, town: Any) -> None:
        scopes = ["gov-collab.hotline.handle", "gov-collab.hotline.submit"]
        both = town.city.token(scopes, subject=town.citizen_id, department=town.urban)
        own = await town.ticket()
        case = await town.does(
            await town.classified(), "assignments", {"department_code": town.urban, "reason": "x"}, town.operator
        )
        assert set(await ids(town, both)) == {own["id"], case["id"]}
        assert set(await ids(town, both, mine=True)) == {own["id"], case["id"]}

    async def test_shows_no_text_and_masks_the_caller(self, town: Any) -> None:
        await town.post("/hotline/calls", CALL, town.operator)
        (item,) = (await town.get(LIST, town.operator)).json()["items"]
        assert "text" not in item
        assert (item["contact_name"], item["contact_phone"]) == ("王**", "139****0001")
        assert await reads(town) == []

    async def test_pages_never_repeat_or_miss(self, town: Any) -> None:
        made = [(await town.ticket())["id"] for _ in range(5)]
        seen: list[str] = []
        after = None
        while True:
            page = (await town.get(LIST, town.operator, limit=2, **({"after": after} if after else {}))).json()
            seen += [item["id"] for item in page["items"]]
            if (after := page["next"]) is None:
                break
        assert seen == made[::-1]

    async def test_overdue_ones(self, town: Any) -> None:
        town.city.clock.set(at("2026-03-02 10:00"))
        ticket = await town.assigned(urgent=True)
        await town.ticket()
        assert await ids(town, town.operator, overdue=True) == []
        town.city.clock.set(at("2026-03-03 00:00"))
        assert await ids(town, town.operator, overdue=True) == [ticket["id"]]
        assert len(await ids(town, town.operator, overdue=False)) == 1
        assert (await town.read(ticket, town.operator))["overdue"] is True

    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ({"state": "assigned"}, 1),
            ({"nature": "complaint"}, 1),
            ({"matter": "noise"}, 0),
            ({"channel": "app"}, 0),
            ({"department": "11131100MB0H00030L"}, 1),
            ({"taken_from": "2100-01-01T00:00:00+08:00"}, 0),
            ({"taken_to": "2100-01-01T00:00:00+08:00"}, 1),
        ],
    )
    async def test_filters(self, town: Any, query: dict[str, str], number: int) -> None:
        await town.assigned()
        assert len(await ids(town, town.operator, **query)) == number

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"x": "1"}, 400),
            ({"limit": "0"}, 422),
            ({"limit": "201"}, 422),
            ({"state": "lost"}, 422),
            ({"after": "%%"}, 400),
            ({"taken_from": "2026-02-30T00:00:00Z"}, 422),
            ({"taken_from": "2026-02-03T00:00:00"}, 422),
            ({"words": ""}, 422),
            ({"words": "a\x00"}, 422),
        ],
    )
    async def test_bad_queries_are_told(self, town: Any, query: dict[str, str], status: int) -> None:
        assert (await town.get(LIST, town.operator, **query)).status_code == status


class TestSearch:
    @pytest.mark.parametrize(
        "words", ["油烟", "烟", "了", "烧烤油烟", "每天 油烟", "月", "晚上油烟很大", "HS961890", "ＨＳ９６１８９０"]
    )
    async def test_finds(self, town: Any, words: str) -> None:
        ticket = await town.ticket()
        assert await ids(town, town.operator, words=words) == [ticket["id"]]

    @pytest.mark.parametrize("words", ["路灯", "烟油", "外烧烤晚上", "大已经", "!", "'", "a & !b | :*"])
    async def test_does_not_find(self, town: Any, words: str) -> None:
        await town.ticket()
        assert await ids(town, town.operator, words=words) == []

    async def test_is_for_staff(self, town: Any) -> None:
        await town.ticket()
        assert await ids(town, town.citizen, words="油烟") == []

    async def test_by_number(self, town: Any) -> None:
        ticket = await town.ticket()
        await town.ticket()
        assert await ids(town, town.operator, words=ticket["number"]) == [ticket["id"]]


class TestRead:
    async def test_staff_leave_a_line_that_she_can_see(self, town: Any) -> None:
        ticket = await town.ticket()
        await town.read(ticket, town.operator)
        (line,) = await reads(town)
        assert line["person"] == f"sub:{town.citizen_id}"
        assert (line["actor"], line["actor_name"]) == (f"sub:{town.operator_id}", "赵敏")
        assert "text" in line["fields"]
        assert line["purpose"]
        assert "个人信息保护法" in line["legal_basis"]

    async def test_of_every_kind_is_told_in_chinese_first(self, town: Any) -> None:
        ticket = await town.ticket(contact={"name": "李秀英", "phone": "13900000001"})
        await town.read(ticket, town.operator)
        await town.get(f"/hotline/tickets/{ticket['id']}/contact", town.operator, purpose="回访")
        lines = await reads(town)
        told = {field: words for line in lines for field, words in line["words"]["fields"].items()}
        assert told == FIELD_WORDS
        assert {field for line in lines for field in line["fields"]} == told.keys()
        assert all(words[0] > "一" for words in told.values())
        for line in lines:
            assert line["words"]["record"] == "便民热线工单 Hotline ticket"
            assert line["words"]["matter"] == f"工单 Ticket {ticket['number']}"

    async def test_she_herself_leaves_none(self, town: Any) -> None:
        await town.read(await town.ticket(), town.citizen)
        assert await reads(town) == []

    async def test_acts_of_staff_read_nothing(self, town: Any) -> None:
        ticket = await town.answered()
        assert "text" not in ticket
        assert await reads(town) == []

    async def test_of_a_caller_without_account_the_audit_keeps_it(self, town: Any) -> None:
        call = (await town.post("/hotline/calls", CALL, town.operator)).json()
        await town.read(call, town.operator)
        auditor = town.city.token(["gov-collab.audit.read"])
        entries = (await town.get("/audit/entries", auditor, stream=f"ticket/{call['id']}")).json()["items"]
        assert [entry["act"] for entry in entries] == ["take", "read"]
        assert await reads(town) == []

    async def test_officers_stay_nameless_to_her(self, town: Any) -> None:
        trail = (await town.read(await town.answered(), town.citizen))["trail"]
        assert {step["actor"] for step in trail} == {None}
        assert [step["act"] for step in trail] == ["take", "assign", "accept", "answer"]

    async def test_what_one_may_not_see_is_not_there(self, town: Any) -> None:
        ticket = await town.ticket()
        path = f"/hotline/tickets/{ticket['id']}"
        for who in (town.stranger, town.urbanist):
            assert (await town.get(path, who)).status_code == 404
        assert (await town.get(path, town.reader)).status_code == 403
        assert (await town.get(path)).status_code == 401
        assert (await town.get(f"/hotline/tickets/{new_id()}", town.operator)).status_code == 404

    async def test_the_audit_chain_holds_no_words_of_people(self, town: Any) -> None:
        ticket = await town.answered()
        auditor = town.city.token(["gov-collab.audit.read"])
        entries = await town.get("/audit/entries", auditor, stream=f"ticket/{ticket['id']}")
        assert "油烟" not in entries.text
        assert "已责令整改" not in entries.text


class TestContact:
    async def test_for_a_purpose_that_is_kept(self, town: Any) -> None:
        ticket = await town.ticket(contact={"name": "李秀英", "phone": "13900000001"})
        path = f"/hotline/tickets/{ticket['id']}/contact"
        response = await town.get(path, town.operator, purpose="回访")
        assert response.json() == {"name": "李秀英", "phone": "13900000001"}
        (line,) = await reads(town)
        assert (line["purpose"], sorted(line["fields"])) == ("回访", ["contact_name", "contact_phone"])

    async def test_not_without_a_purpose(self, town: Any) -> None:
        ticket = await town.ticket(contact={"phone": "13900000001"})
        assert (await town.get(f"/hotline/tickets/{ticket['id']}/contact", town.operator)).status_code == 422
        assert await reads(town) == []

    async def test_not_for_another_department(self, town: Any) -> None:
        ticket = await town.assigned()
        path = f"/hotline/tickets/{ticket['id']}/contact"
        assert (await town.get(path, town.urbanist, purpose="好奇")).status_code == 404
        assert (await town.get(path, town.citizen, purpose="好奇")).status_code == 403


class TestSuggestions:
    async def test_for_a_ticket(self, town: Any) -> None:
        ticket = await town.ticket()
        found = (await town.get(f"/hotline/tickets/{ticket['id']}/suggestions", town.operator)).json()["items"]
        assert found[0]["matter"]["code"] == "air-pollution"


class TestTerms:
    async def test_each_names_its_source(self, town: Any) -> None:
        terms = (await town.get("/hotline/terms", town.citizen)).json()["terms"]
        assert all(term["source"] for term in terms)

    async def test_are_set_as_a_whole(self, town: Any) -> None:
        before = (await town.get("/hotline/terms", town.operator)).json()
        path = "/api/gov-collab/v1/hotline/terms"
        general = [
            {"stage": stage, "nature": None, "urgent": False, "working_days": 7, "source": "试行办法"}
            for stage in ("sign", "answer", "send-back", "reopen")
        ]
        try:
            response = await town.city.client.put(path, json={"terms": general}, headers=town.maintainer)
            assert response.status_code == 200
            town.city.clock.set(at("2026-03-02 10:00"))
            assert (await town.assigned())["due_at"] == "2026-03-11T17:30:00.000+08:00"
            short = await town.city.client.put(path, json={"terms": general[:3]}, headers=town.maintainer)
            assert short.status_code == 422
        finally:
            await town.city.client.put(path, json=before, headers=town.maintainer)
        assert (await town.get("/hotline/terms", town.operator)).json() == before
