"""Tables of the data services: partners' keys, what was used, files that were asked for."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class KeyRow(Base):
    """A partner's key: SHA-256 of its secret (256 random bits), the one before it while both are good, its grant."""

    __tablename__ = "service_key"
    __table_args__ = (Index("ix_service_key_department_id", "department", "id"),)

    id: Mapped[Uuid7Key] = mapped_column()
    name: Mapped[str] = mapped_column(String(200))
    department: Mapped[str] = mapped_column(String(18))
    resource: Mapped[str] = mapped_column(String(18))
    grant_id: Mapped[UUID] = mapped_column()
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    former_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[Instant | None] = mapped_column()
    daily_quota_rows: Mapped[int | None] = mapped_column(BigInteger)
    valid_until: Mapped[Instant] = mapped_column()
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant] = mapped_column()
    rotated_at: Mapped[Instant | None] = mapped_column()
    revoked_at: Mapped[Instant | None] = mapped_column()
    revoke_reason: Mapped[str | None] = mapped_column(Text)


class MeterRow(Base):
    """How much a caller read of a resource on a day (of Hengshui). `caller`: key:<id>, department:<code>, public."""

    __tablename__ = "service_meter"
    __table_args__ = (
        Index("ix_service_meter_department_day", "department", "day"),
        Index("ix_service_meter_source_department_day", "source_department", "day"),
    )

    resource: Mapped[str] = mapped_column(String(18), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    caller: Mapped[str] = mapped_column(String(64), primary_key=True)
    department: Mapped[str | None] = mapped_column(String(18))
    source_department: Mapped[str] = mapped_column(String(18))
    calls: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)


class ExportRow(Base):
    """A file that was asked for. `grant_version` below zero is a version of an opened resource's description."""

    __tablename__ = "service_export"
    __table_args__ = (
        Index("ix_service_export_department_id", "department", "id"),
        Index("ix_service_export_kept_until", "kept_until"),
    )

    id: Mapped[Uuid7Key] = mapped_column()
    resource: Mapped[str] = mapped_column(String(18))
    department: Mapped[str] = mapped_column(String(18))
    grant_id: Mapped[UUID | None] = mapped_column()
    grant_version: Mapped[int | None] = mapped_column(Integer)
    question: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    refusal: Mapped[str | None] = mapped_column(String(40))
    asked_by: Mapped[dict[str, Any]] = mapped_column(JSONB)
    asked_at: Mapped[Instant] = mapped_column()
    made_at: Mapped[Instant | None] = mapped_column()
    kept_until: Mapped[Instant | None] = mapped_column()
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)


class ExportPartRow(Base):
    """A piece of the content of a file."""

    __tablename__ = "service_export_part"

    export_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bool | None] = mapped_column()  # encrypted; nothing said: it is not
