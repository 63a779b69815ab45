"""Tables of conflicts, disputes and notices. Tickets lie with the record that they are about: `subject` distributes."""

from datetime import date
from uuid import UUID

from sqlalchemy import Boolean, Date, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class ConflictRow(Base):
    """What a department that is not the source says about a value: `value` as it may be shown, `sealed` in full."""

    __tablename__ = "registry_conflict"
    __table_args__ = (
        Index("ix_registry_conflict_source_department_state_id", "source_department", "state", "id"),
        Index("ix_registry_conflict_stated_by_state_id", "stated_by", "state", "id"),
        Index("ix_registry_conflict_id", "id"),
        Index(
            "uq_registry_conflict_open", "subject", "registry_name", "field", "stated_by",
            unique=True, postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    registry_name: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    true_from: Mapped[date] = mapped_column(Date)
    true_to: Mapped[date | None] = mapped_column(Date)
    statement: Mapped[UUID] = mapped_column(Uuid)
    stated_by: Mapped[str] = mapped_column(Text)
    source_department: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    stated_at: Mapped[Instant] = mapped_column()
    decided_at: Mapped[Instant | None] = mapped_column()
    decided_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class DisputeRow(Base):
    """A correction ticket. What is claimed and the evidence for it are sealed for the ticket alone."""

    __tablename__ = "registry_dispute"
    __table_args__ = (
        Index("ix_registry_dispute_id", "id"),
        Index("ix_registry_dispute_source_department_state_id", "source_department", "state", "id"),
        Index("ix_registry_dispute_asked_by_id", "asked_by", "id"),
        Index("ix_registry_dispute_asked_department_id", "asked_department", "id"),
        Index(
            "ix_registry_dispute_due", "due_at", postgresql_where=text("state = 'open' and escalated_at is null")
        ),
        Index(
            "uq_registry_dispute_open", "subject", "registry_name", "field", "asked_by",
            unique=True, postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    registry_name: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    disputed: Mapped[str | None] = mapped_column(Text)
    claimed: Mapped[str | None] = mapped_column(Text)
    claimed_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    evidence_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_department: Mapped[str | None] = mapped_column(Text)
    asked_oneself: Mapped[bool] = mapped_column(Boolean)
    source_department: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Instant] = mapped_column()
    due_at: Mapped[Instant] = mapped_column()
    legal_basis: Mapped[str] = mapped_column(Text)
    escalated_at: Mapped[Instant | None] = mapped_column()
    decided_at: Mapped[Instant | None] = mapped_column()
    decided_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    told: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class NoticeRow(Base):
    """A department is told that a value which it has was corrected; never the value."""

    __tablename__ = "registry_notice"
    __table_args__ = (Index("ix_registry_notice_department_id", "department", "id"),)

    id: Mapped[Uuid7Key] = mapped_column()
    department: Mapped[str] = mapped_column(Text)
    registry_name: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    ticket: Mapped[UUID] = mapped_column(Uuid)
    told_at: Mapped[Instant] = mapped_column()
    acknowledged_at: Mapped[Instant | None] = mapped_column()
    acknowledged_by: Mapped[str | None] = mapped_column(Text)
