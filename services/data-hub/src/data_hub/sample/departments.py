"""The departments of the sample city in its registry of legal entities, where anybody finds what a code is called."""

from collections.abc import Mapping
from datetime import date

from citykit.work import Work
from data_hub.registries.legal_entities.domain import LegalForm
from data_hub.registries.legal_entities.schemas import EntityDraft
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.schemas import SourceDraft
from data_hub.sample.catalogue import DATA, NAMES
from data_hub.sample.personas import LOADER

_SINCE = date(2019, 1, 1)  # invented, as everything of the sample


async def load_departments(work: Work, names: Mapping[str, str] = NAMES) -> None:
    """Register the departments of these codes and names; those who are registered already stay as they are."""
    entities = LegalEntities(work)
    known = await entities.known(names.keys())
    for code, name in names.items():
        if code not in known:
            draft = EntityDraft(
                uscc=code, name=name, legal_form=LegalForm.agency, division_code="131102", established_on=_SINCE,
                source=SourceDraft(department=DATA, batch="sample"),
            )  # fmt: skip
            await entities.register(draft, by=LOADER, sample=True)
