"""Cases over HTTP, on a real database."""

import asyncio

import pytest
from sqlalchemy import text

from city_ops.cases.service import FIELD_WORDS
from citykit.ids import new_id
from citykit.testing import at

from .factories import (
    CASES,
    CITIZEN,
    DRAFT,
    URBAN,
    brought_to,
    count,
    picture,
    read,
    reported,
    uploaded,
)


async def reads_of(city, person):
    async with city.work() as work:
        rows = await work.session.execute(
            text("select actor, action, fields, words from personal_access where person = :p order by id"),
            {"p": f"sub:{person}"},
        )
        return [tuple(row) for row in rows]


class TestReportCase:
    async def test_a_citizen_reports(self, city, people):
        city.clock.set(at("2026-11-24 10:00"))
        case = await reported(city, people)
        assert case["number"].startswith("CG20261124")
        assert (case["state"], case["stage"], case["source_kind"]) == ("reported", "accept", "citizen")
        assert case["due_at"] == "2026-11-24T11:00:00.000+08:00"
        (event,) = await city.events()
        assert event.type == "cn.hengshui.city-ops.case.reported.v1"
        assert event.data["reporter"] == people.citizen_id
        assert event.data["source_reference"] is None

    async def test_a_patrol_and_a_program(self, city):
        for head in (
            city.token(["city-ops.cases.patrol"]),
            city.token(CITIZEN, kind="client", subject="bench"),
        ):
            answer = await city.client.post(CASES, json=DRAFT, headers=head)
            assert answer.json()["source_kind"] == "patrol"

    async def test_the_same_key_twice_at_once_is_one_case(self, city, people):
        head = people.citizen | {"Idempotency-Key": "a-key-of-the-app"}
        answers = await asyncio.gather(*(city.client.post(CASES, json=DRAFT, headers=head) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await count(city, "cases") == 1
        other = await city.client.post(CASES, json=DRAFT | {"title": "别的"}, headers=head)
        assert other.status_code == 422

    async def test_with_photos(self, city, people):
        photo = (await uploaded(city, people.citizen)).json()
        case = await reported(city, people, photos=[photo["id"]])
        (kept,) = (await read(city, case, people.citizen)).json()["photos"]
        assert (kept["id"], kept["purpose"]) == (photo["id"], "report")

    async def test_a_photo_of_somebody_else_or_of_another_case(self, city, people):
        mine = (await uploaded(city, people.citizen)).json()["id"]
        theirs = (await uploaded(city, people.stranger)).json()["id"]
        await reported(city, people, photos=[mine])
        for photos in ([theirs], [mine], [str(new_id())], ["no"], [mine] * 7):
            answer = await city.client.post(CASES, json=DRAFT | {"photos": photos}, headers=people.citizen)
            assert answer.status_code == 422
        assert await count(city, "cases") == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"location": {"longitude": 37.74, "latitude": 115.67}},  # swapped
            {"location": {"longitude": 2.35, "latitude": 48.85}},  # outside China
            {"location": {"longitude": "115", "latitude": 37}},
            {"location": {"longitude": 115, "latitude": 37, "height": 1}},
            {"location": {"longitude": 1e400, "latitude": 37}},
            {"location": None},
            {"title": ""},
            {"title": "   "},
            {"title": "x" * 201},
            {"title": "a\x00b"},
            {"description": "x" * 4001},
            {"description": None},
            {"class_code": "E9999"},
            {"class_code": "'; drop table cases"},
            {"source_kind": "hotline"},
            {"photos": "no"},
        ],
    )
    async def test_bad_input_is_told_and_leaves_no_row(self, city, people, wrong):
        body = DRAFT | wrong
        if wrong.get("location", {}) and wrong["location"].get("longitude") == 1e400:
            raw = '{"title":"a","description":"b","location":{"longitude":1e400,"latitude":37}}'
            head = people.citizen | {"Content-Type": "application/json"}
            answer = await city.client.post(CASES, content=raw, headers=head)
        else:
            answer = await city.client.post(CASES, json=body, headers=people.citizen)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"]
        assert await count(city, "cases") == 0
        assert await city.events() == []

    async def test_half_a_surrogate_pair(self, city, people):
        raw = '{"title":"\\ud800","description":"b","location":{"longitude":115,"latitude":37}}'
        head = people.citizen | {"Content-Type": "application/json"}
        assert (await city.client.post(CASES, content=raw, headers=head)).status_code == 422

    async def test_nobody_reports_without_signing_in_or_without_the_scope(self, city):
        assert (await city.client.post(CASES, json=DRAFT)).status_code == 401
        assert (await city.client.post(CASES, json=DRAFT, headers=city.token(["openid"]))).status_code == 403

    async def test_past_the_announced_holidays_it_is_taken_without_a_clock(self, city, people):
        city.clock.set(at(f"{city.runtime.calendar.tables[-1].year}-12-31 17:29"))
        assert (await reported(city, people))["due_at"] is None


