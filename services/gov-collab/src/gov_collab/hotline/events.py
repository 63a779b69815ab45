"""What others hear of tickets, and what this slice hears of the cases that come of them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from citykit.events import Event, EventView
from citykit.wire import Instant, Point
from gov_collab.hotline.models import TicketRow


class Place(Point):
    """Where it happened: a point in EPSG:4490 and the words for it."""

    address: str | None


class TicketTaken(Event, type="cn.hengshui.gov-collab.ticket.taken.v1"):
    """A ticket was taken 受理."""

    ticket_id: UUID
    number: str
    citizen: UUID | None
    title: str
    taken_at: Instant


class TicketAssigned(Event, type="cn.hengshui.gov-collab.ticket.assigned.v1"):
    """A ticket was handed to a department 派单. `round` rises by one each time, so that a new hand-over can be told."""

    ticket_id: UUID
    number: str
    round: int
    citizen: UUID | None
    title: str
    text: str
    nature: str
    matter: str
    handled_as: str
    department_code: str
    department_name: str
    division_code: str | None
    location: Place | None
    due_at: Instant

    @classmethod
    def of(cls, ticket: TicketRow) -> Self:
        """What there is to say of a ticket that was just assigned."""
        fields = ("number", "round", "citizen", "title", "text", "nature", "handled_as", "department_code",
                  "department_name", "division_code", "due_at")  # fmt: skip
        values = {name: getattr(ticket, name) for name in fields}
        return cls(ticket_id=ticket.id, matter=ticket.matter_code, location=place_of(ticket), **values)


class TicketAnswered(Event, type="cn.hengshui.gov-collab.ticket.answered.v1"):
    """A ticket was answered 办结."""

    ticket_id: UUID
    number: str
    citizen: UUID | None
    title: str
    answer: str
    department_name: str
    answered_at: Instant


class TicketClosed(Event, type="cn.hengshui.gov-collab.ticket.closed.v1"):
    """A ticket was closed 归档, after a rating, a call-back or the vain try of one."""

    ticket_id: UUID
    number: str
    citizen: UUID | None
    title: str
    satisfaction: int | None
    closed_at: Instant


class CaseReported(EventView, type="cn.hengshui.city-ops.case.reported.v1"):
    """City-management has opened a case."""

    case_id: UUID
    number: str
    source_kind: str
    source_reference: str | None = None
    reported_at: Instant

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.reported_at


class CaseProgressed(EventView, type="cn.hengshui.city-ops.case.progressed.v1"):
    """A case has moved on."""

    case_id: UUID
    number: str
    source_kind: str
    source_reference: str | None = None
    state: str
    note: str | None = None
    at: Instant


class CaseClosed(EventView, type="cn.hengshui.city-ops.case.closed.v1"):
    """A case has ended."""

    case_id: UUID
    number: str
    source_kind: str
    source_reference: str | None = None
    outcome: str
    outcome_text: str | None = None
    closed_at: Instant

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.closed_at


def place_of(ticket: TicketRow) -> Place | None:
    """Where the ticket's matter is, or None where no point is known."""
    if ticket.longitude is None or ticket.latitude is None:
        return None
    return Place(longitude=ticket.longitude, latitude=ticket.latitude, address=ticket.address)
