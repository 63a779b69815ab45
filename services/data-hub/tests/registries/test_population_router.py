"""The population registry as officials and the person herself meet it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

from .factories import (
    DISCLOSE,
    MAINTAIN,
    OTHER,
    PEOPLE,
    PERSONS,
    POLICE,
    SEARCHES,
    SERVICE,
    person_draft,
    read,
    register,
    stating,
)


async def count(city: ServiceUnderTest, table: str) -> int:
    async with city.work() as work:
        return int(await work.session.scalar(text(f"select count(*) from {table}")) or 0)


async def accesses(city: ServiceUnderTest, person: UUID) -> list[Any]:
    async with city.work() as work:
        rows = await work.session.execute(
            text("select * from personal_access where person = :p order by at, id"), {"p": f"person:{person}"}
        )
        return list(rows)


class TestRegisterPerson:
    async def test_answers_the_masked_record(self, city: ServiceUnderTest) -> None:
        draft = person_draft()
        answer = await city.client.post(PERSONS, json=draft, headers=stating(city, draft))
        made = answer.json()
        assert answer.status_code == 201
        assert (made["name"], made["id_number"]) == ("李*英", "131102********0049")
        assert (made["phone"], made["birth_date"], made["sex"]) == ("139****0001", "1985-**-**", "female")

    async def test_identifiers_are_not_readable_in_the_database(self, city: ServiceUnderTest) -> None:
        await register(city)
        async with city.work() as work:
            for table in ("person", "person_number", "person_value", "event_log", "audit_entry", "personal_access"):
                dump = str((await work.session.execute(text(f"select * from {table}"))).all())
                assert "198503150049" not in dump
                assert "13900000001" not in dump
                assert "人民路" not in dump

    async def test_tells_its_subscribers_which_fields(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        (event,) = await city.events("cn.hengshui.data-hub.person.changed.v1")
        assert event.data["person"] == str(person)
        assert "name" in event.data["fields"]
        assert "李" not in str(event.data)

    async def test_one_number_one_person(self, city: ServiceUnderTest) -> None:
        await register(city)
        draft = person_draft(name="李红")
        answer = await city.client.post(PERSONS, json=draft, headers=stating(city, draft))
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/person-exists"
        assert await count(city, "person") == 1

    async def test_two_at_once_register_one(self, city: ServiceUnderTest) -> None:
        draft = person_draft()
        sent = [city.client.post(PERSONS, json=draft, headers=stating(city, draft)) for _ in range(2)]
        answers = await asyncio.gather(*sent)
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_one_key_registers_once(self, city: ServiceUnderTest) -> None:
        headers = stating(city, person_draft(), subject=str(uuid4())) | {"Idempotency-Key": "register-1"}
        answers = await asyncio.gather(
            *[city.client.post(PERSONS, json=person_draft(), headers=headers) for _ in range(2)]
        )
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "李\u0000英"},
            {"name": "李" * 51},
            {"name": "李" * 5000},
            {"name": ""},
            {"id_number": "131102202502290014"},
            {"id_number": "131102198503150040"},
            {"id_number": 131102198503150049},
            {"division_code": "13110"},
            {"phone": "<script>"},
            {"source": {"department": "11131100MB0H00049X"}},
            {"source": {"department": POLICE, "batch": "a b"}},
            {"source": {"department": POLICE, "stated_at": "2026-01-01T00:00:00"}},
            {"unknown": 1},
            {"sex": "male"},
        ],
    )
    async def test_bad_input_leaves_no_row(self, city: ServiceUnderTest, change: dict[str, Any]) -> None:
        draft = person_draft(**change)
        answer = await city.client.post(PERSONS, json=draft, headers=stating(city, draft))
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert await count(city, "person") == 0
        assert await count(city, "registry_statement") == 0

    @pytest.mark.parametrize(
        "scope", [PEOPLE, DISCLOSE, "data-hub.registries.maintainer", "gov-collab.hotline.operate"]
    )
    async def test_wants_its_scope(self, city: ServiceUnderTest, scope: str) -> None:
        assert (await city.client.post(PERSONS, json=person_draft(), headers=city.token([scope]))).status_code == 403

    async def test_wants_a_token_for_this_service(self, city: ServiceUnderTest) -> None:
        assert (await city.client.post(PERSONS, json=person_draft())).status_code == 401
        foreign = city.token([MAINTAIN], audience="enterprise")
        assert (await city.client.post(PERSONS, json=person_draft(), headers=foreign)).status_code == 401
        late = city.token([MAINTAIN], expires_in=-3600)
        assert (await city.client.post(PERSONS, json=person_draft(), headers=late)).status_code == 401


class TestReadPerson:
    async def test_shows_what_the_purpose_covers(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        seen = await read(city, person, "compliance-audit")
        assert (seen["name"], seen["state"], seen["phone"], seen["birth_date"]) == ("李*英", "registered", None, None)

    async def test_leaves_a_line_with_purpose_and_basis(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        reader = str(uuid4())
        headers = city.token([PEOPLE], subject=reader, department=POLICE)
        await city.client.get(f"{PERSONS}/{person}", params=SERVICE, headers=headers)
        (line,) = await accesses(city, person)
        assert (line.actor, line.organisation) == (f"sub:{reader}", POLICE)
        assert line.purpose.startswith("政务服务事项办理")
        assert "716" in line.legal_basis
        assert "id_number" in line.fields

    async def test_no_line_no_answer(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        async with city.runtime.engine.begin() as connection:
            await connection.execute(text("alter table personal_access add constraint shut check (false) not valid"))
        try:
            answer = await city.client.get(f"{PERSONS}/{person}", params=SERVICE, headers=city.token([PEOPLE]))
        finally:
            async with city.runtime.engine.begin() as connection:
                await connection.execute(text("alter table personal_access drop constraint shut"))
        assert answer.status_code >= 400
        assert "李" not in answer.text

    async def test_wants_a_purpose(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        assert (await city.client.get(f"{PERSONS}/{person}", headers=city.token([PEOPLE]))).status_code == 422
        curious = await city.client.get(
            f"{PERSONS}/{person}", params={"purpose": "curiosity"}, headers=city.token([PEOPLE])
        )
        assert curious.json()["type"] == "/problems/unknown-purpose"
        assert await accesses(city, person) == []

    async def test_nobody_is_not_found(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{PERSONS}/{uuid4()}", params=SERVICE, headers=city.token([PEOPLE]))
        assert answer.status_code == 404
        assert (await city.client.get(f"{PERSONS}/1", params=SERVICE, headers=city.token([PEOPLE]))).status_code == 422

    async def test_wants_its_scope(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = await city.client.get(f"{PERSONS}/{person}", params=SERVICE, headers=city.token([MAINTAIN]))
        assert answer.status_code == 403


class TestOwnRecord:
    async def test_is_read_without_a_line(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = await city.client.get("/api/data-hub/v1/population/me", headers=city.token(person=str(person)))
        assert answer.json()["name"] == "李*英"
        assert await accesses(city, person) == []

    async def test_shows_where_each_value_comes_from(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        path = "/api/data-hub/v1/population/me/values"
        items = (await city.client.get(path, headers=city.token(person=str(person)))).json()["items"]
        assert {item["source"]["department"] for item in items} == {POLICE}
        assert {item["source"]["batch"] for item in items} == {"t-1"}

    async def test_wants_a_verified_name(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        headers = city.token(person=str(person), assurance=1)
        assert (await city.client.get("/api/data-hub/v1/population/me", headers=headers)).status_code == 403

    async def test_a_token_without_person_finds_nothing(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get("/api/data-hub/v1/population/me", headers=city.token())).status_code == 404


class TestSearchPersons:
    async def search(self, city: ServiceUnderTest, **body: Any) -> Any:
        return await city.client.post(SEARCHES, json=SERVICE | body, headers=city.token([PEOPLE]))

    async def test_by_number(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        items = (await self.search(city, id_number="131102198503150049")).json()["items"]
        assert [item["person"] for item in items] == [str(person)]
        assert items[0]["name"] == "李*英"

    async def test_by_name_and_by_part_of_it(self, city: ServiceUnderTest) -> None:
        await register(city)
        await register(city, name="赵秀英", id_number=OTHER)
        assert len((await self.search(city, name="李秀英")).json()["items"]) == 1
        assert len((await self.search(city, name_contains="秀英")).json()["items"]) == 2
        assert len((await self.search(city, name="秀英")).json()["items"]) == 0

    @pytest.mark.parametrize(
        ("purpose", "body"),
        [
            ("real-name-verification", {"division_code": "131102"}),  # where she lives
            ("real-name-verification", {"division_code": "131103"}),  # where she does not live
            ("emergency-response", {"state": "deceased"}),
            ("emergency-response", {"id_number": "131102198503150049"}),
        ],
    )
    async def test_not_by_what_the_purpose_may_not_see(
        self, city: ServiceUnderTest, purpose: str, body: dict[str, Any]
    ) -> None:
        person = await register(city)
        answer = await self.search(city, name="李秀英", purpose=purpose, **body)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/beyond-purpose")
        assert [one["pointer"] for one in answer.json()["errors"]] == [f"/body/{next(iter(body))}"]
        assert await accesses(city, person) == []

    async def test_pages(self, city: ServiceUnderTest) -> None:
        await register(city)
        await register(city, name="赵秀英", id_number=OTHER)
        first = (await self.search(city, name_contains="秀英", limit=1)).json()
        second = (await self.search(city, name_contains="秀英", limit=1, after=first["next"])).json()
        assert first["items"][0]["person"] < second["items"][0]["person"]
        assert second["next"] is None

    async def test_everybody_found_gets_a_line(self, city: ServiceUnderTest) -> None:
        found = [await register(city), await register(city, name="赵秀英", id_number=OTHER)]
        await self.search(city, name_contains="秀英")
        assert [len(await accesses(city, person)) for person in found] == [1, 1]

    async def test_wants_something_to_search(self, city: ServiceUnderTest) -> None:
        answer = await self.search(city, division_code="131102")
        assert answer.json()["type"] == "/problems/nothing-to-search"

    @pytest.mark.parametrize(
        "body",
        [
            {"id_number": "131102198503150040"}, {"name": "\u3000"}, {"name": "x" * 51}, {"name": "李\x00英"},
            {"name": "李秀英", "limit": 0}, {"name": "李秀英", "limit": 10**9}, {"name": "李秀英", "order": "name"},
        ],
    )  # fmt: skip
    async def test_bad_input(self, city: ServiceUnderTest, body: dict[str, Any]) -> None:
        assert (await self.search(city, **body)).status_code == 422

    async def test_a_foreign_cursor(self, city: ServiceUnderTest) -> None:
        assert (await self.search(city, name="李秀英", after="zzz")).status_code == 400

    async def test_a_division_that_is_none(self, city: ServiceUnderTest) -> None:
        assert (await self.search(city, name="李秀英", division_code="999999")).status_code == 422


class TestDiscloseValues:
    async def disclose(self, city: ServiceUnderTest, person: UUID, **changes: Any) -> Any:
        body = {
            "purpose": "household-registration", "legal_basis": "《户口登记条例》第三条", "matter": "户籍〔2026〕17号",
            "fields": ["id_number", "phone", "address", "name", "birth_date"],
        } | changes  # fmt: skip
        headers = city.token([DISCLOSE], department=POLICE)
        return await city.client.post(f"{PERSONS}/{person}/disclosures", json=body, headers=headers)

    async def test_shows_the_values(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = await self.disclose(city, person)
        assert answer.status_code == 201
        assert answer.json()["values"] == {
            "id_number": "131102198503150049", "phone": "13900000001", "address": "河北省衡水市桃城区人民路1号",
            "name": "李秀英", "birth_date": "1985-03-15",
        }  # fmt: skip

    async def test_the_person_can_see_it_was_done(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await self.disclose(city, person, fields=["phone"])
        (line,) = await accesses(city, person)
        assert (line.fields, line.legal_basis) == (["phone"], "《户口登记条例》第三条")
        assert line.words == {
            "record": "人口库 Population registry", "matter": "户籍〔2026〕17号",
            "fields": {"phone": "联系电话 Telephone"},
        }  # fmt: skip
        assert await count(city, "person_disclosure") == 1

    async def test_beyond_the_purpose_nothing_is_shown(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = await self.disclose(city, person, purpose="minor-protection")
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/beyond-purpose"
        assert await accesses(city, person) == []

    @pytest.mark.parametrize(
        "change", [{"legal_basis": ""}, {"legal_basis": "    "}, {"matter": ""}, {"fields": []}, {"fields": ["all"]}]
    )
    async def test_wants_its_reasons(self, city: ServiceUnderTest, change: dict[str, Any]) -> None:
        person = await register(city)
        assert (await self.disclose(city, person, **change)).status_code == 422

    async def test_wants_its_scope(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        body = {"purpose": "household-registration", "legal_basis": "第三条例", "matter": "1", "fields": ["name"]}
        path = f"{PERSONS}/{person}/disclosures"
        assert (await city.client.post(path, json=body, headers=city.token([PEOPLE, MAINTAIN]))).status_code == 403

    async def test_a_sealed_value_opens_for_its_person_only(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        other = await register(city, name="赵敏", id_number=OTHER, phone="13900000003")
        async with city.runtime.engine.begin() as connection:
            await connection.execute(
                text("update person set phone_sealed = (select phone_sealed from person where id = :b) where id = :a"),
                {"a": person, "b": other},
            )
        answer = await self.disclose(city, person, fields=["phone"])
        assert "13900000003" not in answer.text


class TestRelations:
    CHILD = "131102201602290033"

    async def relate(self, city: ServiceUnderTest, person: UUID, other: UUID, **changes: Any) -> Any:
        body = {"kind": "guardian", "other": str(other), "true_from": "2016-02-29", "source": {"department": POLICE}}
        path = f"{PERSONS}/{person}/relations"
        return await city.client.post(path, json=body | changes, headers=stating(city, body))

    async def test_a_guardian_and_her_ward_know_each_other(self, city: ServiceUnderTest) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=self.CHILD)
        assert (await self.relate(city, guardian, ward)).status_code == 201
        query = {"purpose": "minor-protection"}
        for person in (guardian, ward):
            answer = await city.client.get(f"{PERSONS}/{person}/relations", params=query, headers=city.token([PEOPLE]))
            assert [(i["person"], i["other"]) for i in answer.json()["items"]] == [(str(guardian), str(ward))]
            assert len(await accesses(city, person)) == 1

    @pytest.mark.parametrize(
        ("purpose", "status"),
        [
            ("minor-protection", 200), ("household-registration", 200), ("public-service", 200),
            ("legal-entity-registration", 422), ("emergency-response", 422), ("compliance-audit", 422),
            ("real-name-verification", 422),
        ],
    )  # fmt: skip
    async def test_are_seen_for_purposes_that_cover_them(
        self, city: ServiceUnderTest, purpose: str, status: int
    ) -> None:
        person, query = await register(city), {"purpose": purpose}
        answer = await city.client.get(f"{PERSONS}/{person}/relations", params=query, headers=city.token([PEOPLE]))
        assert answer.status_code == status
        if status != 200:
            assert answer.json()["type"] == "/problems/beyond-purpose"
            assert len(await accesses(city, person)) == 0
        await city.client.get(f"{PERSONS}/{person}", params=query, headers=city.token([PEOPLE]))
        assert "relations" not in (await accesses(city, person))[-1].fields

    async def test_asked_twice_it_is_one(self, city: ServiceUnderTest) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=self.CHILD)
        await asyncio.gather(*[self.relate(city, guardian, ward) for _ in range(2)])
        assert await count(city, "person_relation") == 1

    async def end(self, city: ServiceUnderTest, person: UUID, other: UUID, day: str, **changes: Any) -> Any:
        body = {"kind": "guardian", "other": str(other), "true_to": day, "source": {"department": POLICE}} | changes
        path = f"{PERSONS}/{person}/relations/ends"
        return await city.client.post(path, json=body, headers=stating(city, body))

    async def listed(self, city: ServiceUnderTest, person: UUID, **query: Any) -> list[tuple[str, str | None]]:
        query = {"purpose": "minor-protection"} | query
        answer = await city.client.get(f"{PERSONS}/{person}/relations", params=query, headers=city.token([PEOPLE]))
        return [(one["true_from"], one["true_to"]) for one in answer.json()["items"]]

    async def test_a_guardianship_ends_and_its_days_stay_in_the_history(self, city: ServiceUnderTest) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=self.CHILD)
        await self.relate(city, guardian, ward)
        source = {"department": POLICE, "reason": "人民法院撤销监护人资格"}
        answer = await self.end(city, guardian, ward, "2026-03-01", source=source)
        assert (answer.status_code, answer.json()["true_to"]) == (201, "2026-03-01")
        for person in (guardian, ward):
            assert await self.listed(city, person) == []
            assert await self.listed(city, person, true_on="2026-03-01") == []
            assert await self.listed(city, person, true_on="2026-02-28") == [("2016-02-29", "2026-03-01")]
            assert await self.listed(city, person, ended="true") == [("2016-02-29", "2026-03-01")]
        async with city.work() as work:
            said = text(
                "select s.act, s.department, s.reason from person_relation r"
                " join registry_statement s on s.id = r.end_statement where r.ended_at is not null"
            )
            assert [tuple(row) for row in await work.session.execute(said)] == [
                ("end-relation", POLICE, "人民法院撤销监护人资格")
            ]
        changed = [event.data["person"] for event in await city.events("cn.hengshui.data-hub.person.changed.v1")]
        assert (changed.count(str(guardian)), changed.count(str(ward))) == (3, 3)  # registered, related, ended

    async def test_a_guardianship_ends_once_and_may_begin_again(self, city: ServiceUnderTest) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=self.CHILD)
        await self.relate(city, guardian, ward)
        both = await asyncio.gather(*[self.end(city, guardian, ward, "2026-03-01") for _ in range(2)])
        assert sorted(answer.status_code for answer in both) == [201, 404]
        early = await self.relate(city, guardian, ward, true_from="2026-02-28")
        assert (early.status_code, early.json()["type"]) == (422, "/problems/bad-period")
        assert (await self.relate(city, guardian, ward, true_from="2026-03-02")).status_code == 201
        assert await self.listed(city, ward) == [("2026-03-02", None)]
        assert await self.listed(city, ward, ended="true") == [("2016-02-29", "2026-03-01"), ("2026-03-02", None)]

    @pytest.mark.parametrize(
        ("day", "department", "problem"),
        [
            ("2016-02-28", POLICE, "bad-period"),
            ("2999-01-01", POLICE, "bad-period"),
            ("2026-03-01", "11131100MB0H000732", "not-the-source"),
        ],
    )
    async def test_a_guardianship_ends_on_a_possible_day_as_its_source_says(
        self, city: ServiceUnderTest, day: str, department: str, problem: str
    ) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=self.CHILD)
        await self.relate(city, guardian, ward)
        answer = await self.end(city, guardian, ward, day, source={"department": department})
        assert answer.json()["type"] == f"/problems/{problem}"
        assert await self.listed(city, ward) == [("2016-02-29", None)]
        answer = await self.end(city, ward, guardian, "2026-03-01")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-relation")

    async def test_a_child_guards_nobody(self, city: ServiceUnderTest) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=self.CHILD)
        answer = await self.relate(city, ward, guardian)
        assert answer.json()["type"] == "/problems/relation"
        assert (await self.relate(city, guardian, guardian)).status_code == 422
        assert (await self.relate(city, guardian, uuid4())).status_code == 404