class TestReadCase:
    async def test_the_reporter_sees_her_own_without_the_inside(self, city, people):
        case = await brought_to(city, people, "handled")
        whole = (await read(city, case, people.citizen)).json()
        assert whole["description"] == DRAFT["description"]
        assert whole["location"] == DRAFT["location"]
        assert {step["by"] for step in whole["trail"]} == {None}
        assert {step["note"] for step in whole["trail"]} == {None}
        assert whole["trail"][1]["said"] == "已受理 Accepted"

    async def test_nobody_elses(self, city, people):
        case = await reported(city, people)
        assert (await read(city, case, people.stranger)).status_code == 404
        assert (await read(city, case, people.elsewhere)).status_code == 404
        assert (await read(city, case, people.officer)).status_code == 404
        assert (await read(city, case, city.token(["openid"]))).status_code == 403
        assert (await read(city, {"id": new_id()}, people.desk)).status_code == 404
        assert (await read(city, {"id": "no"}, people.desk)).status_code == 422

    async def test_an_officials_read_is_shown_to_the_citizen_and_her_own_is_not(self, city, people):
        case = await brought_to(city, people, "dispatched")
        await read(city, case, people.citizen)
        assert await reads_of(city, people.citizen_id) == []
        await read(city, case, people.officer)
        ((actor, action, fields, _),) = await reads_of(city, people.citizen_id)
        assert actor == f"sub:{people.officer_id}"
        assert action == "查看案件 Read a case"
        assert "description" in fields

    async def test_every_field_of_a_read_is_told_in_chinese_first(self, city, people):
        case = await brought_to(city, people, "dispatched")
        await read(city, case, people.officer)
        ((_, _, fields, words),) = await reads_of(city, people.citizen_id)
        assert (words["fields"], set(fields)) == (FIELD_WORDS, FIELD_WORDS.keys())
        assert all(said[0] > "一" for said in FIELD_WORDS.values())
        assert words["record"] == "城市管理案件 City-management case"
        assert words["matter"] == f"案件 Case {case['number']}"

    async def test_a_patrols_report_is_nobodys_private_matter(self, city, people):
        subject = str(new_id())
        head = city.token(["city-ops.cases.patrol"], subject=subject)
        case = (await city.client.post(CASES, json=DRAFT, headers=head)).json()
        await read(city, case, people.desk)
        assert await reads_of(city, subject) == []


