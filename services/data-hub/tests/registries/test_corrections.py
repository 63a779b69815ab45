"""One source per value, what others say of it, and correction tickets that reach every recipient."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from citykit.actors import Actor, ActorKind
from citykit.testing import ServiceUnderTest, at
from data_hub.registries.legal_entities.readers import Readers

from .factories import (
    ENTITIES,
    FIRM,
    MAINTAIN,
    MARKET,
    OTHER,
    OTHER_FIRM,
    PEOPLE,
    PERSONS,
    POLICE,
    READ,
    SERVICE,
    correction,
    entity_draft,
    person_draft,
    read,
    register,
    register_firm,
    stating,
)

FLOOR = "/api/data-hub/v1/registries"
OWN = "/api/data-hub/v1/population/me/disputes"
DISPUTE, DECIDE = "data-hub.registries.dispute", "data-hub.registries.decide"
SUPERVISE = "data-hub.registries.supervise"
HOUSING, MEDICAL = "11131100MB0H000732", "11131100MB0H00022R"
CLAIM = {"field": "phone", "claimed": "13900000002", "evidence": "本人到窗口出示新号码"}
CORRECTED = {"verdict": "corrected", "reason": "经核实"}


def police(city: ServiceUnderTest, **claims: Any) -> dict[str, str]:
    return city.token([DECIDE], department=POLICE, **claims)


def housing(city: ServiceUnderTest, *more: str, **claims: Any) -> dict[str, str]:
    return city.token([DISPUTE, *more], department=HOUSING, **claims)


async def state(city: ServiceUnderTest, subject: object, field: str, value: str | None, department: str) -> Any:
    registry = "legal-entities" if len(str(subject)) == 18 else "population"
    body = {
        "registry": registry, "subject": str(subject), "field": field, "value": value,
        "source": {"department": department},
    }  # fmt: skip
    return await city.client.post(f"{FLOOR}/statements", json=body, headers=stating(city, body))


async def dispute(city: ServiceUnderTest, subject: object, **changes: Any) -> Any:
    registry = "legal-entities" if len(str(subject)) == 18 else "population"
    body = {"registry": registry, "subject": str(subject)} | CLAIM | changes
    return await city.client.post(f"{FLOOR}/disputes", json=body, headers=housing(city))


async def decide(city: ServiceUnderTest, ticket: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    return await city.client.post(f"{FLOOR}/disputes/{ticket}/decisions", json=body, headers=headers)


async def phone(city: ServiceUnderTest, person: UUID) -> str:
    body = {"purpose": "household-registration", "legal_basis": "第三条例", "matter": "1", "fields": ["phone"]}
    headers = city.token(["data-hub.registries.disclose"])
    answer = await city.client.post(f"{PERSONS}/{person}/disclosures", json=body, headers=headers)
    return str(answer.json()["values"]["phone"])


class TestOneSourcePerValue:
    async def name(self, city: ServiceUnderTest, **changes: Any) -> Any:
        body = {
            "registry": "population", "field": "phone", "valid_from": "2026-01-01", "department": HOUSING,
            "department_name": "住建局", "legal_basis": "一数一源",
        } | changes  # fmt: skip
        return await city.client.post(f"{FLOOR}/sources", json=body, headers=city.token([SUPERVISE]))

    async def test_another_department_does_not_overwrite_a_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        body = correction("name", "李秀莹", source={"department": MARKET})
        answer = await city.client.post(f"{PERSONS}/{person}/corrections", json=body, headers=stating(city, body))
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-the-source")
        assert POLICE in answer.json()["detail"]
        assert (await read(city, person))["version"] == 1

    async def test_nobody_states_a_value_in_another_departments_name(self, city: ServiceUnderTest) -> None:
        person, firm = await register(city), await register_firm(city)
        said = {"registry": "population", "subject": str(person), "field": "ethnicity", "value": "满族"}
        died = {"died_on": "2026-01-01", "source": {"department": POLICE}}
        ward = {"kind": "guardian", "other": str(person), "true_from": "2026-01-01", "source": {"department": POLICE}}
        gone = {"state": "revoked", "ceased_on": "2026-01-01", "source": {"department": MARKET}}
        renamed = correction("name", "衡水新名有限公司", source={"department": MARKET})
        for path, body in (
            (PERSONS, person_draft(id_number=OTHER)),
            (f"{PERSONS}/{person}/corrections", correction("ethnicity", "满族")),
            (f"{PERSONS}/{person}/deaths", died),
            (f"{PERSONS}/{person}/relations", ward),
            (ENTITIES, entity_draft(uscc=OTHER_FIRM)),
            (f"{ENTITIES}/{firm}/corrections", renamed),
            (f"{ENTITIES}/{firm}/cessations", gone),
            (f"{FLOOR}/statements", said | {"source": {"department": POLICE}}),
        ):
            for department in (HOUSING, None):
                answer = await city.client.post(path, json=body, headers=city.token([MAINTAIN], department=department))
                assert (path, answer.status_code, answer.json()["type"]) == (path, 403, "/problems/stated-for-another")
        seen = await read(city, person)
        assert (seen["version"], seen["ethnicity"], seen["state"]) == (1, "汉族", "registered")
        found = await city.client.get(f"{ENTITIES}/{firm}", headers=city.token([READ]))
        assert (found.json()["version"], found.json()["state"]) == (1, "active")

    async def test_a_named_source_takes_over(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        assert (await self.name(city)).status_code == 201
        path = f"{PERSONS}/{person}/corrections"
        for department, status in ((POLICE, 409), (HOUSING, 201)):
            body = correction("phone", "13900000003", source={"department": department})
            answer = await city.client.post(path, json=body, headers=stating(city, body))
            assert answer.status_code == status

    async def test_the_narrower_registrar_counts(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        for registrar, department in (("", HOUSING), ("9", POLICE), ("N", HOUSING)):
            answer = await self.name(
                city, registry="legal-entities", field="name", registrar=registrar, department=department
            )
            assert answer.status_code == 201, answer.text
        assert (await state(city, FIRM, "name", "衡水新名有限公司", POLICE)).json()["said"] == "adopted"

    async def test_a_source_ends_when_the_next_begins(self, city: ServiceUnderTest) -> None:
        await self.name(city)
        assert (await self.name(city, valid_from="2026-06-01", department=POLICE)).status_code == 201
        assert (await self.name(city, valid_from="2026-06-01")).json()["type"] == "/problems/source-taken"
        query = {"registry": "population", "on": "2026-05-31"}
        listed = await city.client.get(f"{FLOOR}/sources", params=query, headers=city.token([READ]))
        assert [(one["department"], one["valid_to"]) for one in listed.json()["items"]] == [(HOUSING, "2026-06-01")]

    async def test_two_at_once_one_is_refused(self, city: ServiceUnderTest) -> None:
        answers = await asyncio.gather(*[self.name(city) for _ in range(2)])
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_wants_supervision(self, city: ServiceUnderTest) -> None:
        answer = await city.client.post(f"{FLOOR}/sources", json={}, headers=city.token([MAINTAIN]))
        assert answer.status_code == 403


class TestStatements:
    async def test_of_the_source_is_the_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        assert (await state(city, person, "phone", "13900000009", POLICE)).json() == {
            "said": "adopted", "conflict": None,
        }  # fmt: skip
        assert await phone(city, person) == "13900000009"

    async def test_that_agrees_is_no_conflict(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        assert (await state(city, person, "phone", "139 0000 0001", HOUSING)).json()["said"] == "confirmed"

    async def test_that_contradicts_stands_beside_the_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await state(city, person, "phone", "13900000009", HOUSING)).json()
        assert made["said"] == "conflict"
        assert await phone(city, person) == "13900000001"
        query = {"purpose": "household-registration"}
        answer = await city.client.get(f"{PERSONS}/{person}/conflicts", params=query, headers=city.token([PEOPLE]))
        (shown,) = answer.json()["items"]
        assert (shown["value"], shown["stated_by"], shown["state"]) == ("139****0009", HOUSING, "open")

    async def test_a_purpose_sees_only_its_fields(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await state(city, person, "phone", "13900000009", HOUSING)
        query = {"purpose": "minor-protection"}
        answer = await city.client.get(f"{PERSONS}/{person}/conflicts", params=query, headers=city.token([PEOPLE]))
        assert answer.json()["items"] == []

    async def test_a_newer_word_takes_the_place_of_the_older(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        first = (await state(city, FIRM, "address", "河北省衡水市甲路1号", HOUSING)).json()
        second = (await state(city, FIRM, "address", "河北省衡水市乙路2号", HOUSING)).json()
        assert first["said"] == "adopted"  # nobody had said anything of the address
        third = (await state(city, FIRM, "address", "河北省衡水市丙路3号", MARKET)).json()
        fourth = (await state(city, FIRM, "address", "河北省衡水市丁路4号", MARKET)).json()
        assert (second["said"], third["conflict"]) == ("adopted", fourth["conflict"])
        answer = await city.client.get(f"{ENTITIES}/{FIRM}/conflicts", headers=city.token([READ]))
        assert [one["value"] for one in answer.json()["items"]] == ["河北省衡水市丁路4号"]

    async def test_at_rest_nothing_stands_in_clear(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await state(city, person, "phone", "13900000009", HOUSING)
        await dispute(city, person)
        async with city.work() as work:
            for table in ("registry_conflict", "registry_dispute"):
                (row,) = (await work.session.execute(text(f"select t::text from {table} t"))).scalars()
                assert "13900000" not in row
                assert "窗口" not in row

    async def test_the_source_adopts_it_and_its_author_is_told(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await state(city, person, "phone", "13900000009", HOUSING)).json()
        seen = await city.client.get(f"{FLOOR}/conflicts/{made['conflict']}", headers=police(city))
        assert (seen.json()["present"], seen.json()["stated"]) == ("13900000001", "13900000009")
        path, body = f"{FLOOR}/conflicts/{made['conflict']}/decisions", {"adopt": True, "reason": "经核实"}
        assert (await city.client.post(path, json=body, headers=police(city))).json()["state"] == "adopted"
        assert await phone(city, person) == "13900000009"
        assert (await city.client.post(path, json=body, headers=police(city))).status_code == 409
        told = await city.client.get(f"{FLOOR}/notices", headers=housing(city))
        assert [(one["field"], one["reason"]) for one in told.json()["items"]] == [("phone", "asked")]

    async def test_the_source_stays_with_its_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await state(city, person, "phone", "13900000009", HOUSING)).json()
        path, body = f"{FLOOR}/conflicts/{made['conflict']}/decisions", {"adopt": False, "reason": "号码已停用"}
        assert (await city.client.post(path, json=body, headers=police(city))).json()["state"] == "dismissed"
        assert await phone(city, person) == "13900000001"

    async def test_only_the_source_decides(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await state(city, person, "phone", "13900000009", HOUSING)).json()
        path = f"{FLOOR}/conflicts/{made['conflict']}/decisions"
        body = {"adopt": True, "reason": "x"}
        stranger = city.token([DECIDE], department=HOUSING)
        assert (await city.client.post(path, json=body, headers=stranger)).status_code == 404
        assert (await city.client.post(path, json=body, headers=city.token([DECIDE]))).status_code == 404
        assert (await city.client.post(path, json=body, headers=city.token([MAINTAIN]))).status_code == 403

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"field": "colour"}, 422),
            ({"field": "phone", "value": "1"}, 422),
            ({"field": "name", "value": None}, 422),
            ({"value": "李\x00英"}, 422),
            ({"true_from": "2999-01-01"}, 422),
            ({"true_from": "2020-01-01", "true_to": "2020-01-01"}, 422),
            ({"subject": str(uuid4())}, 404),
            ({"subject": "x" * 18}, 404),
            ({"registry": "legal-entities"}, 404),
        ],
    )
    async def test_bad_input_leaves_nothing(self, city: ServiceUnderTest, change: dict[str, Any], status: int) -> None:
        person = await register(city)
        body = {
            "registry": "population", "subject": str(person), "field": "name", "value": "李秀莹",
            "source": {"department": HOUSING},
        } | change  # fmt: skip
        answer = await city.client.post(f"{FLOOR}/statements", json=body, headers=stating(city, body))
        assert answer.status_code == status, answer.text
        async with city.work() as work:
            assert await work.session.scalar(text("select count(*) from registry_conflict")) == 0


class TestDisputes:
    async def test_is_due_in_ten_working_days(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-09-24 10:00"))
        person = await register(city)
        made = (await dispute(city, person)).json()
        assert (made["state"], made["source_department"]) == ("open", POLICE)
        assert made["due_at"].startswith("2026-10-15T17:30")

    async def test_nobody_learns_a_value_by_doubting_it(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person, claimed="13900000001")).json()
        assert (made["disputed"], made["state"]) == (None, "open")
        seen = await city.client.get(f"{FLOOR}/disputes/{made['dispute']}", headers=housing(city))
        assert (seen.json()["present"], seen.json()["claimed"]) == (None, "13900000001")

    async def test_its_source_sees_claim_evidence_and_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        seen = (await city.client.get(f"{FLOOR}/disputes/{made['dispute']}", headers=police(city))).json()
        assert (seen["present"], seen["claimed"]) == ("13900000001", "13900000002")
        assert seen["evidence"] == CLAIM["evidence"]

    async def test_who_looks_stands_in_the_access_log(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        await city.client.get(f"{FLOOR}/disputes/{made['dispute']}", headers=police(city))
        async with city.work() as work:
            found = await work.session.execute(
                text("select organisation, fields from personal_access where person = :p"), {"p": f"person:{person}"}
            )
            assert (POLICE, ["phone"]) in [tuple(row) for row in found]

    async def test_ends_in_a_corrected_value_with_its_statement(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        answer = await decide(city, made["dispute"], CORRECTED, police(city))
        assert (answer.status_code, answer.json()["state"]) == (201, "corrected")
        assert await phone(city, person) == "13900000002"
        query = {"purpose": "household-registration", "true_on": "2026-11-01", "limit": "200"}
        lines = await city.client.get(f"{PERSONS}/{person}/values", params=query, headers=city.token([PEOPLE]))
        (line,) = [one for one in lines.json()["items"] if one["field"] == "phone"] or [None]
        assert line is None or line["source"]["reason"] == "经核实"
        assert len(await city.events("cn.hengshui.data-hub.person.changed.v1")) == 2

    async def test_the_source_may_find_another_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person, claimed=None)).json()
        refused = await decide(city, made["dispute"], CORRECTED, police(city))
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/body/correction")
        body = CORRECTED | {"correction": {"value": "13900000007"}}
        assert (await decide(city, made["dispute"], body, police(city))).status_code == 201
        assert await phone(city, person) == "13900000007"

    async def test_the_source_may_stay_with_its_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        body = {"verdict": "dismissed", "reason": "号码属实"}
        assert (await decide(city, made["dispute"], body, police(city))).json()["told"] == 0
        assert await phone(city, person) == "13900000001"
        assert (await decide(city, made["dispute"], body, police(city))).json()["type"] == "/problems/ticket-decided"

    async def test_of_two_decisions_at_once_one_counts(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        answers = await asyncio.gather(*[decide(city, made["dispute"], CORRECTED, police(city)) for _ in range(2)])
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_of_two_at_once_one_is_open(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        headers = housing(city)
        body = {"registry": "population", "subject": str(person)} | CLAIM
        answers = await asyncio.gather(
            *[city.client.post(f"{FLOOR}/disputes", json=body, headers=headers) for _ in range(2)]
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_who_raised_it_does_not_decide_it(self, city: ServiceUnderTest) -> None:
        person, officer = await register(city), str(uuid4())
        headers = city.token([DISPUTE, DECIDE], department=POLICE, subject=officer)
        body = {"registry": "population", "subject": str(person)} | CLAIM
        made = (await city.client.post(f"{FLOOR}/disputes", json=body, headers=headers)).json()
        assert (await decide(city, made["dispute"], CORRECTED, headers)).json()["type"] == "/problems/own-ticket"

    async def test_others_neither_see_nor_decide_it(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        stranger = city.token([DISPUTE, DECIDE], department=MARKET)
        assert (await decide(city, made["dispute"], CORRECTED, stranger)).status_code == 404
        assert (await city.client.get(f"{FLOOR}/disputes/{made['dispute']}", headers=stranger)).status_code == 404
        assert (await city.client.get(f"{FLOOR}/disputes", headers=stranger)).json()["items"] == []
        assert (await city.client.get(f"{FLOOR}/disputes", headers=city.token([READ]))).status_code == 403

    async def test_supervision_sees_where_it_stands_and_not_what_is_in_it(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        seen = await city.client.get(f"{FLOOR}/disputes/{made['dispute']}", headers=city.token([SUPERVISE]))
        assert (seen.json()["evidence"], seen.json()["claimed"]) == ("", "139****0002")

    async def test_is_withdrawn_by_who_raised_it(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        path = f"{FLOOR}/disputes/{made['dispute']}/withdrawals"
        stranger = city.token([DISPUTE], department=MARKET)
        assert (await city.client.post(path, headers=stranger)).status_code == 404
        assert (await city.client.post(path, headers=housing(city))).json()["state"] == "withdrawn"
        assert (await decide(city, made["dispute"], CORRECTED, police(city))).status_code == 409

    async def test_a_correction_that_cannot_be_leaves_the_ticket_open(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register(city, id_number=OTHER)
        made = (await dispute(city, person, field="id_number", claimed=OTHER)).json()
        answer = await decide(city, made["dispute"], CORRECTED, police(city))
        assert answer.json()["type"] == "/problems/person-exists"
        listed = await city.client.get(f"{FLOOR}/disputes", params={"state": "open"}, headers=police(city))
        assert [one["dispute"] for one in listed.json()["items"]] == [made["dispute"]]

    async def test_what_is_late_is_escalated_once(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-09-24 10:00"))
        person = await register(city)
        await dispute(city, person)
        query = {"escalated": "true"}
        for now, count in (("2026-10-15 17:00", 0), ("2026-10-15 18:00", 1), ("2026-10-16 18:00", 1)):
            city.clock.set(at(now))
            await city.run_task("data-hub.registries.escalate")
            listed = await city.client.get(f"{FLOOR}/disputes", params=query, headers=city.token([SUPERVISE]))
            assert len(listed.json()["items"]) == count

    async def test_a_ticket_follows_to_the_new_source(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await dispute(city, person)).json()
        await TestOneSourcePerValue().name(city)
        assert (await decide(city, made["dispute"], CORRECTED, police(city))).json()["type"].endswith("not-the-source")
        await city.run_task("data-hub.registries.escalate")
        headers = city.token([DECIDE], department=HOUSING)
        assert (await decide(city, made["dispute"], CORRECTED, headers)).status_code == 201

    async def test_of_a_firm(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        made = (await dispute(city, FIRM, field="name", claimed="衡水更正有限公司")).json()
        assert made["disputed"] == "衡水示例橡塑制品有限公司"
        headers = city.token([DECIDE], department=MARKET)
        assert (await decide(city, made["dispute"], CORRECTED, headers)).status_code == 201
        answer = await city.client.get(f"{ENTITIES}/{FIRM}", headers=city.token([READ]))
        assert answer.json()["name"] == "衡水更正有限公司"

    async def test_a_representative_s_number_is_no_field_of_others(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        answer = await dispute(city, FIRM, field="legal_representative", claimed=str(uuid4()))
        assert answer.json()["type"] == "/problems/unknown-field"


class TestRecipients:
    async def test_who_read_the_field_is_told_and_says_that_it_mended(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        reader = city.token([PEOPLE], department=HOUSING)
        await city.client.get(f"{PERSONS}/{person}", params={"purpose": "public-service"}, headers=reader)
        blind = city.token([PEOPLE], department=MARKET)
        await city.client.get(f"{PERSONS}/{person}", params={"purpose": "minor-protection"}, headers=blind)
        headers = city.token([], person=str(person))
        made = (await city.client.post(OWN, json=CLAIM, headers=headers)).json()
        answer = await decide(city, made["dispute"], CORRECTED, police(city))
        assert answer.json()["told"] == 1
        (notice,) = (await city.client.get(f"{FLOOR}/notices", headers=reader)).json()["items"]
        assert (notice["subject"], notice["reason"]) == (str(person), "read")
        assert (await city.client.get(f"{FLOOR}/notices", headers=blind)).json()["items"] == []
        path = f"{FLOOR}/notices/{notice['notice']}/acknowledgements"
        assert (await city.client.post(path, headers=blind)).status_code == 404
        assert (await city.client.post(path, headers=reader)).json()["acknowledged_at"] is not None
        waiting = await city.client.get(f"{FLOOR}/notices", params={"waiting": "true"}, headers=reader)
        assert waiting.json()["items"] == []

    async def told(self, city: ServiceUnderTest, firm: str, field: str, claimed: str) -> list[tuple[str, str]]:
        """Who is told, and why, that a firm's value was corrected which the medical insurance doubted."""
        body = {"registry": "legal-entities", "subject": firm, "field": field, "claimed": claimed, "evidence": "执照"}
        asked = city.token([DISPUTE], department=MEDICAL)
        made = (await city.client.post(f"{FLOOR}/disputes", json=body, headers=asked)).json()
        answer = await decide(city, made["dispute"], CORRECTED, city.token([DECIDE], department=MARKET))
        assert answer.status_code == 201, answer.text
        async with city.work() as work:
            statement = text("select department, reason from registry_notice where ticket = :t order by reason desc")
            found = [tuple(row) for row in await work.session.execute(statement, {"t": made["dispute"]})]
        assert answer.json()["told"] == len(found)
        return found

    @pytest.mark.parametrize("rest", ["", "/values"])
    async def test_who_read_a_firm_is_told_of_any_field(self, city: ServiceUnderTest, rest: str) -> None:
        firm = await register_firm(city, address="衡水市桃城区人民路1号")
        for headers in (city.token([READ], department=HOUSING), city.token([READ])):  # a program has no department
            assert (await city.client.get(f"{ENTITIES}/{firm}{rest}", headers=headers)).status_code == 200
        assert await self.told(city, firm, "address", "衡水市桃城区人民路2号") == [
            (HOUSING, "read"),
            (MEDICAL, "asked"),
        ]

    @pytest.mark.parametrize("way", ["list", "match"])
    async def test_who_saw_a_firm_in_a_list_is_told_of_what_lists_show(self, city: ServiceUnderTest, way: str) -> None:
        firm = await register_firm(city, address="衡水市桃城区人民路1号")
        reader = city.token([READ], department=HOUSING)
        if way == "list":
            seen = await city.client.get(ENTITIES, params={"division_code": "131102"}, headers=reader)
        else:
            asked = {"name": "衡水示例橡塑制品有限公司"}
            seen = await city.client.post(f"{ENTITIES}/matches", json=asked, headers=reader)
        assert seen.status_code == 200
        assert firm in seen.text
        assert await self.told(city, firm, "name", "衡水更正橡塑有限公司") == [(HOUSING, "read"), (MEDICAL, "asked")]
        assert await self.told(city, firm, "address", "衡水市桃城区人民路2号") == [(MEDICAL, "asked")]
        await city.client.get(f"{ENTITIES}/{firm}", headers=reader)
        assert (HOUSING, "read") in await self.told(city, firm, "address", "衡水市桃城区人民路3号")

    async def test_a_department_is_noted_once_for_each_firm_with_the_day_it_read_last(
        self, city: ServiceUnderTest
    ) -> None:
        firm = await register_firm(city)
        reader = city.token([READ], department=HOUSING)
        for day in ("2026-09-24 10:00", "2026-09-24 11:00", "2026-09-25 09:00"):
            city.clock.set(at(day))
            reads = [city.client.get(f"{ENTITIES}/{firm}", headers=reader) for _ in range(3)]
            assert {answer.status_code for answer in await asyncio.gather(*reads)} == {200}
            await city.client.get(ENTITIES, headers=reader)
            async with city.work() as work:
                found = await work.session.execute(text("select department, whole, read_on from legal_entity_reader"))
                assert [tuple(row) for row in found] == [(HOUSING, True, at(day).date())]

    async def test_a_correction_waits_for_whoever_is_reading(self, city: ServiceUnderTest) -> None:
        firm = await register_firm(city)
        by = Actor(str(uuid4()), ActorKind.person, department=HOUSING)
        async with city.work() as work:
            await Readers(work, city.runtime.reads, by).note([firm], whole=True)
            telling = asyncio.create_task(self.told(city, firm, "name", "衡水更正橡塑有限公司"))
            await asyncio.sleep(0.3)
            assert not telling.done()
        assert await telling == [(HOUSING, "read"), (MEDICAL, "asked")]

    async def test_who_follows_the_division_that_a_person_leaves_is_told(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        for department, division in ((HOUSING, "131102"), (MEDICAL, "131103"), (MARKET, "131121")):
            draft = {"registry": "population", "fields": ["division_code"], "division_code": division} | SERVICE
            headers = city.token([PEOPLE], department=department)
            made = await city.client.post(f"{FLOOR}/subscriptions", json=draft, headers=headers)
            assert made.status_code == 201, made.text
        claim = CLAIM | {"field": "division_code", "claimed": "131103001001"}
        made = (await city.client.post(OWN, json=claim, headers=city.token([], person=str(person)))).json()
        assert (await decide(city, made["dispute"], CORRECTED, police(city))).json()["told"] == 2
        async with city.work() as work:
            found = await work.session.execute(text("select department, reason from registry_notice"))
            assert {tuple(row) for row in found} == {(HOUSING, "follows"), (MEDICAL, "follows")}


class TestOwnDisputes:
    async def test_a_person_doubts_her_own_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        headers = city.token([], person=str(person))
        made = (await city.client.post(OWN, json=CLAIM, headers=headers)).json()
        assert (made["asked_oneself"], made["disputed"]) == (True, "139****0001")
        listed = (await city.client.get(OWN, headers=headers)).json()["items"]
        assert [one["dispute"] for one in listed] == [made["dispute"]]
        answer = await city.client.post(
            f"{OWN}/{made['dispute']}/withdrawals", headers=city.token([], person=str(uuid4()))
        )
        assert answer.status_code == 404

    @pytest.mark.parametrize("verdict", ["corrected", "dismissed"])
    async def test_the_person_is_told_that_it_was_decided_and_no_value(
        self, city: ServiceUnderTest, verdict: str
    ) -> None:
        person = await register(city)
        made = (await city.client.post(OWN, json=CLAIM, headers=city.token([], person=str(person)))).json()
        answer = await decide(city, made["dispute"], {"verdict": verdict, "reason": "经核查"}, police(city))
        assert answer.status_code == 201, answer.text
        (event,) = await city.events("cn.hengshui.data-hub.correction.decided.v1")
        assert event.data.pop("decided_at")
        assert event.data == {
            "ticket_id": made["dispute"], "person": str(person), "field": CLAIM["field"], "verdict": verdict,
        }  # fmt: skip

    async def test_wants_a_verified_name(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        weak = city.token([], person=str(person), assurance=1)
        assert (await city.client.post(OWN, json=CLAIM, headers=weak)).status_code == 403
        assert (await city.client.post(OWN, json=CLAIM, headers=city.token())).status_code == 404
