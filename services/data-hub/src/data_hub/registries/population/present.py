"""What the present row of a person holds of her values, and a person as she would be entered; without I/O."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from data_hub.bigrams import bigrams, search_key
from data_hub.registries.matching.tokens import person_tokens
from data_hub.registries.population.domain import SEALED, PersonField, kept
from data_hub.registries.provenance import Value
from data_hub.registries.schemas import SourceDraft


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person who may be entered: her columns, her first values (text, sealed text, since when), her number's hash."""

    person: UUID
    index: bytes
    row: dict[str, Any]
    values: dict[str, tuple[str | None, bytes | None, date]]
    source: SourceDraft


def columns(field: PersonField, text: str | None, sealed: bytes | None) -> dict[str, Any]:
    """What a field's value is in the columns of the present row."""
    if field is PersonField.name:
        key = search_key(text or "")
        return {"name": text, "name_key": key, "name_bigrams": bigrams(key)}
    if field is PersonField.birth_date:
        return {"birth_date": date.fromisoformat(text or "")}
    if field in SEALED:
        return {f"{field.value}_sealed": sealed, f"{field.value}_shown": kept(field, text)}
    return {field.value: text}


def former_names(known: list[Value], present: Value) -> list[str]:
    """The names that were true before the present one, oldest first, each once."""
    earlier = [v.text for v in known if v.true.start < present.true.start and v.text and v.text != present.text]
    return list(dict.fromkeys(earlier))


def found_by(name: str, former: list[str], division: str | None) -> dict[str, Any]:
    """The columns that find a person in spite of a slip."""
    keys = person_tokens(search_key(name), map(search_key, former), division)
    return {"former_names": former, "match_keys": keys}
