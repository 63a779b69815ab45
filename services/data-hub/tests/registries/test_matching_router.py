"""Persons and legal entities found in spite of a slip, each with what agrees; masked, by purpose, on the log."""

from typing import Any

import pytest
from sqlalchemy import text

from citykit.identifiers.gb11643 import check_character
from citykit.testing import ServiceUnderTest
from data_hub.sample.invention import invent_entity

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    OTHER,
    PEOPLE,
    PERSONS,
    READ,
    correction,
    register,
    register_firm,
    stating,
)

MATCHES = "/api/data-hub/v1/population/matches"
NUMBER = "131102198503150049"


async def persons(city: ServiceUnderTest, **clues: Any) -> Any:
    body = {"purpose": "household-registration"} | clues
    return await city.client.post(MATCHES, json=body, headers=city.token([PEOPLE]))


async def firms(city: ServiceUnderTest, **clues: Any) -> Any:
    return await city.client.post(f"{ENTITIES}/matches", json=clues, headers=city.token([READ]))


def agreement(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {clue["field"]: clue["how"] for clue in answer.json()["items"][0]["agreement"]}


class TestPersons:
    @pytest.mark.parametrize(
        ("clues", "how"),
        [
            ({"id_number": NUMBER}, {"id_number": "exact"}),
            ({"id_number": "131102198503150094"}, {"id_number": "swapped"}),
            ({"id_number": "131102198503160049"}, {"id_number": "one-character"}),
            ({"id_number": NUMBER[:-1]}, {"id_number": "missing-character"}),
            ({"name": "李秀英"}, {"name": "exact"}),
            ({"name": "李秀鹰"}, {"name": "homophone"}),
            ({"name": "李秀梅"}, {"name": "one-character"}),
            ({"name": "李秀梅", "birth_date": "1985-03-15"}, {"name": "one-character", "birth_date": "exact"}),
            ({"name": "李秀英", "birth_date": "1985-03-16"}, {"name": "exact", "birth_date": "one-digit"}),
            ({"name": "李英", "division_code": "131102"}, {"name": "one-character", "division_code": "within"}),
            ({"name": "李秀英", "sex": "female"}, {"name": "exact", "sex": "exact"}),
        ],
    )
    async def test_are_found_in_spite_of_a_slip(
        self, city: ServiceUnderTest, clues: dict[str, Any], how: dict[str, str]
    ) -> None:
        person = await register(city)
        await register(city, id_number=OTHER, name="王大明")
        answer = await persons(city, **clues)
        assert agreement(answer) == how
        assert [one["person"]["person"] for one in answer.json()["items"]] == [str(person)]
        assert answer.json()["items"][0]["person"]["name"] == "李*英"

    @pytest.mark.parametrize(
        "more", [{}, {"birth_date": "1985-03-15"}, {"division_code": "131102"}, {"id_number": NUMBER}]
    )
    async def test_a_name_of_one_character_brings_those_called_by_it_and_no_crowd(
        self, city: ServiceUnderTest, more: dict[str, Any]
    ) -> None:
        """Hundreds in a county are called 李 and one character more: they agree in nothing that was said."""
        for serial, character in enumerate("伟芳静丽明"):
            number = f"131102199001010{serial}2"
            await register(city, name=f"李{character}", id_number=number + check_character(number))
        person = await register(city, name="李")
        answer = await persons(city, name="李", **more)
        assert agreement(answer)["name"] == "exact"
        assert [one["person"]["person"] for one in answer.json()["items"]] == [str(person)]
        assert answer.json()["cut"] is False

    async def test_the_one_that_is_meant_is_found_among_all_those_that_are_called_alike(
        self, city: ServiceUnderTest
    ) -> None:
        """Thirty share a part of the distinctive part, more than are looked at; those who agree in more are told."""
        crowd = "伟芳静丽明超英华玉红志文国建军海波涛宁峰磊洋艳勇杰娟秀霞兰梅"
        for number, character in enumerate(crowd):
            await register_firm(city, uscc=invent_entity(number).uscc, name=f"衡水冀州思{character}丝网有限公司")
        other = invent_entity(len(crowd)).uscc
        await register_firm(city, name="衡水安平思远丝网有限公司")
        await register_firm(
            city, uscc=other, name="衡水饶阳思源丝网商店", division_code="131124", established_on="1999-09-09"
        )
        misspelt = (await firms(city, name="衡水安平思鑫丝网有限公司")).json()
        assert [one["entity"]["uscc"] for one in misspelt["items"]] == [FIRM]
        assert (await firms(city, name="思鑫丝网")).json()["cut"] is True
        for clue in ({"division_code": "131124"}, {"established_on": "1999-09-09"}):
            narrowed = (await firms(city, name="思鑫丝网", **clue)).json()
            assert narrowed["items"][0]["entity"]["uscc"] == other
            assert {"field": "name", "how": "distinctive-part-one-character"} in narrowed["items"][0]["agreement"]

    async def test_by_a_former_name(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        body = correction("name", "李梦瑶", true_from="2020-01-01")
        await city.client.post(f"{PERSONS}/{person}/corrections", json=body, headers=stating(city, body))
        assert agreement(await persons(city, name="李秀英")) == {"name": "former-name"}
        assert agreement(await persons(city, name="李梦瑶")) == {"name": "exact"}

    async def test_the_likeliest_comes_first(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register(city, id_number=OTHER)
        answer = (await persons(city, name="李秀英", birth_date="1985-03-15", sex="female")).json()
        assert answer["items"][0]["person"]["person"] == str(person)
        assert answer["items"][0]["score"] == 1
        assert answer["items"][-1]["score"] < 1

    async def test_every_candidate_finds_it_in_her_log(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await persons(city, name="李秀鹰")
        async with city.work() as work:
            found = await work.session.execute(text("select person, action from personal_access"))
            assert [row.person for row in found if "模糊比对" in row.action] == [f"person:{person}"]

    async def test_many_of_one_name_are_cut(self, city: ServiceUnderTest) -> None:
        await register(city)
        await register(city, id_number=OTHER)
        answer = (await persons(city, name="李秀英", limit=1)).json()
        assert (len(answer["items"]), answer["cut"]) == (1, True)

    async def test_a_slip_is_looked_for_where_too_few_carry_the_very_name(self, city: ServiceUnderTest) -> None:
        await register(city, name="李秀梅")
        await register(city, id_number=OTHER)
        for limit, hows in ((1, ["exact"]), (2, ["exact", "one-character"])):
            told = (await persons(city, name="李秀英", limit=limit)).json()["items"]
            assert [one["agreement"][0]["how"] for one in told] == hows

    async def test_who_carries_the_name_and_not_the_number_is_nobody(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register(city, id_number=OTHER)
        answer = (await persons(city, id_number="131102198503150094", name="李秀英")).json()
        assert [one["person"]["person"] for one in answer["items"]] == [str(person)]
        assert answer["cut"] is False

    async def test_nobody_is_made_up(self, city: ServiceUnderTest) -> None:
        await register(city)
        assert (await persons(city, name="欧阳致远")).json() == {"items": [], "cut": False}
        assert (await persons(city, id_number="130000190001010014")).json()["items"] == []

    @pytest.mark.parametrize(
        ("clues", "slug"),
        [
            ({}, "nothing-to-search"),
            ({"birth_date": "1985-03-15"}, "nothing-to-search"),
            ({"purpose": "curiosity", "name": "李秀英"}, "unknown-purpose"),
            ({"purpose": "compliance-audit", "name": "李秀英", "birth_date": "1985-03-15"}, "beyond-purpose"),
            ({"name": "\u3000"}, None),
            ({"name": "李秀英", "limit": 51}, None),
            ({"name": "李秀英", "division_code": "999999"}, None),
            ({"name": "李秀英", "birth_date": "1985-02-30"}, None),
            ({"name": "李秀英", "colour": "red"}, None),
        ],
    )
    async def test_bad_input(self, city: ServiceUnderTest, clues: dict[str, Any], slug: str | None) -> None:
        answer = await persons(city, **clues)
        assert answer.status_code == 422
        assert slug is None or answer.json()["type"] == f"/problems/{slug}"

    @pytest.mark.parametrize("name", ["\x00\x00", "%%", "李'; drop table person --", "𠀀𠀁", "😀李"])
    async def test_strange_names_find_nobody(self, city: ServiceUnderTest, name: str) -> None:
        await register(city)
        assert (await persons(city, name=name)).status_code in {200, 422}

    async def test_want_their_scope(self, city: ServiceUnderTest) -> None:
        body = {"purpose": "public-service", "name": "李秀英"}
        assert (await city.client.post(MATCHES, json=body, headers=city.token([READ]))).status_code == 403
        assert (await city.client.post(MATCHES, json=body)).status_code == 401


class TestFirms:
    @pytest.mark.parametrize(
        ("clues", "how"),
        [
            ({"uscc": FIRM}, {"uscc": "exact"}),
            ({"uscc": "91131102MA07XY3K49"}, {"uscc": "swapped"}),
            ({"name": "衡水示例橡塑制品有限公司"}, {"name": "exact"}),
            ({"name": "示例橡塑制品"}, {"name": "distinctive-part"}),
            ({"name": "衡水市示例橡塑制品股份有限公司"}, {"name": "distinctive-part"}),
            ({"name": "衡水示例橡胶制品有限公司"}, {"name": "one-character"}),
            ({"name": "衡水事例橡塑制品有限公司"}, {"name": "homophone"}),
            (
                {"name": "示例橡塑制品", "established_on": "2016-03-01", "division_code": "131102"},
                {"name": "distinctive-part", "established_on": "exact", "division_code": "within"},
            ),
        ],
    )
    async def test_are_found_in_spite_of_a_slip(
        self, city: ServiceUnderTest, clues: dict[str, Any], how: dict[str, str]
    ) -> None:
        await register_firm(city)
        await register_firm(city, uscc="92131121MA0AB12CXD", name="枣强皮毛经营部", legal_form="individual-business")
        answer = await firms(city, **clues)
        assert agreement(answer) == how
        assert [one["entity"]["uscc"] for one in answer.json()["items"]] == [FIRM]

    async def test_by_a_former_name(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        body = correction("name", "河北新材料有限公司", true_from="2020-01-01", source={"department": MARKET})
        await city.client.post(f"{ENTITIES}/{FIRM}/corrections", json=body, headers=stating(city, body))
        assert agreement(await firms(city, name="衡水示例橡塑制品有限公司")) == {"name": "former-name"}

    async def test_the_very_name_comes_first_among_more_of_one_distinctive_part_than_are_told(
        self, city: ServiceUnderTest
    ) -> None:
        for number, place in enumerate(("枣强", "武邑", "武强", "饶阳", "安平")):
            await register_firm(city, uscc=invent_entity(number).uscc, name=f"衡水{place}示例橡塑制品有限公司")
        await register_firm(city)
        body = correction("name", "河北新材料有限公司", true_from="2020-01-01", source={"department": MARKET})
        await city.client.post(f"{ENTITIES}/{FIRM}/corrections", json=body, headers=stating(city, body))
        answer = (await firms(city, name="衡水示例橡塑制品有限公司", limit=3)).json()
        hows = [one["agreement"][0]["how"] for one in answer["items"]]
        assert (hows, answer["cut"]) == (["former-name", "distinctive-part", "distinctive-part"], True)
        assert answer["items"][0]["entity"]["uscc"] == FIRM

    async def test_what_ceased_is_found_with_its_state(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        body = {"state": "deregistered", "ceased_on": "2024-01-01", "source": {"department": MARKET}}
        await city.client.post(f"{ENTITIES}/{FIRM}/cessations", json=body, headers=stating(city, body))
        answer = await firms(city, name="示例橡塑制品")
        assert answer.json()["items"][0]["entity"]["state"] == "deregistered"

    @pytest.mark.parametrize("clues", [{}, {"division_code": "131102"}, {"uscc": "1"}, {"name": "衡"}, {"x": 1}])
    async def test_bad_input(self, city: ServiceUnderTest, clues: dict[str, Any]) -> None:
        assert (await firms(city, **clues)).status_code == 422

    async def test_want_their_scope(self, city: ServiceUnderTest) -> None:
        answer = await city.client.post(f"{ENTITIES}/matches", json={"uscc": FIRM}, headers=city.token([PEOPLE]))
        assert answer.status_code == 403
