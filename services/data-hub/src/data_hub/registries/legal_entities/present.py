"""What the present row of a legal entity holds of its values, and one as it would be entered; without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from data_hub.bigrams import bigrams, search_key
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.legal_entities.models import LegalEntityRow
from data_hub.registries.matching.entities import entity_tokens
from data_hub.registries.population.domain import mask_name
from data_hub.registries.provenance import Value
from data_hub.registries.schemas import SourceDraft

FirstValues = dict[str, tuple[str | None, bytes | None, date]]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An entity that may be entered: its columns, and its first values (text, None, the day since when)."""

    row: Mapping[str, Any]
    values: FirstValues
    source: SourceDraft

    @property
    def uscc(self) -> str:
        """Its code."""
        return str(self.row["uscc"])

    @property
    def representative(self) -> str | None:
        """The person who represents it, where she is named by number."""
        person = self.row["legal_representative"]
        return None if person is None else str(person)


def told_of(row: LegalEntityRow) -> dict[str, Any]:
    """What is told of an entity that changed."""
    return {name: getattr(row, name) for name in ("uscc", "state", "name", "division_code")}


def columns(field: EntityField, text: str | None) -> dict[str, Any]:
    """What a field's value is in the columns of the present row."""
    if field is EntityField.established_on:
        return {"established_on": date.fromisoformat(text or "")}
    if field is EntityField.capital_fen:
        return {"capital_fen": None if text is None else int(text)}
    if field is EntityField.legal_representative:
        return {"legal_representative": None if text is None else UUID(text)}
    if field is EntityField.representative_name:
        return {"representative_name": text, "representative_shown": None if text is None else mask_name(text)}
    return {field.value: text}


def former_names(known: list[Value], present: Value) -> list[str]:
    """The names that were true before the present one, oldest first, each once."""
    earlier = [v.text for v in known if v.true.start < present.true.start and v.text and v.text != present.text]
    return list(dict.fromkeys(earlier))


def names(name: str, former: list[str]) -> dict[str, Any]:
    """The columns that find an entity by its present and its former names."""
    keys = [search_key(one) for one in (name, *former)]
    return {
        "name": name, "former_names": former, "name_keys": keys, "name_bigrams": bigrams(*keys),
        "match_keys": entity_tokens(keys),
    }  # fmt: skip
