"""The acts on legal entities: register, correct a value, record a cessation; and the question who represents one."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import delete, select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.work import Work, WorkInRequest
from data_hub.registries import bulk
from data_hub.registries.changes.service import Changes
from data_hub.registries.errors import BadPeriod, BadValue, Stale
from data_hub.registries.legal_entities.domain import (
    CEASED,
    ENDED,
    PUBLIC_BODIES,
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
from data_hub.registries.legal_entities.joining import EntityJoining
from data_hub.registries.legal_entities.models import LegalEntityRow
from data_hub.registries.legal_entities.present import FirstValues, Newcomer, columns, former_names, names, told_of
from data_hub.registries.legal_entities.readers import readers_of
from data_hub.registries.legal_entities.repository import Entities
from data_hub.registries.legal_entities.schemas import Cessation, EntityCorrection, EntityDraft, Representation
from data_hub.registries.mergers import Mergers
from data_hub.registries.periods import period_of
from data_hub.registries.population.service import Population
from data_hub.registries.provenance import Period, Value, as_of
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources, not_anothers

LEGAL_REPRESENTATIVE = "legal-representative"  # 法定代表人, or 负责人 and 经营者 where the form has none


class LegalEntities:
    """The legal-entity registry within one transaction."""

    def __init__(self, work: Work, sources: Sources | None = None) -> None:
        self.work = work
        self._rows = Entities(work)
        self._population = Population(work)
        self._sources = sources or Sources(work)
        self._changes = Changes(work)
        self._mergers = Mergers(work, Registry.legal_entities)
        self._held: dict[str, LegalEntityRow] = {}

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self.work.clock.now().astimezone(CHINA).date()

    async def register(self, draft: EntityDraft, *, by: Actor, sample: bool = False) -> LegalEntityRow:
        """Register a legal entity.

        Raises StatedForAnother, BadValue, NotTheSource, UnknownRepresentative, EntityExists, RecordMerged.
        """
        newcomer = self.newcomer(draft, by=by, sample=sample)
        await self._sources.admit_first(
            Registry.legal_entities, newcomer.uscc, newcomer.values, draft.source, self.today
        )
        await self._check_representative(newcomer.representative)
        if not await self.enter([newcomer], by=by):
            raise await self._mergers.absence(newcomer.uscc, EntityExists())
        return (await self.work.session.scalars(select(LegalEntityRow).where(LegalEntityRow.uscc == draft.uscc))).one()

    def newcomer(self, draft: EntityDraft, *, by: Actor, sample: bool = False) -> Newcomer:
        """An entity as it would be entered; nothing is done yet. Raises StatedForAnother, BadValue."""
        not_anothers(draft.source.department, by)
        values = self._first_values(draft)
        row: dict[str, Any] = {
            "uscc": draft.uscc, "version": 1, "sample": sample, "changed_at": self.work.clock.now(),
            "former_names": [], "state_since": draft.established_on,
        }  # fmt: skip
        for field, text in values.items():
            row |= columns(field, text)
        row |= names(draft.name, [])
        first: FirstValues = {f.value: (t, None, draft.established_on) for f, t in values.items() if t is not None}
        return Newcomer(row, first, draft.source)

    async def enter(self, newcomers: Sequence[Newcomer], *, by: Actor) -> set[str]:
        """Enter new entities into the registry, each as an act of its own; their representatives were looked for.

        The codes of those that are entered; the others are here already.
        """
        entered = await self._rows.insert([one.row for one in newcomers])
        # Who waited for a merger to end finds its code free.
        if entered and (merged := await self._mergers.survivors(entered)):
            await self.work.session.execute(delete(LegalEntityRow).where(LegalEntityRow.uscc.in_(merged)))
            entered -= merged.keys()
        async with self.at_once():
            for one in newcomers:
                if one.uscc in entered:
                    statement = await self._rows.history.open_statement("register", one.source, by)
                    await self._rows.history.begin(one.uscc, one.values, statement)
                    self._tell(one.row, "register", list(one.values), statement, by)
        return entered

    def at_once(self) -> AbstractAsyncContextManager[None]:
        """Within the block acts gather what they write, and it is written at its end; blocks may lie in each other."""
        return bulk.at_once(self.work, self._held, self._rows.history, self._changes)

    async def hold(self, codes: Collection[str], fields: Collection[str]) -> None:
        """Hold entities and take what is known of these fields of theirs, for acts that gather what they write."""
        rows = await self._rows.all_locked(sorted(codes))
        self._held |= {row.uscc: row for row in rows}
        await self._rows.history.take([row.uscc for row in rows], fields)

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
        self._tell(told_of(row), "correct", [field.value], statement, by, left=left)
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
        self._tell(told_of(row), "cease", [EntityField.state.value], statement, by)
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
        """An entity's row, held until the transaction ends. Raises NoSuchEntity, RecordMerged."""
        row = self._held.get(uscc) or await self._rows.locked(uscc)
        if row is None:
            raise await self.absence(uscc)
        return row

    async def stated(self, row: LegalEntityRow, field: EntityField, day: date) -> tuple[str | None, str | None]:
        """The value of a field true on `day`, and the department whose statement it rests on."""
        value = as_of(await self._rows.history.known(row.uscc, field.value), day)
        return (None, None) if value is None else (value.text, await self._rows.history.department(value))

    async def stated_at(self, row: LegalEntityRow, field: EntityField) -> datetime | None:
        """When the source said the value of a field that is true today; None where none is known."""
        value = as_of(await self._rows.history.known(row.uscc, field.value), self.today)
        said = None if value is None else await self._rows.history.said(value.statement)
        return None if said is None else said.at

    async def open_statement(self, act: str, source: SourceDraft, by: Actor) -> UUID:
        """Keep what a source said of an entity, for the slices that keep what is no value of it."""
        return await self._rows.history.open_statement(act, source, by)

    async def _learn(
        self, row: LegalEntityRow, field: EntityField, text: str | None, true: Period, statement: UUID
    ) -> None:
        """Write a value into the history and bring the present row to what is true and known now."""
        known = await self._rows.history.learn(row.uscc, field.value, text, None, true, statement)
        self._show(row, field, known)
        if not self._rows.history.gathers:
            await self.work.session.flush()

    def _show(self, row: LegalEntityRow, field: EntityField, known: list[Value]) -> None:
        """Bring the present row to what is true of a field by what is known; the row counts as changed."""
        present = as_of(known, self.today)
        if present is not None:
            self._project(row, field, present, known)
        row.version += 1
        row.changed_at = self.work.clock.now()

    def _project(self, row: LegalEntityRow, field: EntityField, present: Value, known: list[Value]) -> None:
        content = columns(field, present.text)
        if field is EntityField.name:
            content = names(present.text or "", former_names(known, present))
        if field is EntityField.state:
            content["state_since"] = present.true.start
        for name, value in content.items():
            setattr(row, name, value)

    async def find(self, uscc: str) -> LegalEntityRow | None:
        """The present row of an entity, for other slices; None where the registry does not know the code.

        Of a code that was merged it is the survivor's.
        """
        found = await self.work.session.get(LegalEntityRow, uscc)
        if found is not None:
            return found
        return await self.work.session.get(LegalEntityRow, await self._mergers.standing(uscc))

    async def public_body(self, uscc: str) -> LegalEntityRow | None:
        """The public body 机关、事业单位、群团组织 of a code; None where it has ceased, is a firm, or is not known."""
        found = await self.find(uscc)
        if found is None or found.legal_form not in PUBLIC_BODIES or found.state in CEASED:
            return None
        return found

    async def absence(self, uscc: str) -> Exception:
        """Why the registry has no entity of this code: RecordMerged or NoSuchEntity."""
        return await self._mergers.absence(uscc, NoSuchEntity())

    async def same(self, uscc: str) -> list[str]:
        """All codes of the entity whose code this is; the one that stands today first."""
        return await self._mergers.same(uscc)

    def joining(self) -> EntityJoining:
        """The records of this registry as a merger deals with them."""
        return EntityJoining(self.work, self._rows, self.locked, self._show, self._tell)

    async def known(self, codes: Collection[str]) -> set[str]:
        """Those of the codes that the registry has an entity of, ceased ones included."""
        found = await self.work.session.scalars(select(LegalEntityRow.uscc).where(LegalEntityRow.uscc.in_(codes)))
        return set(found)

    async def names(self, codes: Collection[str]) -> dict[str, str]:
        """What the entities of these codes are called today; of a code that was merged, the survivor."""
        merged = await self._mergers.survivors(codes)
        standing = {one: merged.get(one, one) for one in codes}
        row = LegalEntityRow
        found = await self.work.session.execute(select(row.uscc, row.name).where(row.uscc.in_(set(standing.values()))))
        names = {one.uscc: one.name for one in found}
        return {one: names[code] for one, code in standing.items() if code in names}

    async def ended(self, codes: Collection[str]) -> set[str]:
        """Those of the codes whose entity is known to be struck off; one that moved out goes on elsewhere."""
        ended = select(LegalEntityRow.uscc).where(LegalEntityRow.uscc.in_(codes), LegalEntityRow.state.in_(ENDED))
        return set(await self.work.session.scalars(ended)) if codes else set()

    async def readers(self, row: LegalEntityRow, field: str) -> list[str]:
        """The departments that ever read a field of the entity, which the caller holds, under any of its codes."""
        found = [await readers_of(self.work, uscc, field) for uscc in await self.same(row.uscc)]
        return sorted({department for departments in found for department in departments})

    async def represents(self, row: LegalEntityRow, person: UUID) -> Representation:
        """Whether `person` represents the entity today, by whichever of her records it is named there."""
        named = row.legal_representative
        if named is None or EntityState(row.state) in CEASED:
            return Representation(represents=False)
        if named != person and named not in await self._population.same(person):
            return Representation(represents=False)
        return Representation(represents=True, role=LEGAL_REPRESENTATIVE)

    def _tell(
        self, row: Mapping[str, Any], act: str, fields: list[str], statement: UUID, by: Actor,
        left: str | None = None, into: str | None = None,
    ) -> None:  # fmt: skip
        uscc = row["uscc"]
        changed = LegalEntityChanged(
            uscc=uscc, fields=sorted(fields), state=row["state"], name=row["name"], changed_at=self.work.clock.now()
        )
        self.work.events.record(changed, subject=uscc)
        self._changes.note(
            Registry.legal_entities, uscc, act=act, fields=sorted(fields), division=row["division_code"],
            left=left, statement=statement, into=into,
        )  # fmt: skip
        self.work.audit.note(
            stream=f"legal-entity/{uscc}", act=act, by=by,
            data={"fields": sorted(fields), "statement": str(statement)},
        )  # fmt: skip


async def legal_entities(work: WorkInRequest) -> LegalEntities:
    """The registry within this request's transaction."""
    return LegalEntities(work)


EntitiesInRequest = Annotated[LegalEntities, Depends(legal_entities)]
