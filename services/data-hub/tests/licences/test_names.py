"""A licence is for whom the registry knows by that number under that name, and nobody learns a name by trying."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest, at
from data_hub.licences.holders import same_name
from data_hub.registries.legal_entities.domain import EntityField, LegalForm
from data_hub.registries.legal_entities.schemas import EntityCorrection, EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.domain import PersonField
from data_hub.registries.population.schemas import Correction
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft

from .factories import FIRM, FIRM_TYPE, LI, LI_PERSON, MARKET, POLICE, SYSTEM, TYPE, WANG, Desk

OTHER = "/problems/licence-holder-name"
FIRM_NAME, NEW_NAME = "衡水示例（集团）橡塑有限公司", "衡水新示例橡塑有限公司"
NOT_HERS = ("张三丰", LI[1])


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    city.clock.set(at("2026-11-20T10:00:00+08:00"))
    return Desk(city)


async def founded(desk: Desk) -> None:
    draft = EntityDraft(
        uscc=FIRM, name=FIRM_NAME, legal_form=LegalForm.limited_company, division_code="131102001045",
        established_on=date(2020, 1, 2), source=SourceDraft(department=MARKET, batch="f"),
    )  # fmt: skip
    async with desk.city.work() as work:
        await LegalEntities(work).register(draft, by=SYSTEM)


async def firms_licence(desk: Desk, name: str, **more: Any) -> Any:
    return await desk.draft(type_code=FIRM_TYPE, person=None, organisation={"name": name, "uscc": FIRM}, **more)


async def compared(desk: Desk) -> list[tuple[str, str | None]]:
    """Whose log names a comparison, and which department's it was."""
    async with desk.city.work() as work:
        rows = await work.session.execute(
            text("select person, organisation from personal_access where action like '核对持证人姓名%'")
        )
        return [(row.person, row.organisation) for row in rows]


async def sent(desk: Desk, *holders: tuple[str, str]) -> dict[str, Any]:
    lines = [f"{name},{number},餐饮,2026-11-01" for name, number in holders]
    file = "\n".join(["holder_name,holder_number,trade,examined_on", *lines]).encode()
    headers = desk.issuer | {"Content-Type": "text/csv"}
    made = (await desk.send("POST", f"/batches?type_code={TYPE}", headers, content=file)).json()
    await desk.city.drain()
    return dict((await desk.get(f"/batches/{made['id']}")).json())


