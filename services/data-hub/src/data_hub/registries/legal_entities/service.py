"""The acts on legal entities: register, correct a value, record a cessation; and the question who represents one."""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.work import Work, WorkInRequest
from data_hub.bigrams import bigrams, search_key
from data_hub.registries.changes.service import Changes
from data_hub.registries.errors import BadPeriod, BadValue, Stale
from data_hub.registries.legal_entities.domain import (
    CEASED,
    EntityField,
    EntityState,
    WrongValue,
    checked,
    may_cease,
)
from data_hub.registries.legal_entities.errors import (
    EntityExists,
    EntityStateProblem,
    NoSuchEntity,
    UnknownRepresentative,
)
from data_hub.registries.legal_entities.events import LegalEntityChanged
from data_hub.registries.legal_entities.models import LegalEntityRow
from data_hub.registries.legal_entities.readers import readers_of
from data_hub.registries.legal_entities.repository import Entities
from data_hub.registries.legal_entities.schemas import Cessation, EntityCorrection, EntityDraft, Representation
from data_hub.registries.matching.entities import entity_tokens
from data_hub.registries.periods import period_of
from data_hub.registries.population.domain import mask_name
from data_hub.registries.population.service import Population
from data_hub.registries.provenance import Period, Value, as_of
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources, not_anothers

LEGAL_REPRESENTATIVE = "legal-representative"  # 法定代表人, or 负责人 and 经营者 where the form has none


