"""Conflicts that end because all say the same in the end, whoever gave way."""

from typing import Any
from uuid import UUID

from citykit.testing import ServiceUnderTest

from .factories import FIRM, MARKET, PERSONS, POLICE, correction, register, register_firm, stating
from .test_corrections import FLOOR, HOUSING, MEDICAL, SUPERVISE, state

SETTLE = "data-hub.registries.settle-conflicts"


async def conflicts(city: ServiceUnderTest, state: str = "open") -> list[dict[str, Any]]:
    """The conflicts in a state, as supervision sees them."""
    answer = await city.client.get(f"{FLOOR}/conflicts", params={"state": state}, headers=city.token([SUPERVISE]))
    return list(answer.json()["items"])


async def corrected(city: ServiceUnderTest, person: UUID, field: str, value: str) -> None:
    body = correction(field, value)
    answer = await city.client.post(f"{PERSONS}/{person}/corrections", json=body, headers=stating(city, body))
    assert answer.status_code == 201, answer.text


class TestTheSourceGivesWay:
    async def test_a_conflict_ends_when_the_source_says_the_same_by_itself(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await state(city, person, "phone", "13900000009", HOUSING)
        await state(city, person, "phone", "13900000008", MEDICAL)
        await corrected(city, person, "phone", "13900000009")
        await city.run_task(SETTLE)
        assert [one["stated_by"] for one in await conflicts(city)] == [MEDICAL]
        (ended,) = await conflicts(city, "adopted")
        assert (ended["stated_by"], ended["decided_at"] is not None) == (HOUSING, True)

    async def test_of_a_firm_too(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await state(city, FIRM, "representative_name", "王强", HOUSING)
        await state(city, FIRM, "representative_name", "王强", MARKET)
        await city.run_task(SETTLE)
        assert await conflicts(city) == []

    async def test_one_that_still_contradicts_stays(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await state(city, person, "phone", "13900000009", HOUSING)
        await corrected(city, person, "phone", "13900000007")
        await corrected(city, person, "ethnicity", "满族")
        await city.run_task(SETTLE)
        assert [one["stated_by"] for one in await conflicts(city)] == [HOUSING]

    async def test_many_are_settled_in_one_turn(self, city: ServiceUnderTest, monkeypatch: Any) -> None:
        monkeypatch.setattr("data_hub.registries.corrections.settling.AT_ONCE", 1)
        person = await register(city)
        for department in (HOUSING, MEDICAL, MARKET):
            await state(city, person, "phone", "13900000009", department)
        await corrected(city, person, "phone", "13900000009")
        await city.run_task(SETTLE)
        assert len(await conflicts(city, "adopted")) == 3


class TestTheOtherGivesWay:
    async def test_its_conflict_ends_when_it_says_what_the_source_says(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await state(city, person, "phone", "13900000009", HOUSING)
        await state(city, person, "phone", "13900000008", MEDICAL)
        assert (await state(city, person, "phone", "13900000001", HOUSING)).json()["said"] == "confirmed"
        assert [one["stated_by"] for one in await conflicts(city)] == [MEDICAL]
        (ended,) = await conflicts(city, "dismissed")
        assert ended["stated_by"] == HOUSING
        again = await state(city, person, "phone", "13900000009", HOUSING)
        assert again.json()["said"] == "conflict"

    async def test_what_was_decided_stays_decided(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        made = (await state(city, person, "phone", "13900000009", HOUSING)).json()
        path, body = f"{FLOOR}/conflicts/{made['conflict']}/decisions", {"adopt": False, "reason": "号码已停用"}
        headers = city.token(["data-hub.registries.decide"], department=POLICE)
        assert (await city.client.post(path, json=body, headers=headers)).status_code == 201
        await state(city, person, "phone", "13900000001", HOUSING)
        (decided,) = await conflicts(city, "dismissed")
        assert decided["conflict"] == made["conflict"]
