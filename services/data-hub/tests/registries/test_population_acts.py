"""The acts on persons: correcting values, recording deaths."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from citykit.testing import ServiceUnderTest, at

from .factories import (
    DISCLOSE,
    OTHER,
    PEOPLE,
    PERSONS,
    POLICE,
    SEARCHES,
    SERVICE,
    correction,
    read,
    register,
    stating,
)


class TestCorrectValue:
    async def correct(self, city: ServiceUnderTest, person: UUID, body: dict[str, Any]) -> Any:
        return await city.client.post(f"{PERSONS}/{person}/corrections", json=body, headers=stating(city, body))

    async def history(self, city: ServiceUnderTest, person: UUID, **query: str) -> list[dict[str, Any]]:
        answer = await city.client.get(
            f"{PERSONS}/{person}/values", params={"purpose": "household-registration", "limit": "200"} | query,
            headers=city.token([PEOPLE]),
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def test_what_was_wrong_gives_way(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answer = await self.correct(city, person, correction("name", "李秀莹"))
        assert answer.status_code == 201
        assert answer.json()["name"] == "李*莹"
        assert answer.json()["version"] == 2
        names = [item for item in await self.history(city, person) if item["field"] == "name"]
        assert sorted((item["value"], item["known_to"] is None) for item in names) == [
            ("李*英", False),
            ("李*莹", True),
        ]

    async def test_what_was_known_then_is_still_told(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        person = await register(city)
        city.clock.set(at("2026-03-02 09:00"))
        await self.correct(city, person, correction("name", "李秀莹"))
        then = await self.history(city, person, known_at="2026-03-01T12:00:00+08:00", true_on="2026-02-01")
        now = await self.history(city, person, true_on="2026-02-01")
        assert [item["value"] for item in then if item["field"] == "name"] == ["李*英"]
        assert [item["value"] for item in now if item["field"] == "name"] == ["李*莹"]

    async def test_a_change_of_one_day_keeps_the_days_before(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        person = await register(city)
        city.clock.set(at("2026-05-01 09:00"))
        moved = correction("division_code", "131103", true_from="2026-04-01")
        assert (await self.correct(city, person, moved)).json()["division_code"] == "131103"
        for day, code in (("2026-03-15", "131102001045"), ("2026-04-01", "131103")):
            found = await self.history(city, person, true_on=day)
            assert [item["value"] for item in found if item["field"] == "division_code"] == [code]

    async def test_a_change_of_past_days_leaves_the_present(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-05-01 09:00"))
        person = await register(city)
        past = correction("name", "李小英", true_from="1990-01-01", true_to="2000-01-01")
        assert (await self.correct(city, person, past)).json()["name"] == "李*英"

    async def test_two_at_once_both_stay_in_the_history(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        bodies = [correction("name", name) for name in ("李秀甲", "李秀乙")]
        answers = await asyncio.gather(*[self.correct(city, person, body) for body in bodies])
        assert [answer.status_code for answer in answers] == [201, 201]
        names = [item for item in await self.history(city, person) if item["field"] == "name"]
        assert len(names) == 3
        assert [item["known_to"] for item in names].count(None) == 1
        assert (await read(city, person))["version"] == 3

    async def test_of_two_with_one_version_one_is_stale(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        bodies = [correction("name", name, version=1) for name in ("李秀甲", "李秀乙")]
        answers = await asyncio.gather(*[self.correct(city, person, body) for body in bodies])
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_a_number_moves_the_way_to_the_person(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await self.correct(city, person, correction("id_number", OTHER))
        body = SERVICE | {"id_number": OTHER}
        found = await city.client.post(SEARCHES, json=body, headers=city.token([PEOPLE]))
        assert [item["person"] for item in found.json()["items"]] == [str(person)]
        gone = await city.client.post(
            SEARCHES, json=body | {"id_number": "131102198503150049"}, headers=city.token([PEOPLE])
        )
        assert gone.json()["items"] == []

    async def test_another_s_number_is_refused(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register(city, name="赵敏", id_number=OTHER)
        assert (await self.correct(city, person, correction("id_number", OTHER))).status_code == 409

    async def test_a_telephone_can_be_taken_out(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        assert (await self.correct(city, person, correction("phone", None))).json()["phone"] is None

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (correction("name", None), "bad-value"),
            (correction("phone", "1"), "bad-value"),
            (correction("name", "李秀莹", true_from="2999-01-01"), "bad-period"),
            (correction("name", "李秀莹", true_to="2999-01-01"), "bad-period"),
            (correction("name", "李秀莹", true_from="2020-01-01", true_to="2020-01-01"), "bad-period"),
            (correction("name", "李秀莹", true_from="2020-02-30"), "invalid"),
            (correction("colour", "red"), "invalid"),
            (correction("name", "李秀莹", version="1"), "invalid"),
            (correction("name", "李秀莹", version=2**40), "invalid"),
        ],
    )
    async def test_bad_input(self, city: ServiceUnderTest, body: dict[str, Any], problem: str) -> None:
        person = await register(city)
        answer = await self.correct(city, person, body)
        assert answer.status_code == 422
        assert answer.json()["type"] == f"/problems/{problem}"
        assert (await read(city, person))["version"] == 1

    async def test_of_nobody(self, city: ServiceUnderTest) -> None:
        assert (await self.correct(city, uuid4(), correction("name", "李秀莹"))).status_code == 404

    async def test_wants_its_scope(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        path = f"{PERSONS}/{person}/corrections"
        answer = await city.client.post(path, json=correction("name", "李秀莹"), headers=city.token([PEOPLE, DISCLOSE]))
        assert answer.status_code == 403

    async def test_is_audited_without_the_value(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await self.correct(city, person, correction("name", "李秀莹"))
        answer = await city.client.get(
            "/api/data-hub/v1/audit/entries", params={"stream": f"person/{person}"},
            headers=city.token(["data-hub.audit.read"]),
        )  # fmt: skip
        assert [entry["act"] for entry in answer.json()["items"]] == ["register", "correct"]
        assert "李" not in answer.text


class TestRecordDeath:
    async def die(self, city: ServiceUnderTest, person: UUID, died_on: str) -> Any:
        body = {"died_on": died_on, "source": {"department": POLICE}}
        return await city.client.post(f"{PERSONS}/{person}/deaths", json=body, headers=stating(city, body))

    async def test_ends_the_registration(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        assert (await self.die(city, person, "2026-01-01")).json()["state"] == "deceased"

    async def test_nobody_dies_twice(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        answers = await asyncio.gather(*[self.die(city, person, "2026-01-01") for _ in range(2)])
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_one_key_asked_again_answers_the_same(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        body = {"died_on": "2026-01-01", "source": {"department": POLICE}}
        headers = stating(city, body, subject=str(uuid4())) | {"Idempotency-Key": "death-of-one"}
        path = f"{PERSONS}/{person}/deaths"
        answers = await asyncio.gather(*[city.client.post(path, json=body, headers=headers) for _ in range(2)])
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["version"] == 2

    @pytest.mark.parametrize("day", ["1984-01-01", "2999-01-01", "2026-13-01"])
    async def test_on_a_possible_day(self, city: ServiceUnderTest, day: str) -> None:
        person = await register(city)
        assert (await self.die(city, person, day)).status_code == 422