class TestOfAPerson:
    async def test_a_false_name_gets_none_and_tells_neither_the_right_one_nor_a_state(self, desk: Desk) -> None:
        await desk.person()
        await desk.type()
        refused = await desk.draft(NOT_HERS)
        assert (refused.status_code, refused.json()["type"]) == (409, OTHER)
        assert not set(LI[0]) & set(refused.text)
        assert (await desk.get("/own", desk.holder)).json()["items"] == []

    async def test_she_finds_in_her_log_who_tried_it_and_the_request_may_come_again(self, desk: Desk) -> None:
        await desk.person()
        await desk.type()
        once = desk.issuer | {"Idempotency-Key": "an-issue-once"}
        body = {
            "type_code": TYPE, "person": {"name": NOT_HERS[0], "id_number": NOT_HERS[1]},
            "claims": {"trade": "餐饮", "examined_on": "2026-11-01"},
        }  # fmt: skip
        for _ in range(2):
            assert (await desk.post("", body, once)).json()["type"] == OTHER
        assert await compared(desk) == [(f"person:{LI_PERSON}", MARKET)] * 2

    async def test_her_name_however_it_is_typed_is_written_as_in_the_registry(self, desk: Desk) -> None:
        await desk.person(("阿依·古丽", LI[1]))
        await desk.type()
        for typed in ("阿依•古丽", "阿依‧古丽", "阿依 · 古丽", "阿依．古丽"):
            answer = await desk.draft((typed, LI[1]))
            assert answer.status_code == 201, typed
            read = (await desk.get(f"/{answer.json()['id']}")).json()
            assert read["holder_name"] == "阿依·古丽"
        assert await compared(desk) == []

    async def test_of_whom_the_registry_does_not_know_every_name_is_taken(self, desk: Desk) -> None:
        await desk.type()
        assert (await desk.draft(NOT_HERS)).status_code == 201

    async def test_one_issued_before_her_registration_under_her_number_and_a_false_name_is_not_hers(
        self, desk: Desk
    ) -> None:
        await desk.type()
        assert (await desk.draft(NOT_HERS)).status_code == 201
        mine = (await desk.draft()).json()
        await desk.person()
        for _ in range(2):
            await desk.city.run_task("data-hub.licences.find-holders")
        assert [one["id"] for one in (await desk.get("/own", desk.holder)).json()["items"]] == [mine["id"]]

    async def test_a_licence_of_her_former_name_is_renewed_once_it_says_the_present_one(self, desk: Desk) -> None:
        licence = await desk.issued(valid_from="2025-12-15")
        correction = Correction(
            field=PersonField.name, value="李秀华", true_from=date(2026, 11, 2), source=SourceDraft(department=POLICE)
        )
        async with desk.city.work() as work:
            population = Population(work)
            await population.correct(await population.locked(LI_PERSON), correction, by=SYSTEM)
        refused = await desk.post(f"/{licence['id']}/renewals", {})
        assert (refused.status_code, refused.json()["type"]) == (409, OTHER)
        assert (await desk.get(f"/{licence['id']}")).json()["status"] == "valid"
        body = {"holder_name": "李秀华", "reason": "姓名变更"}
        amended = await desk.post(f"/{licence['id']}/amendments", body)
        assert amended.status_code == 201, amended.text
        assert (await desk.post(f"/{amended.json()['id']}/renewals", {})).status_code == 201

    async def test_lines_of_a_batch_are_named_and_logged_and_the_others_are_issued(self, desk: Desk) -> None:
        await desk.person()
        await desk.type()
        batch = await sent(desk, LI, NOT_HERS, WANG)
        assert (batch["issued"], batch["refused"]) == (2, 1)
        (fault,) = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
        assert fault == {"line": 3, "faults": [{"field": "holder_name", "code": "registry"}]}
        assert await compared(desk) == [(f"person:{LI_PERSON}", MARKET)]


class TestOfAFirm:
    async def test_another_name_under_its_code_gets_none(self, desk: Desk) -> None:
        await founded(desk)
        await desk.type(code=FIRM_TYPE, holder_kind="organisation")
        refused = await firms_licence(desk, "北京假冒有限公司")
        assert (refused.status_code, refused.json()["type"]) == (409, OTHER)

    async def test_brackets_and_spaces_make_no_other_name(self, desk: Desk) -> None:
        await founded(desk)
        await desk.type(code=FIRM_TYPE, holder_kind="organisation")
        for typed in ("衡水示例(集团)橡塑有限公司", "衡水示例〔集团〕橡塑 有限公司"):
            answer = await firms_licence(desk, typed)
            assert (answer.status_code, answer.json()["holder"]) == (201, FIRM_NAME)

    async def test_once_it_is_called_otherwise_its_present_name_counts(self, desk: Desk) -> None:
        await founded(desk)
        await desk.type(code=FIRM_TYPE, holder_kind="organisation")
        licence = (await firms_licence(desk, FIRM_NAME, valid_from="2025-12-15")).json()
        correction = EntityCorrection(
            field=EntityField.name, value=NEW_NAME, true_from=date(2026, 11, 2), source=SourceDraft(department=MARKET)
        )
        async with desk.city.work() as work:
            entities = LegalEntities(work)
            await entities.correct(await entities.locked(FIRM), correction, by=SYSTEM)
        assert (await firms_licence(desk, FIRM_NAME)).json()["type"] == OTHER
        assert (await desk.post(f"/{licence['id']}/renewals", {})).json()["type"] == OTHER
        assert (await firms_licence(desk, NEW_NAME)).status_code == 201


@pytest.mark.parametrize(("one", "other", "same"), [
    ("王　伟", "王伟", True), ("李○", "李〇", True), ("葛\U000e0100洪", "葛洪", True),
    ("ＡＢＣ（衡水）", "abc(衡水)", True),
    ("王伟", "王玮", False), ("衡水示例（集团）有限公司", "衡水示例有限公司", False), ("啟明", "启明", False),
])  # fmt: skip
def test_what_makes_another_name(one: str, other: str, *, same: bool) -> None:
    assert same_name(one, other) is same
