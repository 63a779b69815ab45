"""Tables of cases: the case, its trail, asked extensions, photos."""

from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from city_ops.database import Base
from citykit.database import Instant, Uuid7Key


class CaseRow(Base):
    """A case; `stage_started_at` and `due_at` are the clock of the stage that waits now."""

    __tablename__ = "cases"
    __table_args__ = (
        # One hand-over of a hotline ticket is one case, however often its event comes and under whatever id. A ticket
        # that is opened again is handed over in a new round, and becomes a new case.
        Index(
            "uq_cases_source_reference_source_round",
            "source_reference",
            "source_round",
            unique=True,
            postgresql_where=text("source_reference is not null"),
        ),
        Index(None, "reported_at", "id"),
        Index(None, "reporter", "reported_at"),
        Index(None, "department_code", "reported_at"),
    )

    id: Mapped[Uuid7Key]
    number: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    outcome_text: Mapped[str | None] = mapped_column(Text)
    source_kind: Mapped[str] = mapped_column(Text)
    source_reference: Mapped[UUID | None] = mapped_column(Uuid)
    source_round: Mapped[int | None] = mapped_column(BigInteger)
    source_number: Mapped[str | None] = mapped_column(Text)
    source_due_at: Mapped[Instant | None]
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    class_code: Mapped[str | None] = mapped_column(Text)
    class_version: Mapped[str | None] = mapped_column(Text)
    standard: Mapped[int | None] = mapped_column(BigInteger)
    longitude: Mapped[float | None] = mapped_column(Float(53))
    latitude: Mapped[float | None] = mapped_column(Float(53))
    address: Mapped[str | None] = mapped_column(Text)
    division_code: Mapped[str | None] = mapped_column(Text)
    division_name: Mapped[str | None] = mapped_column(Text)
    reporter: Mapped[UUID | None] = mapped_column(Uuid)
    reported_by: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[Instant]
    department_code: Mapped[str | None] = mapped_column(Text)
    department_name: Mapped[str | None] = mapped_column(Text)
    handlers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    result: Mapped[str | None] = mapped_column(Text)
    handled_at: Mapped[Instant | None]
    verified_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    stage_started_at: Mapped[Instant]
    due_at: Mapped[Instant | None]


class TrailRow(Base):
    """A step of a case: who moved it when from where to where, and whether the stage that it ended was in time."""

    __tablename__ = "case_trail"
    __table_args__ = (Index(None, "case_id", "id"),)

    id: Mapped[Uuid7Key]
    case_id: Mapped[UUID] = mapped_column(ForeignKey(CaseRow.id))
    act: Mapped[str] = mapped_column(Text)
    from_state: Mapped[str | None] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    at: Mapped[Instant]
    by: Mapped[str] = mapped_column(Text)
    department_code: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    stage_due_at: Mapped[Instant | None]
    in_time: Mapped[bool | None] = mapped_column(Boolean)
    due_at: Mapped[Instant | None]


class ExtensionRow(Base):
    """An extension 延期 of the handling that a department asked for."""

    __tablename__ = "case_extensions"
    __table_args__ = (
        Index("uq_case_extensions_asked", "case_id", unique=True, postgresql_where=text("state = 'asked'")),
        Index(None, "case_id", "asked_at"),
    )

    id: Mapped[Uuid7Key]
    case_id: Mapped[UUID] = mapped_column(ForeignKey(CaseRow.id))
    amount: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Instant]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[Instant | None]
    note: Mapped[str | None] = mapped_column(Text)


class PhotoRow(Base):
    """A photo, encoded anew and without what the camera wrote beside it; without a case until an act names it."""

    __tablename__ = "case_photos"
    __table_args__ = (
        Index(None, "case_id"),
        Index("ix_case_photos_loose", "uploaded_at", postgresql_where=text("case_id is null")),
    )

    id: Mapped[Uuid7Key]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey(CaseRow.id))
    purpose: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    width: Mapped[int] = mapped_column(BigInteger)
    height: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    uploaded_at: Mapped[Instant]
