"""The legal-entity registry as officials, partners and the services of the city meet it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest, at
from data_hub.registries.legal_entities.schemas import LegalEntity, LegalEntityBrief

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    READ,
    correction,
    entity_draft,
    register,
    register_firm,
    stating,
)

MESH = "/internal/data-hub/v1/registries/legal-entities"
BANK = "92131121MA0AB12CXD"
VILLAGE = "N2131102MF1234567R"


async def one(city: ServiceUnderTest, uscc: str = FIRM) -> dict[str, Any]:
    answer = await city.client.get(f"{ENTITIES}/{uscc}", headers=city.token([READ]))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def found(city: ServiceUnderTest, **query: str) -> list[str]:
    answer = await city.client.get(ENTITIES, params=query, headers=city.token([READ]))
    assert answer.status_code == 200, answer.text
    return [item["uscc"] for item in answer.json()["items"]]


async def correct(city: ServiceUnderTest, body: dict[str, Any], uscc: str = FIRM) -> Any:
    body = body | {"source": body["source"] | {"department": MARKET}}
    return await city.client.post(f"{ENTITIES}/{uscc}/corrections", json=body, headers=stating(city, body))


async def cease(city: ServiceUnderTest, state: str, day: str) -> Any:
    body = {"state": state, "ceased_on": day, "source": {"department": MARKET}}
    return await city.client.post(f"{ENTITIES}/{FIRM}/cessations", json=body, headers=stating(city, body))


class TestRegisterEntity:
    async def test_answers_the_record(self, city: ServiceUnderTest) -> None:
        draft = entity_draft()
        answer = await city.client.post(ENTITIES, json=draft, headers=stating(city, draft))
        assert answer.status_code == 201
        made = answer.json()
        assert (made["state"], made["representative_name"], made["former_names"]) == ("active", "张*", [])

    async def test_tells_enterprise(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        (event,) = await city.events("cn.hengshui.data-hub.legal-entity.changed.v1")
        assert (event.data["uscc"], event.data["state"]) == (FIRM, "active")

    async def test_takes_the_codes_of_villages(self, city: ServiceUnderTest) -> None:
        assert await register_firm(city, uscc=VILLAGE, legal_form="village-collective") == VILLAGE

    async def test_once(self, city: ServiceUnderTest) -> None:
        draft = entity_draft()
        sent = [city.client.post(ENTITIES, json=draft, headers=stating(city, draft)) for _ in range(2)]
        assert sorted(answer.status_code for answer in await asyncio.gather(*sent)) == [201, 409]

    async def test_a_representative_is_a_person_of_the_registry(self, city: ServiceUnderTest) -> None:
        body = entity_draft(legal_representative=str(uuid4()))
        answer = await city.client.post(ENTITIES, json=body, headers=stating(city, body))
        assert answer.json()["type"] == "/problems/unknown-representative"

    @pytest.mark.parametrize(
        "change",
        [
            {"uscc": "91131102MA07XY3K81"},
            {"name": "衡\x00水"},
            {"name": "衡" * 201},
            {"established_on": "2025-02-29"},
            {"established_on": "2999-01-01"},
            {"capital_fen": "500"},
            {"capital_fen": -1},
            {"capital_fen": 2**60},
            {"capital_fen": 1.5},
            {"legal_form": "unlimited"},
            {"division_code": "999999"},
            {"legal_representative": "x"},
            {"colour": "red"},
        ],
    )
    async def test_bad_input_leaves_no_row(self, city: ServiceUnderTest, change: dict[str, Any]) -> None:
        draft = entity_draft(**change)
        answer = await city.client.post(ENTITIES, json=draft, headers=stating(city, draft))
        assert answer.status_code == 422
        async with city.work() as work:
            assert await work.session.scalar(text("select count(*) from legal_entity")) == 0

    async def test_wants_its_scope(self, city: ServiceUnderTest) -> None:
        assert (await city.client.post(ENTITIES, json=entity_draft(), headers=city.token([READ]))).status_code == 403
        assert (await city.client.post(ENTITIES, json=entity_draft())).status_code == 401


class TestReadEntity:
    async def test_the_fast_answer_is_the_documented_one(self, city: ServiceUnderTest) -> None:
        await register_firm(city, address="河北省衡水市桃城区示例路1号", scope="橡塑制品\n销售")
        answer = await city.client.get(f"{ENTITIES}/{FIRM}", headers=city.token([READ]))
        assert list(answer.json()) == list(LegalEntity.model_fields)
        seen = LegalEntity.model_validate_json(answer.text)
        assert seen.model_dump(mode="json") == answer.json()

    async def test_a_client_with_the_scope_may_read(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        headers = city.token([READ], subject="bench", kind="client", assurance=0)
        assert (await city.client.get(f"{ENTITIES}/{FIRM}", headers=headers)).status_code == 200

    async def test_never_tells_the_representative_s_number(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register_firm(city, legal_representative=str(person))
        assert str(person) not in str(await one(city))

    async def test_unknown_and_impossible_codes(self, city: ServiceUnderTest) -> None:
        headers = city.token([READ])
        assert (await city.client.get(f"{ENTITIES}/{BANK}", headers=headers)).status_code == 404
        for code in ("91131102MA07XY3K81", "x", "%00" * 18, "1" * 900):
            assert (await city.client.get(f"{ENTITIES}/{code}", headers=headers)).status_code == 422

    async def test_wants_its_scope(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{ENTITIES}/{FIRM}", headers=city.token())).status_code == 403
        assert (await city.client.get(f"{ENTITIES}/{FIRM}")).status_code == 401


class TestListEntities:
    async def test_pages_by_code(self, city: ServiceUnderTest) -> None:
        codes = sorted(
            [await register_firm(city), await register_firm(city, uscc=BANK), await register_firm(city, uscc=VILLAGE)]
        )
        first = (await city.client.get(ENTITIES, params={"limit": 2}, headers=city.token([READ]))).json()
        assert [LegalEntityBrief(**item).uscc for item in first["items"]] == codes[:2]
        query = {"limit": 2, "after": first["next"]}
        second = (await city.client.get(ENTITIES, params=query, headers=city.token([READ]))).json()
        assert ([item["uscc"] for item in second["items"]], second["next"]) == (codes[2:], None)

    async def test_a_full_last_page_has_no_next(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        page = (await city.client.get(ENTITIES, params={"limit": 1}, headers=city.token([READ]))).json()
        assert page["next"] is None

    async def test_by_division_and_everything_within(self, city: ServiceUnderTest) -> None:
        await register_firm(city, division_code="131102001")
        await register_firm(city, uscc=BANK, division_code="131121")
        assert await found(city, division_code="131102") == [FIRM]
        assert await found(city, division_code="131102001") == [FIRM]
        assert await found(city, division_code="131102002") == []
        assert len(await found(city, division_code="1311")) == 2

    async def test_by_part_of_a_name(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        assert await found(city, name="橡塑") == [FIRM]
        assert await found(city, name="塑橡") == []
        assert await found(city, name="%%") == []

    async def test_a_former_name_finds_it_too(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await correct(city, correction("name", "河北新材料有限公司", true_from="2020-01-01"))
        assert await found(city, name="橡塑") == [FIRM]
        assert (await one(city))["former_names"] == ["衡水示例橡塑制品有限公司"]

    async def test_what_ceased_is_listed_with_its_state(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await cease(city, "deregistered", "2024-01-01")
        assert await found(city) == [FIRM]
        assert await found(city, state="active") == []
        assert await found(city, state="deregistered") == [FIRM]

    @pytest.mark.parametrize("cursor", ["zzz", "WzFd", "WyJcdTAwMDAiXQ"])
    async def test_a_foreign_cursor_is_refused(self, city: ServiceUnderTest, cursor: str) -> None:
        answer = await city.client.get(ENTITIES, params={"after": cursor}, headers=city.token([READ]))
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "201"},
            {"state": "asleep"},
            {"name": "橡"},
            {"division_code": "1"},
            {"division_code": "999999"},
        ],
    )
    async def test_bad_input(self, city: ServiceUnderTest, query: dict[str, str]) -> None:
        assert (await city.client.get(ENTITIES, params=query, headers=city.token([READ]))).status_code == 422

    async def test_an_unknown_parameter_is_refused(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(ENTITIES, params={"sort": "name"}, headers=city.token([READ]))
        assert answer.status_code == 400


class TestHistory:
    async def test_tells_the_state_as_known_on_a_day(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-01 09:00"))
        await register_firm(city)
        city.clock.set(at("2026-06-01 09:00"))
        await cease(city, "deregistered", "2026-04-01")
        path = f"{ENTITIES}/{FIRM}/values"

        async def state(**query: str) -> list[str]:
            items = (await city.client.get(path, params=query, headers=city.token([READ]))).json()["items"]
            return [item["value"] for item in items if item["field"] == "state"]

        assert await state(true_on="2026-05-01") == ["deregistered"]
        assert await state(true_on="2026-05-01", known_at="2026-05-01T00:00:00+08:00") == ["active"]
        assert await state(true_on="2026-03-15") == ["active"]

    async def test_masks_the_representative(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register_firm(city, legal_representative=str(person))
        answer = await city.client.get(f"{ENTITIES}/{FIRM}/values", headers=city.token([READ]))
        assert "张伟" not in answer.text
        assert str(person) not in answer.text

    async def test_of_nothing(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{ENTITIES}/{FIRM}/values", headers=city.token([READ]))).status_code == 404


class TestCorrectEntity:
    async def test_two_at_once_both_stay_in_the_history(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        answers = await asyncio.gather(
            *[correct(city, correction("name", f"衡水{n}有限公司")) for n in ("甲甲", "乙乙")]
        )
        assert [answer.status_code for answer in answers] == [201, 201]
        assert (await one(city))["version"] == 3
        assert (await one(city))["former_names"] == []

    async def test_of_two_with_one_version_one_is_stale(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        bodies = [correction("name", f"衡水{n}有限公司", version=1) for n in ("甲甲", "乙乙")]
        answers = await asyncio.gather(*[correct(city, body) for body in bodies])
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_an_amount_is_said_as_text(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        assert (await correct(city, correction("capital_fen", "100"))).json()["capital_fen"] == 100
        assert (await correct(city, correction("capital_fen", None))).json()["capital_fen"] is None

    async def test_the_past_may_be_told_later(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        body = correction("name", "衡水旧名有限公司", true_from="2016-03-01", true_to="2018-01-01")
        answer = (await correct(city, body)).json()
        assert (answer["name"], answer["former_names"]) == ("衡水示例橡塑制品有限公司", ["衡水旧名有限公司"])

    @pytest.mark.parametrize(
        "body",
        [
            correction("name", None),
            correction("capital_fen", "ten"),
            correction("legal_representative", str(uuid4())),
            correction("name", "衡水甲有限公司", true_from="2999-01-01"),
            correction("uscc", FIRM),
        ],
    )
    async def test_bad_input(self, city: ServiceUnderTest, body: dict[str, Any]) -> None:
        await register_firm(city)
        assert (await correct(city, body)).status_code == 422
        assert (await one(city))["version"] == 1

    async def test_of_nothing(self, city: ServiceUnderTest) -> None:
        assert (await correct(city, correction("name", "衡水甲有限公司"))).status_code == 404


class TestRecordCessation:
    async def test_revoked_then_deregistered(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        assert (await cease(city, "revoked", "2024-01-01")).json()["state"] == "revoked"
        assert (await cease(city, "deregistered", "2025-01-01")).json()["state_since"] == "2025-01-01"
        assert (await cease(city, "revoked", "2025-02-01")).status_code == 409

    async def test_two_at_once_one_is_refused(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        answers = await asyncio.gather(*[cease(city, "deregistered", "2024-01-01") for _ in range(2)])
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    @pytest.mark.parametrize("day", ["2015-01-01", "2999-01-01", "2024-02-30"])
    async def test_on_a_possible_day(self, city: ServiceUnderTest, day: str) -> None:
        await register_firm(city)
        assert (await cease(city, "deregistered", day)).status_code == 422


class TestForServices:
    async def test_reads_one(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        answer = await city.client.get(f"{MESH}/{FIRM}", headers=city.mesh_token("enterprise"))
        assert answer.json() == {
            "uscc": FIRM, "name": "衡水示例橡塑制品有限公司", "state": "active", "legal_form": "limited-company",
            "division_code": "131102", "established_on": "2016-03-01",
        }  # fmt: skip

    async def test_unknown_is_not_found(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{MESH}/{FIRM}", headers=city.mesh_token("gov-collab"))
        assert answer.status_code == 404

    async def test_other_callers_are_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{MESH}/{FIRM}", headers=city.mesh_token("city-ops"))).status_code == 403
        assert (await city.client.get(f"{MESH}/{FIRM}", headers=city.token([READ]))).status_code in {401, 403}

    async def ask(self, city: ServiceUnderTest, person: object, caller: str = "enterprise") -> Any:
        path = f"{MESH}/{FIRM}/representations"
        return await city.client.post(path, json={"person": str(person)}, headers=city.mesh_token(caller))

    async def test_says_who_represents(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register_firm(city, legal_representative=str(person))
        assert (await self.ask(city, person)).json() == {"represents": True, "role": "legal-representative"}
        assert (await self.ask(city, uuid4())).json() == {"represents": False, "role": None}

    async def test_nobody_represents_what_ceased(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        await register_firm(city, legal_representative=str(person))
        await cease(city, "deregistered", "2024-01-01")
        assert (await self.ask(city, person)).json()["represents"] is False

    async def test_only_enterprise_may_ask(self, city: ServiceUnderTest) -> None:
        assert (await self.ask(city, uuid4(), "gov-collab")).status_code == 403
        await register_firm(city)
        assert (await self.ask(city, "nobody")).status_code == 422
