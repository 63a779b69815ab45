"""What this slice tells the other services, and what it hears of the hotline."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from citykit.events import Event, EventView
from citykit.wire import Instant


class CaseReported(Event, type="cn.hengshui.city-ops.case.reported.v1"):
    """A case was reported; `reporter` is the citizen's account, `source_reference` the hotline ticket."""

    case_id: UUID
    number: str
    source_kind: Literal["citizen", "hotline", "patrol"]
    source_reference: UUID | None
    reporter: UUID | None
    title: str
    reported_at: Instant


class CaseProgressed(Event, type="cn.hengshui.city-ops.case.progressed.v1"):
    """A case moved on; `note` is what a citizen may be told, in Chinese and English."""

    case_id: UUID
    number: str
    source_kind: Literal["citizen", "hotline", "patrol"]
    source_reference: UUID | None
    reporter: UUID | None
    state: str
    note: str
    at: Instant


class CaseClosed(Event, type="cn.hengshui.city-ops.case.closed.v1"):
    """A case is over; `outcome_text` is written for the citizen."""

    case_id: UUID
    number: str
    source_kind: Literal["citizen", "hotline", "patrol"]
    source_reference: UUID | None
    reporter: UUID | None
    outcome: Literal["resolved", "rejected", "void"]
    outcome_text: str
    closed_at: Instant


class TicketLocation(BaseModel):
    """Where a hotline ticket is about."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    longitude: float | None = None
    latitude: float | None = None
    address: str | None = None


class TicketAssigned(EventView, type="cn.hengshui.gov-collab.ticket.assigned.v1"):
    """A hotline ticket was assigned; with `handled_as` "city-case" it becomes a case here, each round one."""

    ticket_id: UUID
    number: str
    round: int = 1
    citizen: UUID | None = None
    title: str
    text: str
    handled_as: str
    division_code: str | None = None
    location: TicketLocation | None = None
    due_at: Instant | None = None
