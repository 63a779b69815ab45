"""Tables of messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, SmallInteger, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from citizen_pass.database import Base
from citykit.database import Instant, Uuid7Key


class MessageRow(Base):
    """An inbox entry. `reference` names what it is about and makes a second one of the same event impossible."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("subject", "reference"),
        Index("ix_message_subject_id", "subject", "id"),
        Index("ix_message_unread", "subject", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[Uuid7Key]
    subject: Mapped[UUID] = mapped_column(Uuid)
    reference: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    template_version: Mapped[int] = mapped_column(SmallInteger)
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    body_zh: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)
    link: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant]
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DeliveryRow(Base):
    """How far a message got on one channel."""

    __tablename__ = "delivery"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[Instant]
    fault: Mapped[str | None] = mapped_column(Text)


class PreferenceRow(Base):
    """What a person wants outside the inbox; without a row, nothing."""

    __tablename__ = "message_preference"

    subject: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    email: Mapped[bool]
    sms: Mapped[bool]
    updated_at: Mapped[Instant]
