"""Tables of sharing: applications with their steps, grants with their versions, notices, deliveries."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class ApplicationRow(Base):
    """An application 共享申请: who asks for what, why, and where it stands."""

    __tablename__ = "sharing_application"
    __table_args__ = (
        Index("ix_sharing_application_source", "source_department", "state", "due_at"),
        Index("ix_sharing_application_applicant", "department", "applied_at"),
        # One open application of a department for a purpose, however many are sent at once.
        Index(
            "uq_sharing_application_open", "resource", "department", "purpose", unique=True,
            postgresql_where=text("state in ('submitted', 'supplement', 'disputed')"),
        ),
    )  # fmt: skip

    id: Mapped[Uuid7Key]
    resource: Mapped[str] = mapped_column(Text)
    resource_name: Mapped[str] = mapped_column(Text)
    resource_version: Mapped[int]
    share_type: Mapped[str] = mapped_column(String(16))
    source_department: Mapped[str] = mapped_column(String(18))
    department: Mapped[str] = mapped_column(String(18))
    department_name: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    row_filter: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    valid_until: Mapped[Instant]
    daily_quota_rows: Mapped[int | None] = mapped_column(BigInteger)
    deliveries: Mapped[list[str]] = mapped_column(ARRAY(Text))
    onward: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(16))
    applied_by: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[Instant]
    due_at: Mapped[Instant]
    stopped_at: Mapped[Instant | None]
    extended: Mapped[bool] = mapped_column(Boolean)
    escalated_at: Mapped[Instant | None]
    decided_at: Mapped[Instant | None]
    grant_id: Mapped[UUID | None]


class StepRow(Base):
    """One step in the life of an application or a grant."""

    __tablename__ = "sharing_step"
    __table_args__ = (Index("ix_sharing_step_of", "of_id", "at"),)

    id: Mapped[Uuid7Key]
    of_id: Mapped[UUID]
    at: Mapped[Instant]
    act: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(String(18))
    note: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class TermRow(Base):
    """A legal time limit in working days from a day on, and who says so."""

    __tablename__ = "sharing_term"

    step: Mapped[str] = mapped_column(String(24), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    working_days: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Text)


class RuleRow(Base):
    """How the source department of a resource wants applications for it handled."""

    __tablename__ = "sharing_rule"

    resource: Mapped[str] = mapped_column(Text, primary_key=True)
    automatic: Mapped[bool] = mapped_column(Boolean)
    daily_quota_rows: Mapped[int | None] = mapped_column(BigInteger)
    set_by: Mapped[str] = mapped_column(Text)
    set_at: Mapped[Instant]


class GrantRow(Base):
    """A grant 共享授权: the policy that every delivery asks at every call."""

    __tablename__ = "sharing_grant"
    __table_args__ = (
        Index("ix_sharing_grant_of", "resource", "department"),
        Index("ix_sharing_grant_department", "department", "granted_at"),
        Index("ix_sharing_grant_source", "source_department", "granted_at"),
    )

    id: Mapped[Uuid7Key]
    application_id: Mapped[UUID] = mapped_column(ForeignKey("sharing_application.id"))
    resource: Mapped[str] = mapped_column(Text)
    resource_name: Mapped[str] = mapped_column(Text)
    source_department: Mapped[str] = mapped_column(String(18))
    department: Mapped[str] = mapped_column(String(18))
    department_name: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    row_filter: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    deliveries: Mapped[list[str]] = mapped_column(ARRAY(Text))
    daily_quota_rows: Mapped[int | None] = mapped_column(BigInteger)
    onward: Mapped[bool] = mapped_column(Boolean)
    valid_from: Mapped[Instant]
    valid_until: Mapped[Instant]
    deliver_by: Mapped[Instant]
    granted_at: Mapped[Instant]


class GrantVersionRow(Base):
    """What a grant said from one change to the next."""

    __tablename__ = "sharing_grant_version"

    grant_id: Mapped[UUID] = mapped_column(ForeignKey("sharing_grant.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GrantUsageRow(Base):
    """How many rows a grant delivered on a day."""

    __tablename__ = "sharing_grant_usage"

    grant_id: Mapped[UUID] = mapped_column(ForeignKey("sharing_grant.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    row_count: Mapped[int] = mapped_column(BigInteger)


class NoticeRow(Base):
    """A notice to a department that received data of a resource."""

    __tablename__ = "sharing_notice"
    __table_args__ = (
        Index("ix_sharing_notice_department", "department", "told_at"),
        Index("ix_sharing_notice_source", "source_department", "told_at"),
    )

    id: Mapped[Uuid7Key]
    resource: Mapped[str] = mapped_column(Text)
    resource_name: Mapped[str] = mapped_column(Text)
    source_department: Mapped[str] = mapped_column(String(18))
    department: Mapped[str] = mapped_column(String(18))
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str | None] = mapped_column(Text)
    note_zh: Mapped[str] = mapped_column(Text)
    note_en: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    told_at: Mapped[Instant]
    acknowledge_by: Mapped[Instant | None]
    acknowledged_at: Mapped[Instant | None]
    acknowledged_by: Mapped[str | None] = mapped_column(Text)
    done: Mapped[str | None] = mapped_column(Text)
    alarmed_at: Mapped[Instant | None]


class FileRow(Base):
    """A batch file made under a grant. Its bytes lie in chunks beside it, so that every process can hand it out."""

    __tablename__ = "sharing_file"
    __table_args__ = (Index("ix_sharing_file_grant", "grant_id", "asked_at"),)

    id: Mapped[Uuid7Key]
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("sharing_grant.id"))
    department: Mapped[str] = mapped_column(String(18))
    format: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    asked_by: Mapped[dict[str, Any]] = mapped_column(JSONB)
    asked_at: Mapped[Instant]
    made_at: Mapped[Instant | None]
    grant_version: Mapped[int | None]
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(BYTEA)
    refusal: Mapped[str | None] = mapped_column(String(24))
    kept_until: Mapped[Instant | None]


class FileChunkRow(Base):
    """A piece of a batch file."""

    __tablename__ = "sharing_file_chunk"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("sharing_file.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(BYTEA)
    sealed: Mapped[bool | None] = mapped_column()  # encrypted; nothing said: it is not


class SubscriptionRow(Base):
    """A subscription to the changes of a resource under a grant, and how far its reader has come."""

    __tablename__ = "sharing_subscription"
    __table_args__ = (UniqueConstraint("grant_id", "name"),)

    id: Mapped[Uuid7Key]
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("sharing_grant.id"))
    department: Mapped[str] = mapped_column(String(18))
    name: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant]
    read_at: Mapped[Instant | None]
    read_id: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[Instant | None]
    told_until: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
