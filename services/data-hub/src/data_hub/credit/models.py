"""Tables of credit. The distribution column is the firm's code; it stands in every key that a record hangs on."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class TermRow(Base):
    """How long penalties of a severity are published, from a day on, and by which document."""

    __tablename__ = "credit_term"

    severity: Mapped[str] = mapped_column(String(16), primary_key=True)
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    minimum_months: Mapped[int] = mapped_column()
    maximum_months: Mapped[int] = mapped_column()
    published: Mapped[bool] = mapped_column()
    source: Mapped[str] = mapped_column(Text)


class LimitRow(Base):
    """Within how many working days something is to be done, from a day on, and by which document."""

    __tablename__ = "credit_limit"

    act: Mapped[str] = mapped_column(String(32), primary_key=True)
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    working_days: Mapped[int] = mapped_column()
    source: Mapped[str] = mapped_column(Text)


class MethodRow(Base):
    """A method of rating; it never changes, another one has another version."""

    __tablename__ = "credit_method"

    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    effective_from: Mapped[date] = mapped_column()
    method: Mapped[dict[str, Any]] = mapped_column(JSONB)


class RecordRow(Base):
    """A credit record of a firm."""

    __tablename__ = "credit_record"
    __table_args__ = (
        UniqueConstraint("uscc", "department", "kind", "document_number"),
        Index("ix_credit_record_department_id", "department", "id"),
    )

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(Text)
    document_number: Mapped[str] = mapped_column(String(200))
    document_date: Mapped[date] = mapped_column()
    department: Mapped[str] = mapped_column(String(18))
    department_name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(Text)
    repairable_from: Mapped[date | None] = mapped_column()
    published_until: Mapped[date | None] = mapped_column()
    published: Mapped[bool] = mapped_column()
    lifted_until: Mapped[date | None] = mapped_column()
    lift_reason: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Instant] = mapped_column()
    changed_at: Mapped[Instant] = mapped_column()


class RepairRow(Base):
    """An application for repair; one at a time for each record."""

    __tablename__ = "credit_repair"
    __table_args__ = (
        Index(
            "uq_credit_repair_open", "uscc", "record_id", unique=True,
            postgresql_where=text("state IN ('applied', 'supplement')"),
        ),
        Index("ix_credit_repair_department_id", "department", "id"),
    )  # fmt: skip

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    record_id: Mapped[UUID] = mapped_column()
    department: Mapped[str] = mapped_column(String(18))
    applicant: Mapped[UUID] = mapped_column()
    duties: Mapped[str] = mapped_column(Text)
    commitment: Mapped[str] = mapped_column(Text)
    supplements: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    applied_at: Mapped[Instant] = mapped_column()
    due_at: Mapped[Instant | None] = mapped_column()
    asked_at: Mapped[Instant | None] = mapped_column()
    alarmed_at: Mapped[Instant | None] = mapped_column()
    decided_at: Mapped[Instant | None] = mapped_column()
    decision: Mapped[str | None] = mapped_column(Text)


class DisputeRow(Base):
    """A dispute about a record; one at a time."""

    __tablename__ = "credit_dispute"
    __table_args__ = (
        Index("uq_credit_dispute_open", "uscc", "record_id", unique=True, postgresql_where=text("state = 'raised'")),
        Index("ix_credit_dispute_department_id", "department", "id"),
    )

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    record_id: Mapped[UUID] = mapped_column()
    department: Mapped[str] = mapped_column(String(18))
    applicant: Mapped[UUID] = mapped_column()
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    raised_at: Mapped[Instant] = mapped_column()
    due_at: Mapped[Instant] = mapped_column()
    alarmed_at: Mapped[Instant | None] = mapped_column()
    decided_at: Mapped[Instant | None] = mapped_column()
    decision: Mapped[str | None] = mapped_column(Text)


class DeliveryRow(Base):
    """That a department received a record, and when last: who must hear when it is called back."""

    __tablename__ = "credit_delivery"

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(String(18), primary_key=True)
    delivered_at: Mapped[Instant] = mapped_column()


class RecallRow(Base):
    """The instruction to a department to delete a record that it received, until it says that it did."""

    __tablename__ = "credit_recall"
    __table_args__ = (Index("ix_credit_recall_department_told_at", "department", "told_at"),)

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(String(18), primary_key=True)
    why: Mapped[str] = mapped_column(String(16))
    told_at: Mapped[Instant] = mapped_column()
    acknowledge_by: Mapped[Instant] = mapped_column()
    acknowledged_at: Mapped[Instant | None] = mapped_column()
    note: Mapped[str | None] = mapped_column(Text)
    alarmed_at: Mapped[Instant | None] = mapped_column()


class RatingRow(Base):
    """A rating that was given: the method, the facts and the result, kept as they were."""

    __tablename__ = "credit_rating"
    __table_args__ = (Index("ix_credit_rating_uscc_rated_on", "uscc", "rated_on"),)

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    rated_on: Mapped[date] = mapped_column()
    method: Mapped[str] = mapped_column(String(32))
    facts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fingerprint: Mapped[str] = mapped_column(String(64))
    rated_at: Mapped[Instant] = mapped_column()


class ReportRow(Base):
    """A report that was handed out: for whom, and every word of it."""

    __tablename__ = "credit_report"

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    department: Mapped[str | None] = mapped_column(String(18))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_until: Mapped[date] = mapped_column()
    issued_at: Mapped[Instant] = mapped_column()


class PlaceRow(Base):
    """The place of a report's credential in a Token Status List, from when one is first asked for."""

    __tablename__ = "credit_report_place"
    __table_args__ = (Index("ix_credit_report_place_status_list_valid_until", "status_list", "valid_until"),)

    uscc: Mapped[str] = mapped_column(String(18), primary_key=True)
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    status_list: Mapped[int] = mapped_column()
    status_place: Mapped[int] = mapped_column()
    valid_until: Mapped[date] = mapped_column()
