"""Tables of the hotline. Who called and from where is sealed; what lists show of it is masked when it is written."""

from typing import Any
from uuid import UUID

from sqlalchemy import Double, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from gov_collab.database import Base


class TicketRow(Base):
    """A ticket 工单."""

    __tablename__ = "ticket"

    id: Mapped[Uuid7Key]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    line: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(8))
    citizen: Mapped[UUID | None]
    taken_by: Mapped[str | None] = mapped_column(Text)
    taken_at: Mapped[Instant]
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    nature: Mapped[str | None] = mapped_column(String(16))
    matter_code: Mapped[str | None] = mapped_column(ForeignKey("matter.code"))
    handled_as: Mapped[str] = mapped_column(String(16))
    urgent: Mapped[bool]
    division_code: Mapped[str | None] = mapped_column(String(12))
    longitude: Mapped[float | None] = mapped_column(Double)
    latitude: Mapped[float | None] = mapped_column(Double)
    address: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    round: Mapped[int]
    reopenings: Mapped[int]
    returns: Mapped[int]
    calls_missed: Mapped[int]
    department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    department_name: Mapped[str | None] = mapped_column(String(200))
    assigned_at: Mapped[Instant | None]
    sign_due_at: Mapped[Instant | None]
    due_at: Mapped[Instant | None]
    case_id: Mapped[UUID | None]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[Instant | None]
    satisfaction: Mapped[int | None]
    closed_at: Mapped[Instant | None]
    contact_name: Mapped[bytes | None] = mapped_column(BYTEA)
    contact_phone: Mapped[bytes | None] = mapped_column(BYTEA)
    contact_phone_index: Mapped[bytes | None] = mapped_column(BYTEA)
    contact_name_masked: Mapped[str | None] = mapped_column(Text)
    contact_phone_masked: Mapped[str | None] = mapped_column(Text)
    search: Mapped[str] = mapped_column(TSVECTOR, deferred=True)


class TrailRow(Base):
    """One step in a ticket's life. `at` is when it happened, which for a case's step is before it was told here."""

    __tablename__ = "ticket_trail"

    id: Mapped[Uuid7Key]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    at: Mapped[Instant]
    act: Mapped[str] = mapped_column(String(24))
    public: Mapped[bool]
    actor: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class AssignmentRow(Base):
    """A ticket in a department's hands, with the name the department had that day and the clause that named it."""

    __tablename__ = "ticket_assignment"
    __table_args__ = (UniqueConstraint("ticket_id", "round"),)

    id: Mapped[Uuid7Key]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    department_name: Mapped[str] = mapped_column(String(200))
    responsibility_id: Mapped[UUID | None] = mapped_column(ForeignKey("responsibility.id"))
    legal_basis: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    assigned_by: Mapped[str] = mapped_column(Text)
    assigned_at: Mapped[Instant]


class CaseLinkRow(Base):
    """A city-management case that came of a ticket, and the newest that was heard of it."""

    __tablename__ = "ticket_case"

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    number: Mapped[str] = mapped_column(String(100))
    reported: Mapped[bool]
    state: Mapped[str | None] = mapped_column(String(64))
    state_at: Mapped[Instant | None]
    outcome: Mapped[str | None] = mapped_column(String(16))


class TermRow(Base):
    """How many working days a stage has, and who says so. An empty nature stands for any."""

    __tablename__ = "ticket_term"

    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    nature: Mapped[str] = mapped_column(String(16), primary_key=True)
    urgent: Mapped[bool] = mapped_column(primary_key=True)
    working_days: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
