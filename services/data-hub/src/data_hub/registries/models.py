"""Tables that both registries share, and the shape of a table of values.

The tables are ready to be spread over several servers: the distribution column (person, uscc) stands in every key and
exclusion, and no foreign key leaves a record.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
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
