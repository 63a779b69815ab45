"""Who may do what in gathering: the source department brings and mends its own data, nobody else's."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from sqlalchemy import select

from citykit.access import Actor, requires
from citykit.problems import NotFound
from citykit.work import WorkInRequest
from data_hub.ingest.errors import NoSuchBatch, NoSuchSource
from data_hub.ingest.models import BatchRow, QuarantineRow, SourceRow, TicketRow
from data_hub.ingest.schemas import ResourceCode

LOAD = "data-hub.ingest.load"
MEND = "data-hub.ingest.mend"

Loader = Annotated[Actor, Depends(requires(LOAD))]
Mender = Annotated[Actor, Depends(requires(MEND))]
Gatherer = Annotated[Actor, Depends(requires(any_of=(LOAD, MEND)))]
Code = Annotated[ResourceCode, Path()]


async def seen_batch(resource: Code, batch: UUID, actor: Gatherer, work: WorkInRequest) -> BatchRow:
    """A batch of the caller's department."""
    row = await work.session.get(BatchRow, batch)
    return _own(row, resource, actor)


async def locked_batch(resource: Code, batch: UUID, actor: Gatherer, work: WorkInRequest) -> BatchRow:
    """A batch of the caller's department, to act on."""
    row = await work.session.scalar(select(BatchRow).where(BatchRow.id == batch).with_for_update())
    return _own(row, resource, actor)


def _own(row: BatchRow | None, resource: str, actor: Actor) -> BatchRow:
    if row is None or row.resource != resource or row.department != actor.department:
        raise NoSuchBatch
    return row


async def seen_source(resource: Code, source: UUID, actor: Gatherer, work: WorkInRequest) -> SourceRow:
    """A source that the caller's department registered."""
    return _own_source(await work.session.get(SourceRow, source), resource, actor)


async def locked_source(resource: Code, source: UUID, actor: Gatherer, work: WorkInRequest) -> SourceRow:
    """A source that the caller's department registered, to act on."""
    row = await work.session.scalar(select(SourceRow).where(SourceRow.id == source).with_for_update())
    return _own_source(row, resource, actor)


def _own_source(row: SourceRow | None, resource: str, actor: Actor) -> SourceRow:
    if row is None or row.resource != resource or row.department != actor.department:
        raise NoSuchSource
    return row


async def locked_row(row: UUID, actor: Mender, work: WorkInRequest) -> QuarantineRow:
    """A row in quarantine of the caller's department, to act on."""
    found = await work.session.scalar(select(QuarantineRow).where(QuarantineRow.id == row).with_for_update())
    if found is None or found.department != actor.department:
        raise NotFound
    return found


async def locked_ticket(ticket: UUID, actor: Mender, work: WorkInRequest) -> TicketRow:
    """A ticket with the caller's department, to act on."""
    found = await work.session.scalar(select(TicketRow).where(TicketRow.id == ticket).with_for_update())
    if found is None or found.department != actor.department:
        raise NotFound
    return found


SeenBatch = Annotated[BatchRow, Depends(seen_batch)]
LockedBatch = Annotated[BatchRow, Depends(locked_batch)]
LockedRow = Annotated[QuarantineRow, Depends(locked_row)]
LockedTicket = Annotated[TicketRow, Depends(locked_ticket)]
SeenSource = Annotated[SourceRow, Depends(seen_source)]
LockedSource = Annotated[SourceRow, Depends(locked_source)]
