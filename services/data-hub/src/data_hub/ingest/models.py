"""Tables of gathering: batches, their parts, quarantine, outcomes of rules, tickets."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class BatchRow(Base):
    """A batch: how it was declared, what file came, how it ended. `sealed`: its parts lie encrypted."""

    __tablename__ = "ingest_batch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(18))
    origin: Mapped[str] = mapped_column(String(8))
    source: Mapped[UUID | None] = mapped_column()
    corrects: Mapped[UUID | None] = mapped_column()
    mode: Mapped[str] = mapped_column(String(16))
    merge: Mapped[str] = mapped_column(String(16))
    format: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bool] = mapped_column()
    expected_sha256: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    encoding: Mapped[str | None] = mapped_column(String(16))
    dialect: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    contract: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    parsed: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[int] = mapped_column(BigInteger)
    quarantined: Mapped[int] = mapped_column(BigInteger)
    inserted: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    converted: Mapped[dict[str, int]] = mapped_column(JSONB)
    fault: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    repeats: Mapped[UUID | None] = mapped_column()
    opened_by: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[Instant] = mapped_column()
    completed_at: Mapped[Instant | None] = mapped_column()
    finished_at: Mapped[Instant | None] = mapped_column()


class PartRow(Base):
    """A part of a batch's file as it came."""

    __tablename__ = "ingest_part"

    batch: Mapped[UUID] = mapped_column(ForeignKey("ingest_batch.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column()
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ProgressRow(Base):
    """How far the work on a batch is, seen while its transaction is still open; written on a connection of its own."""

    __tablename__ = "ingest_progress"

    batch: Mapped[UUID] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(16))
    parsed: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[int] = mapped_column(BigInteger)
    quarantined: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[Instant] = mapped_column()


class OutcomeRow(Base):
    """How many rows of a batch a rule looked at, and how many broke it."""

    __tablename__ = "ingest_outcome"

    batch: Mapped[UUID] = mapped_column(ForeignKey("ingest_batch.id"), primary_key=True)
    column_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    rule: Mapped[str] = mapped_column(String(32), primary_key=True)
    checked: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)


class QuarantineRow(Base):
    """A row that stays out. `shown` is what may be seen; `sealed` the values of personal and secret items."""

    __tablename__ = "ingest_quarantine"
    __table_args__ = (UniqueConstraint("batch", "line", name="uq_ingest_quarantine_batch"),)

    id: Mapped[Uuid7Key] = mapped_column()
    batch: Mapped[UUID] = mapped_column(ForeignKey("ingest_batch.id"))
    resource: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(18))
    line: Mapped[int] = mapped_column(BigInteger)
    shown: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    mended_by: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Instant] = mapped_column()
    settled_at: Mapped[Instant | None] = mapped_column()


class TicketRow(Base):
    """A quality ticket with the source department: one unsettled at a time for each rule of each column."""

    __tablename__ = "ingest_ticket"

    id: Mapped[Uuid7Key] = mapped_column()
    resource: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(18))
    column_name: Mapped[str] = mapped_column(String(63))
    rule: Mapped[str] = mapped_column(String(32))
    first_batch: Mapped[UUID] = mapped_column()
    last_batch: Mapped[UUID] = mapped_column()
    failed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[Instant] = mapped_column()
    answered_at: Mapped[Instant | None] = mapped_column()
    closed_at: Mapped[Instant | None] = mapped_column()


class SourceRow(Base):
    """Where rows are pulled from. What must stay secret (a DSN, a key) is sealed."""

    __tablename__ = "ingest_source"

    id: Mapped[Uuid7Key] = mapped_column()
    resource: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(18))
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    every_minutes: Mapped[int | None] = mapped_column()
    daily_at: Mapped[str | None] = mapped_column(String(5))  # HH:MM, Beijing time
    since: Mapped[str | None] = mapped_column(Text)  # up to here the source's rows are in the data set
    since_next: Mapped[str | None] = mapped_column(Text)  # up to here they are, once `last_batch` is loaded
    state: Mapped[str] = mapped_column(String(16))
    next_at: Mapped[Instant | None] = mapped_column()
    last_at: Mapped[Instant | None] = mapped_column()
    last_batch: Mapped[UUID | None] = mapped_column()
    last_fault: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    failures: Mapped[int] = mapped_column()
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant] = mapped_column()


class LineageRow(Base):
    """An OpenLineage event, ours or another's."""

    __tablename__ = "ingest_lineage"

    id: Mapped[Uuid7Key] = mapped_column()
    run: Mapped[UUID | None] = mapped_column()
    batch: Mapped[UUID | None] = mapped_column()
    resource: Mapped[str | None] = mapped_column(Text)
    event_type: Mapped[str | None] = mapped_column(String(16))
    event_time: Mapped[Instant] = mapped_column()
    job_namespace: Mapped[str | None] = mapped_column(Text)
    job_name: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    event: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_from: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Instant] = mapped_column()


class LineageEdgeRow(Base):
    """A job reads from or writes to a data set: the edges of the graph."""

    __tablename__ = "ingest_lineage_edge"

    job_namespace: Mapped[str] = mapped_column(Text, primary_key=True)
    job_name: Mapped[str] = mapped_column(Text, primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    dataset_namespace: Mapped[str] = mapped_column(Text, primary_key=True)
    dataset_name: Mapped[str] = mapped_column(Text, primary_key=True)
    last_run: Mapped[UUID | None] = mapped_column()
    last_at: Mapped[Instant] = mapped_column()
