"""Two records of one firm become one, and registers that still go by a code or number that was given up."""

from typing import Any

from citykit.testing import ServiceUnderTest

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    OTHER_FIRM,
    READ,
    correction,
    entity_draft,
    register,
    register_firm,
    stating,
)
from .test_feeding import (
    LI,
    REGISTER,
    RUBBER,
    brought,
    fed,
    feeding,
    firms_feeding,
    last,
    seen,
)
from .test_merging import MERGERS, MISTYPED, merged

MATCHES = f"{ENTITIES}/matches"
INTERNAL = "/internal/data-hub/v1/registries/legal-entities"
PLASTICS = "衡水示例塑料制品有限公司"


async def merged_firms(city: ServiceUnderTest, subject: str = OTHER_FIRM, survivor: str = FIRM) -> dict[str, Any]:
    """Merge one firm's record into another one, later than everything that was done so far."""
    city.clock.advance(hours=1)
    body = {
        "registry": "legal-entities", "subject": subject, "survivor": survivor, "subject_version": 1,
        "survivor_version": 1, "legal_basis": "《市场主体登记管理条例》第二十四条", "source": {"department": MARKET},
    }  # fmt: skip
    answer = await city.client.post(MERGERS, json=body, headers=stating(city, body))
    assert answer.status_code == 201, answer.text
    city.clock.advance(hours=1)
    return dict(answer.json())


class TestTwoRecordsOfOneFirm:
    async def test_are_one_for_whoever_matches_lists_or_reads(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await register_firm(city, uscc=OTHER_FIRM, address="河北省衡水市桃城区工业路9号")
        reader = city.token([READ], department=MARKET)
        before = city.clock.now().isoformat()
        made = await merged_firms(city)
        assert (made["taken"], made["conflicts"]) == (["address"], [])
        found = await city.client.post(MATCHES, json={"name": entity_draft()["name"]}, headers=reader)
        assert [one["entity"]["uscc"] for one in found.json()["items"]] == [FIRM]
        listed = await city.client.get(ENTITIES, headers=reader)
        assert [one["uscc"] for one in listed.json()["items"]] == [FIRM]
        read = await city.client.get(f"{ENTITIES}/{FIRM}", headers=reader)
        assert read.json()["address"] == "河北省衡水市桃城区工业路9号"
        gone = await city.client.get(f"{ENTITIES}/{OTHER_FIRM}", headers=reader)
        assert (gone.status_code, gone.json()["survivor"]) == (410, FIRM)
        known = await city.client.get(f"{ENTITIES}/{OTHER_FIRM}/values", params={"known_at": before}, headers=reader)
        assert "address" in {one["field"] for one in known.json()["items"]}

    async def test_what_differs_is_a_conflict_but_for_who_represents_it_by_number(self, city: ServiceUnderTest) -> None:
        first, second = await register(city), await register(city, id_number=MISTYPED)
        await register_firm(city, legal_representative=str(first))
        await register_firm(city, uscc=OTHER_FIRM, name=PLASTICS, legal_representative=str(second))
        (conflict,) = (await merged_firms(city))["conflicts"]
        about = await city.client.get(f"{ENTITIES}/{FIRM}/conflicts", headers=city.token([READ]))
        assert [(one["conflict"], one["value"]) for one in about.json()["items"]] == [(conflict, PLASTICS)]

    async def test_its_old_code_is_followed_by_services_and_never_registered_anew(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await register_firm(city, uscc=OTHER_FIRM, name=PLASTICS)
        await merged_firms(city)
        brief = await city.client.get(f"{INTERNAL}/{OTHER_FIRM}", headers=city.mesh_token("enterprise"))
        assert (brief.json()["uscc"], brief.json()["name"]) == (FIRM, entity_draft()["name"])
        draft = entity_draft(uscc=OTHER_FIRM)
        again = await city.client.post(ENTITIES, json=draft, headers=stating(city, draft))
        assert (again.status_code, again.json()["survivor"]) == (410, FIRM)
        body = correction("name", "新名称", source={"department": MARKET})
        refused = await city.client.post(f"{ENTITIES}/{OTHER_FIRM}/corrections", json=body, headers=stating(city, body))
        assert refused.status_code == 410
        told = await city.events("cn.hengshui.data-hub.legal-entity.changed.v1")
        assert (told[-1].data["uscc"], told[-1].data["name"]) == (OTHER_FIRM, entity_draft()["name"])

    async def test_part_again_where_that_was_wrong(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await register_firm(city, uscc=OTHER_FIRM, name=PLASTICS, address="河北省衡水市桃城区工业路9号")
        made = await merged_firms(city)
        body = {"reason": "并非同一主体", "source": {"department": MARKET}}
        parted = await city.client.post(f"{MERGERS}/{made['merger']}/partings", json=body, headers=stating(city, body))
        assert parted.status_code == 201, parted.text
        reader = city.token([READ])
        back = (await city.client.get(f"{ENTITIES}/{OTHER_FIRM}", headers=reader)).json()
        assert (back["name"], back["address"], back["version"]) == (PLASTICS, "河北省衡水市桃城区工业路9号", 2)
        assert (await city.client.get(f"{ENTITIES}/{FIRM}", headers=reader)).json()["address"] is None
        found = await city.client.get(ENTITIES, params={"name": "塑料"}, headers=reader)
        assert [one["uscc"] for one in found.json()["items"]] == [OTHER_FIRM]


class TestRegistersThatStillGoByWhatWasGivenUp:
    async def test_hear_that_a_person_s_number_must_be_mended(self, city: ServiceUnderTest) -> None:
        wrong = await register(city, id_number=MISTYPED)
        right = await register(city)
        feed = await feeding(city)
        await merged(city, wrong, right)
        await brought(city, "203001-000081", [(MISTYPED, *LI[1:]), LI], "11131100MB0H00049H")
        await fed(city)
        assert await last(city, feed) == {"unchanged": 1, "refused": 1}
        (fault,) = (await seen(city, f"/api/data-hub/v1/registries/feeds/{feed}/faults"))["items"]
        assert (fault["field"], fault["code"]) == ("id_number", "record-merged")

    async def test_hear_that_a_firm_s_code_must_be_mended(self, city: ServiceUnderTest) -> None:
        await register_firm(city)
        await register_firm(city, uscc=OTHER_FIRM)
        feed = await firms_feeding(city)
        await merged_firms(city)
        await brought(city, REGISTER, [(OTHER_FIRM, *RUBBER[1:]), RUBBER], MARKET)
        await fed(city)
        headers = city.token(["data-hub.registries.supervise"], department="11131100MB0H00014Y")
        assert await last(city, feed, headers) == {"unchanged": 1, "refused": 1}
