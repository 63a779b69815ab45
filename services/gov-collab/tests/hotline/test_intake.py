import asyncio
import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gov_collab import bigrams

MESSAGES = Path(__file__).resolve().parents[5] / "shared" / "data" / "hotline"
AT = "/internal/data-hub/v1/divisions/at"
CALL = {
    "title": "要求修路灯",
    "text": "来电人反映路灯不亮",
    "contact": {"name": "王建国", "phone": "13900000001"},
}


class TestSubmit:
    async def test_takes_a_message(self, town: Any) -> None:
        ticket = await town.ticket(nature="complaint")
        assert (ticket["state"], ticket["channel"], ticket["line"]) == ("taken", "web", "961890")
        assert ticket["text"] == "每天晚上油烟很大。\n已经一个月了。"
        assert [step["act"] for step in ticket["trail"]] == ["take"]

    async def test_tells_citizen_pass(self, town: Any) -> None:
        ticket = await town.ticket()
        (event,) = await town.city.events("cn.hengshui.gov-collab.ticket.taken.v1")
        assert (event.data["ticket_id"], event.data["citizen"]) == (ticket["id"], town.citizen_id)

    async def test_takes_the_way_of_handling_from_the_matter(self, town: Any) -> None:
        assert (await town.ticket(matter="street-lighting"))["handled_as"] == "city-case"

    async def test_once_for_one_key(self, town: Any) -> None:
        message = {"title": "路灯", "text": "不亮"}
        answers = await asyncio.gather(
            *(town.post("/hotline/tickets", message, town.citizen, key="same-key-1") for _ in range(2))
        )
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len(await town.city.events()) == 1

    async def test_parallel_tickets_have_numbers_of_their_own(self, town: Any) -> None:
        tickets = await asyncio.gather(*(town.ticket() for _ in range(8)))
        assert len({ticket["number"] for ticket in tickets}) == 8

    async def test_data_hub_names_the_division_of_a_point(self, town: Any) -> None:
        town.city.neighbours.get(path=AT).respond(json={"code": "131102", "name": "桃城区", "level": "county"})
        ticket = await town.ticket(location={"longitude": 115.69, "latitude": 37.73})
        assert ticket["division_code"] == "131102"

    async def test_a_silent_data_hub_stops_nobody(self, town: Any) -> None:
        ticket = await town.ticket(location={"longitude": 115.69, "latitude": 37.73, "address": "人民路"})
        assert (ticket["division_code"], ticket["location"]["address"]) == (None, "人民路")

    @pytest.mark.parametrize(
        "change",
        [
            {"title": ""},
            {"title": "长" * 201},
            {"text": "长" * 4001},
            {"text": None},
            {"title": "a\x00b"},
            {"nature": "anger"},
            {"matter": "no-such-matter"},
            {"channel": "phone"},
            {"location": {"longitude": "115.69", "latitude": 37.73}},
            {"location": {"longitude": 0, "latitude": 0}},
            {"division_code": "13110"},
            {"contact": {"phone": "call me"}},
            {"state": "closed"},
        ],
    )
    async def test_bad_input_is_told_and_leaves_no_row(self, town: Any, change: dict[str, Any]) -> None:
        message = {"title": "路灯", "text": "不亮"} | change
        assert (await town.post("/hotline/tickets", message, town.citizen)).status_code == 422
        assert (await town.get("/hotline/tickets", town.operator)).json()["items"] == []

    async def test_needs_the_scope(self, town: Any) -> None:
        message = {"title": "路灯", "text": "不亮"}
        assert (await town.post("/hotline/tickets", message)).status_code == 401
        assert (await town.post("/hotline/tickets", message, town.reader)).status_code == 403

    async def test_programs_send_nothing_in(self, town: Any) -> None:
        program = town.city.token(["gov-collab.hotline.submit"], kind="client", subject="robot")
        response = await town.post("/hotline/tickets", {"title": "路灯", "text": "不亮"}, program)
        assert response.status_code == 403


class TestTakeCall:
    async def test_masks_the_caller_and_seals_her(self, town: Any) -> None:
        response = await town.post("/hotline/calls", CALL | {"line": "12345", "urgent": True}, town.operator)
        assert response.status_code == 201
        call = response.json()
        assert (call["contact_name"], call["contact_phone"], call["urgent"]) == ("王**", "139****0001", True)
        async with town.city.work() as work:
            row = (await work.session.execute(text("select * from ticket"))).mappings().one()
            kept = {name: value for name, value in row.items() if name != "search"}
        assert not any("13900000001" in str(value) or "王建国" in str(value) for value in kept.values())
        assert b"13900000001" not in bytes(row["contact_phone"])
        assert (row["line"], row["citizen"]) == ("12345", None)

    async def test_is_for_operators(self, town: Any) -> None:
        assert (await town.post("/hotline/calls", CALL, town.citizen)).status_code == 403
        assert (await town.post("/hotline/calls", CALL, town.ecologist)).status_code == 403


class TestRealMessages:
    async def test_are_taken_and_found_again_as_they_are(self, town: Any) -> None:
        files = ("messages_labelled.csv", "messages_with_replies.csv", "messages_with_votes.csv")
        if not all((MESSAGES / name).is_file() for name in files):
            pytest.skip("real messages are not on this machine: they may not be part of the project")
        rows: list[dict[str, str]] = []
        for name in files:
            with (MESSAGES / name).open(encoding="utf-8-sig", newline="") as file:
                rows += list(csv.DictReader(file))
        broken = [row for row in rows if "\n" in row["留言详情"].strip()]
        chosen = broken[:12] + sorted(rows, key=lambda row: len(row["留言详情"]))[-3:] + rows[:5]
        assert len(broken) > 12
        for row in chosen:
            ticket = await town.ticket(title=row["留言主题"], text=row["留言详情"])
            assert ticket["text"] == row["留言详情"].strip()
            longest = max(bigrams.runs(row["留言详情"]), key=len)[:60]
            found = (await town.get("/hotline/tickets", town.operator, words=longest)).json()["items"]
            assert ticket["id"] in {item["id"] for item in found}
