"""HTTP in and out for requests: what the firm, the department and the supervisor do."""

from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import not_

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.mesh import NeighbourUnavailable
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from enterprise.firms.errors import FirmCeased
from enterprise.requests import repository
from enterprise.requests.access import (
    AcceptableRequest,
    Accepter,
    Asker,
    HandledRequest,
    Handler,
    OwnRequest,
    ReadableRequest,
    RequestReader,
    RequestsInRequest,
    SupervisedRequest,
    Supervisor,
)
from enterprise.requests.domain import Side
from enterprise.requests.errors import (
    NotTheFirms,
    RequestStateProblem,
    UnknownCategory,
    UnknownDepartment,
    WhereIsIt,
)
from enterprise.requests.models import EscalationRow, RequestRow
from enterprise.requests.schemas import (
    AnswerDraft,
    AssignmentDraft,
    Category,
    ClockEntry,
    Confirmation,
    EnterpriseRequest,
    Escalation,
    LimitOfCategory,
    Note,
    OptionalNote,
    Reason,
    RequestDraft,
    RequestFilter,
    RequestSummary,
    TrailEntry,
)

router = CityRouter(prefix="/api/enterprise/v1/requests", tags=["requests 企业诉求"])
ACT = problems(RequestStateProblem, NotFound)


@router.get("/categories", dependencies=[Depends(anyone)])
async def list_categories(work: WorkInRequest) -> Page[Category]:
    """List the kinds of request and the limits that hold for each, with their source."""
    limits = await repository.limits(work.session)
    found = await repository.categories(work.session)
    items = [
        Category(
            code=category.code,
            name=category.name,
            name_en=category.name_en,
            profile=profile.name,
            source=profile.source,
            limits=[LimitOfCategory.of(row) for row in limits if row.profile_code == profile.code],
        )
        for category, profile in found
    ]
    return Page[Category](items=items)


@router.get("/escalations")
async def list_escalations(
    actor: Supervisor, query: Annotated[PageQuery, Query()], work: WorkInRequest
) -> Page[Escalation]:
    """List what ran overdue 督办清单, newest first."""
    keys = (EscalationRow.escalated_at.desc(), EscalationRow.id.desc())
    return await keyset_page(work.session, repository.escalations(), keys=keys, query=query, make=Escalation.of)


@router.post("", status_code=201, responses=problems(UnknownCategory, NotTheFirms, FirmCeased, WhereIsIt))
async def submit_request(
    actor: Asker, body: RequestDraft, requests: RequestsInRequest, once: OnceInRequest
) -> EnterpriseRequest:
    """Ask the city 提交诉求: as representative or delegate of a firm, or as a founder whose firm has no code yet."""
    return await once(lambda: requests.submit(body, by=actor), EnterpriseRequest)


@router.get("")
async def list_requests(
    actor: RequestReader, query: Annotated[RequestFilter, Query()], requests: RequestsInRequest
) -> Page[RequestSummary]:
    """List the requests that the caller may see: her own and her firms', her department's, or all for a supervisor."""
    found = repository.visible_to(actor, await requests.firms.codes_of(actor.subject))
    for column, value in ((RequestRow.state, query.state), (RequestRow.category, query.category)):
        found = found if value is None else found.where(column == value)
    if query.uscc is not None:
        found = found.where(RequestRow.uscc == query.uscc)
    if query.overdue is not None:
        late = repository.is_overdue(requests.work.clock.now())
        found = found.where(late if query.overdue else not_(late))
    keys = (RequestRow.submitted_at.desc(), RequestRow.id.desc())
    return await keyset_page(requests.work.session, found, keys=keys, query=query, make=RequestSummary.of)


@router.get("/{request_id}", responses=problems(NotFound))
async def read_request(
    actor: RequestReader, request: ReadableRequest, requests: RequestsInRequest
) -> EnterpriseRequest:
    """Read a request; a reader from outside is noted for the person who asked and for the firm."""
    return await requests.read(request, by=actor)


@router.get("/{request_id}/trail", responses=problems(NotFound))
async def read_trail(actor: RequestReader, request: ReadableRequest, work: WorkInRequest) -> list[TrailEntry]:
    """Read what happened to a request, step by step 办理过程."""
    return [TrailEntry.of(row) for row in await repository.trail_of(work.session, request.id)]


