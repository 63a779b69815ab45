"""Which departments of the sample city are the source of which fields 数源清单."""

from datetime import date

from citykit.work import Work
from data_hub.registries.changes.domain import FIRM_FIELDS
from data_hub.registries.population.domain import PersonField
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.schemas import SourceNaming, SourceQuery
from data_hub.registries.sources.service import Sources
from data_hub.sample.personas import LOADER, MARKET, POLICE

_BASIS = "《政务数据共享条例》（国务院令第809号）一数一源；示例城市的约定"
_SINCE = date(2025, 8, 1)


async def load_sources(work: Work) -> None:
    """Name the police for all fields of persons, market supervision for those of firms; what is named stays."""
    sources = Sources(work)
    if (await sources.listed(SourceQuery(limit=1))).items:
        return
    persons = [(Registry.population, field.value, "", POLICE, "衡水市公安局") for field in PersonField]
    firms = [(Registry.legal_entities, field, "9", MARKET, "衡水市市场监督管理局") for field in sorted(FIRM_FIELDS)]
    for registry, field, registrar, department, name in (*persons, *firms):
        naming = SourceNaming(
            registry=registry, field=field, registrar=registrar, valid_from=_SINCE, department=department,
            department_name=name, legal_basis=_BASIS,
        )  # fmt: skip
        await sources.name(naming, by=LOADER)
