"""The reads of questions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from citizen_pass.privacy.models import QuestionRow


def asked_by(subject: UUID) -> Select[QuestionRow]:
    """The questions of one person."""
    return select(QuestionRow).where(QuestionRow.subject == subject)


def to_review(state: str | None) -> Select[QuestionRow]:
    """Every question, for those who answer them."""
    everything = select(QuestionRow)
    return everything.where(QuestionRow.state == state) if state is not None else everything


async def question(session: AsyncSession, question_id: UUID) -> QuestionRow | None:
    """The question to answer, locked."""
    return (await session.scalars(select(QuestionRow).where(QuestionRow.id == question_id).with_for_update())).first()


async def about(session: AsyncSession, subject: UUID, usages: Sequence[UUID]) -> Sequence[QuestionRow]:
    """A person's questions about some of the reads of her data."""
    return (await session.scalars(asked_by(subject).where(QuestionRow.usage_id.in_(usages)))).all()
