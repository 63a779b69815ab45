"""Tables of feeds: what feeds what, how far each batch is stated, what was refused, what was said last."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class FeedRow(Base):
    """A resource feeds a registry, in the name of the department that gathers it. `fields`: item, field, values."""

    __tablename__ = "registry_feed"
    __table_args__ = (
        Index(
            "uq_registry_feed_current", "resource", "registry_name",
            unique=True, postgresql_where=text("ended_at is null"),
        ),
        Index("ix_registry_feed_department_id", "department", "id"),
    )  # fmt: skip

    id: Mapped[Uuid7Key] = mapped_column()
    resource: Mapped[str] = mapped_column(Text)
    registry_name: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    with_earlier: Mapped[bool] = mapped_column(Boolean)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant] = mapped_column()
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[Instant | None] = mapped_column()


class RunRow(Base):
    """A batch as a feed states it: `place` is the last row that was, `accepted` how many rows the batch had then.

    The counts are of rows; `conflicts` are those among them of which a value contradicts its source.
    """

    __tablename__ = "registry_feed_run"
    __table_args__ = (
        Index("ix_registry_feed_run_feed_brought_at", "feed", "brought_at", "batch"),
        Index(
            "ix_registry_feed_run_waiting", "feed", "brought_at", "batch", postgresql_where=text("state = 'waiting'")
        ),
    )

    feed: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    brought_at: Mapped[Instant] = mapped_column()
    accepted: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    place: Mapped[int] = mapped_column(BigInteger)
    registered: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    unchanged: Mapped[int] = mapped_column(BigInteger)
    conflicts: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    begun_at: Mapped[Instant] = mapped_column()
    finished_at: Mapped[Instant | None] = mapped_column()
    fault: Mapped[str | None] = mapped_column(Text)


class FaultRow(Base):
    """Why a row of a batch was not stated. `row` is its number in the data set; `shown` the record's number, masked.

    `subject` is the record, where it is known: whoever reads of a person's row stands in her access log.
    """

    __tablename__ = "registry_feed_fault"
    __table_args__ = (Index("ix_registry_feed_fault_feed_batch_id", "feed", "batch", "id"),)

    id: Mapped[Uuid7Key] = mapped_column()
    feed: Mapped[UUID] = mapped_column(Uuid)
    batch: Mapped[UUID] = mapped_column(Uuid)
    row: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[str | None] = mapped_column(Text)
    shown: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    item: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[Instant] = mapped_column()


class SaidRow(Base):
    """What a feed said last of a record: of each field a keyed hash. What was said before is not said again."""

    __tablename__ = "registry_feed_said"

    feed: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    batch: Mapped[UUID] = mapped_column(Uuid)
    said: Mapped[dict[str, str]] = mapped_column(JSONB)
