"""Who died or was struck off gets nothing certified any more: not at issue, not at renewal, not in a batch."""

from datetime import date
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.licences.errors import HolderCeased
from data_hub.registries.legal_entities.domain import EntityState, LegalForm
from data_hub.registries.legal_entities.schemas import Cessation, EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.schemas import Death
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft

from .factories import FIRM, FIRM_TYPE, LI, LI_PERSON, MARKET, POLICE, SYSTEM, TYPE, WANG, Desk

CEASED = f"/problems/{HolderCeased.slug}"
FIRM_NAME = "衡水示例橡塑有限公司"


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    city.clock.set(at("2026-11-20T10:00:00+08:00"))
    return Desk(city)


async def died(desk: Desk) -> None:
    death = Death(died_on=date(2026, 11, 19), source=SourceDraft(department=POLICE, batch="d"))
    async with desk.city.work() as work:
        population = Population(work)
        await population.record_death(await population.locked(LI_PERSON), death, by=SYSTEM)


async def founded(desk: Desk) -> None:
    draft = EntityDraft(
        uscc=FIRM, name=FIRM_NAME, legal_form=LegalForm.limited_company, division_code="131102001045",
        established_on=date(2020, 1, 2), source=SourceDraft(department=MARKET, batch="f"),
    )  # fmt: skip
    async with desk.city.work() as work:
        await LegalEntities(work).register(draft, by=SYSTEM)


async def ended(desk: Desk, state: EntityState) -> None:
    cessation = Cessation(
        state=state, ceased_on=date(2026, 11, 19), source=SourceDraft(department=MARKET, batch="c")
    )  # fmt: skip
    async with desk.city.work() as work:
        entities = LegalEntities(work)
        await entities.cease(await entities.locked(FIRM), cessation, by=SYSTEM)


async def firms_licence(desk: Desk, **more: Any) -> Any:
    return await desk.draft(type_code=FIRM_TYPE, person=None, organisation={"name": FIRM_NAME, "uscc": FIRM}, **more)


class TestPersons:
    async def test_a_dead_persons_licence_is_not_renewed_and_stays_as_it_was(self, desk: Desk) -> None:
        licence = await desk.issued(valid_from="2025-12-15")
        await died(desk)
        refused = await desk.post(f"/{licence['id']}/renewals", {})
        assert (refused.status_code, refused.json()["type"]) == (409, CEASED)
        read = (await desk.get(f"/{licence['id']}")).json()
        assert (read["status"], read["version"]) == ("valid", 1)
        assert (await desk.act(licence, "revocations")).status_code == 200, "what is left to do with it"

    async def test_nothing_is_issued_to_her(self, desk: Desk) -> None:
        await desk.person()
        await desk.type()
        await died(desk)
        assert (await desk.draft()).json()["type"] == CEASED
        assert (await desk.draft(WANG)).status_code == 201, "of whom the registry does not know it says nothing"

    async def test_her_line_of_a_batch_is_named_and_the_others_are_issued(self, desk: Desk) -> None:
        await desk.person()
        await desk.type()
        await died(desk)
        lines = [f"{name},{number},餐饮,2026-11-01" for name, number in (LI, WANG)]
        file = "\n".join(["holder_name,holder_number,trade,examined_on", *lines]).encode()
        headers = desk.issuer | {"Content-Type": "text/csv"}
        made = (await desk.send("POST", f"/batches?type_code={TYPE}", headers, content=file)).json()
        await desk.city.drain()
        assert (await desk.get(f"/batches/{made['id']}")).json()["issued"] == 1
        (fault,) = (await desk.get(f"/batches/{made['id']}/faults")).json()["items"]
        assert fault == {"line": 2, "faults": [{"field": "holder_number", "code": "ceased"}]}


class TestFirms:
    @pytest.mark.parametrize("state", [EntityState.deregistered, EntityState.revoked])
    async def test_one_that_was_struck_off_gets_none_and_renews_none(self, desk: Desk, state: EntityState) -> None:
        await founded(desk)
        await desk.type(code=FIRM_TYPE, holder_kind="organisation")
        licence = (await firms_licence(desk, valid_from="2025-12-15")).json()
        await ended(desk, state)
        assert (await desk.post(f"/{licence['id']}/renewals", {})).json()["type"] == CEASED
        assert (await firms_licence(desk)).json()["type"] == CEASED

    async def test_one_that_moved_out_goes_on_elsewhere(self, desk: Desk) -> None:
        await founded(desk)
        await desk.type(code=FIRM_TYPE, holder_kind="organisation")
        licence = (await firms_licence(desk, valid_from="2025-12-15")).json()
        await ended(desk, EntityState.moved_out)
        assert (await desk.post(f"/{licence['id']}/renewals", {})).status_code == 201
