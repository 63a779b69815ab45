"""Tables of the requests: the request, its milestones, its clock ledger, its trail, and the limits as data."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from enterprise.database import Base


class ProfileRow(Base):
    """A set of limits with the document it comes from; `minimum_age_minutes` shields young requests."""

    __tablename__ = "sla_profiles"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    minimum_age_minutes: Mapped[int]


class LimitRow(Base):
    """One limit of a profile: so many working minutes or days for a milestone, and who hears of its breach."""

    __tablename__ = "sla_limits"

    profile_code: Mapped[str] = mapped_column(ForeignKey("sla_profiles.code"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int]
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(Text)
    level: Mapped[int]


class CategoryRow(Base):
    """A kind of request and the limits that hold for it."""

    __tablename__ = "request_categories"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    profile_code: Mapped[str] = mapped_column(ForeignKey("sla_profiles.code"), index=True)


class RequestRow(Base):
    """One request. `uscc` is empty for founders whose firm has no code yet."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("ix_requests_submitted", "submitted_at", "id"),
        Index("ix_requests_department", "department_code", "submitted_at", "id"),
        Index("ix_requests_submitter", "submitter", "submitted_at", "id"),
        Index("ix_requests_uscc", "uscc", "submitted_at", "id"),
    )

    id: Mapped[Uuid7Key]
    number: Mapped[str] = mapped_column(Text, unique=True)
    category: Mapped[str] = mapped_column(ForeignKey("request_categories.code"), index=True)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(ForeignKey("firms.uscc"))
    firm_name: Mapped[str] = mapped_column(Text)
    division_code: Mapped[str] = mapped_column(Text)
    submitter: Mapped[str] = mapped_column(Text)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    round: Mapped[int]
    department_code: Mapped[str | None] = mapped_column(Text)
    department_name: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    rating: Mapped[int | None]
    minimum_age_minutes: Mapped[int]
    submitted_at: Mapped[Instant]
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class MilestoneRow(Base):
    """One step that is owed to the firm by a time. The limit is copied, so that a later profile changes no promise.

    `due_at` is empty where the calendar's data do not reach that far yet; the next version of the calendar fills it.
    """

    __tablename__ = "request_milestones"
    __table_args__ = (
        UniqueConstraint("request_id", "round", "kind"),
        Index("ix_request_milestones_due", "due_at", postgresql_where="met_at IS NULL AND escalated_at IS NULL"),
    )

    id: Mapped[Uuid7Key]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"))
    round: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(Text)
    level: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    calendar_version: Mapped[str] = mapped_column(Text)
    met_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    escalated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ClockRow(Base):
    """One entry of the clock ledger: the deadlines follow from these and the calendar alone."""

    __tablename__ = "request_clock"
    __table_args__ = (Index("ix_request_clock_request_id", "request_id", "id"),)

    id: Mapped[Uuid7Key]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"))
    round: Mapped[int]
    act: Mapped[str] = mapped_column(Text)
    at: Mapped[Instant]
    reason: Mapped[str | None] = mapped_column(Text)
    calendar_version: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class TrailRow(Base):
    """One line of the trail that everybody who may see the request sees."""

    __tablename__ = "request_trail"
    __table_args__ = (Index("ix_request_trail_request_id", "request_id", "id"),)

    id: Mapped[Uuid7Key]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"))
    act: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    side: Mapped[str] = mapped_column(Text)
    actor: Mapped[str | None] = mapped_column(Text)
    department_name: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Instant]


class EscalationRow(Base):
    """One escalation 督办: a milestone that passed unmet. The unique key is what makes it happen once."""

    __tablename__ = "request_escalations"
    __table_args__ = (
        UniqueConstraint("request_id", "round", "kind"),
        Index("ix_request_escalations_at", "escalated_at", "id"),
    )

    id: Mapped[Uuid7Key]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"))
    round: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    level: Mapped[int]
    department_code: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[Instant]
    escalated_at: Mapped[Instant]
