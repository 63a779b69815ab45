"""What happens to requests by itself: assignment, escalation, settling, a new calendar."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from citykit.calendar import CalendarEnd
from citykit.clock import CHINA
from citykit.work import Work
from enterprise.clients import gov_collab
from enterprise.requests import repository
from enterprise.requests.deadlines import old_enough
from enterprise.requests.domain import RequestState, Side
from enterprise.requests.events import RequestEscalated
from enterprise.requests.ledger import Ledger
from enterprise.requests.models import EscalationRow, MilestoneRow, RequestRow
from enterprise.requests.service import SYSTEM, Requests, facts_of

ESCALATE = "enterprise.requests.escalate"
RECALCULATE = "enterprise.requests.recalculate"
SETTLE = "enterprise.requests.settle"
BATCH = 200
UNROUTED = frozenset({RequestState.submitted, RequestState.accepted})
SILENCE_DAYS = 5  # working days after which an answer that the firm does not speak about is taken as accepted
CONFIRMED_DAYS = 1  # working days after which a confirmed request is filed


async def route(work: Work, request_id: str) -> None:
    """Find the department that answers for the request.

    While gov-collab is down the job fails and is tried again. Where the responsibility list names nobody, the trail
    says so and a supervisor assigns by hand.
    """
    key = UUID(request_id)
    division = await work.session.scalar(select(RequestRow.division_code).where(RequestRow.id == key))
    if division is None:
        return
    today: date = work.clock.now().astimezone(CHINA).date()
    found = await gov_collab.responsible_for(work.mesh, division, today)
    request = (await work.session.scalars(select(RequestRow).where(RequestRow.id == key).with_for_update())).one()
    if request.department_code is not None or request.state not in UNROUTED:
        return
    if found is not None:
        Requests(work).route(request, found)
        return
    note = "责任清单中没有承办部门，请人工派单 The responsibility list names no department; assign by hand"
    Requests(work).say(request, "unassignable", side=Side.system, by=SYSTEM, note=note)


async def escalate(work: Work) -> None:
    """Carry every milestone that passed unmet upward, once; requests too young are left for a later run."""
    now = work.clock.now()
    rows = (await work.session.execute(repository.due_for_escalation(now, BATCH))).all()
    for milestone, request in rows:
        try:
            ripe = old_enough(request.submitted_at, now, request.minimum_age_minutes, work.calendar)
        except CalendarEnd:
            ripe = False
        if ripe:
            _escalate(work, milestone, request)
    if len(rows) == BATCH:
        work.jobs.defer(ESCALATE, lock=f"periodic/{ESCALATE}")


def _escalate(work: Work, milestone: MilestoneRow, request: RequestRow) -> None:
    now, due = work.clock.now(), milestone.due_at
    assert due is not None
    milestone.escalated_at = now
    work.session.add(
        EscalationRow(
            request_id=request.id,
            round=milestone.round,
            kind=milestone.kind,
            level=milestone.level,
            department_code=request.department_code,
            due_at=due,
            escalated_at=now,
        )
    )
    note = f"“{milestone.kind}” 超时，升级至 {milestone.level} 级 Overdue, escalated to level {milestone.level}"
    Requests(work).say(request, "escalate", side=Side.system, by=SYSTEM, note=note)
    event = RequestEscalated(**facts_of(request), at=now, level=milestone.level, milestone=milestone.kind, due_at=due)
    work.events.record(event, subject=str(request.id))


async def settle(work: Work) -> None:
    """Close what the firm confirmed or left unanswered long enough."""
    now = work.clock.now()
    waiting = (RequestState.answered, RequestState.confirmed)
    found = select(RequestRow).where(RequestRow.state.in_(waiting)).order_by(RequestRow.answered_at)
    for request in await work.session.scalars(found.limit(BATCH).with_for_update(skip_locked=True)):
        confirmed = request.state == RequestState.confirmed
        assert request.answered_at is not None
        try:
            last = work.calendar.add_days(request.answered_at, CONFIRMED_DAYS if confirmed else SILENCE_DAYS)
        except CalendarEnd:
            continue
        if now > last:
            note = "企业已确认，自动归档 Confirmed" if confirmed else "企业逾期未反馈，自动办结 No word from the firm"
            await Requests(work).close(request, side=Side.system, by=SYSTEM, note=note)


async def recalculate(work: Work) -> None:
    """Reckon the deadlines of open requests anew where the calendar has another version; the old ones are kept."""
    found = repository.reckoned_otherwise(work.calendar.version, BATCH)
    for request in (await work.session.scalars(found)).all():
        await Ledger(work).recalculate(request)
