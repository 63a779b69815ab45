"""The reads of messages; each starts from the inbox of its owner."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from citizen_pass.messages.models import DeliveryRow, MessageRow, PreferenceRow


def inbox(subject: UUID, *, unread: bool = False) -> Select[MessageRow]:
    """The messages of a person."""
    mine = select(MessageRow).where(MessageRow.subject == subject)
    return mine.where(MessageRow.read_at.is_(None)) if unread else mine


async def unread_count(session: AsyncSession, subject: UUID) -> int:
    """How many messages wait to be read."""
    waiting = select(func.count()).select_from(inbox(subject, unread=True).subquery())
    return (await session.scalar(waiting)) or 0


async def message(session: AsyncSession, subject: UUID, message_id: UUID, *, lock: bool = False) -> MessageRow | None:
    """One message of a person."""
    statement = inbox(subject).where(MessageRow.id == message_id)
    return (await session.scalars(statement.with_for_update() if lock else statement)).first()


async def deliveries(session: AsyncSession, message_id: UUID) -> Sequence[DeliveryRow]:
    """How far a message got, by channel."""
    statement = select(DeliveryRow).where(DeliveryRow.message_id == message_id).order_by(DeliveryRow.channel)
    return (await session.scalars(statement)).all()


async def preferences(session: AsyncSession, subject: UUID) -> PreferenceRow | None:
    """What a person wants outside the inbox; None where she never said."""
    return await session.get(PreferenceRow, subject)
