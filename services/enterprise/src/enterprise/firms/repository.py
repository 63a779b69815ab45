"""Reads of firm files, each starting from what the caller may see."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.actors import Actor
from enterprise.firms.models import BindingRow, DelegateRow, FirmReadRow, FirmRow

SUPERVISE = "enterprise.requests.supervise"


def _bound(subject: str) -> Select[str]:
    return select(BindingRow.uscc).where(BindingRow.subject == subject, BindingRow.ended_at.is_(None))


def _living_delegation(now: datetime) -> ColumnElement[bool]:
    still = or_(DelegateRow.valid_to.is_(None), DelegateRow.valid_to > now)
    return and_(DelegateRow.revoked_at.is_(None), still)


def acted_for(subject: str, now: datetime) -> Select[FirmRow]:
    """The firms that `subject` may ask for at `now`: bound to her, or delegated to her."""
    delegated = select(DelegateRow.uscc).where(DelegateRow.subject == subject, _living_delegation(now))
    return select(FirmRow).where(or_(FirmRow.uscc.in_(_bound(subject)), FirmRow.uscc.in_(delegated)))


def visible_to(actor: Actor, now: datetime) -> Select[FirmRow]:
    """The firms whose file `actor` may read: her own, and all of them for who supervises requests."""
    return select(FirmRow) if actor.may(SUPERVISE) else acted_for(actor.subject, now)


def represented_by(actor: Actor) -> Select[FirmRow]:
    """The firms that `actor` herself represents; a delegate is not enough."""
    return select(FirmRow).where(FirmRow.uscc.in_(_bound(actor.subject)))


async def living_binding(session: AsyncSession, uscc: str) -> BindingRow | None:
    """Who stands for the firm now."""
    found = select(BindingRow).where(BindingRow.uscc == uscc, BindingRow.ended_at.is_(None))
    return (await session.scalars(found)).one_or_none()


async def living_delegates(session: AsyncSession, uscc: str, now: datetime) -> Sequence[DelegateRow]:
    """Who may ask in the firm's name at `now`, in the order of granting."""
    found = select(DelegateRow).where(DelegateRow.uscc == uscc, _living_delegation(now)).order_by(DelegateRow.id)
    return (await session.scalars(found)).all()


def reads_of(uscc: str) -> Select[FirmReadRow]:
    """The reads of a firm's data by others."""
    return select(FirmReadRow).where(FirmReadRow.uscc == uscc)
