"""Tables of the directory: each resource as it is found and listed, and every version of its description."""

from typing import Any

from sqlalchemy import Boolean, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant
from data_hub.database import Base


class ResourceRow(Base):
    """A resource. What it is found by comes from its published version, or from the latest where none is published.

    `words` are the bigrams of name, summary, items and departments; the keys are compared for real and ranked.
    """

    __tablename__ = "resource"
    __table_args__ = (
        Index("ix_resource_words", "words", postgresql_using="gin"),
        Index("ix_resource_provider_code", "provider", "code"),
        Index("ix_resource_directory", "directory"),
        Index("ix_resource_name_key", "name_key"),
        Index("ix_resource_changed_at_code", "changed_at", "code"),
        Index("ix_resource_public_code", "code", postgresql_where=text("public")),
    )

    code: Mapped[str] = mapped_column(String(18), primary_key=True)
    directory: Mapped[str] = mapped_column(String(11))
    state: Mapped[str] = mapped_column(String(12))
    shown_version: Mapped[int] = mapped_column(Integer)  # the version that this row shows
    open_version: Mapped[int | None] = mapped_column(Integer)  # the version that is drafted or reviewed
    open_state: Mapped[str | None] = mapped_column(String(12))
    latest_version: Mapped[int] = mapped_column(Integer)
    provider: Mapped[str] = mapped_column(String(18))
    provider_name: Mapped[str] = mapped_column(Text)
    source_department: Mapped[str] = mapped_column(String(18))
    name: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    resource_class: Mapped[str] = mapped_column(String(12))
    theme: Mapped[str] = mapped_column(String(40))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    share_type: Mapped[str] = mapped_column(String(16))
    opening: Mapped[str] = mapped_column(String(16))
    update_cycle: Mapped[str] = mapped_column(String(16))
    format: Mapped[str] = mapped_column(String(16))
    public: Mapped[bool] = mapped_column(Boolean)  # whether the public face shows it
    name_key: Mapped[str] = mapped_column(Text)
    summary_key: Mapped[str] = mapped_column(Text, deferred=True)
    items_key: Mapped[str] = mapped_column(Text, deferred=True)
    words: Mapped[list[str]] = mapped_column(ARRAY(Text), deferred=True)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    created_at: Mapped[Instant] = mapped_column()
    published_at: Mapped[Instant | None] = mapped_column()  # when it was published first
    changed_at: Mapped[Instant] = mapped_column()


class ResourceVersionRow(Base):
    """One version of the description of a resource, and who wrote, reviewed and decided it."""

    __tablename__ = "resource_version"
    __table_args__ = (
        Index(
            "uq_resource_version_open", "code", unique=True,
            postgresql_where=text("state in ('draft', 'review')"),
        ),
        Index("uq_resource_version_published", "code", unique=True, postgresql_where=text("state = 'published'")),
    )  # fmt: skip

    code: Mapped[str] = mapped_column(String(18), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    authors: Mapped[list[str]] = mapped_column(ARRAY(Text))  # all who wrote at it or sent it to review
    drafted_at: Mapped[Instant] = mapped_column()
    submitted_at: Mapped[Instant | None] = mapped_column()
    reviewer: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[Instant | None] = mapped_column()
    note: Mapped[str | None] = mapped_column(Text)
    conflict_reason: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[Instant | None] = mapped_column()
    ended_at: Mapped[Instant | None] = mapped_column()
