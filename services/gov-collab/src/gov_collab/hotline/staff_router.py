"""HTTP face of the hotline for operators and departments: every act on a ticket is a sub-resource of it."""

from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from gov_collab.hotline.access import DepartmentHand, Operator, Staff
from gov_collab.hotline.errors import (
    AnsweredByCase,
    LocationMissing,
    NobodyNamed,
    NotCalledBack,
    NotClassified,
    ReturnDecided,
    ReturnTooLate,
    TermMissing,
    TicketStateProblem,
)
from gov_collab.hotline.loading import DepartmentsTicket, OperatorsTicket, TicketAtWork
from gov_collab.hotline.outcome import OutcomeInRequest
from gov_collab.hotline.schemas import (
    AnswerDraft,
    Arbitration,
    AssignmentDraft,
    CallBackDraft,
    Classification,
    Note,
    Reason,
    TicketBrief,
)
from gov_collab.hotline.service import HotlineInRequest
from gov_collab.matters.errors import UnknownMatter
from gov_collab.organisations.errors import UnknownDepartment

router = CityRouter(prefix="/api/gov-collab/v1/hotline/tickets/{ticket_id}", tags=["hotline"])
_STATE = (NotFound, TicketStateProblem)


@router.post("/classifications", status_code=201, responses=problems(*_STATE, UnknownMatter))
async def classify_ticket(
    actor: Operator, ticket: OperatorsTicket, body: Classification, hotline: HotlineInRequest
) -> TicketBrief:
    """Say what a ticket is about 分类: nature, class of matters, urgency, place."""
    return await hotline.classify(ticket, body, by=actor)


@router.post("/refusals", status_code=201, responses=problems(*_STATE))
async def refuse_ticket(
    actor: Operator, ticket: OperatorsTicket, body: Reason, hotline: HotlineInRequest
) -> TicketBrief:
    """Refuse what is not for the hotline 不予受理; the reason names the channel that is right."""
    return await hotline.refuse(ticket, body.reason, by=actor)


@router.post(
    "/assignments",
    status_code=201,
    responses=problems(*_STATE, NotClassified, LocationMissing, NobodyNamed, UnknownDepartment, TermMissing),
)
async def assign_ticket(
    actor: Operator, ticket: OperatorsTicket, body: AssignmentDraft, hotline: HotlineInRequest
) -> TicketBrief:
    """Assign a ticket 派单: to the department that the responsibility list names, or to one named by hand."""
    return await hotline.assign(ticket, body, by=actor)


@router.post("/recalls", status_code=201, responses=problems(*_STATE, AnsweredByCase))
async def recall_ticket(
    actor: Operator, ticket: OperatorsTicket, body: Reason, hotline: HotlineInRequest
) -> TicketBrief:
    """Take a ticket back that nobody has signed for 撤回派单."""
    return await hotline.recall(ticket, body.reason, by=actor)


@router.post("/acceptances", status_code=201, responses=problems(*_STATE, AnsweredByCase))
async def accept_ticket(actor: DepartmentHand, ticket: DepartmentsTicket, hotline: HotlineInRequest) -> TicketBrief:
    """Sign for a ticket 签收, as the department it was assigned to."""
    return await hotline.accept(ticket, by=actor)


@router.post("/returns", status_code=201, responses=problems(*_STATE, AnsweredByCase, ReturnDecided, ReturnTooLate))
async def send_ticket_back(
    actor: DepartmentHand, ticket: DepartmentsTicket, body: Reason, hotline: HotlineInRequest
) -> TicketBrief:
    """Say that a ticket is not this department's 退单; the operators decide."""
    return await hotline.send_back(ticket, body.reason, by=actor)


@router.post("/arbitrations", status_code=201, responses=problems(*_STATE))
async def arbitrate_return(
    actor: Operator, ticket: OperatorsTicket, body: Arbitration, hotline: HotlineInRequest
) -> TicketBrief:
    """Decide about a ticket that was sent back 退单裁定."""
    return await hotline.arbitrate(ticket, body, by=actor)


@router.post("/answers", status_code=201, responses=problems(*_STATE, AnsweredByCase))
async def answer_ticket(
    actor: DepartmentHand, ticket: DepartmentsTicket, body: AnswerDraft, hotline: HotlineInRequest
) -> TicketBrief:
    """Answer a ticket 答复, as the department that signed for it."""
    return await hotline.answer(ticket, body.text, by=actor)


@router.post("/immediate-answers", status_code=201, responses=problems(*_STATE))
async def answer_at_once(
    actor: Operator, ticket: OperatorsTicket, body: AnswerDraft, hotline: HotlineInRequest
) -> TicketBrief:
    """Answer an enquiry without handing it to anybody 当场答复."""
    return await hotline.answer_at_once(ticket, body.text, by=actor)


@router.post("/call-backs", status_code=201, responses=problems(*_STATE))
async def call_back(
    actor: Operator, ticket: OperatorsTicket, body: CallBackDraft, outcome: OutcomeInRequest
) -> TicketBrief:
    """Note what a call-back brought 回访; one that reached the caller closes the ticket with her rating."""
    return await outcome.call_back(ticket, body, by=actor)


@router.post("/closings", status_code=201, responses=problems(*_STATE, NotCalledBack))
async def close_ticket(actor: Operator, ticket: OperatorsTicket, outcome: OutcomeInRequest) -> TicketBrief:
    """Close a ticket whose caller could not be reached 归档."""
    return await outcome.close(ticket, by=actor)


@router.post("/notes", status_code=201, responses=problems(NotFound))
async def keep_note(actor: Staff, ticket: TicketAtWork, body: Note, hotline: HotlineInRequest) -> TicketBrief:
    """Keep an internal note 内部备注; the citizen never sees it."""
    return await hotline.note(ticket, body.text, by=actor)
