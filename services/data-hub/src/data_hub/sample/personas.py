"""The personas of the sample city as persons of the registry, the guardian's child, the legal representative's firm."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.registries.legal_entities.domain import LegalForm
from data_hub.registries.legal_entities.repository import Entities
from data_hub.registries.legal_entities.schemas import EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.domain import RelationKind
from data_hub.registries.population.repository import Persons
from data_hub.registries.population.schemas import PersonDraft, RelationDraft
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft

LOADER = Actor(subject="data-hub", kind=ActorKind.service)
POLICE = "11131100MB0H00049H"  # the sample's police, which keeps the population
MARKET = "11131100MB0H00057C"  # the sample's market supervision, which keeps the firms
_HOME = "131102001045"


async def load_personas(work: Work) -> None:
    """Register the personas; those who are registered already stay as they are."""
    folder = work.settings.sample_dir
    if folder is None:
        raise FileNotFoundError("SAMPLE_DIR is not set")
    personas = json.loads((folder / "personas.json").read_text(encoding="utf-8"))["personas"]
    for persona in personas:
        await _register(work, persona, persona.get("phone"))
        for child in persona.get("children", ()):
            await _register(work, child, None)
            await _relate(work, UUID(persona["person"]), UUID(child["person"]))
        if "firm" in persona:
            await _found(work, persona)


async def _register(work: Work, who: dict[str, Any], phone: str | None) -> None:
    if await Persons(work).one(UUID(who["person"])) is not None:
        return
    draft = PersonDraft(
        name=who["name"], id_number=who["id_number"], ethnicity="汉族", division_code=_HOME,
        address="河北省衡水市桃城区示例路1号", phone=phone, source=SourceDraft(department=POLICE, batch="sample"),
    )  # fmt: skip
    await Population(work).register(draft, by=LOADER, person=UUID(who["person"]), sample=True)


async def _relate(work: Work, guardian: UUID, ward: UUID) -> None:
    row, child = await Persons(work).locked(guardian), await Persons(work).one(ward)
    assert row is not None
    assert child is not None  # both were registered a line before
    source = SourceDraft(department=POLICE, batch="sample")
    draft = RelationDraft(kind=RelationKind.guardian, other=ward, true_from=child.birth_date, source=source)
    await Population(work).relate(row, draft, by=LOADER)


async def _found(work: Work, persona: dict[str, Any]) -> None:
    firm = persona["firm"]
    if await Entities(work).one(firm["uscc"]) is not None:
        return
    draft = EntityDraft(
        uscc=firm["uscc"], name=firm["name"], legal_form=LegalForm.limited_company, division_code="131102",
        established_on=date(2016, 3, 1), address="河北省衡水市桃城区示例工业园1号",
        legal_representative=UUID(persona["person"]), representative_name=persona["name"], capital_fen=500_000_000,
        scope="橡塑制品的制造与销售（示例）", source=SourceDraft(department=MARKET, batch="sample"),
    )  # fmt: skip
    await LegalEntities(work).register(draft, by=LOADER, sample=True)
