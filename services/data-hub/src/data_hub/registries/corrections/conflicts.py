"""Statements of departments that may or may not be the source, and the conflicts that they make."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, desc, select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.registries.corrections import access
from data_hub.registries.corrections.domain import LOOKED, ConflictState, Said
from data_hub.registries.corrections.errors import NoSuchTicket, TicketDecided
from data_hub.registries.corrections.keepers import Keeper, hold
from data_hub.registries.corrections.models import ConflictRow
from data_hub.registries.corrections.schemas import (
    Conflict,
    ConflictCase,
    ConflictDecision,
    ConflictQuery,
    CorrectedValue,
    PersonConflictQuery,
    Statement,
    StatementDraft,
)
from data_hub.registries.corrections.telling import Telling
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.mergers import Mergers
from data_hub.registries.periods import period_of
from data_hub.registries.population.service import Population
from data_hub.registries.provenance import EVER
from data_hub.registries.purposes.domain import BY_CODE, FIELD_WORDS, REGISTER, Purpose
from data_hub.registries.purposes.service import purpose_of
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources, not_anothers

MAINTENANCE = BY_CODE["registry-maintenance"]


class Conflicts:
    """Statements and conflicts within one transaction. Locks go from the record to its tickets, always."""

    def __init__(
        self, work: Work, keeping: Population | LegalEntities | None = None, sources: Sources | None = None
    ) -> None:
        self.work = work
        self._keeping = keeping
        self._sources = sources or Sources(work)
        self._held: dict[tuple[str, str], ConflictRow] | None = None

    async def hold(self, registry: Registry, subjects: Collection[str], department: str) -> None:
        """Hold what a department said of these records, which the caller holds, and is not decided yet.

        For acts that gather what they write: from now on this department alone speaks here, and of these records alone.
        """
        row = ConflictRow
        found = await self.work.session.scalars(
            select(row)
            .where(
                row.subject.in_(subjects), row.registry_name == registry.value, row.stated_by == department,
                row.state == ConflictState.open.value,
            )
            .order_by(row.subject, row.id)
            .with_for_update()
        )  # fmt: skip
        self._held = {(one.subject, one.field): one for one in found}

    async def state(self, draft: StatementDraft, *, by: Actor) -> Statement:
        """Take what a department says about a value: the source's word is the value, another's may be a conflict.

        Raises StatedForAnother, NoSuchPerson, NoSuchEntity, UnknownField, BadValue, BadPeriod and what its registry
        refuses.
        """
        not_anothers(draft.source.department, by)
        keeper = await hold(self.work, draft.registry, draft.subject, self._keeping)
        value = keeper.canonical(draft.field, draft.value, "/body/value")
        if draft.true_from is not None or draft.true_to is not None:
            period_of([], draft.true_from, draft.true_to, keeper.today)
        present, department = await keeper.stated(draft.field, draft.true_from or keeper.today)
        named = await self._sources.named(draft.registry, draft.field, keeper.subject, keeper.today)
        source = named or department
        if source is None or source == draft.source.department:
            corrected = CorrectedValue(value=value, true_from=draft.true_from, true_to=draft.true_to)
            await keeper.correct(draft.field, corrected, draft.source, by)
            return Statement(said=Said.adopted)
        if value == present:
            data = {"field": draft.field, "department": draft.source.department}
            self.work.audit.note(stream=_stream(keeper), act="confirm", by=by, data=data)
            self._log(keeper.registry, keeper.subject, draft.field, MAINTENANCE, by)  # the answer tells the value
            await self._take_back(keeper, draft, by)
            return Statement(said=Said.confirmed)
        return Statement(said=Said.conflict, conflict=await self._keep(keeper, draft, value, source, by))

    async def contradict(self, draft: StatementDraft, statement: UUID, *, by: Actor) -> UUID | None:
        """Keep what a merged record says of a value of this one as a conflict, under the statement it came with.

        Its department's own word about this record stands where one is open: None then.
        """
        keeper = await hold(self.work, draft.registry, draft.subject)
        if await self._open(keeper, draft.field, draft.source.department) is not None:
            return None
        _, department = await keeper.stated(draft.field, keeper.today)
        named = await self._sources.named(draft.registry, draft.field, keeper.subject, keeper.today)
        source = named or department or draft.source.department
        return await self._keep(keeper, draft, draft.value, source, by, statement)

    async def end(self, subject: str, conflicts: Collection[str], reason: str, *, by: Actor) -> None:
        """End those of these conflicts of a record that are open: there is nothing to decide any more."""
        row = ConflictRow
        asked = select(row).where(row.subject == subject, row.id.in_(map(UUID, conflicts)), row.state == "open")
        for one in await self.work.session.scalars(asked.with_for_update()):
            one.state, one.reason = ConflictState.dismissed.value, reason
            one.decided_at, one.decided_by = self.work.clock.now(), by.reference
        await self.work.session.flush()

    async def _keep(
        self, keeper: Keeper, draft: StatementDraft, value: str | None, source: str, by: Actor,
        statement: UUID | None = None,
    ) -> UUID:  # fmt: skip
        """Keep a conflict; a department's newer word takes the place of its older one while that is open."""
        statement = statement or await keeper.open_statement("conflict", draft.source, by)
        row = await self._open(keeper, draft.field, draft.source.department)
        if row is None:
            row = ConflictRow(
                id=new_id(), subject=keeper.subject, registry_name=keeper.registry.value, field=draft.field,
                stated_by=draft.source.department, state=ConflictState.open.value, decided_at=None, decided_by=None,
                reason=None,
            )  # fmt: skip
            self.work.session.add(row)
            if self._held is not None:
                self._held[keeper.subject, draft.field] = row
        row.value = keeper.shown(draft.field, value)
        row.sealed = None if value is None else self.work.vault.seal(value, _place(row.id))
        row.true_from, row.true_to = draft.true_from or EVER, draft.true_to
        row.statement, row.source_department, row.stated_at = statement, source, self.work.clock.now()
        if self._held is None:
            await self.work.session.flush()
        data = {"conflict": str(row.id), "field": draft.field, "department": draft.source.department}
        self.work.audit.note(stream=_stream(keeper), act="conflict", by=by, data=data)
        return row.id

    async def _take_back(self, keeper: Keeper, draft: StatementDraft, by: Actor) -> None:
        """End what the department had said against the value, now that it says the same."""
        row = await self._open(keeper, draft.field, draft.source.department)
        if row is None:
            return
        row.state, row.reason = ConflictState.dismissed.value, "陈述部门已改为一致 Its department says the same now"
        row.decided_at, row.decided_by = self.work.clock.now(), by.reference
        if self._held is None:
            await self.work.session.flush()
        else:
            self._held.pop((keeper.subject, draft.field))

    async def _open(self, keeper: Keeper, field: str, department: str) -> ConflictRow | None:
        if self._held is not None:
            return self._held.get((keeper.subject, field))
        found = await self.work.session.scalars(
            select(ConflictRow)
            .where(
                ConflictRow.subject == keeper.subject, ConflictRow.registry_name == keeper.registry.value,
                ConflictRow.field == field, ConflictRow.stated_by == department,
                ConflictRow.state == ConflictState.open.value,
            )
            .with_for_update()
        )  # fmt: skip
        return found.one_or_none()

    async def listed(self, query: ConflictQuery, *, by: Actor) -> Page[Conflict]:
        """The conflicts that concern one's department, newest first, masked."""
        return await self._page(access.conflicts_of(by), query, MAINTENANCE, by)

    async def of_person(self, person: UUID, query: PersonConflictQuery, *, by: Actor) -> Page[Conflict]:
        """The conflicts of a person in the fields that a purpose covers. Raises UnknownPurpose."""
        purpose = purpose_of(query.purpose)
        subjects = await Mergers(self.work, Registry.population).same(str(person))
        about = (ConflictRow.registry_name == Registry.population.value) & ConflictRow.subject.in_(subjects)
        return await self._page(about & ConflictRow.field.in_(purpose.fields), query, purpose, by)

    async def of_entity(self, uscc: str, query: ConflictQuery, *, by: Actor) -> Page[Conflict]:
        """The conflicts of a legal entity."""
        subjects = await Mergers(self.work, Registry.legal_entities).same(uscc)
        about = (ConflictRow.registry_name == Registry.legal_entities.value) & ConflictRow.subject.in_(subjects)
        return await self._page(about, query, MAINTENANCE, by)

    async def _page(
        self, seen: ColumnElement[bool], query: ConflictQuery, purpose: Purpose, by: Actor
    ) -> Page[Conflict]:
        found = select(ConflictRow).where(seen)
        if query.state is not None:
            found = found.where(ConflictRow.state == query.state.value)

        def make(row: ConflictRow) -> Conflict:
            self._log(Registry(row.registry_name), row.subject, row.field, purpose, by)
            return Conflict.of(row)

        return await keyset_page(
            self.work.session, found, keys=(desc(ConflictRow.id), ConflictRow.subject), query=query, make=make
        )

    async def case(self, conflict: UUID, *, by: Actor) -> ConflictCase:
        """A conflict as its source sees it, both values in clear. Raises NoSuchTicket."""
        row = await self._found(conflict, access.conflicts_to_decide(by))
        keeper = await hold(self.work, Registry(row.registry_name), row.subject)
        present, _ = await keeper.stated(row.field, keeper.today)
        self._log(Registry(row.registry_name), row.subject, row.field, MAINTENANCE, by)
        return ConflictCase(conflict=Conflict.of(row), present=present, stated=self._stated(row))

    async def decide(self, conflict: UUID, decision: ConflictDecision, *, by: Actor) -> Conflict:
        """Adopt what is stated, or stay with the value. Raises NoSuchTicket, TicketDecided, NotTheSource, …"""
        known = await self._found(conflict, access.conflicts_to_decide(by))
        keeper = await hold(self.work, Registry(known.registry_name), known.subject)
        row = await self.work.session.get_one(
            ConflictRow, (known.subject, known.id), with_for_update=True, populate_existing=True
        )
        if row.state != ConflictState.open.value:
            raise TicketDecided
        if decision.adopt:
            start = None if row.true_from == EVER else row.true_from
            corrected = CorrectedValue(value=self._stated(row), true_from=start, true_to=row.true_to)
            source = SourceDraft(department=row.source_department, reason=decision.reason)
            await keeper.correct(row.field, corrected, source, by)
            await Telling(self.work).corrected(
                keeper, row.field, source=row.source_department, ticket=row.id, asked=row.stated_by
            )
        row.state = (ConflictState.adopted if decision.adopt else ConflictState.dismissed).value
        row.decided_at, row.decided_by, row.reason = self.work.clock.now(), by.reference, decision.reason
        await self.work.session.flush()
        data = {"conflict": str(row.id), "field": row.field, "state": row.state}
        self.work.audit.note(stream=_stream(keeper), act="decide-conflict", by=by, data=data)
        return Conflict.of(row)

    def _stated(self, row: ConflictRow) -> str | None:
        return None if row.sealed is None else self.work.vault.open(row.sealed, _place(row.id))

    def _log(self, registry: Registry, subject: str, field: str, purpose: Purpose, by: Actor) -> None:
        if registry is Registry.population:
            self.work.access.read(
                person=f"person:{subject}", by=by, action=LOOKED, fields=[field], purpose=purpose.said,
                legal_basis=purpose.legal_basis, record=REGISTER, said=FIELD_WORDS,
            )  # fmt: skip

    async def _found(self, conflict: UUID, seen: ColumnElement[bool]) -> ConflictRow:
        found = await self.work.session.scalars(select(ConflictRow).where(ConflictRow.id == conflict, seen))
        row = found.one_or_none()
        if row is None:
            raise NoSuchTicket
        return row


def _place(conflict: UUID) -> str:
    return f"registry-conflict/{conflict}/value"


def _stream(keeper: Keeper) -> str:
    return f"registry-record/{keeper.registry.value}/{keeper.subject}"
