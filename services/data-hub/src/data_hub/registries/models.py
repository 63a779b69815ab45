"""Tables that both registries share, and the shape of a table of values.

The tables are ready to be spread over several servers: the distribution column (person, uscc) stands in every key and
exclusion, and no foreign key leaves a record.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import literal_column
from sqlalchemy.types import Uuid

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class StatementRow(Base):
    """What a source said, in one act or one batch: every value points to the statement it came with."""

    __tablename__ = "registry_statement"

    id: Mapped[Uuid7Key] = mapped_column()
    registry_name: Mapped[str] = mapped_column(Text)
    act: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    batch: Mapped[str | None] = mapped_column(Text)
    stated_at: Mapped[Instant] = mapped_column()
    reason: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Instant] = mapped_column()


class MergerRow(Base):
    """A record was merged into another one of the same person or firm; it stands no more unless that was undone.

    `number_index` is the keyed hash of the number that a person's record gave up. `version` and `sample` are what its
    present row held beside its values; `survivor_version` is what the survivor had come to by the merger; `taken` are
    the values that she took over (field, known_from, true_from), `moved` the relations, `conflicts` what differs.
    """

    __tablename__ = "registry_merger"
    __table_args__ = (
        Index(
            "uq_registry_merger_in_force", "subject", "registry_name",
            unique=True, postgresql_where=text("undone_at is null"),
        ),
        Index("ix_registry_merger_id", "id"),
        Index("ix_registry_merger_survivor", "survivor", postgresql_where=text("undone_at is null")),
        Index("ix_registry_merger_number_index", "number_index", postgresql_where=text("undone_at is null")),
    )  # fmt: skip

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    registry_name: Mapped[str] = mapped_column(Text)
    survivor: Mapped[str] = mapped_column(Text)
    number_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    department: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    statement: Mapped[UUID] = mapped_column(Uuid)
    merged_at: Mapped[Instant] = mapped_column()
    version: Mapped[int] = mapped_column(BigInteger)
    sample: Mapped[bool] = mapped_column()
    survivor_version: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    moved: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    conflicts: Mapped[list[str]] = mapped_column(JSONB)
    undone_at: Mapped[Instant | None] = mapped_column()
    undone_statement: Mapped[UUID | None] = mapped_column(Uuid)


class ValueColumns:
    """The columns of a value, after the record it belongs to."""

    field: Mapped[str] = mapped_column(Text, primary_key=True)
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    true_from: Mapped[date] = mapped_column(Date, primary_key=True)
    true_to: Mapped[date | None] = mapped_column(Date)
    known_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    value: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    statement: Mapped[UUID] = mapped_column(Uuid)


def one_truth_at_a_time(subject: str, name: str) -> ExcludeConstraint:
    """No two values of one field are known at one time to be true on one day; the database itself sees to it."""
    return ExcludeConstraint(
        (literal_column(subject), "="),
        (literal_column("field"), "="),
        (literal_column("daterange(true_from, true_to)"), "&&"),
        (literal_column("tstzrange(known_from, known_to)"), "&&"),
        using="gist",
        name=name,
    )
