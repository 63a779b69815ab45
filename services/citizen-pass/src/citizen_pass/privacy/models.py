"""The table of questions about accesses."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citizen_pass.database import Base
from citykit.database import Instant, Uuid7Key


class QuestionRow(Base):
    """A person questions one read of her data; `usage` is that read as it was shown to her."""

    __tablename__ = "question"
    __table_args__ = (
        UniqueConstraint("subject", "service", "usage_id"),
        Index("ix_question_due_at_id", "due_at", "id"),
        Index("ix_question_subject_id", "subject", "id"),
    )

    id: Mapped[Uuid7Key]
    subject: Mapped[UUID] = mapped_column(Uuid)
    service: Mapped[str] = mapped_column(Text)
    usage_id: Mapped[UUID] = mapped_column(Uuid)
    usage: Mapped[dict[str, Any]] = mapped_column(JSONB)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Instant]
    due_at: Mapped[Instant]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_by: Mapped[str | None] = mapped_column(Text)
