"""The registries that values belong to, and who among many registrars keeps a record; without I/O."""

from enum import StrEnum


class Registry(StrEnum):
    """A basic registry 基础库 whose values have sources."""

    population = "population"  # 人口库
    legal_entities = "legal-entities"  # 法人库


ANY = ""
# What a record begins with though nobody states it by itself: that it stands, and what an identification number tells.
IMPLIED = {
    Registry.population: frozenset({"sex", "birth_date", "state"}),
    Registry.legal_entities: frozenset({"state"}),
}


def registrar_of(registry: Registry, subject: str) -> str:
    """Who keeps the record, as far as its number says: the first character of a firm's code (GB 32100), else nobody.

    Firms (9) are market supervision's, institutions (1) the establishment office's, associations (5) civil affairs'.
    """
    return subject[:1] if registry is Registry.legal_entities else ANY
