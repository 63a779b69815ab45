"""Which fields can be followed, without I/O."""

from data_hub.registries.purposes.domain import Purpose
from data_hub.registries.sources.domain import Registry

FIRM_FIELDS = frozenset({
    "name", "state", "legal_form", "division_code", "address", "established_on", "representative_name", "capital_fen",
    "scope",
})  # fmt: skip
_POPULATION, _ENTITIES = "data-hub.population.read", "data-hub.registries.read"
NEEDED = {Registry.population: _POPULATION, Registry.legal_entities: _ENTITIES}


def beyond(registry: Registry, fields: list[str], purpose: Purpose | None) -> list[str]:
    """The fields that may not be followed: unknown ones, and those of a person that the purpose may not see."""
    allowed = FIRM_FIELDS if registry is Registry.legal_entities else frozenset(purpose.fields if purpose else ())
    return [field for field in fields if field not in allowed]
