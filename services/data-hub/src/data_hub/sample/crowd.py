"""Loads invented persons and entities by COPY, in batches, with their histories, as a source's batch would come in."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from citykit.ids import new_id
from citykit.work import Work
from data_hub.bigrams import bigrams, search_key
from data_hub.registries import bulk
from data_hub.registries.legal_entities.models import LegalEntityRow
from data_hub.registries.matching.entities import entity_tokens
from data_hub.registries.matching.tokens import person_tokens
from data_hub.registries.models import StatementRow
from data_hub.registries.population.domain import PersonField, kept, mask_name
from data_hub.registries.population.models import PersonRow
from data_hub.registries.population.repository import id_number_index, place
from data_hub.sample.invention import Invented, InventedEntity, invent_entity, invent_person, person_id
from data_hub.sample.personas import LOADER, MARKET, POLICE

BATCH = 10_000
_PERSON = (
    "id", "name", "name_key", "name_bigrams", "former_names", "match_keys", "id_number_sealed",
    "id_number_shown", "sex", "birth_date", "state", "state_since", "division_code", "phone_sealed", "phone_shown",
    "version", "sample", "changed_at",
)  # fmt: skip
_VALUE = ("field", "known_from", "true_from", "true_to", "value", "sealed", "statement")
_ENTITY = (
    "uscc", "name", "former_names", "name_keys", "name_bigrams", "match_keys", "state", "state_since", "legal_form",
    "division_code", "established_on", "representative_name", "representative_shown", "capital_fen", "version",
    "sample", "changed_at",
)  # fmt: skip
Rows = list[tuple[Any, ...]]
Fill = Callable[[Work, range, UUID], Awaitable[None]]


async def load_persons(work: Work, wanted: int) -> None:
    """Bring the number of invented persons up to `wanted`."""
    have = await work.session.scalar(select(func.count()).where(PersonRow.id.between(person_id(0), person_id(2**40))))
    tables = ("person", "person_number", "person_value")
    await _load(work, "population", POLICE, tables, range(have or 0, wanted), _persons)


async def load_entities(work: Work, wanted: int) -> None:
    """Bring the number of invented legal entities up to `wanted`."""
    have = await work.session.scalar(
        select(func.count()).where(LegalEntityRow.sample, func.substr(LegalEntityRow.uscc, 9, 2) == "0H")
    )
    tables = ("legal_entity", "legal_entity_value")
    await _load(work, "legal-entities", MARKET, tables, range(have or 0, wanted), _entities)


async def _load(
    work: Work, registry: str, department: str, tables: tuple[str, ...], numbers: range, fill: Fill
) -> None:
    if not numbers:
        return
    now = work.clock.now()
    async with bulk.loading(await work.driver(), tables, len(numbers)):
        for start in range(numbers.start, numbers.stop, BATCH):
            statement = new_id()
            await work.session.execute(
                insert(StatementRow).values(
                    id=statement, registry_name=registry, act="sample", department=department,
                    batch=f"sample-{start}", stated_at=now, recorded_by=LOADER.reference, recorded_at=now,
                )
            )  # fmt: skip
            await fill(work, range(start, min(start + BATCH, numbers.stop)), statement)


async def _copy(work: Work, table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    await bulk.copy(await work.driver(), table, columns, rows)


async def _persons(work: Work, numbers: range, statement: UUID) -> None:
    persons: Rows = []
    carried: Rows = []
    values: Rows = []
    now = work.clock.now()
    for one in map(invent_person, numbers):
        number = work.vault.seal(one.id_number, place(one.person, "id_number"))
        phone = work.vault.seal(one.phone, place(one.person, "phone"))
        key = search_key(one.name)
        persons.append((
            one.person, one.name, key, bigrams(key), [], person_tokens(key, (), one.county), number,
            kept(PersonField.id_number, one.id_number), one.sex, one.birth_date, "registered", one.birth_date,
            one.county, phone, kept(PersonField.phone, one.phone), 1, True, now,
        ))  # fmt: skip
        carried.append((id_number_index(work, one.id_number), one.person))
        values.extend(_person_values(work, one, number, phone, statement))
    await _copy(work, "person", _PERSON, persons)
    await _copy(work, "person_number", ("id_number_index", "person"), carried)
    await _copy(work, "person_value", ("person", *_VALUE), values)


def _person_values(
    work: Work, one: Invented, number: bytes, phone: bytes, statement: UUID
) -> Iterator[tuple[Any, ...]]:
    now, born = work.clock.now(), one.birth_date
    for field, text, sealed in (
        ("name", one.name, None), ("id_number", kept(PersonField.id_number, one.id_number), number),
        ("sex", one.sex, None), ("birth_date", born.isoformat(), None), ("state", "registered", None),
        ("division_code", one.county, None), ("phone", kept(PersonField.phone, one.phone), phone),
    ):  # fmt: skip
        yield one.person, field, now, born, None, text, sealed, statement


async def _entities(work: Work, numbers: range, statement: UUID) -> None:
    entities: Rows = []
    values: Rows = []
    for one in map(invent_entity, numbers):
        former = [one.former_name] if one.former_name else []
        keys = [search_key(name) for name in (one.name, *former)]
        since = one.established_on if one.state == "active" else one.ceased_on
        entities.append((
            one.uscc, one.name, former, keys, bigrams(*keys), entity_tokens(keys), one.state, since, one.legal_form,
            one.county, one.established_on, one.representative_name, mask_name(one.representative_name),
            one.capital_fen, 1, True, work.clock.now(),
        ))  # fmt: skip
        values.extend((one.uscc, *value) for value in _entity_values(work, one, statement))
    await _copy(work, "legal_entity", _ENTITY, entities)
    await _copy(work, "legal_entity_value", ("uscc", *_VALUE), values)


def _entity_values(work: Work, one: InventedEntity, statement: UUID) -> Iterator[tuple[Any, ...]]:
    now, start = work.clock.now(), one.established_on

    def value(field: str, text: str, true_from: date, true_to: date | None = None) -> tuple[Any, ...]:
        return field, now, true_from, true_to, text, None, statement

    if one.former_name:
        yield value("name", one.former_name, start, one.renamed_on)
    yield value("name", one.name, one.renamed_on if one.former_name else start)
    if one.state == "active":
        yield value("state", "active", start)
    else:
        yield value("state", "active", start, one.ceased_on)
        yield value("state", one.state, one.ceased_on)
    yield value("legal_form", one.legal_form, start)
    yield value("division_code", one.county, start)
    yield value("established_on", start.isoformat(), start)
    yield value("representative_name", one.representative_name, start)
    yield value("capital_fen", str(one.capital_fen), start)
