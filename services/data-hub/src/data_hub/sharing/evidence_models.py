"""Tables of evidence: records in chains, the seals over them, and the stamps over the seals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Computed, DateTime, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class EvidenceRow(Base):
    """A record. `entry` is the exact text that was hashed; the columns beside it are computed from it."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_at", "at"),)

    stream: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    entry: Mapped[str] = mapped_column(Text)
    prev_hash: Mapped[bytes] = mapped_column(BYTEA)
    hash: Mapped[bytes] = mapped_column(BYTEA)
    outcome: Mapped[str] = mapped_column(Text, Computed("entry::jsonb ->> 'outcome'", persisted=True))
    row_count: Mapped[int] = mapped_column(BigInteger, Computed("(entry::jsonb ->> 'rows')::bigint", persisted=True))


class EvidenceKeyRow(Base):
    """A public key that records or seals were signed with: it stays here when its private half is replaced or lost."""

    __tablename__ = "evidence_key"

    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    public: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[Instant]


class EvidenceHeadRow(Base):
    """The newest record of a stream: what the next one is chained to."""

    __tablename__ = "evidence_head"

    stream: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    prev_hash: Mapped[bytes] = mapped_column(BYTEA)
    hash: Mapped[bytes] = mapped_column(BYTEA)


class StampRow(Base):
    """A time stamp (RFC 3161) over the root of one round of seals; empty while the authority is down."""

    __tablename__ = "evidence_stamp"
    __table_args__ = (Index("ix_evidence_stamp_stamped_at", "stamped_at", "id"),)

    id: Mapped[Uuid7Key]
    root: Mapped[bytes] = mapped_column(BYTEA)
    seals: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[Instant]
    tries: Mapped[int] = mapped_column(Integer)
    fault: Mapped[str | None] = mapped_column(Text)
    stamped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    token: Mapped[bytes | None] = mapped_column(BYTEA)
    authority: Mapped[str | None] = mapped_column(Text)
    late: Mapped[bool] = mapped_column(Boolean)


class SealRow(Base):
    """A seal over some records of a stream in a row: their Merkle root (RFC 6962), signed; and its place in a stamp."""

    __tablename__ = "evidence_seal"

    stream: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_seq: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    statement: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(BYTEA)
    sealed_at: Mapped[Instant]
    stamp_id: Mapped[UUID] = mapped_column(ForeignKey("evidence_stamp.id"))
    position: Mapped[int] = mapped_column(Integer)
    path: Mapped[list[Any]] = mapped_column(ARRAY(BYTEA))


class OpenedReadRow(Base):
    """A read of opened data that is not signed yet: what its record will say."""

    __tablename__ = "opened_read"

    id: Mapped[Uuid7Key]
    read_at: Mapped[Instant]
    said: Mapped[dict[str, Any]] = mapped_column(JSONB)


class OpenedCountRow(Base):
    """Reads of one reader, resource and action that were counted, until a record tells of them all."""

    __tablename__ = "opened_count"

    until: Mapped[Instant] = mapped_column(primary_key=True)
    reader: Mapped[str] = mapped_column(Text, primary_key=True)
    resource: Mapped[str] = mapped_column(Text, primary_key=True)
    action: Mapped[str] = mapped_column(Text, primary_key=True)
    said: Mapped[dict[str, Any]] = mapped_column(JSONB)
    calls: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[Instant]
    last_at: Mapped[Instant]