@router.get("/{request_id}/clock", responses=problems(NotFound))
async def read_clock(actor: RequestReader, request: ReadableRequest, work: WorkInRequest) -> list[ClockEntry]:
    """Read the clock ledger 计时台账, from which the deadlines can be reckoned again."""
    return [ClockEntry.of(row) for row in await repository.ledger_of(work.session, request.id)]


@router.post("/{request_id}/acceptance", status_code=201, responses=ACT)
async def accept_request(
    actor: Accepter, request: AcceptableRequest, body: OptionalNote, requests: RequestsInRequest
) -> RequestSummary:
    """Accept a request 受理: its responsible department or a supervisor. With the department known it is assigned."""
    return await requests.accept(request, by=actor, note=body.note)


@router.post(
    "/{request_id}/assignments",
    status_code=201,
    responses=problems(RequestStateProblem, NotFound, UnknownDepartment, NeighbourUnavailable),
)
async def assign_request(
    actor: Supervisor, request: SupervisedRequest, body: AssignmentDraft, requests: RequestsInRequest
) -> RequestSummary:
    """Give a request to a department by hand 派单 or 改派."""
    return await requests.assign(request, body.department_code, by=actor, note=body.note)


@router.post("/{request_id}/contacts", status_code=201, responses=ACT)
async def contact_firm(
    actor: Handler, request: HandledRequest, body: Note, requests: RequestsInRequest
) -> RequestSummary:
    """Note the first contact with the firm 首次联系; the matter is in progress from here."""
    return await requests.contact(request, by=actor, note=body.note)


@router.post("/{request_id}/plans", status_code=201, responses=ACT)
async def plan_request(
    actor: Handler, request: HandledRequest, body: Note, requests: RequestsInRequest
) -> RequestSummary:
    """Say how and until when the matter will be solved 办理方案."""
    return await requests.plan(request, by=actor, note=body.note)


@router.post("/{request_id}/pauses", status_code=201, responses=ACT)
async def pause_request(
    actor: Handler, request: HandledRequest, body: Reason, requests: RequestsInRequest
) -> RequestSummary:
    """Stop the clock for a reason that the firm reads 暂停计时."""
    return await requests.pause(request, by=actor, reason=body.reason)


@router.post("/{request_id}/resumptions", status_code=201, responses=ACT)
async def resume_request(
    actor: Handler, request: HandledRequest, body: OptionalNote, requests: RequestsInRequest
) -> RequestSummary:
    """Let the clock run again 恢复计时."""
    return await requests.resume(request, by=actor, note=body.note)


@router.post("/{request_id}/answers", status_code=201, responses=ACT)
async def answer_request(
    actor: Handler, request: HandledRequest, body: AnswerDraft, requests: RequestsInRequest
) -> RequestSummary:
    """Answer the firm 答复."""
    return await requests.answer(request, by=actor, answer=body.answer)


@router.post("/{request_id}/confirmation", status_code=201, responses=ACT)
async def confirm_answer(
    actor: Asker, request: OwnRequest, body: Confirmation, requests: RequestsInRequest
) -> RequestSummary:
    """Take the answer 确认办结, with a rating if one likes."""
    return await requests.confirm(request, body, by=actor)


@router.post("/{request_id}/reopenings", status_code=201, responses=ACT)
async def reopen_request(
    actor: Asker, request: OwnRequest, body: Reason, requests: RequestsInRequest
) -> RequestSummary:
    """Send the answer back 不满意重办: a new round begins, with a clock of its own."""
    return await requests.reopen(request, by=actor, reason=body.reason)


@router.post("/{request_id}/withdrawal", status_code=201, responses=ACT)
async def withdraw_request(
    actor: Asker, request: OwnRequest, body: OptionalNote, requests: RequestsInRequest
) -> RequestSummary:
    """Take a request back 撤回."""
    return await requests.withdraw(request, by=actor, note=body.note)


@router.post("/{request_id}/closure", status_code=201, responses=ACT)
async def close_request(
    actor: Supervisor, request: SupervisedRequest, body: Reason, requests: RequestsInRequest
) -> RequestSummary:
    """Close a request 办结; one that was never accepted is declined 不予受理, with the reason."""
    return await requests.close(request, side=Side.supervisor, by=actor, note=body.reason)
