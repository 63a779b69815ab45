"""A record begins on the word of its source: of the list of sources, as every later value does."""

from typing import Any

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.sample.sources import load_sources

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    OTHER,
    PEOPLE,
    PERSONS,
    POLICE,
    READ,
    SEARCHES,
    entity_draft,
    person_draft,
    register,
    stating,
)

HOUSING = "11131100MB0H000732"
INSTITUTION = "12131100MB0H001105"  # its registrar, the establishment office, is no source of the sample's list
FLOOR = "/api/data-hub/v1/registries"
CHILD = "131102201602290033"


@pytest.fixture
async def listed(city: ServiceUnderTest) -> ServiceUnderTest:
    """The city with the sample's list: persons are the police's, firms market supervision's."""
    async with city.work() as work:
        await load_sources(work)
    return city


async def name(city: ServiceUnderTest, field: str, department: str, **changes: Any) -> None:
    naming = {
        "registry": "population", "field": field, "valid_from": "2026-01-01", "department": department,
        "department_name": "数源部门", "legal_basis": "一数一源",
    } | changes  # fmt: skip
    supervision = city.token(["data-hub.registries.supervise"])
    answer = await city.client.post(f"{FLOOR}/sources", json=naming, headers=supervision)
    assert answer.status_code == 201, answer.text


async def stated(city: ServiceUnderTest, path: str, draft: dict[str, Any], department: str) -> Any:
    body = draft | {"source": {"department": department}}
    return await city.client.post(path, json=body, headers=stating(city, body))


async def departments(city: ServiceUnderTest, path: str) -> set[str]:
    """Whose word the values of a record are."""
    purpose = {"purpose": "household-registration"} if path.startswith(PERSONS) else {}
    query: dict[str, str | int] = {"limit": 100, **purpose}
    answer = await city.client.get(f"{path}/values", params=query, headers=city.token([PEOPLE, READ]))
    return {one["source"]["department"] for one in answer.json()["items"]}


class TestFirms:
    @pytest.mark.parametrize("stranger", [HOUSING, POLICE])
    async def test_begin_on_market_supervisions_word_alone(self, listed: ServiceUnderTest, stranger: str) -> None:
        refused = await stated(listed, ENTITIES, entity_draft(), stranger)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-the-source")
        assert MARKET in refused.json()["detail"]
        assert {"/body/name", "/body/established_on"} < {one["pointer"] for one in refused.json()["errors"]}
        assert (await listed.client.get(f"{ENTITIES}/{FIRM}", headers=listed.token([READ]))).status_code == 404
        assert (await stated(listed, ENTITIES, entity_draft(), MARKET)).status_code == 201
        assert await departments(listed, f"{ENTITIES}/{FIRM}") == {MARKET}

    async def test_whose_registrar_nobody_is_named_for_are_the_ones_of_who_registers_them(
        self, listed: ServiceUnderTest
    ) -> None:
        school = entity_draft(uscc=INSTITUTION, name="衡水市示例小学", legal_form="institution")
        assert (await stated(listed, ENTITIES, school, HOUSING)).status_code == 201
        assert await departments(listed, f"{ENTITIES}/{INSTITUTION}") == {HOUSING}


class TestPersons:
    async def test_begin_on_the_polices_word_alone(self, listed: ServiceUnderTest) -> None:
        """Housing is in nobody's way: the police register her after that, and nothing needs to be decided."""
        refused = await stated(listed, PERSONS, person_draft(), HOUSING)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-the-source")
        person = await register(listed)
        assert await departments(listed, f"{PERSONS}/{person}") == {POLICE}

    async def test_who_may_not_register_is_not_told_who_is_registered(self, listed: ServiceUnderTest) -> None:
        await register(listed)
        answers = [
            await stated(listed, PERSONS, person_draft(id_number=number), HOUSING)
            for number in ("131102198503150049", OTHER)
        ]
        assert [one.json()["type"] for one in answers] == ["/problems/not-the-source"] * 2

    async def test_what_another_department_is_the_source_of_is_left_to_it(self, listed: ServiceUnderTest) -> None:
        await name(listed, "phone", HOUSING)
        refused = await stated(listed, PERSONS, person_draft(), POLICE)
        assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (409, ["/body/phone"])
        person = await register(listed, phone=None)
        said = {"registry": "population", "subject": str(person), "field": "phone", "value": "13900000007"}
        answer = await stated(listed, f"{FLOOR}/statements", said, HOUSING)
        assert answer.json()["said"] == "adopted"

    @pytest.mark.parametrize("field", ["sex", "birth_date", "state"])
    async def test_nor_does_a_number_tell_what_is_anothers_to_say(self, city: ServiceUnderTest, field: str) -> None:
        await name(city, field, HOUSING)
        refused = await stated(city, PERSONS, person_draft(), POLICE)
        assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (409, ["/body"])
        assert field in refused.json()["errors"][0]["message"]

    async def test_a_source_counts_from_its_day_on(self, city: ServiceUnderTest) -> None:
        await name(city, "name", HOUSING, valid_from="2099-01-01")
        await register(city)

    async def test_nobody_else_becomes_a_guardian_on_anothers_word(self, city: ServiceUnderTest) -> None:
        guardian = await register(city)
        ward = await register(city, name="王小禾", id_number=CHILD)
        await name(city, "relations", POLICE)
        relation = {"kind": "guardian", "other": str(ward), "true_from": "2016-02-29"}
        path = f"{PERSONS}/{guardian}/relations"
        assert (await stated(city, path, relation, HOUSING)).json()["type"] == "/problems/not-the-source"
        assert (await stated(city, path, relation, POLICE)).status_code == 201


class TestNames:
    @pytest.mark.parametrize("whole", ["王\U0002ebf0", "李\U00031350", "\U000323af·买买提"])
    async def test_of_late_extensions_of_unicode_are_registered_and_found(
        self, city: ServiceUnderTest, whole: str
    ) -> None:
        person = await register(city, name=whole)
        for clue in ("name", "name_contains"):
            body = {"purpose": "public-service", clue: whole}
            found = await city.client.post(SEARCHES, json=body, headers=city.token([PEOPLE]))
            assert [one["person"] for one in found.json()["items"]] == [str(person)], clue

    async def test_of_one_character_are_found_whole(self, city: ServiceUnderTest) -> None:
        person = await register(city, name="张")
        await register(city, name="张伟", id_number=OTHER)
        body = {"purpose": "public-service", "name": "张"}
        found = await city.client.post(SEARCHES, json=body, headers=city.token([PEOPLE]))
        assert [one["person"] for one in found.json()["items"]] == [str(person)]

    @pytest.mark.parametrize("clue", [{"name_contains": "张"}, {"name": " "}, {"name": ""}])
    async def test_no_part_of_one_character_is_looked_for(self, city: ServiceUnderTest, clue: dict[str, str]) -> None:
        """It would be a third of a county; what is wanted is said in the language that was asked for."""
        body = {"purpose": "public-service"} | clue
        found = await city.client.post(SEARCHES, json=body, headers=city.token([PEOPLE]))
        (error,) = found.json()["errors"]
        assert found.status_code == 422
        assert not {*"abcdefghijklmnopqrstuvwxyz"} & {*error["message"]}
