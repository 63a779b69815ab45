"""What comes after the answer: the call-back, the rating, the closing, a second round; and the urging before it."""

from typing import Annotated

from fastapi import Depends

from citykit.actors import Actor
from citykit.work import Work, WorkInRequest
from gov_collab.hotline import repository
from gov_collab.hotline.access import is_own
from gov_collab.hotline.domain import Satisfaction, Stage, TicketState
from gov_collab.hotline.errors import NotCalledBack, NotReopenable, TicketStateProblem
from gov_collab.hotline.events import TicketClosed
from gov_collab.hotline.models import TicketRow
from gov_collab.hotline.schemas import CallBackDraft, RatingDraft, Ticket, TicketBrief
from gov_collab.hotline.service import release
from gov_collab.hotline.steps import HOTLINE, Steps


class Outcome:
    """The end of tickets within one transaction; every ticket handed in is locked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps = Steps(work)

    async def call_back(self, ticket: TicketRow, draft: CallBackDraft, *, by: Actor) -> TicketBrief:
        """Note what a call-back brought; one that reached the caller closes the ticket. Raises TicketStateProblem."""
        if draft.satisfaction is None:
            self._steps.take(ticket, "miss-call", by=by, department=HOTLINE, note=draft.note)
            ticket.calls_missed += 1
        else:
            data = {"satisfaction": draft.satisfaction.value}
            self._steps.take(ticket, "call-back", by=by, department=HOTLINE, note=draft.note, data=data)
            self._close(ticket, draft.satisfaction)
        return repository.brief(ticket, self._work.clock.now())

    async def rate(self, ticket: TicketRow, draft: RatingDraft, *, by: Actor) -> Ticket:
        """Rate an answer, which closes the ticket; one that was closed without rating can still be rated, once.

        Raises TicketStateProblem (409).
        """
        was = TicketState(ticket.state)
        if ticket.satisfaction is not None:
            raise TicketStateProblem.refusing("rate", was)
        data = {"satisfaction": draft.satisfaction.value}
        self._steps.take(ticket, "rate", by=by, note=draft.note, data=data)
        if was is TicketState.answered:
            self._close(ticket, draft.satisfaction)
        ticket.satisfaction = draft.satisfaction.value
        return await self._detail(ticket, by)

    async def close(self, ticket: TicketRow, *, by: Actor) -> TicketBrief:
        """Close a ticket whose caller could not be reached. Raises TicketStateProblem, NotCalledBack (409)."""
        self._steps.check(ticket, "close")
        if not ticket.calls_missed:
            raise NotCalledBack()
        self._steps.take(ticket, "close", by=by, department=HOTLINE)
        self._close(ticket, None)
        return repository.brief(ticket, self._work.clock.now())

    async def reopen(self, ticket: TicketRow, reason: str, *, by: Actor) -> TicketBrief:
        """Open a ticket again: once, for somebody who is not satisfied, within the term.

        Raises TicketStateProblem, NotReopenable (409).
        """
        self._steps.check(ticket, "reopen")
        if ticket.reopenings or ticket.satisfaction is None or not Satisfaction(ticket.satisfaction).unhappy:
            raise NotReopenable()
        now = self._work.clock.now()
        start = ticket.closed_at or now
        if now > await self._steps.due(Stage.reopen, nature=ticket.nature, urgent=False, start=start):
            raise NotReopenable(("已超过重新办理的申请期限", "The term for opening it again is over"))
        department = None if is_own(ticket, by) else HOTLINE
        self._steps.take(ticket, "reopen", by=by, department=department, note=reason)
        release(ticket)
        ticket.reopenings += 1
        ticket.answer = ticket.answered_at = ticket.satisfaction = ticket.closed_at = None
        return repository.brief(ticket, now)

    async def urge(self, ticket: TicketRow, text: str, *, by: Actor) -> TicketBrief:
        """Urge whoever has the ticket now; the urging hangs on it and opens no other. Raises TicketStateProblem."""
        department = None if is_own(ticket, by) else HOTLINE
        self._steps.take(ticket, "urge", by=by, department=department, note=text)
        return repository.brief(ticket, self._work.clock.now())

    def _close(self, ticket: TicketRow, satisfaction: Satisfaction | None) -> None:
        now = self._work.clock.now()
        ticket.closed_at, ticket.satisfaction = now, satisfaction.value if satisfaction else None
        event = TicketClosed(
            ticket_id=ticket.id, number=ticket.number, citizen=ticket.citizen, title=ticket.title,
            satisfaction=ticket.satisfaction, closed_at=now,
        )  # fmt: skip
        self._work.events.record(event, subject=str(ticket.id))

    async def _detail(self, ticket: TicketRow, actor: Actor) -> Ticket:
        await self._work.session.flush()
        return await repository.detail_for(self._work.session, ticket, actor, self._work.clock.now())


async def outcome(work: WorkInRequest) -> Outcome:
    """The outcomes of this request's transaction."""
    return Outcome(work)


OutcomeInRequest = Annotated[Outcome, Depends(outcome)]
