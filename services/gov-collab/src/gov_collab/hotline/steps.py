"""What every act on a ticket leaves behind: state, a line of the trail, a link of the audit chain; and its clocks."""

from datetime import datetime
from typing import Any

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.work import Work
from gov_collab.days import day_in_china
from gov_collab.hotline import repository
from gov_collab.hotline.domain import Nature, Stage, TicketState, after, end_of_day, term_for
from gov_collab.hotline.errors import TermMissing, TicketStateProblem
from gov_collab.hotline.models import TicketRow, TrailRow
from gov_collab.hotline.trail import INTERNAL

HOTLINE = "961890便民服务热线 961890 hotline"


class Steps:
    """Takes steps on tickets within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def check(self, ticket: TicketRow, act: str) -> TicketState:
        """The state that `act` leads to. Raises TicketStateProblem (409) where it is not allowed."""
        state = TicketState(ticket.state)
        reached = after(act, state)
        if reached is None:
            raise TicketStateProblem.refusing(act, state)
        return reached

    def take(self, ticket: TicketRow, act: str, *, by: Actor | str, **line: Any) -> None:
        """Do `act`: check it, change the state, write the trail's `line` (see `write`)."""
        ticket.state = self.check(ticket, act).value
        self.write(ticket, act, by=by, **line)

    def write(
        self,
        ticket: TicketRow,
        act: str,
        *,
        by: Actor | str,
        department: str | None = None,
        note: str | None = None,
        data: dict[str, Any] | None = None,
        at: datetime | None = None,
    ) -> None:
        """Write a line of the trail and of the audit chain; notes, which are people's words, stay out of the chain."""
        actor = by if isinstance(by, str) else by.reference
        row = TrailRow(
            id=new_id(), ticket_id=ticket.id, at=at or self._work.clock.now(), act=act, public=act not in INTERNAL,
            actor=actor, department_name=department, note=note, data=data or {},
        )  # fmt: skip
        self._work.session.add(row)
        audited = {"state": ticket.state, "round": ticket.round} | (data or {})
        self._work.audit.note(stream=f"ticket/{ticket.id}", act=act, by=by, data=audited)

    async def due(self, stage: Stage, *, nature: str | None, urgent: bool, start: datetime) -> datetime:
        """When a stage that began at `start` is over: working days, the first of which is the next one.

        Raises TermMissing (503) where no term is set, CalendarEnd (503) past the last known year.
        """
        terms = await repository.terms(self._work.session)
        term = term_for(terms, stage, Nature(nature) if nature else None, urgent=urgent)
        if term is None:
            raise TermMissing()
        if term.working_days == 0:
            return end_of_day(day_in_china(start))
        return self._work.calendar.add_days(start, term.working_days)
