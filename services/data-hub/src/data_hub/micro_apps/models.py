"""Tables of micro-apps: the app, its versions, and the files of each version."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant
from data_hub.database import Base


class AppRow(Base):
    """A micro-app. `live_code` is the version that is served, `scopes` what was granted with it."""

    __tablename__ = "micro_app"

    app_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(18), index=True)
    department_name: Mapped[str] = mapped_column(String(200))
    contact: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(Text)
    live_code: Mapped[int | None] = mapped_column()
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    registered_at: Mapped[Instant] = mapped_column()
    published_at: Mapped[Instant | None] = mapped_column()


class VersionRow(Base):
    """A version: its manifest, who sent it in, how it was decided."""

    __tablename__ = "micro_app_version"

    app_id: Mapped[str] = mapped_column(ForeignKey("micro_app.app_id"), primary_key=True)
    code: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    submitted_by: Mapped[UUID | None] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column()
    decision: Mapped[str | None] = mapped_column(Text)
    granted_scopes: Mapped[list[str]] = mapped_column(JSONB)
    made_at: Mapped[Instant] = mapped_column()
    decided_at: Mapped[Instant | None] = mapped_column()


class FileRow(Base):
    """A file of a version, as it was uploaded."""

    __tablename__ = "micro_app_file"
    __table_args__ = (ForeignKeyConstraint(["app_id", "code"], ["micro_app_version.app_id", "micro_app_version.code"]),)

    app_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    code: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
