"""Changes of records, their numbers, and who follows them."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class ChangeRow(Base):
    """A record changed in these fields. `number` comes when somebody reads on; the distribution column is `subject`.

    `left_division` is where the record belonged until this change, if the change moved it; `merged_into` is the record
    that it was merged into by this change.
    """

    __tablename__ = "registry_change"
    __table_args__ = (
        Index("ix_registry_change_registry_name_number", "registry_name", "number"),
        Index("ix_registry_change_unnumbered", "registry_name", "id", postgresql_where=text("number is null")),
    )

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    registry_name: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    division_code: Mapped[str | None] = mapped_column(Text)
    left_division: Mapped[str | None] = mapped_column(Text)
    act: Mapped[str] = mapped_column(Text)
    merged_into: Mapped[str | None] = mapped_column(Text)
    statement: Mapped[UUID] = mapped_column(Uuid)
    changed_at: Mapped[Instant] = mapped_column()
    number: Mapped[int | None] = mapped_column(BigInteger)


class HeadRow(Base):
    """The last number that a registry has given."""

    __tablename__ = "registry_change_head"

    registry_name: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class SubscriptionRow(Base):
    """A department that follows a registry: in which fields, where, for what purpose, since which number."""

    __tablename__ = "registry_subscription"
    __table_args__ = (Index("ix_registry_subscription_department_id", "department", "id"),)

    id: Mapped[Uuid7Key] = mapped_column()
    registry_name: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    division_code: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str | None] = mapped_column(Text)
    number_from: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant] = mapped_column()
    ended_at: Mapped[Instant | None] = mapped_column()
