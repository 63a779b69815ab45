"""Two records of one person become one: registered twice under a mistyped number, merged, and parted where wrong."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from citykit.testing import ServiceUnderTest

from .factories import (
    DISCLOSE,
    MARKET,
    OTHER,
    PEOPLE,
    PERSONS,
    POLICE,
    SEARCHES,
    correction,
    read,
    register,
    stating,
)

MERGERS = "/api/data-hub/v1/registries/mergers"
MATCHES = "/api/data-hub/v1/population/matches"
CONFLICTS = "/api/data-hub/v1/registries/conflicts"
DISPUTES = "/api/data-hub/v1/registries/disputes"
HOUSING = "11131100MB0H00065A"
DECIDE, DISPUTE = "data-hub.registries.decide", "data-hub.registries.dispute"
RIGHT = "131102198503150049"
MISTYPED = "131102198505150042"  # the month of birth is wrong, and the check digit fits it
LATER = {"hours": 1}
HOUSEHOLD = {"purpose": "household-registration"}


async def merge(city: ServiceUnderTest, subject: UUID, survivor: UUID, department: str = POLICE, **changes: Any) -> Any:
    """Merge a record of a person into another one; the answer, whatever it is."""
    mine, hers = 1, 1
    if not {"subject_version", "survivor_version"} <= changes.keys():
        async with city.work() as work:
            rows = await work.session.execute(text("select id, version from person"))
            known = {row.id: row.version for row in rows}
        mine, hers = known.get(subject, 1), known.get(survivor, 1)
    body = {
        "registry": "population", "subject": str(subject), "survivor": str(survivor), "subject_version": mine,
        "survivor_version": hers, "legal_basis": "《户口登记条例》第十七条",
        "source": {"department": department, "reason": "重复登记"},
    } | changes  # fmt: skip
    return await city.client.post(MERGERS, json=body, headers=stating(city, body))


async def merged(city: ServiceUnderTest, subject: UUID, survivor: UUID) -> dict[str, Any]:
    """Merge, later than everything that was done so far."""
    city.clock.advance(**LATER)
    answer = await merge(city, subject, survivor)
    assert answer.status_code == 201, answer.text
    city.clock.advance(**LATER)
    return dict(answer.json())


async def part(city: ServiceUnderTest, merger: str, department: str = POLICE) -> Any:
    body = {"reason": "经核实并非同一人", "source": {"department": department}}
    return await city.client.post(f"{MERGERS}/{merger}/partings", json=body, headers=stating(city, body))


async def twice(city: ServiceUnderTest, **changes: Any) -> tuple[UUID, UUID]:
    """A person registered under a mistyped number and under her own: the wrong record and the right one."""
    wrong = await register(city, id_number=MISTYPED, **changes)
    return wrong, await register(city)


async def correct(city: ServiceUnderTest, person: UUID, field: str, value: str | None, **changes: Any) -> Any:
    body = correction(field, value, **changes)
    return await city.client.post(f"{PERSONS}/{person}/corrections", json=body, headers=stating(city, body))


async def matches(city: ServiceUnderTest) -> list[str]:
    question = {"purpose": "household-registration", "name": "李秀英"}
    answer = await city.client.post(MATCHES, json=question, headers=city.token([PEOPLE]))
    assert answer.status_code == 200, answer.text
    return [one["person"]["person"] for one in answer.json()["items"]]


async def history(city: ServiceUnderTest, person: UUID, **asked: str) -> list[dict[str, Any]]:
    answer = await city.client.get(
        f"{PERSONS}/{person}/values", params=HOUSEHOLD | {"limit": "100"} | asked, headers=city.token([PEOPLE])
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def of(values: list[dict[str, Any]], field: str) -> list[str | None]:
    return [one["value"] for one in values if one["field"] == field]


class TestTwoRecordsOfOnePerson:
    async def test_are_both_found_and_neither_number_can_be_corrected_until_they_are_one(
        self, city: ServiceUnderTest
    ) -> None:
        wrong, right = await twice(city)
        assert set(await matches(city)) == {str(wrong), str(right)}
        refused = await correct(city, wrong, "id_number", RIGHT)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/person-exists")
        assert "合并" in refused.json()["detail"]
        made = await merged(city, wrong, right)
        assert (made["subject"], made["survivor"], made["department"]) == (str(wrong), str(right), POLICE)
        assert await matches(city) == [str(right)]
        body = {"purpose": "household-registration", "name": "李秀英"}
        found = await city.client.post(SEARCHES, json=body, headers=city.token([PEOPLE]))
        assert [one["person"] for one in found.json()["items"]] == [str(right)]
        assert (await read(city, right))["id_number"] == "131102********0049"

    async def test_what_the_survivor_lacks_is_taken_over_under_its_own_statement(self, city: ServiceUnderTest) -> None:
        wrong = await register(city, id_number=MISTYPED)
        right = await register(city, phone=None, address=None, source={"department": POLICE, "batch": "t-2"})
        made = await merged(city, wrong, right)
        assert made["taken"] == ["address", "phone"]
        assert made["conflicts"] == []
        assert (await read(city, right))["phone"] == "139****0001"
        (phone,) = [one for one in await history(city, right) if one["field"] == "phone"]
        assert phone["source"]["batch"] == "t-1"
        asked = {
            "purpose": "household-registration", "legal_basis": "《户口登记条例》第三条", "matter": "a",
            "fields": ["phone"],
        }  # fmt: skip
        shown = await city.client.post(
            f"{PERSONS}/{right}/disclosures", json=asked, headers=city.token([DISCLOSE], department=POLICE)
        )
        assert shown.json()["values"] == {"phone": "13900000001"}

    async def test_what_was_known_before_stays_what_was_known(self, city: ServiceUnderTest) -> None:
        wrong = await register(city, id_number=MISTYPED)
        right = await register(city, phone=None)
        before = (city.clock.now() + timedelta(minutes=1)).isoformat()
        await merged(city, wrong, right)
        assert of(await history(city, wrong, known_at=before), "phone") == ["139****0001"]
        assert of(await history(city, right, known_at=before), "phone") == []
        after = city.clock.now().isoformat()
        assert await history(city, wrong, known_at=after) == []
        assert of(await history(city, right, known_at=after), "phone") == ["139****0001"]
        assert of(await history(city, wrong), "id_number") == ["131102********0042"]

    async def test_what_differs_is_a_conflict_that_the_source_decides(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city, phone="13900000002")
        made = await merged(city, wrong, right)
        (conflict,) = made["conflicts"]
        decider = city.token([DECIDE], department=POLICE)
        case = (await city.client.get(f"{CONFLICTS}/{conflict}", headers=decider)).json()
        assert (case["present"], case["stated"]) == ("13900000001", "13900000002")
        assert (case["conflict"]["subject"], case["conflict"]["field"]) == (str(right), "phone")
        body = {"adopt": True, "reason": "本人确认"}
        decided = await city.client.post(f"{CONFLICTS}/{conflict}/decisions", json=body, headers=decider)
        assert decided.status_code == 201, decided.text
        assert (await read(city, right))["phone"] == "139****0002"

    async def test_the_birth_date_of_a_mistyped_number_is_no_conflict(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        assert (await merged(city, wrong, right))["conflicts"] == []

    async def test_a_death_on_one_record_is_a_conflict_of_the_other(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        death = {"died_on": city.clock.now().date().isoformat(), "source": {"department": POLICE}}
        answer = await city.client.post(f"{PERSONS}/{wrong}/deaths", json=death, headers=stating(city, death))
        assert answer.status_code == 201, answer.text
        made = await merged(city, wrong, right)
        assert len(made["conflicts"]) == 1
        assert (await read(city, right))["state"] == "registered"

    async def test_the_survivor_may_be_the_one_with_the_wrong_number(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        await merged(city, right, wrong)
        assert (await correct(city, wrong, "id_number", RIGHT)).status_code == 201
        assert (await read(city, wrong))["id_number"] == "131102********0049"


class TestTheMergedRecord:
    async def test_answers_gone_with_the_survivor(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        await merged(city, wrong, right)
        answer = await city.client.get(f"{PERSONS}/{wrong}", params=HOUSEHOLD, headers=city.token([PEOPLE]))
        assert (answer.status_code, answer.json()["type"]) == (410, "/problems/record-merged")
        assert answer.json()["survivor"] == str(right)
        assert (await correct(city, wrong, "phone", "13900000003")).status_code == 410
        nobody = await city.client.get(f"{PERSONS}/{wrong}", params=HOUSEHOLD, headers=city.token([]))
        assert nobody.status_code == 403
        assert str(right) not in nobody.text

    async def test_is_herself_to_whoever_signs_in_by_it(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        await merged(city, wrong, right)
        herself = city.token([], person=str(wrong), assurance=2)
        answer = await city.client.get("/api/data-hub/v1/population/me", headers=herself)
        assert answer.json()["person"] == str(right)
        async with city.work() as work:
            lines = await work.session.scalars(
                text("select action from personal_access where action like '查看人口库记录%'")
            )
            assert lines.all() == []

    async def test_keeps_its_tickets_which_are_about_the_survivor_now(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city, phone="13900000002")
        housing = city.token([PEOPLE, DISPUTE], department=HOUSING)
        await city.client.get(f"{PERSONS}/{wrong}", params=HOUSEHOLD, headers=housing)
        draft = {
            "registry": "population", "subject": str(wrong), "field": "phone", "claimed": "13900000004",
            "evidence": "本人出示",
        }  # fmt: skip
        asked = await city.client.post(DISPUTES, json=draft, headers=city.token([DISPUTE], department=MARKET))
        assert asked.status_code == 201, asked.text
        await merged(city, wrong, right)
        body = {"verdict": "corrected", "reason": "核实"}
        decided = await city.client.post(
            f"{DISPUTES}/{asked.json()['dispute']}/decisions", json=body,
            headers=city.token([DECIDE], department=POLICE),
        )  # fmt: skip
        assert decided.status_code == 201, decided.text
        assert (await read(city, right))["phone"] == "139****0004"
        told = (await city.client.get("/api/data-hub/v1/registries/notices", headers=housing)).json()["items"]
        assert (str(right), "phone") in [(one["subject"], one["field"]) for one in told]

    async def test_gives_up_a_number_that_verifies_nobody_and_may_be_anothers(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        await merged(city, wrong, right)
        question = {"name": "李秀英", "id_number": MISTYPED, "purpose": "real-name-verification"}
        verdict = await city.client.post(
            "/internal/data-hub/v1/registries/population/verifications", json=question,
            headers=city.mesh_token("citizen-pass"),
        )  # fmt: skip
        assert verdict.json()["matched"] is False
        another = await register(city, id_number=MISTYPED, name="王芳")
        assert another not in {wrong, right}

    async def test_shows_her_who_read_either_record(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        await read(city, wrong, "public-service")
        await merged(city, wrong, right)
        await read(city, right, "public-service")
        for person in (wrong, right):
            answer = await city.client.get(
                "/internal/data-hub/v1/usage", params={"person": f"person:{person}"},
                headers=city.mesh_token("citizen-pass"),
            )  # fmt: skip
            told = [one["action"] for one in answer.json()["usages"]]
            assert sum(action.startswith("查看人口库记录") for action in told) == 2
            assert any(action.startswith("合并重复记录") for action in told)


class TestMerge:
    async def test_only_the_department_that_keeps_the_number_may(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        answer = await merge(city, wrong, right, department=MARKET)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-the-source")
        body = {"registry": "population"}
        assert (await city.client.post(MERGERS, json=body, headers=city.token([PEOPLE]))).status_code == 403
        assert len(await matches(city)) == 2

    async def test_never_into_itself(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = await merge(city, person, person)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/same-record")

    async def test_not_of_records_that_changed_since_they_were_read(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        await correct(city, wrong, "phone", "13900000009")
        answer = await merge(city, wrong, right, subject_version=1, survivor_version=1)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stale-version")

    async def test_two_at_once_merge_once_whichever_way(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        answers = await asyncio.gather(merge(city, wrong, right), merge(city, right, wrong))
        assert sorted(answer.status_code for answer in answers) == [201, 410]
        assert len(await matches(city)) == 1

    async def test_one_key_merges_once(self, city: ServiceUnderTest) -> None:
        wrong, right = await twice(city)
        body = {
            "registry": "population", "subject": str(wrong), "survivor": str(right), "subject_version": 1,
            "survivor_version": 1, "legal_basis": "《户口登记条例》第十七条", "source": {"department": POLICE},
        }  # fmt: skip
        headers = stating(city, body, subject=str(right)) | {"Idempotency-Key": "merge-records-1"}
        answers = [await city.client.post(MERGERS, json=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()

    async def test_a_chain_leads_to_who_stands_at_its_end(self, city: ServiceUnderTest) -> None:
        first, second = await twice(city)
        third = await register(city, id_number=OTHER)
        made = await merged(city, first, second)
        await merged(city, second, third)
        answer = await city.client.get(f"{PERSONS}/{first}", params=HOUSEHOLD, headers=city.token([PEOPLE]))
        assert answer.json()["survivor"] == str(third)
        refused = await part(city, made["merger"])
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/changed-since")

    async def test_is_told_to_followers_and_to_whoever_read_the_record(self, city: ServiceUnderTest) -> None:
        housing = city.token([PEOPLE, DISPUTE], department=MARKET)
        body = {"registry": "population", "fields": ["phone"], "purpose": "household-registration"}
        followed = await city.client.post("/api/data-hub/v1/registries/subscriptions", json=body, headers=housing)
        wrong, right = await twice(city)
        await city.client.get(f"{PERSONS}/{wrong}", params=HOUSEHOLD, headers=housing)
        await merged(city, wrong, right)
        path = f"/api/data-hub/v1/registries/subscriptions/{followed.json()['subscription']}/changes"
        told = (await city.client.get(path, headers=housing)).json()["items"]
        assert [(one["subject"], one["act"], one["merged_into"]) for one in told if one["act"] == "merge"] == [
            (str(wrong), "merge", str(right))
        ]
        notices = (await city.client.get("/api/data-hub/v1/registries/notices", headers=housing)).json()["items"]
        assert [(one["subject"], one["field"]) for one in notices] == [(str(wrong), "id_number")]
        (event,) = await city.events("cn.hengshui.data-hub.person.merged.v1")
        assert (event.data["person"], event.data["survivor"]) == (str(wrong), str(right))
