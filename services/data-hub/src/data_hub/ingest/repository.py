"""Reads of gathering."""

from uuid import UUID

from sqlalchemy import desc, select

from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.ingest.lineage_schemas import KeptEvent, LineageFilter
from data_hub.ingest.models import (
    BatchRow,
    LineageRow,
    OutcomeRow,
    PartRow,
    ProgressRow,
    QuarantineRow,
    SourceRow,
    TicketRow,
)
from data_hub.ingest.schemas import (
    Batch,
    BatchBrief,
    BatchFilter,
    Part,
    Parts,
    QuarantinedRow,
    RowFilter,
    Ticket,
    TicketFilter,
)
from data_hub.ingest.source_schemas import Source, SourceFilter


async def whole(work: Work, row: BatchRow) -> Batch:
    """A batch with its progress and outcomes."""
    progress = await work.session.get(ProgressRow, row.id)
    outcomes = await work.session.scalars(
        select(OutcomeRow).where(OutcomeRow.batch == row.id).order_by(OutcomeRow.column_name, OutcomeRow.rule)
    )
    return Batch.whole(row, progress, list(outcomes))


async def batches(work: Work, resource: str, department: str | None, query: BatchFilter) -> Page[BatchBrief]:
    """A page of the batches of a resource that a department brought, newest first."""
    statement = select(BatchRow).where(BatchRow.resource == resource, BatchRow.department == department)
    if query.state is not None:
        statement = statement.where(BatchRow.state == query.state)
    keys = (desc(BatchRow.opened_at), desc(BatchRow.id))
    return await keyset_page(work.session, statement, keys=keys, query=query, make=BatchBrief.of)


async def parts(work: Work, batch: UUID) -> Parts:
    """The parts of a batch that are here."""
    rows = await work.session.execute(
        select(PartRow.number, PartRow.sha256, PartRow.size).where(PartRow.batch == batch).order_by(PartRow.number)
    )
    items = [Part(number=row.number, sha256=row.sha256, size=row.size) for row in rows]
    return Parts(items=items, received=sum(part.size for part in items))


async def quarantined(work: Work, batch: UUID, query: RowFilter) -> Page[QuarantinedRow]:
    """A page of the rows of a batch in quarantine, in the order of the file."""
    statement = select(QuarantineRow).where(QuarantineRow.batch == batch)
    if query.state is not None:
        statement = statement.where(QuarantineRow.state == query.state)
    return await keyset_page(
        work.session, statement, keys=(QuarantineRow.line,), query=query, make=QuarantinedRow.of
    )  # fmt: skip


async def tickets(work: Work, department: str | None, query: TicketFilter) -> Page[Ticket]:
    """A page of a department's tickets, newest first."""
    statement = select(TicketRow).where(TicketRow.department == department)
    if query.state is not None:
        statement = statement.where(TicketRow.state == query.state)
    if query.resource is not None:
        statement = statement.where(TicketRow.resource == query.resource)
    return await keyset_page(work.session, statement, keys=(desc(TicketRow.id),), query=query, make=Ticket.of)


async def lineage(work: Work, query: LineageFilter) -> Page[KeptEvent]:
    """A page of lineage events, newest first."""
    statement = select(LineageRow)
    if query.resource is not None:
        statement = statement.where(LineageRow.resource == query.resource)
    if query.batch is not None:
        statement = statement.where(LineageRow.batch == query.batch)
    if query.run is not None:
        statement = statement.where(LineageRow.run == query.run)
    return await keyset_page(work.session, statement, keys=(desc(LineageRow.id),), query=query, make=KeptEvent.of)


async def sources(work: Work, resource: str, department: str | None, query: SourceFilter) -> Page[Source]:
    """A page of the sources of a resource that a department registered, newest first."""
    statement = select(SourceRow).where(SourceRow.resource == resource, SourceRow.department == department)
    return await keyset_page(work.session, statement, keys=(desc(SourceRow.id),), query=query, make=Source.of)
