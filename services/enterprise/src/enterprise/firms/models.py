"""Tables of the firm files."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from enterprise.database import Base


class FirmRow(Base):
    """One firm: the registry's public facts as of a time, and what the firm declares of itself."""

    __tablename__ = "firms"

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    legal_form: Mapped[str | None] = mapped_column(Text)
    division_code: Mapped[str | None] = mapped_column(Text)
    established_on: Mapped[date | None]
    source: Mapped[str] = mapped_column(Text)
    as_of: Mapped[Instant]
    industry: Mapped[str | None] = mapped_column(Text)
    staff: Mapped[int | None] = mapped_column(BigInteger)
    revenue_fen: Mapped[int | None] = mapped_column(BigInteger)
    assets_fen: Mapped[int | None] = mapped_column(BigInteger)
    size_class: Mapped[str | None] = mapped_column(Text)
    declared_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BindingRow(Base):
    """A person who stands for a firm, from when to when. At most one living binding a firm."""

    __tablename__ = "firm_bindings"
    __table_args__ = (
        Index("uq_firm_bindings_living", "uscc", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_firm_bindings_subject", "subject"),
    )

    id: Mapped[Uuid7Key]
    uscc: Mapped[str] = mapped_column(ForeignKey("firms.uscc"))
    subject: Mapped[str] = mapped_column(Text)
    person: Mapped[UUID] = mapped_column(Uuid)
    role: Mapped[str | None] = mapped_column(Text)
    bound_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str | None] = mapped_column(Text)


class DelegateRow(Base):
    """A clerk whom the representative lets ask in the firm's name; it dies with the binding that gave it."""

    __tablename__ = "firm_delegates"
    __table_args__ = (
        Index("uq_firm_delegates_living", "uscc", "subject", unique=True, postgresql_where="revoked_at IS NULL"),
        Index("ix_firm_delegates_subject", "subject"),
    )

    id: Mapped[Uuid7Key]
    uscc: Mapped[str] = mapped_column(ForeignKey("firms.uscc"))
    binding_id: Mapped[UUID] = mapped_column(ForeignKey("firm_bindings.id"), index=True)
    subject: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[Instant]
    valid_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FirmReadRow(Base):
    """One read of a firm's data by somebody who is not the firm: what the firm's own access log shows."""

    __tablename__ = "firm_reads"
    __table_args__ = (Index("ix_firm_reads_uscc_at", "uscc", "at", "id"),)

    id: Mapped[Uuid7Key]
    uscc: Mapped[str] = mapped_column(ForeignKey("firms.uscc"))
    reader: Mapped[str] = mapped_column(Text)
    department_code: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    at: Mapped[Instant]