class TestListCases:
    async def test_each_sees_what_is_hers(self, city, people):
        case = await brought_to(city, people, "dispatched")
        other = await city.client.post(CASES, json=DRAFT, headers=people.stranger)
        assert other.status_code == 201
        expected = (
            (people.citizen, 1), (people.stranger, 1), (people.officer, 1), (people.elsewhere, 0), (people.desk, 2),
            (people.verifier, 2), (city.token(["city-ops.cases.read"], kind="client", subject="bench"), 2),
            (city.token(["city-ops.cases.read"]), 0),
        )  # fmt: skip
        for head, found in expected:
            assert len((await city.client.get(CASES, headers=head)).json()["items"]) == found
        mine = await city.client.get(CASES, params={"mine": "true"}, headers=people.citizen)
        assert [item["id"] for item in mine.json()["items"]] == [case["id"]]
        assert "description" not in mine.json()["items"][0]

    async def test_by_key_without_gap_or_repeat(self, city, people):
        numbers = [(await reported(city, people))["number"] for _ in range(5)]
        page = (await city.client.get(CASES, params={"limit": 3}, headers=people.desk)).json()
        await reported(city, people)
        more = (await city.client.get(CASES, params={"limit": 3, "after": page["next"]}, headers=people.desk)).json()
        assert [item["number"] for item in page["items"] + more["items"]] == numbers[::-1]
        assert more["next"] is None

    async def test_filters(self, city, people):
        city.clock.set(at("2026-11-24 10:00"))
        await brought_to(city, people, "dispatched")
        for params, found in (
            ({"state": "dispatched"}, 1), ({"state": "closed"}, 0), ({"department_code": URBAN}, 1),
            ({"class_code": "C0102"}, 1), ({"source_kind": "hotline"}, 0), ({"overdue": "false"}, 1),
            ({"overdue": "true"}, 0), ({"division_code": "131102"}, 0),
        ):  # fmt: skip
            items = (await city.client.get(CASES, params=params, headers=people.desk)).json()["items"]
            assert len(items) == found, params
        city.clock.advance(days=1)
        late = await city.client.get(CASES, params={"overdue": "true"}, headers=people.desk)
        assert len(late.json()["items"]) == 1

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("state=lost", 422), ("limit=0", 422), ("limit=201", 422), ("page=2", 400), ("after=%00", 422),
            ("after=nonsense", 400), ("state=closed&state=filed", 400), ("department_code=%27", 422),
        ],
    )  # fmt: skip
    async def test_bad_questions(self, city, people, query, status):
        assert (await city.client.get(f"{CASES}?{query}", headers=people.desk)).status_code == status


class TestUploadPhoto:
    async def test_it_is_kept_clean(self, city, people):
        answer = await uploaded(city, people.citizen, picture("PNG"))
        assert answer.status_code == 201
        assert (answer.json()["media_type"], answer.json()["width"]) == ("image/png", 64)

    @pytest.mark.parametrize("content", [b"", b"not a photo", b"GIF89a" + b"0" * 50, b"\xff\xd8" + b"0" * (9 << 20)])
    async def test_what_is_none_is_refused(self, city, people, content):
        answer = await uploaded(city, people.citizen, content)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-photo")
        assert await count(city, "case_photos") == 0

    async def test_more_than_any_body_may_have(self, city, people):
        answer = await uploaded(city, people.citizen, b"\xff\xd8" + b"0" * (17 << 20))
        assert answer.status_code == 413

    async def test_json_is_no_photo(self, city, people):
        answer = await city.client.post(f"{CASES}/photos", json={"photo": "x"}, headers=people.citizen)
        assert answer.status_code == 422

    async def test_what_no_act_names_is_discarded(self, city, people):
        await uploaded(city, people.citizen)
        used = (await uploaded(city, people.citizen)).json()["id"]
        await reported(city, people, photos=[used])
        city.clock.advance(hours=25)
        await city.run_task("city-ops.cases.discard-photos")
        assert await count(city, "case_photos") == 1


class TestReadPhoto:
    async def with_photo(self, city, people):
        photo = (await uploaded(city, people.citizen)).json()["id"]
        case = await reported(city, people, photos=[photo])
        return case, f"{CASES}/{case['id']}/photos/{photo}"

    async def test_by_its_reporter_and_by_officials_who_are_logged(self, city, people):
        _, path = await self.with_photo(city, people)
        own = await city.client.get(path, headers=people.citizen)
        assert (own.status_code, own.headers["content-type"]) == (200, "image/jpeg")
        assert own.headers["x-content-type-options"] == "nosniff"
        assert (await city.client.get(path, headers=people.desk)).content == own.content
        ((_, _, fields, words),) = await reads_of(city, people.citizen_id)
        assert (fields, words["fields"]) == (["photos"], {"photos": FIELD_WORDS["photos"]})

    async def test_by_nobody_else(self, city, people):
        case, path = await self.with_photo(city, people)
        assert (await city.client.get(path, headers=people.stranger)).status_code == 404
        assert (await city.client.get(path)).status_code == 401
        loose = (await uploaded(city, people.citizen)).json()["id"]
        answer = await city.client.get(f"{CASES}/{case['id']}/photos/{loose}", headers=people.desk)
        assert answer.status_code == 404


class TestListClasses:
    async def test_everybody_may_read_them(self, city):
        body = (await city.client.get(f"{CASES}/classes")).json()
        assert body["version"] == "2026.1"
        assert {"E0102", "C0102"} <= {one["code"] for one in body["items"]}
