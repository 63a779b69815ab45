"""The reads of credit, each one starting from what the caller may see."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, desc, select, tuple_

from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.credit.domain import (
    REPAIR_OPEN,
    DisputeState,
    Method,
    Period,
    RecordState,
    Severity,
    Term,
    is_public,
)
from data_hub.credit.models import DisputeRow, LimitRow, MethodRow, RecallRow, RecordRow, RepairRow, TermRow
from data_hub.credit.schemas import (
    Dispute,
    DisputeFilter,
    Recall,
    RecallFilter,
    Record,
    RecordFilter,
    Repair,
    RepairFilter,
    TermTable,
)


def period_kept(row: RecordRow) -> Period | None:
    """The days of a record, as they were worked out when it was taken."""
    if row.published_until is None:
        return None
    return Period(row.repairable_from, row.published_until, row.published)


def shown(row: RecordRow, day: date) -> Record:
    """A record as on `day`."""
    return Record.of(row, public=is_public(RecordState(row.state), period_kept(row), row.lifted_until, day))


async def terms(work: Work) -> list[Term]:
    """All terms of publication."""
    rows = await work.session.scalars(select(TermRow).order_by(TermRow.effective_from, TermRow.minimum_months))
    return [
        Term(Severity(r.severity), r.minimum_months, r.maximum_months, r.published, r.effective_from, r.source)
        for r in rows
    ]


async def limits(work: Work) -> list[LimitRow]:
    """All limits in working days."""
    return list(await work.session.scalars(select(LimitRow).order_by(LimitRow.act, LimitRow.effective_from)))


async def limit_on(work: Work, act: str, day: date) -> int:
    """How many working days an act has on `day`."""
    statement = (
        select(LimitRow.working_days)
        .where(LimitRow.act == act, LimitRow.effective_from <= day)
        .order_by(desc(LimitRow.effective_from))
        .limit(1)
    )
    return int((await work.session.scalars(statement)).one())


async def methods(work: Work) -> list[MethodRow]:
    """All methods of rating, the newest first; of those of one day the one that is named last."""
    order = desc(MethodRow.effective_from), desc(MethodRow.version)
    return list(await work.session.scalars(select(MethodRow).order_by(*order)))


def method_of(row: MethodRow) -> Method:
    """The method that a row keeps."""
    kept = row.method
    return Method(
        version=row.version, title=kept["title"], beginning=kept["beginning"], points=kept["points"],
        most=kept["most"], grades=tuple((grade, least) for grade, least in kept["grades"]), source=kept["source"],
    )  # fmt: skip


async def record_row(work: Work, uscc: str, record_id: UUID, seen: ColumnElement[bool]) -> RecordRow | None:
    """The record to act on, locked."""
    statement = select(RecordRow).where(RecordRow.uscc == uscc, RecordRow.id == record_id, seen).with_for_update()
    return (await work.session.scalars(statement)).first()


async def records_of(work: Work, codes: Collection[str], *, kept: bool = False) -> list[RecordRow]:
    """Everything on record about a firm, under any of its codes, the newest document first.

    `kept` lets none of them change until the transaction ends: whoever is handed one is then known to who ends it.
    """
    statement = select(RecordRow).where(RecordRow.uscc.in_(codes)).order_by(desc(RecordRow.document_date), RecordRow.id)
    return list(await work.session.scalars(statement.with_for_update(read=True) if kept else statement))


async def records(work: Work, query: RecordFilter, seen: ColumnElement[bool], day: date) -> Page[Record]:
    """A department's records, newest first."""
    statement: Select[RecordRow] = select(RecordRow).where(seen)
    for column, wanted in (
        (RecordRow.uscc, query.uscc),
        (RecordRow.kind, query.kind),
        (RecordRow.state, query.state),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return await keyset_page(
        work.session, statement, keys=(desc(RecordRow.id),), query=query, make=lambda row: shown(row, day)
    )


async def repairs(work: Work, query: RepairFilter, seen: ColumnElement[bool]) -> Page[Repair]:
    """Applications for repair, newest first."""
    statement: Select[RepairRow] = select(RepairRow).where(seen)
    if query.state is not None:
        statement = statement.where(RepairRow.state == query.state)
    now = work.clock.now()
    return await keyset_page(
        work.session, statement, keys=(desc(RepairRow.id),), query=query, make=lambda row: Repair.of(row, now)
    )


async def repair_row(work: Work, repair_id: UUID, seen: ColumnElement[bool]) -> RepairRow | None:
    """The application to act on, locked, and before it its record: so whoever acts on either, none waits in a ring."""
    await _lock_record(work, select(RepairRow.uscc, RepairRow.record_id).where(RepairRow.id == repair_id, seen))
    statement = select(RepairRow).where(RepairRow.id == repair_id, seen).with_for_update()
    return (await work.session.scalars(statement)).first()


async def disputes(work: Work, query: DisputeFilter, seen: ColumnElement[bool]) -> Page[Dispute]:
    """Disputes, newest first."""
    statement: Select[DisputeRow] = select(DisputeRow).where(seen)
    if query.state is not None:
        statement = statement.where(DisputeRow.state == query.state)
    now = work.clock.now()
    return await keyset_page(
        work.session, statement, keys=(desc(DisputeRow.id),), query=query, make=lambda row: Dispute.of(row, now)
    )


async def dispute_row(work: Work, dispute_id: UUID, seen: ColumnElement[bool]) -> DisputeRow | None:
    """The dispute to act on, locked, and before it its record."""
    await _lock_record(work, select(DisputeRow.uscc, DisputeRow.record_id).where(DisputeRow.id == dispute_id, seen))
    statement = select(DisputeRow).where(DisputeRow.id == dispute_id, seen).with_for_update()
    return (await work.session.scalars(statement)).first()


async def open_dispute(work: Work, record: RecordRow) -> DisputeRow | None:
    """The dispute about a locked record that nobody decided yet, locked."""
    statement = select(DisputeRow).where(
        DisputeRow.uscc == record.uscc, DisputeRow.record_id == record.id, DisputeRow.state == DisputeState.raised
    )
    return (await work.session.scalars(statement.with_for_update())).first()


async def open_repair(work: Work, record: RecordRow) -> RepairRow | None:
    """The application about a locked record that nobody decided yet, locked."""
    statement = select(RepairRow).where(
        RepairRow.uscc == record.uscc, RepairRow.record_id == record.id, RepairRow.state.in_(REPAIR_OPEN)
    )
    return (await work.session.scalars(statement.with_for_update())).first()


async def _lock_record(work: Work, which: Select[str, UUID]) -> None:
    of = tuple_(RecordRow.uscc, RecordRow.id).in_(which)
    await work.session.execute(select(RecordRow.id).where(of).with_for_update())


async def recalls(work: Work, query: RecallFilter, seen: ColumnElement[bool]) -> Page[Recall]:
    """Recalls sent to a department, oldest first."""
    waiting = RecallRow.acknowledged_at.is_not(None) if query.acknowledged else RecallRow.acknowledged_at.is_(None)
    statement = select(RecallRow).where(seen, waiting)
    keys = (RecallRow.told_at, RecallRow.record_id)
    now = work.clock.now()
    return await keyset_page(work.session, statement, keys=keys, query=query, make=lambda row: Recall.of(row, now))


async def recall_row(work: Work, uscc: str, record_id: UUID, seen: ColumnElement[bool]) -> RecallRow | None:
    """The recall to act on, locked."""
    statement = select(RecallRow).where(RecallRow.uscc == uscc, RecallRow.record_id == record_id, seen)
    return (await work.session.scalars(statement.with_for_update())).first()


async def term_table(work: Work) -> TermTable:
    """All that periods, limits and ratings go by."""
    return TermTable(
        terms=[
            {
                "severity": t.severity.value, "minimum_months": t.minimum_months, "maximum_months": t.maximum_months,
                "published": t.published, "effective_from": str(t.effective_from), "source": t.source,
            }
            for t in await terms(work)
        ],
        limits=[
            {
                "act": row.act, "working_days": row.working_days, "effective_from": str(row.effective_from),
                "source": row.source,
            }
            for row in await limits(work)
        ],
        methods=[
            {"version": row.version, "effective_from": str(row.effective_from)} | row.method
            for row in await methods(work)
        ],
    )  # fmt: skip
