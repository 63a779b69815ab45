"""Following a registry: whose record changed and in which fields, in order, never a value, nothing lost."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest
from data_hub.registries.changes.domain import FIRM_FIELDS
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.population.schemas import PersonDraft
from data_hub.registries.population.service import Population
from data_hub.sample.personas import LOADER

from .factories import (
    ENTITIES,
    FIRM,
    MAINTAIN,
    MARKET,
    OTHER,
    PEOPLE,
    PERSONS,
    READ,
    correction,
    person_draft,
    register,
    register_firm,
    stating,
)

SUBSCRIPTIONS = "/api/data-hub/v1/registries/subscriptions"
HOUSING = "11131100MB0H000732"
DRAFT = {"registry": "population", "fields": ["name", "phone"], "purpose": "public-service"}


def housing(city: ServiceUnderTest) -> dict[str, str]:
    return city.token([PEOPLE, READ], department=HOUSING)


async def subscribe(city: ServiceUnderTest, **changes: Any) -> str:
    answer = await city.client.post(SUBSCRIPTIONS, json=DRAFT | changes, headers=housing(city))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["subscription"])


async def changes(city: ServiceUnderTest, subscription: str, **query: int) -> dict[str, Any]:
    path = f"{SUBSCRIPTIONS}/{subscription}/changes"
    answer = await city.client.get(path, params=query, headers=housing(city))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def correct(city: ServiceUnderTest, person: UUID, field: str, value: str) -> None:
    path = f"{PERSONS}/{person}/corrections"
    body = correction(field, value)
    answer = await city.client.post(path, json=body, headers=stating(city, body))
    assert answer.status_code == 201, answer.text


def test_the_fields_of_firms_are_those_of_the_registry() -> None:
    assert {field.value for field in EntityField} - {"legal_representative"} == FIRM_FIELDS


class TestFollowing:
    async def test_begins_with_what_comes_after(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        subscription = await subscribe(city)
        assert (await changes(city, subscription))["items"] == []
        await correct(city, person, "phone", "13900000002")
        await correct(city, person, "ethnicity", "回族")
        page = await changes(city, subscription)
        assert [(one["subject"], one["fields"], one["act"]) for one in page["items"]] == [
            (str(person), ["phone"], "correct")
        ]
        assert "139" not in str(page["items"][0]["fields"])
        assert (await changes(city, subscription, after=page["after"]))["items"] == []

    async def test_pages_in_order(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        subscription = await subscribe(city)
        for number in range(3):
            await correct(city, person, "phone", f"1390000001{number}")
        first = await changes(city, subscription, limit=2)
        second = await changes(city, subscription, limit=2, after=first["after"])
        assert (len(first["items"]), first["more"], len(second["items"]), second["more"]) == (2, True, 1, False)
        numbers = [one["number"] for one in (*first["items"], *second["items"])]
        assert numbers == sorted(set(numbers))

    async def test_a_change_that_commits_late_is_not_passed_over(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city)
        committed = asyncio.Event()

        async def slow() -> None:
            async with city.work() as work:
                await Population(work).register(PersonDraft(**person_draft()), by=LOADER)
                await work.flush()
                await committed.wait()

        waiting = asyncio.create_task(slow())
        await asyncio.sleep(0.3)
        await register(city, id_number=OTHER)
        first = await changes(city, subscription)
        committed.set()
        await waiting
        second = await changes(city, subscription, after=first["after"])
        assert (len(first["items"]), len(second["items"])) == (1, 1)

    async def test_readers_at_once_give_each_change_one_number(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city)
        await register(city)
        pages = await asyncio.gather(*[changes(city, subscription) for _ in range(4)])
        assert len({page["items"][0]["number"] for page in pages}) == 1

    async def test_only_within_a_division(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city, division_code="131103")
        await register(city)
        await register(city, id_number=OTHER, division_code="131103001")
        assert len((await changes(city, subscription))["items"]) == 1

    async def test_of_who_leaves_the_division_and_of_who_comes(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        followed = {
            division: await subscribe(city, fields=["division_code"], division_code=division)
            for division in ("131102", "131103", "1311", "131121")
        }
        await correct(city, person, "division_code", "131103001001")
        heard = {division: (await changes(city, one))["items"] for division, one in followed.items()}
        assert [len(heard[division]) for division in followed] == [1, 1, 1, 0]
        assert {one["subject"] for items in heard.values() for one in items} == {str(person)}
        await correct(city, person, "division_code", "131103001002")
        assert [len((await changes(city, one))["items"]) for one in followed.values()] == [1, 2, 2, 0]

    async def test_of_a_firm_that_leaves_the_division(self, city: ServiceUnderTest) -> None:
        firm = await register_firm(city)
        followed = [
            await subscribe(
                city, registry="legal-entities", fields=["division_code"], purpose=None, division_code=division
            )
            for division in ("131102", "131103")
        ]
        body = correction("division_code", "131103", source={"department": MARKET})
        answer = await city.client.post(f"{ENTITIES}/{firm}/corrections", json=body, headers=stating(city, body))
        assert answer.status_code == 201, answer.text
        assert [len((await changes(city, one))["items"]) for one in followed] == [1, 1]

    async def test_of_firms_wants_no_purpose(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city, registry="legal-entities", fields=["state"], purpose=None)
        await register_firm(city)
        assert [one["subject"] for one in (await changes(city, subscription))["items"]] == [FIRM]

    async def test_leaves_a_line_in_the_person_s_access_log(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city)
        person = await register(city)
        await changes(city, subscription)
        async with city.work() as work:
            found = await work.session.execute(
                text("select organisation, fields from personal_access where person = :p"), {"p": f"person:{person}"}
            )
            assert [tuple(row) for row in found] == [(HOUSING, ["name", "phone"])]

    async def test_ends(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city)
        path = f"{SUBSCRIPTIONS}/{subscription}"
        assert (await city.client.post(f"{path}/ends", headers=housing(city))).json()["ended_at"] is not None
        assert (await city.client.post(f"{path}/ends", headers=housing(city))).status_code == 409
        assert (await city.client.get(f"{path}/changes", headers=housing(city))).status_code == 409

    async def test_is_its_department_s_alone(self, city: ServiceUnderTest) -> None:
        subscription = await subscribe(city)
        stranger = city.token([PEOPLE], department=MARKET)
        path = f"{SUBSCRIPTIONS}/{subscription}/changes"
        assert (await city.client.get(path, headers=stranger)).status_code == 404
        assert (await city.client.get(SUBSCRIPTIONS, headers=stranger)).json()["items"] == []
        assert len((await city.client.get(SUBSCRIPTIONS, headers=housing(city))).json()["items"]) == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "slug"),
        [
            ({"fields": ["ethnicity"]}, "beyond-purpose"),
            ({"fields": ["colour"]}, "beyond-purpose"),
            ({"purpose": None}, "unknown-purpose"),
            ({"purpose": "curiosity"}, "unknown-purpose"),
            ({"registry": "legal-entities", "fields": ["legal_representative"]}, "beyond-purpose"),
            ({"fields": []}, "invalid"),
            ({"division_code": "999999"}, "invalid"),
            ({"fields": ["name"], "purpose": "minor-protection", "division_code": "131102"}, "beyond-purpose"),
        ],
    )
    async def test_what_may_not_be_followed(self, city: ServiceUnderTest, change: dict[str, Any], slug: str) -> None:
        answer = await city.client.post(SUBSCRIPTIONS, json=DRAFT | change, headers=housing(city))
        assert answer.status_code == 422
        assert slug == "invalid" or answer.json()["type"] == f"/problems/{slug}"

    async def test_persons_want_their_scope_and_a_department(self, city: ServiceUnderTest) -> None:
        for scopes, department in (([READ], HOUSING), ([PEOPLE], None), ([MAINTAIN], HOUSING)):
            headers = city.token(scopes, department=department)
            assert (await city.client.post(SUBSCRIPTIONS, json=DRAFT, headers=headers)).status_code == 403

    async def test_of_nothing(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{SUBSCRIPTIONS}/{uuid4()}/changes", headers=housing(city))
        assert answer.status_code == 404
