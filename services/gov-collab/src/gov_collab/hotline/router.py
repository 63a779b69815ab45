"""HTTP face of the hotline for those who bring a matter: intake, reading, urging, rating, a second round."""

from typing import Annotated

from fastapi import Query

from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from gov_collab.hotline.access import Citizen, Maintainer, Operator, OperatorOrCitizen, Staff, StaffOrCitizen
from gov_collab.hotline.errors import NotReopenable, TicketStateProblem
from gov_collab.hotline.intake import IntakeInRequest
from gov_collab.hotline.loading import OperatorsOrOwnTicket, OwnTicket, StaffsTicket, VisibleTicket
from gov_collab.hotline.outcome import OutcomeInRequest
from gov_collab.hotline.records import RecordsInRequest
from gov_collab.hotline.schemas import (
    CallDraft,
    Contact,
    ContactQuestion,
    Note,
    RatingDraft,
    Reason,
    TermTable,
    Ticket,
    TicketBrief,
    TicketDraft,
    TicketFilter,
)
from gov_collab.matters.errors import UnknownMatter
from gov_collab.matters.schemas import Suggestions

router = CityRouter(prefix="/api/gov-collab/v1/hotline", tags=["hotline"])


@router.post("/tickets", status_code=201, responses=problems(UnknownMatter))
async def submit_ticket(actor: Citizen, body: TicketDraft, intake: IntakeInRequest, once: OnceInRequest) -> Ticket:
    """Send a message to the hotline 提交诉求, as a citizen on the web or in the app."""
    return await once(lambda: intake.submit(body, by=actor), Ticket)


@router.post("/calls", status_code=201, responses=problems(UnknownMatter))
async def take_call(actor: Operator, body: CallDraft, intake: IntakeInRequest, once: OnceInRequest) -> TicketBrief:
    """Write down a telephone call for the caller 来电登记, as an operator."""
    return await once(lambda: intake.take_call(body, by=actor), TicketBrief)


@router.get("/tickets")
async def list_tickets(
    actor: StaffOrCitizen, query: Annotated[TicketFilter, Query()], records: RecordsInRequest
) -> Page[TicketBrief]:
    """List tickets, newest first: a citizen's own, a department's, or all for operators. Callers are masked."""
    return await records.page(query, by=actor)


@router.get("/tickets/{ticket_id}", responses=problems(NotFound))
async def read_ticket(actor: StaffOrCitizen, ticket: VisibleTicket, records: RecordsInRequest) -> Ticket:
    """Read a ticket with its trail. Who sent it in sees all public steps; a reading by staff is shown to her."""
    return await records.detail(ticket, by=actor)


@router.get("/tickets/{ticket_id}/contact", responses=problems(NotFound))
async def read_contact(
    actor: Staff, ticket: StaffsTicket, query: Annotated[ContactQuestion, Query()], records: RecordsInRequest
) -> Contact:
    """Read the caller's name and number unmasked 查看联系方式; the stated purpose is kept and shown to her."""
    return await records.contact(ticket, query.purpose, by=actor)


@router.get("/tickets/{ticket_id}/suggestions", responses=problems(NotFound))
async def suggest_for_ticket(_: Staff, ticket: StaffsTicket, records: RecordsInRequest) -> Suggestions:
    """Suggest classes of matters for a ticket 分类建议, best first, with the words that spoke for each."""
    return await records.suggestions(ticket)


@router.post("/tickets/{ticket_id}/urgings", status_code=201, responses=problems(NotFound, TicketStateProblem))
async def urge_ticket(
    actor: OperatorOrCitizen, ticket: OperatorsOrOwnTicket, body: Note, outcome: OutcomeInRequest, once: OnceInRequest
) -> TicketBrief:
    """Urge a ticket on 催办; it hangs on its ticket and opens no other."""
    return await once(lambda: outcome.urge(ticket, body.text, by=actor), TicketBrief)


@router.post("/tickets/{ticket_id}/ratings", status_code=201, responses=problems(NotFound, TicketStateProblem))
async def rate_ticket(
    actor: Citizen, ticket: OwnTicket, body: RatingDraft, outcome: OutcomeInRequest, once: OnceInRequest
) -> Ticket:
    """Rate an answer 评价, 1 very satisfied to 5 very dissatisfied; this closes the ticket."""
    return await once(lambda: outcome.rate(ticket, body, by=actor), Ticket)


@router.post(
    "/tickets/{ticket_id}/reopenings", status_code=201, responses=problems(NotFound, TicketStateProblem, NotReopenable)
)
async def reopen_ticket(
    actor: OperatorOrCitizen, ticket: OperatorsOrOwnTicket, body: Reason, outcome: OutcomeInRequest
) -> TicketBrief:
    """Have a ticket opened again 申请重办: once, by somebody who is not satisfied."""
    return await outcome.reopen(ticket, body.reason, by=actor)


@router.get("/terms")
async def read_terms(_: StaffOrCitizen, records: RecordsInRequest) -> TermTable:
    """Read the terms of the hotline in working days 办理时限, each with its source."""
    return await records.terms()


@router.put("/terms")
async def set_terms(actor: Maintainer, body: TermTable, records: RecordsInRequest) -> TermTable:
    """Set all terms of the hotline 设置办理时限; tickets keep the due times that they were given."""
    return await records.set_terms(body, by=actor)
