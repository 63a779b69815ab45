"""Reads of requests, each starting from what the caller may see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.actors import Actor
from enterprise.requests.domain import OWED, RequestState
from enterprise.requests.models import (
    CategoryRow,
    ClockRow,
    EscalationRow,
    LimitRow,
    MilestoneRow,
    ProfileRow,
    RequestRow,
    TrailRow,
)

SUBMIT = "enterprise.requests.submit"
ANSWER = "enterprise.requests.answer"
SUPERVISE = "enterprise.requests.supervise"


def asked_by(actor: Actor, firms: Sequence[str]) -> Select[RequestRow]:
    """The requests that `actor` submitted herself, or that belong to one of the `firms` that she acts for."""
    return select(RequestRow).where(_own(actor, firms))


def handled_by(actor: Actor) -> Select[RequestRow]:
    """The requests that lie with the actor's own department."""
    return select(RequestRow).where(_with_department(actor))


def visible_to(actor: Actor, firms: Sequence[str]) -> Select[RequestRow]:
    """All for a supervisor; her department's for an official; her own and her firms' for everybody."""
    if actor.may(SUPERVISE):
        return select(RequestRow)
    return select(RequestRow).where(or_(_own(actor, firms), _with_department(actor)))


def _own(actor: Actor, firms: Sequence[str]) -> ColumnElement[bool]:
    if not actor.may(SUBMIT):
        return false()
    return or_(RequestRow.submitter == actor.subject, RequestRow.uscc.in_(firms))


def _with_department(actor: Actor) -> ColumnElement[bool]:
    if not actor.may(ANSWER) or actor.department is None:
        return false()
    return RequestRow.department_code == actor.department


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Whether a milestone of a request's current round has passed unmet at `now`."""
    late = select(MilestoneRow.id).where(
        MilestoneRow.request_id == RequestRow.id,
        MilestoneRow.round == RequestRow.round,
        MilestoneRow.met_at.is_(None),
        MilestoneRow.due_at <= now,
    )
    return and_(RequestRow.state.in_(sorted(OWED)), late.exists())


def due_for_escalation(now: datetime, limit: int) -> Select[MilestoneRow, RequestRow]:
    """Unmet milestones past their time, with their requests, both locked.

    What another run or an act in progress holds is left to the next run, so that two runs never meet on one row.
    """
    return (
        select(MilestoneRow, RequestRow)
        .join(RequestRow, and_(RequestRow.id == MilestoneRow.request_id, RequestRow.round == MilestoneRow.round))
        .where(MilestoneRow.met_at.is_(None), MilestoneRow.escalated_at.is_(None), MilestoneRow.due_at <= now)
        .where(RequestRow.state.in_(sorted(OWED)))
        .order_by(MilestoneRow.due_at, MilestoneRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def reckoned_otherwise(version: str, limit: int) -> Select[RequestRow]:
    """Open requests, locked, with an unmet milestone that was reckoned by another calendar than `version`."""
    other = select(MilestoneRow.id).where(
        MilestoneRow.request_id == RequestRow.id,
        MilestoneRow.round == RequestRow.round,
        MilestoneRow.met_at.is_(None),
        MilestoneRow.escalated_at.is_(None),
        MilestoneRow.calendar_version != version,
    )
    waiting = sorted(OWED | {RequestState.paused})
    open_ones = select(RequestRow).where(RequestRow.state.in_(waiting), other.exists())
    return open_ones.order_by(RequestRow.id).limit(limit).with_for_update(skip_locked=True)


async def milestones_of(session: AsyncSession, request: RequestRow) -> list[MilestoneRow]:
    """Every milestone of a request, oldest round first."""
    found = select(MilestoneRow).where(MilestoneRow.request_id == request.id)
    return list((await session.scalars(found.order_by(MilestoneRow.round, MilestoneRow.level))).all())


async def ledger_of(session: AsyncSession, request_id: UUID) -> list[ClockRow]:
    """The clock ledger of a request, in the order in which it was written."""
    found = select(ClockRow).where(ClockRow.request_id == request_id).order_by(ClockRow.id)
    return list((await session.scalars(found)).all())


async def trail_of(session: AsyncSession, request_id: UUID) -> Sequence[TrailRow]:
    """The trail of a request, in order."""
    found = select(TrailRow).where(TrailRow.request_id == request_id).order_by(TrailRow.id)
    return (await session.scalars(found)).all()


async def category(session: AsyncSession, code: str) -> tuple[CategoryRow, ProfileRow] | None:
    """A kind of request and its profile of limits."""
    found = select(CategoryRow, ProfileRow).join(ProfileRow).where(CategoryRow.code == code)
    row = (await session.execute(found)).one_or_none()
    return None if row is None else (row[0], row[1])


async def categories(session: AsyncSession) -> Sequence[tuple[CategoryRow, ProfileRow]]:
    """Every kind of request with its profile, in the order of the page."""
    found = select(CategoryRow, ProfileRow).join(ProfileRow).order_by(CategoryRow.position)
    return [(row[0], row[1]) for row in (await session.execute(found)).all()]


async def limits(session: AsyncSession) -> Sequence[LimitRow]:
    """Every limit, profile by profile in the order of its steps."""
    found = select(LimitRow).order_by(LimitRow.profile_code, LimitRow.position)
    return (await session.scalars(found)).all()


async def limits_of(session: AsyncSession, category_code: str) -> Sequence[LimitRow]:
    """The limits that hold for a kind of request, in the order of the steps."""
    profile = select(CategoryRow.profile_code).where(CategoryRow.code == category_code).scalar_subquery()
    found = select(LimitRow).where(LimitRow.profile_code == profile).order_by(LimitRow.position)
    return (await session.scalars(found)).all()


def escalations() -> Select[EscalationRow]:
    """Every escalation; only a supervisor may ask."""
    return select(EscalationRow)


async def next_number(session: AsyncSession, day: str) -> str:
    """A new request number: QS 诉求, the day (yyyymmdd), a running number."""
    serial = (await session.execute(text("select nextval('request_numbers')"))).scalar_one()
    return f"QS{day}{serial:06d}"
