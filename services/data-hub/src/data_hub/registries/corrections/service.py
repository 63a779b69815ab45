"""Correction tickets: raised, decided by the source, withdrawn; what became of them reaches every recipient."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement, desc, false, select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.changes.errors import NoDepartment
from data_hub.registries.corrections import access
from data_hub.registries.corrections.conflicts import MAINTENANCE, Conflicts
from data_hub.registries.corrections.domain import LOOKED, DisputeState, Verdict
from data_hub.registries.corrections.errors import DisputeOpen, NoSuchTicket, OwnTicket, TicketDecided
from data_hub.registries.corrections.events import CorrectionDecided
from data_hub.registries.corrections.keepers import Keeper, hold
from data_hub.registries.corrections.models import DisputeRow, NoticeRow
from data_hub.registries.corrections.schemas import (
    CorrectedValue,
    Dispute,
    DisputeCase,
    DisputeDecision,
    DisputeDraft,
    DisputeQuery,
    Notice,
    NoticeQuery,
    OwnDisputeDraft,
)
from data_hub.registries.corrections.telling import Telling
from data_hub.registries.errors import BadValue
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.mergers import Mergers
from data_hub.registries.population.errors import NoSuchPerson
from data_hub.registries.population.service import Population
from data_hub.registries.purposes.domain import FIELD_WORDS, REGISTER
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources

_READ_PERSONS = "data-hub.population.read"


class Disputes:
    """Correction tickets within one transaction. Locks go from the record to its tickets, always."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def dispute(self, draft: DisputeDraft, *, by: Actor) -> Dispute:
        """Doubt a value in a record that one's department uses.

        Raises NoDepartment, NoSuchPerson, NoSuchEntity, UnknownField, BadValue, NoSource, DisputeOpen.
        """
        if by.department is None:
            raise NoDepartment
        return await self._raise(draft, by, oneself=False)

    async def dispute_own(self, draft: OwnDisputeDraft, *, by: Actor) -> Dispute:
        """Doubt a value in one's own record. Raises as `dispute`."""
        person = _own(by)
        whole = DisputeDraft(registry=Registry.population, subject=str(person), **draft.model_dump())
        return await self._raise(whole, by, oneself=True)

    async def _raise(self, draft: DisputeDraft, by: Actor, *, oneself: bool) -> Dispute:
        keeper = await hold(self.work, draft.registry, draft.subject)
        present, _ = await keeper.stated(draft.field, keeper.today)
        claimed = None if draft.claimed is None else keeper.canonical(draft.field, draft.claimed, "/body/claimed")
        await self._refuse_second(keeper, draft.field, by)
        source = await keeper.source(draft.field)
        deadline, made, now = await Sources(self.work).deadline(keeper.today), new_id(), self.work.clock.now()
        row = DisputeRow(
            id=made, subject=keeper.subject, registry_name=keeper.registry.value, field=draft.field,
            disputed=keeper.shown(draft.field, present), claimed=keeper.shown(draft.field, claimed),
            claimed_sealed=None if claimed is None else self.work.vault.seal(claimed, _place(made, "claimed")),
            evidence_sealed=self.work.vault.seal(draft.evidence, _place(made, "evidence")), asked_by=by.reference,
            asked_department=None if oneself else by.department, asked_oneself=oneself, source_department=source,
            state=DisputeState.open.value, asked_at=now, legal_basis=deadline.legal_basis,
            due_at=self.work.calendar.add_days(keeper.today, deadline.working_days), escalated_at=None,
            decided_at=None, decided_by=None, reason=None, told=0,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self._note(row, "dispute", by)
        return self._shown(row, by)

    async def _refuse_second(self, keeper: Keeper, field: str, by: Actor) -> None:
        """Whoever raises a ticket holds the record, so no other can slip in between."""
        known = await self.work.session.scalar(
            select(DisputeRow.id).where(
                DisputeRow.subject == keeper.subject, DisputeRow.registry_name == keeper.registry.value,
                DisputeRow.field == field, DisputeRow.asked_by == by.reference,
                DisputeRow.state == DisputeState.open.value,
            )
        )  # fmt: skip
        if known is not None:
            raise DisputeOpen

    async def listed(self, query: DisputeQuery, *, by: Actor) -> Page[Dispute]:
        """The tickets that concern one's department, newest first, masked."""
        return await self._page(access.disputes_of(by), query, by)

    async def own(self, query: DisputeQuery, *, by: Actor) -> Page[Dispute]:
        """The tickets that a person raised about her own record. Raises NoSuchPerson."""
        subjects = await Mergers(self.work, Registry.population).same(str(_own(by)))
        mine = DisputeRow.asked_oneself & DisputeRow.subject.in_(subjects)
        return await self._page(mine, query, by)

    async def _page(self, seen: ColumnElement[bool], query: DisputeQuery, by: Actor) -> Page[Dispute]:
        found = select(DisputeRow).where(seen)
        if query.state is not None:
            found = found.where(DisputeRow.state == query.state.value)
        if query.escalated is not None:
            late = DisputeRow.escalated_at.is_not(None)
            found = found.where(late if query.escalated else ~late)
        return await keyset_page(
            self.work.session, found, keys=(desc(DisputeRow.id), DisputeRow.subject), query=query,
            make=lambda row: self._shown(row, by),
        )  # fmt: skip

    async def case(self, dispute: UUID, *, by: Actor) -> DisputeCase:
        """A ticket with claim and evidence; its source sees the value as it stands. Raises NoSuchTicket."""
        row = await self._found(dispute, access.disputes_of(by) | access.disputes_asked(by))
        deciding = by.may(access.DECIDE) and by.department == row.source_department
        asked = row.asked_by == by.reference or (by.department is not None and by.department == row.asked_department)
        if not (deciding or asked):  # supervision sees where a ticket stands, not what is in it
            shown = self._shown(row, by)
            return DisputeCase(dispute=shown, present=shown.disputed, claimed=row.claimed, evidence="")
        shown, present = self._shown(row, by), row.disputed if self._may_read(row, by) else None
        if deciding:
            keeper = await hold(self.work, Registry(row.registry_name), row.subject)
            present, _ = await keeper.stated(row.field, keeper.today)
        evidence = self.work.vault.open(row.evidence_sealed, _place(row.id, "evidence"))
        return DisputeCase(dispute=shown, present=present, claimed=self._claim(row), evidence=evidence)

    async def decide(self, dispute: UUID, decision: DisputeDecision, *, by: Actor) -> Dispute:
        """Correct the value, or stay with it; a corrected value reaches every recipient.

        Raises NoSuchTicket, TicketDecided, OwnTicket, BadValue, BadPeriod, NotTheSource and what its registry refuses.
        """
        keeper, row = await self._held(await self._found(dispute, access.disputes_to_decide(by)))
        if row.asked_by == by.reference:
            raise OwnTicket
        if decision.verdict is Verdict.corrected:
            source = SourceDraft(department=row.source_department, reason=decision.reason)
            await keeper.correct(row.field, self._corrected(row, decision), source, by)
            row.told = await Telling(self.work).corrected(
                keeper, row.field, source=row.source_department, ticket=row.id, asked=row.asked_department
            )
        elif decision.correction is not None:
            raise BadValue("/body/correction", "not-corrected", "维持原值时不填更正值 Nothing is corrected")
        self._close(row, DisputeState(decision.verdict.value), decision.reason, by)
        if row.asked_oneself:
            event = CorrectionDecided(
                ticket_id=row.id, person=UUID(keeper.subject), field=row.field, verdict=decision.verdict.value,
                decided_at=self.work.clock.now(),
            )  # fmt: skip
            self.work.events.record(event, subject=str(row.id))
        await self.work.session.flush()
        return self._shown(row, by)

    async def withdraw(self, dispute: UUID, *, by: Actor) -> Dispute:
        """Take a ticket back that one raised. Raises NoSuchTicket, TicketDecided."""
        _, row = await self._held(await self._found(dispute, access.disputes_asked(by)))
        self._close(row, DisputeState.withdrawn, None, by)
        await self.work.session.flush()
        return self._shown(row, by)

    async def _held(self, known: DisputeRow) -> tuple[Keeper, DisputeRow]:
        """The record and then its ticket, both held. Raises TicketDecided."""
        keeper = await hold(self.work, Registry(known.registry_name), known.subject)
        row = await self.work.session.get_one(
            DisputeRow, (known.subject, known.id), with_for_update=True, populate_existing=True
        )
        if row.state != DisputeState.open.value:
            raise TicketDecided
        return keeper, row

    def _close(self, row: DisputeRow, state: DisputeState, reason: str | None, by: Actor) -> None:
        row.state, row.reason = state.value, reason
        row.decided_at, row.decided_by = self.work.clock.now(), by.reference
        self._note(row, f"dispute-{state.value}", by)

    def _corrected(self, row: DisputeRow, decision: DisputeDecision) -> CorrectedValue:
        if decision.correction is not None:
            return decision.correction
        claimed = self._claim(row)
        if claimed is None:
            raise BadValue(
                "/body/correction", "required", "申请未提出更正值，请填写 The claim names no value: give one"
            )
        return CorrectedValue(value=claimed)

    def _claim(self, row: DisputeRow) -> str | None:
        if row.claimed_sealed is None:
            return None
        return self.work.vault.open(row.claimed_sealed, _place(row.id, "claimed"))

    def _may_read(self, row: DisputeRow, by: Actor) -> bool:
        """Whether the caller may see a masked value of the record: nobody learns it by doubting it."""
        if row.registry_name != Registry.population.value or by.person == row.subject:
            return True
        return by.may(_READ_PERSONS) or (by.may(access.DECIDE) and by.department == row.source_department)

    def _shown(self, row: DisputeRow, by: Actor) -> Dispute:
        if row.registry_name == Registry.population.value:
            self.work.access.read(
                person=f"person:{row.subject}", by=by, action=LOOKED, fields=[row.field],
                purpose=MAINTENANCE.said, legal_basis=MAINTENANCE.legal_basis, record=REGISTER, said=FIELD_WORDS,
            )  # fmt: skip
        return Dispute.of(row, row.disputed if self._may_read(row, by) else None)

    async def _found(self, dispute: UUID, seen: ColumnElement[bool]) -> DisputeRow:
        found = await self.work.session.scalars(select(DisputeRow).where(DisputeRow.id == dispute, seen))
        row = found.one_or_none()
        if row is None:
            raise NoSuchTicket
        return row

    def _note(self, row: DisputeRow, act: str, by: Actor) -> None:
        data = {"registry": row.registry_name, "subject": row.subject, "field": row.field, "told": row.told}
        self.work.audit.note(stream=f"registry-dispute/{row.id}", act=act, by=by, data=data)


class Notices:
    """What departments were told, within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def listed(self, query: NoticeQuery, *, by: Actor) -> Page[Notice]:
        """The notices to one's department, newest first."""
        found = select(NoticeRow).where(_to(by))
        if query.waiting:
            found = found.where(NoticeRow.acknowledged_at.is_(None))
        return await keyset_page(self.work.session, found, keys=(desc(NoticeRow.id),), query=query, make=Notice.of)

    async def tell(self, registry: Registry, subject: str, field: str, *, source: str, ticket: UUID) -> int:
        """Tell whoever read a field of a record or follows it that it is not what it was; how many were told."""
        keeper = await hold(self.work, registry, subject)
        return await Telling(self.work).corrected(keeper, field, source=source, ticket=ticket, asked=None)

    async def acknowledge(self, notice: UUID, *, by: Actor) -> Notice:
        """Say that one's department mended what it keeps; saying it twice changes nothing. Raises NoSuchTicket."""
        found = await self.work.session.scalars(
            select(NoticeRow).where(NoticeRow.id == notice, _to(by)).with_for_update()
        )
        row = found.one_or_none()
        if row is None:
            raise NoSuchTicket
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = self.work.clock.now(), by.reference
            await self.work.session.flush()
            data = {"notice": str(row.id), "department": row.department}
            self.work.audit.note(stream=f"registry-dispute/{row.ticket}", act="acknowledge", by=by, data=data)
        return Notice.of(row)


def _to(by: Actor) -> ColumnElement[bool]:
    return NoticeRow.department == by.department if by.department is not None else false()


def _own(by: Actor) -> UUID:
    """The caller's number in the registry. Raises NoSuchPerson where her token carries none."""
    try:
        return UUID(by.person or "")
    except ValueError:
        raise NoSuchPerson from None


def _place(dispute: UUID, part: str) -> str:
    return f"registry-dispute/{dispute}/{part}"


async def disputes(work: WorkInRequest) -> Disputes:
    """The tickets within this request's transaction."""
    return Disputes(work)


def conflicts_beside(work: Work, keeping: Population | LegalEntities, sources: Sources) -> Conflicts:
    """Statements and conflicts of records that the caller holds through `keeping`, for acts on many of them."""
    return Conflicts(work, keeping, sources)


async def conflicts(work: WorkInRequest) -> Conflicts:
    """The conflicts within this request's transaction."""
    return Conflicts(work)


async def notices(work: WorkInRequest) -> Notices:
    """The notices within this request's transaction."""
    return Notices(work)


DisputesInRequest = Annotated[Disputes, Depends(disputes)]
ConflictsInRequest = Annotated[Conflicts, Depends(conflicts)]
NoticesInRequest = Annotated[Notices, Depends(notices)]