class LegalEntities:
    """The legal-entity registry within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._rows = Entities(work)
        self._population = Population(work)
        self._sources = Sources(work)
        self._changes = Changes(work)

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self.work.clock.now().astimezone(CHINA).date()

    async def register(self, draft: EntityDraft, *, by: Actor, sample: bool = False) -> LegalEntityRow:
        """Register a legal entity. Raises StatedForAnother, BadValue, UnknownRepresentative, EntityExists."""
        not_anothers(draft.source.department, by)
        values = self._first_values(draft)
        await self._check_representative(values[EntityField.legal_representative])
        row: dict[str, Any] = {
            "uscc": draft.uscc, "version": 1, "sample": sample, "changed_at": self.work.clock.now(),
            "former_names": [], "state_since": draft.established_on,
        }  # fmt: skip
        for field, text in values.items():
            row |= columns(field, text)
        row |= names(draft.name, [])
        fresh = await self.work.session.scalar(
            insert(LegalEntityRow).values(row).on_conflict_do_nothing().returning(LegalEntityRow.uscc)
        )
        if fresh is None:
            raise EntityExists()
        statement = await self._rows.history.open_statement("register", draft.source, by)
        first = {f.value: (t, None, draft.established_on) for f, t in values.items() if t is not None}
        await self._rows.history.begin(draft.uscc, first, statement)
        made = (await self.work.session.scalars(select(LegalEntityRow).where(LegalEntityRow.uscc == draft.uscc))).one()
        self._tell(made, "register", list(first), statement, by)
        return made

    def _first_values(self, draft: EntityDraft) -> dict[EntityField, str | None]:
        given = {
            field: getattr(draft, field.value) for field in EntityField if field is not EntityField.state
        } | {EntityField.state: EntityState.active.value}  # fmt: skip
        return {
            field: self.canonical(field, None if value is None else str(value), f"/body/{field.value}")
            for field, value in given.items()
        }

    def canonical(self, field: EntityField, text: str | None, pointer: str) -> str | None:
        """The value in its canonical form. Raises BadValue, which names the field at `pointer`."""
        try:
            return checked(field, text, self.today)
        except WrongValue as wrong:
            raise BadValue(pointer, wrong.code, wrong.said) from wrong

    async def _check_representative(self, person: str | None) -> None:
        if person is not None and not await self._population.exists(UUID(person)):
            raise UnknownRepresentative()

    async def correct(self, row: LegalEntityRow, correction: EntityCorrection, *, by: Actor) -> LegalEntityRow:
        """Correct or change one value, as its source says.

        Raises StatedForAnother, Stale, NotTheSource, BadValue, BadPeriod, UnknownRepresentative.
        """
        not_anothers(correction.source.department, by)
        if correction.version is not None and correction.version != row.version:
            raise Stale()
        field = correction.field
        text = self.canonical(field, correction.value, "/body/value")
        if field is EntityField.legal_representative:
            await self._check_representative(text)
        known = await self._admit(row, field, correction.source.department)
        true = period_of(known, correction.true_from, correction.true_to, self.today)
        statement, left = await self._rows.history.open_statement("correct", correction.source, by), row.division_code
        await self._learn(row, field, text, true, statement)
        self._tell(row, "correct", [field.value], statement, by, left=left)
        return row

    async def cease(self, row: LegalEntityRow, cessation: Cessation, *, by: Actor) -> LegalEntityRow:
        """Record that an entity ceased. Raises StatedForAnother, EntityStateProblem, BadPeriod, NotTheSource."""
        not_anothers(cessation.source.department, by)
        if not may_cease(EntityState(row.state), cessation.state):
            raise EntityStateProblem()
        if not max(row.established_on, row.state_since) <= cessation.ceased_on <= self.today:
            raise BadPeriod(("日期应在上一状态开始之后、今天之前", "The day lies between its last state and today"))
        await self._admit(row, EntityField.state, cessation.source.department)
        statement = await self._rows.history.open_statement("cease", cessation.source, by)
        true = Period(cessation.ceased_on)
        await self._learn(row, EntityField.state, cessation.state.value, true, statement)
        self._tell(row, "cease", [EntityField.state.value], statement, by)
        return row

    async def _admit(self, row: LegalEntityRow, field: EntityField, department: str) -> list[Value]:
        """What is known of a field, to the department that may change it. Raises NotTheSource."""
        known = await self._rows.history.known(row.uscc, field.value)
        await self._sources.admit(
            Registry.legal_entities, field.value, row.uscc, self.today,
            present=await self._rows.history.department(as_of(known, self.today)), stated_by=department,
        )  # fmt: skip
        return known

    async def locked(self, uscc: str) -> LegalEntityRow:
        """An entity's row, held until the transaction ends. Raises NoSuchEntity."""
        row = await self._rows.locked(uscc)
        if row is None:
            raise NoSuchEntity()
        return row

    async def stated(self, row: LegalEntityRow, field: EntityField, day: date) -> tuple[str | None, str | None]:
        """The value of a field true on `day`, and the department whose statement it rests on."""
        value = as_of(await self._rows.history.known(row.uscc, field.value), day)
        return (None, None) if value is None else (value.text, await self._rows.history.department(value))

    async def _learn(
        self, row: LegalEntityRow, field: EntityField, text: str | None, true: Period, statement: UUID
    ) -> None:
        """Write a value into the history and bring the present row to what is true and known now."""
        known = await self._rows.history.learn(row.uscc, field.value, text, None, true, statement)
        present = as_of(known, self.today)
        if present is not None:
            self._project(row, field, present, known)
        row.version += 1
        row.changed_at = self.work.clock.now()
        await self.work.session.flush()

    def _project(self, row: LegalEntityRow, field: EntityField, present: Value, known: list[Value]) -> None:
        content = columns(field, present.text)
        if field is EntityField.name:
            earlier = [v.text for v in known if v.true.start < present.true.start and v.text != present.text and v.text]
            content = names(present.text or "", list(dict.fromkeys(earlier)))
        if field is EntityField.state:
            content["state_since"] = present.true.start
        for name, value in content.items():
            setattr(row, name, value)

    async def find(self, uscc: str) -> LegalEntityRow | None:
        """The present row of an entity, for other slices; None where the registry does not know the code."""
        return await self.work.session.get(LegalEntityRow, uscc)

    async def known(self, codes: Collection[str]) -> set[str]:
        """Those of the codes that the registry has an entity of, ceased ones included."""
        found = await self.work.session.scalars(select(LegalEntityRow.uscc).where(LegalEntityRow.uscc.in_(codes)))
        return set(found)

    async def readers(self, row: LegalEntityRow, field: str) -> list[str]:
        """The departments that ever read a field of the entity, which the caller holds."""
        return await readers_of(self.work, row.uscc, field)

    def represents(self, row: LegalEntityRow, person: UUID) -> Representation:
        """Whether `person` represents the entity today."""
        if row.legal_representative != person or EntityState(row.state) in CEASED:
            return Representation(represents=False)
        return Representation(represents=True, role=LEGAL_REPRESENTATIVE)

    def _tell(
        self, row: LegalEntityRow, act: str, fields: list[str], statement: UUID, by: Actor, left: str | None = None
    ) -> None:
        changed = LegalEntityChanged(
            uscc=row.uscc, fields=sorted(fields), state=row.state, name=row.name, changed_at=self.work.clock.now()
        )
        self.work.events.record(changed, subject=row.uscc)
        self._changes.note(
            Registry.legal_entities, row.uscc, act=act, fields=sorted(fields), division=row.division_code,
            left=left, statement=statement,
        )  # fmt: skip
        self.work.audit.note(
            stream=f"legal-entity/{row.uscc}", act=act, by=by,
            data={"fields": sorted(fields), "statement": str(statement)},
        )  # fmt: skip


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


def names(name: str, former: list[str]) -> dict[str, Any]:
    """The columns that find an entity by its present and its former names."""
    keys = [search_key(one) for one in (name, *former)]
    return {
        "name": name, "former_names": former, "name_keys": keys, "name_bigrams": bigrams(*keys),
        "match_keys": entity_tokens(keys),
    }  # fmt: skip


async def legal_entities(work: WorkInRequest) -> LegalEntities:
    """The registry within this request's transaction."""
    return LegalEntities(work)


EntitiesInRequest = Annotated[LegalEntities, Depends(legal_entities)]
