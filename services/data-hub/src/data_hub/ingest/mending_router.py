"""HTTP face of quality: rows in quarantine, their mending and replay, tickets."""

from typing import Annotated

from fastapi import Query

from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.ingest import repository
from data_hub.ingest.access import Gatherer, LockedBatch, LockedRow, LockedTicket, Mender, SeenBatch
from data_hub.ingest.errors import (
    BadDeclaration,
    BatchStateProblem,
    NoSuchBatch,
    RowStateProblem,
    TicketStateProblem,
)
from data_hub.ingest.quarantine import Quarantine
from data_hub.ingest.schemas import (
    Answer,
    BatchBrief,
    Mending,
    QuarantinedRow,
    Reason,
    RowFilter,
    Ticket,
    TicketFilter,
)
from data_hub.ingest.service import IngestInRequest
from data_hub.ingest.tickets import Tickets

router = CityRouter(prefix="/api/data-hub/v1/ingest", tags=["ingest"])


@router.get("/{resource}/batches/{batch}/quarantine", responses=problems(NoSuchBatch))
async def list_quarantine(
    batch: SeenBatch, query: Annotated[RowFilter, Query()], work: WorkInRequest
) -> Page[QuarantinedRow]:
    """List the rows of a batch that stay out 隔离区, each with its reasons; personal values are masked."""
    return await repository.quarantined(work, batch.id, query)


@router.post("/quarantine/{row}/mendings", responses=problems(NotFound, RowStateProblem, BadDeclaration))
async def mend_row(
    actor: Mender, row: LockedRow, body: Mending, work: WorkInRequest, ingest: IngestInRequest
) -> QuarantinedRow:
    """Put the right values into a row 修正; the replay checks them by the same rules."""
    contract, _ = await ingest.contract(row.resource)
    await Quarantine(work).mend(row, body.values, contract, by=actor)
    return QuarantinedRow.of(row)


@router.post("/quarantine/{row}/discards", responses=problems(NotFound, RowStateProblem))
async def discard_row(actor: Mender, row: LockedRow, body: Reason, work: WorkInRequest) -> QuarantinedRow:
    """Give a row up 弃用."""
    Quarantine(work).discard(row, body.reason, by=actor)
    await work.session.flush()
    await Tickets(work).settle(row.resource)
    return QuarantinedRow.of(row)


@router.post("/{resource}/batches/{batch}/replays", status_code=202, responses=problems(NoSuchBatch, BatchStateProblem))
async def replay_batch(actor: Mender, batch: LockedBatch, ingest: IngestInRequest) -> BatchBrief:
    """Play the mended rows again 重放, through the same rules as the first time."""
    return BatchBrief.of(await ingest.replay(batch, by=actor))


@router.get("/tickets")
async def list_tickets(actor: Gatherer, query: Annotated[TicketFilter, Query()], work: WorkInRequest) -> Page[Ticket]:
    """List the quality tickets of one's department 质量工单, newest first."""
    return await repository.tickets(work, actor.department, query)


@router.post("/tickets/{ticket}/answers", responses=problems(NotFound, TicketStateProblem))
async def answer_ticket(actor: Mender, ticket: LockedTicket, body: Answer, work: WorkInRequest) -> Ticket:
    """Say what is done about a ticket 答复; it closes by itself when nothing breaks its rule any more."""
    Tickets(work).answer(ticket, body.answer, by=actor)
    return Ticket.of(ticket)
