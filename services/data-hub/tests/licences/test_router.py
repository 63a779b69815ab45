"""Licences over HTTP: types, issue, status, and who may."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest, at
from data_hub.licences.domain import Identifier
from data_hub.seals.status_lists import unpacked

from .factories import FIRM, FIRM_TYPE, HANDED_OUT, LI, LI_PERSON, TYPE, WANG, Desk, type_draft

ISSUED = "cn.hengshui.data-hub.licence.issued.v1"
CHANGED = "cn.hengshui.data-hub.licence.status-changed.v1"


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


class TestTypes:
    async def test_a_type_is_made_once_and_everybody_reads_it(self, desk: Desk) -> None:
        made = await desk.type()
        assert (await desk.post("/types", type_draft(), desk.steward)).status_code == 409
        read = await desk.send("GET", f"/types/{TYPE}")
        assert read.json() == made
        listed = await desk.send("GET", "/types")
        assert [one["code"] for one in listed.json()["items"]] == [TYPE]

    @pytest.mark.parametrize(
        "more",
        [
            {"template": {"title": "证", "lines": ["{nobody}"]}},
            {"fields": [{"name": "a", "title": "甲"}, {"name": "a", "title": "乙"}]},
            {"fields": [{"name": "holder_name", "title": "甲"}]},
            {"fields": [{"name": "a", "title": "甲", "kind": "code"}]},
            {"renew_before_days": 3000},
            {"code": "1"},
            {"valid_months": 0},
        ],
    )
    async def test_a_type_that_contradicts_itself_is_refused(self, desk: Desk, more: dict[str, Any]) -> None:
        assert (await desk.post("/types", type_draft(**more), desk.steward)).status_code == 422

    async def test_nothing_is_issued_of_a_retired_type(self, desk: Desk) -> None:
        await desk.type()
        retired = await desk.post(f"/types/{TYPE}/retirements", {"reason": "改版"}, desk.steward)
        assert retired.json()["retired"] is True
        assert (await desk.draft()).json()["type"] == "/problems/licence-type-retired"


class TestIssuing:
    async def test_a_licence_has_a_checked_identifier_and_a_term(self, desk: Desk) -> None:
        licence = await desk.issued(valid_from="2026-11-20")
        found = Identifier.parse(licence["identifier"])
        assert found is not None
        assert (found.type_code, found.version) == (TYPE, 1)
        assert licence["valid_to"] == "2027-11-19"
        assert (licence["holder"], licence["holder_number"]) == ("李*英", "131102********0049")

    async def test_the_city_hears_of_it_without_a_name(self, desk: Desk) -> None:
        licence = await desk.issued()
        (event,) = await desk.city.events(ISSUED)
        assert event.data["identifier"] == licence["identifier"]
        assert event.data["person"] == str(LI_PERSON)
        assert not set(LI) & {str(value) for value in event.data.values()}
        (event,) = await desk.city.events(HANDED_OUT)
        assert event.data["licences"] == [
            {"licence_id": licence["id"], "identifier": licence["identifier"], "person": str(LI_PERSON),
             "valid_from": licence["valid_from"], "valid_to": licence["valid_to"]},
        ]  # fmt: skip

    async def test_nothing_of_a_person_is_plain_in_the_database(self, desk: Desk) -> None:
        licence = await desk.issued()
        async with desk.city.work() as work:
            rows = await work.session.execute(text("select row_to_json(licence)::text as said from licence"))
            said = rows.scalar_one()
            kept = await work.session.execute(
                text("select coalesce(string_agg(answer::text, ''), '') from idempotency_key")
            )
            told = said + kept.scalar_one()
        assert licence["id"] in said
        assert LI[0] not in told
        assert LI[1] not in told
        assert "2026-11-01" not in said

    async def test_the_same_key_issues_once(self, desk: Desk) -> None:
        await desk.person()
        await desk.type()
        headers = desk.issuer | {"Idempotency-Key": "issue-0001"}
        body = {
            "type_code": TYPE, "person": {"name": LI[0], "id_number": LI[1]},
            "claims": {"trade": "餐饮", "examined_on": "2026-11-01"},
        }  # fmt: skip
        first, second = await desk.post("", body, headers), await desk.post("", body, headers)
        assert first.json() == second.json()

    async def test_serials_and_places_are_never_given_twice(self, desk: Desk) -> None:
        await desk.type()
        answers = await asyncio.gather(*(desk.draft(WANG) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["identifier"] for answer in answers}) == 8

    @pytest.mark.parametrize(
        ("claims", "pointers"),
        [
            ({}, {"/body/claims/trade", "/body/claims/examined_on"}),
            ({"trade": "采矿", "examined_on": "2026-11-01"}, {"/body/claims/trade"}),
            ({"trade": "餐饮", "examined_on": "2026-11-31"}, {"/body/claims/examined_on"}),
            ({"trade": "餐饮", "examined_on": "2026-11-01", "vct": "x"}, {"/body/claims/vct"}),
        ],
    )
    async def test_each_wrong_field_is_named(self, desk: Desk, claims: dict[str, str], pointers: set[str]) -> None:
        await desk.type()
        answer = await desk.draft(claims=claims)
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == pointers

    @pytest.mark.parametrize("seats", [True, 5.0, None, [5], "5"])
    async def test_a_number_in_it_is_a_whole_number_and_nothing_that_passes_for_one(
        self, desk: Desk, seats: object
    ) -> None:
        await desk.person()
        template = {"title": "{type_name}", "lines": ["{seats}"]}
        await desk.type(fields=[{"name": "seats", "title": "座位", "kind": "integer"}], template=template)
        assert (await desk.draft(claims={"seats": seats})).status_code == 422
        assert (await desk.draft(claims={"seats": 5})).status_code == 201

    async def test_a_holder_of_the_wrong_kind_is_refused(self, desk: Desk) -> None:
        await desk.type()
        firm = {"name": "示例", "uscc": FIRM}
        for more in ({"organisation": firm, "person": None}, {"organisation": firm}, {"person": None}):
            assert (await desk.draft(**more)).json()["type"] == "/problems/licence-claims"

    async def test_a_day_far_away_is_refused(self, desk: Desk) -> None:
        await desk.type()
        assert (await desk.draft(valid_from="2040-01-01")).status_code == 422
        assert (await desk.draft(valid_from="1900-01-01")).status_code == 422

    async def test_another_department_issues_nothing_of_this_type(self, desk: Desk) -> None:
        await desk.type()
        answer = await desk.post("", {
            "type_code": TYPE, "person": {"name": LI[0], "id_number": LI[1]}, "claims": {},
        }, desk.stranger)  # fmt: skip
        assert answer.status_code == 404


class TestStatus:
    async def test_suspended_resumed_revoked(self, desk: Desk) -> None:
        licence = await desk.issued()
        for act, reached in (("suspensions", "suspended"), ("resumptions", "valid"), ("revocations", "revoked")):
            answer = await desk.act(licence, act)
            assert answer.json()["status"] == reached
        assert [event.data["status"] for event in await desk.city.events(CHANGED)] == ["suspended", "valid", "revoked"]
        for act in ("suspensions", "resumptions", "revocations"):
            assert (await desk.act(licence, act)).status_code == 409

    async def test_a_renewal_makes_a_new_version_and_loses_no_day(self, desk: Desk) -> None:
        desk.city.clock.set(at("2026-11-20T10:00:00+08:00"))
        licence = await desk.issued(valid_from="2025-12-15")
        answer = await desk.post(f"/{licence['id']}/renewals", {})
        assert answer.status_code == 201, answer.text
        renewed = answer.json()
        assert (renewed["version"], renewed["valid_from"], renewed["valid_to"]) == (2, "2026-11-20", "2027-12-14")
        old = (await desk.get(f"/{licence['id']}")).json()
        assert (old["status"], old["standing"]) == ("superseded", "superseded")
        assert Identifier.parse(renewed["identifier"]).serial == Identifier.parse(licence["identifier"]).serial  # type: ignore[union-attr]

    async def test_renewal_has_its_time_and_a_suspended_licence_none(self, desk: Desk) -> None:
        licence = await desk.issued()
        early = await desk.post(f"/{licence['id']}/renewals", {})
        assert early.json()["type"] == "/problems/licence-not-renewable"
        await desk.act(licence, "suspensions")
        desk.city.clock.advance(days=340)
        assert (await desk.post(f"/{licence['id']}/renewals", {})).json()["type"] == "/problems/licence-state"

    async def test_two_acts_at_once_come_one_after_the_other(self, desk: Desk) -> None:
        licence = await desk.issued()
        answers = await asyncio.gather(*(desk.act(licence, "revocations") for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]

    async def test_other_departments_cannot_touch_it(self, desk: Desk) -> None:
        licence = await desk.issued()
        answer = await desk.post(f"/{licence['id']}/revocations", {"reason": "x"}, desk.stranger)
        assert answer.status_code == 404
        assert (await desk.get(f"/{licence['id']}", desk.stranger)).status_code == 404

    async def test_the_status_list_says_the_same(self, desk: Desk) -> None:
        import base64
        import json

        licence = await desk.issued()
        credential = await desk.credential(licence)
        body = credential.split("~")[0].split(".")[1]
        entry = json.loads(base64.urlsafe_b64decode(body + "=="))["status"]["status_list"]
        path = entry["uri"].removeprefix("http://city.test")
        for act, value in ((None, 0), ("suspensions", 2), ("revocations", 1)):
            if act:
                await desk.act(licence, act)
            answer = await desk.city.client.get(path)
            assert answer.headers["content-type"] == "application/statuslist+jwt"
            payload = json.loads(base64.urlsafe_b64decode(answer.text.split(".")[1] + "=="))
            assert payload["sub"] == entry["uri"]
            assert unpacked(payload["status_list"]["lst"], entry["idx"]) == value
        assert (await desk.get("/status-lists/77")).status_code == 404


class TestReading:
    async def test_a_department_lists_its_own(self, desk: Desk) -> None:
        licence = await desk.issued()
        await desk.draft(WANG)
        first = (await desk.get("", limit=1)).json()
        second = (await desk.get("", limit=1, after=first["next"])).json()
        assert second["items"][0]["id"] == licence["id"]
        assert second["next"] is None
        assert (await desk.get("", desk.stranger)).json()["items"] == []
        assert len((await desk.get("", status="valid", type_code=TYPE)).json()["items"]) == 2

    async def test_whoever_checks_an_identifier_is_seen_by_the_holder(self, desk: Desk) -> None:
        licence = await desk.issued()
        answer = await desk.get("/standing", desk.clerk, identifier=licence["identifier"], purpose="核对入场资格")
        assert (answer.json()["standing"], answer.json()["holder"]) == ("valid", "李*英")
        async with desk.city.work() as work:
            rows = await work.session.execute(text("select person, purpose from personal_access"))
            assert ("person:" + str(LI_PERSON), "核对入场资格") in {tuple(row) for row in rows}
        assert (await desk.get("/standing", desk.clerk, identifier="1" * 30, purpose="x")).status_code == 404

    async def test_the_issuer_reads_it_whole_and_that_is_logged(self, desk: Desk) -> None:
        licence = await desk.issued()
        read = (await desk.get(f"/{licence['id']}")).json()
        assert (read["holder_name"], read["claims"]["trade"]) == (LI[0], "餐饮")
        async with desk.city.work() as work:
            count = await work.session.scalar(text("select count(*) from personal_access"))
        assert count == 1

    async def test_a_firms_licence_is_its_representatives(self, desk: Desk) -> None:
        await desk.type(code=FIRM_TYPE, holder_kind="organisation", valid_months=None)
        answer = await desk.draft(type_code=FIRM_TYPE, person=None, organisation={"name": "示例橡塑", "uscc": FIRM})
        assert await desk.city.events(HANDED_OUT) == [], "firms read theirs in the data hub"
        assert answer.json()["valid_to"] is None
        refused = await desk.get("/own", desk.holder, uscc=FIRM)
        assert refused.json()["type"] == "/problems/not-the-holder"
