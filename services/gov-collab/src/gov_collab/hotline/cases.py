"""What city-management tells of the cases that came of tickets. Told twice or in the wrong order, it ends the same.

The newest case of a ticket, as long as the ticket waits for it, moves the ticket; every other one only leaves its steps
on the trail. A case that is closed answers its ticket; one that is rejected or void gives it back to the operators.
"""

from uuid import UUID

from sqlalchemy import select

from citykit.work import Work
from gov_collab.hotline.domain import TicketState as State
from gov_collab.hotline.domain import after
from gov_collab.hotline.events import CaseClosed, CaseProgressed, CaseReported
from gov_collab.hotline.models import CaseLinkRow, TicketRow
from gov_collab.hotline.service import give_answer, release
from gov_collab.hotline.steps import HOTLINE, Steps
from gov_collab.matters.domain import HandledAs

CITY_OPS = "service:city-ops"
RESOLVED = "resolved"


async def on_case_reported(event: CaseReported, work: Work) -> None:
    """A case was opened: link it and show it on the trail."""
    ticket, link = await _linked(event, work)
    if ticket is None or link is None or link.reported:
        return
    link.reported = True
    moves = ticket.case_id == link.case_id and after("open-case", State(ticket.state)) is not None
    _line(work, ticket, link, "open-case", event, note=f"案件 Case {event.number}", moves=moves)


async def on_case_progressed(event: CaseProgressed, work: Work) -> None:
    """A case has moved on: show it on the trail; an older step that comes late does not turn the link back."""
    ticket, link = await _linked(event, work)
    if ticket is None or link is None:
        return
    if link.state_at is None or link.state_at <= event.at:
        link.state, link.state_at = event.state, event.at
    _line(work, ticket, link, "case-progress", event, note=event.note, moves=False, state=event.state)


async def on_case_closed(event: CaseClosed, work: Work) -> None:
    """A case has ended: answer the ticket with its outcome, or give the ticket back to the operators."""
    ticket, link = await _linked(event, work)
    if ticket is None or link is None or link.outcome is not None:
        return
    link.outcome = event.outcome
    act = "answer-by-case" if event.outcome == RESOLVED else "return-by-case"
    text = event.outcome_text or f"案件 Case {event.number}: {event.outcome}"
    if ticket.case_id != link.case_id or after(act, State(ticket.state)) is None:
        _line(work, ticket, link, "case-progress", event, note=text, moves=False, state=event.outcome)
    elif act == "answer-by-case":
        give_answer(work, Steps(work), ticket, act, text, by=CITY_OPS, department=ticket.department_name or HOTLINE)
    else:
        _line(work, ticket, link, act, event, note=text, moves=True, outcome=event.outcome)
        release(ticket)


def _line(
    work: Work,
    ticket: TicketRow,
    link: CaseLinkRow,
    act: str,
    event: CaseReported | CaseProgressed | CaseClosed,
    *,
    note: str | None,
    moves: bool,
    **data: str,
) -> None:
    steps = Steps(work)
    take = steps.take if moves else steps.write
    facts = {"case": str(link.case_id), "number": event.number} | data
    take(ticket, act, by=CITY_OPS, department=ticket.department_name, note=note, at=event.at, data=facts)


async def _linked(
    event: CaseReported | CaseProgressed | CaseClosed, work: Work
) -> tuple[TicketRow | None, CaseLinkRow | None]:
    """The ticket that a case came of, locked, and the link between them, made where this is the first word of it.

    A case of another source, or of a ticket that was never here, concerns nobody: both are None.
    """
    ticket_id = _ticket_id(event.source_kind, event.source_reference)
    if ticket_id is None:
        return None, None
    ticket = await work.session.scalar(select(TicketRow).where(TicketRow.id == ticket_id).with_for_update())
    if ticket is None:
        return None, None
    link = await work.session.get(CaseLinkRow, event.case_id)
    if link is None:
        link = CaseLinkRow(case_id=event.case_id, ticket_id=ticket.id, number=event.number, reported=False)
        work.session.add(link)
        waits = ticket.handled_as == HandledAs.city_case and ticket.state == State.assigned
        if waits and ticket.case_id is None:
            ticket.case_id = event.case_id
    elif link.ticket_id != ticket.id:
        return None, None
    return ticket, link


def _ticket_id(source_kind: str, reference: str | None) -> UUID | None:
    if source_kind != "hotline" or reference is None:
        return None
    try:
        return UUID(reference)
    except ValueError:
        return None
