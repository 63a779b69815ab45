"""The reads of the hotline, and the wire forms of what they find."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, cast, func, literal, null, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.actors import Actor
from gov_collab import bigrams
from gov_collab.hotline.access import is_own, reported_by, visible_to, works_on
from gov_collab.hotline.domain import (
    OPEN_STATES,
    Channel,
    Nature,
    Satisfaction,
    Stage,
    Term,
    TicketState,
    is_overdue,
)
from gov_collab.hotline.models import TermRow, TicketRow, TrailRow
from gov_collab.hotline.schemas import Location, Ticket, TicketBrief, TicketFilter, TrailEntry
from gov_collab.hotline.trail import TITLES


def tickets(actor: Actor, query: TicketFilter, now: datetime) -> Select[TicketRow]:
    """The tickets that `actor` may see and `query` asks for. Words are looked for among the tickets of staff alone."""
    statement = select(TicketRow).where(reported_by(actor) if query.mine else visible_to(actor))
    for column, wanted in (
        (TicketRow.state, query.state),
        (TicketRow.nature, query.nature),
        (TicketRow.matter_code, query.matter),
        (TicketRow.channel, query.channel),
        (TicketRow.department_code, query.department),
    ):
        if wanted is not None:
            statement = statement.where(column == str(wanted))
    if query.overdue is not None:
        late = TicketRow.state.in_(OPEN_STATES) & (TicketRow.due_at < now)
        statement = statement.where(func.coalesce(late, False) == query.overdue)
    if query.words is not None:
        phrase = bigrams.phrase_query(query.words)
        found = TicketRow.search.bool_op("@@")(cast(literal(phrase) if phrase else null(), TSQUERY))
        statement = statement.where(works_on(actor), found)
    if query.taken_from is not None:
        statement = statement.where(TicketRow.taken_at >= query.taken_from)
    if query.taken_to is not None:
        statement = statement.where(TicketRow.taken_at < query.taken_to)
    return statement


async def trail_of(session: AsyncSession, ticket_id: UUID, *, public_only: bool) -> list[TrailEntry]:
    """The steps of a ticket, oldest first; who took them is told to staff alone."""
    statement = select(TrailRow).where(TrailRow.ticket_id == ticket_id).order_by(TrailRow.at, TrailRow.id)
    if public_only:
        statement = statement.where(TrailRow.public)
    return [
        TrailEntry(
            at=row.at, act=row.act, title=TITLES[row.act], department_name=row.department_name, note=row.note,
            data=row.data, public=row.public, actor=None if public_only else row.actor,
        )
        for row in await session.scalars(statement)
    ]  # fmt: skip


async def terms(session: AsyncSession) -> list[Term]:
    """The terms in force."""
    rows = await session.scalars(select(TermRow))
    return [
        Term(Stage(row.stage), Nature(row.nature) if row.nature else None, row.urgent, row.working_days, row.source)
        for row in rows
    ]


def brief(row: TicketRow, now: datetime) -> TicketBrief:
    """A ticket as lists show it."""
    return TicketBrief(**_brief_fields(row, now))


def detail(row: TicketRow, now: datetime, trail: Sequence[TrailEntry]) -> Ticket:
    """A ticket with its text and trail."""
    location = None
    if row.longitude is not None and row.latitude is not None:
        location = Location(longitude=row.longitude, latitude=row.latitude, address=row.address)
    return Ticket(
        **_brief_fields(row, now), line=row.line, text=row.text, location=location, round=row.round,
        reopenings=row.reopenings, case_id=row.case_id, answer=row.answer, answered_at=row.answered_at,
        closed_at=row.closed_at, trail=list(trail),
    )  # fmt: skip


async def detail_for(session: AsyncSession, row: TicketRow, actor: Actor, now: datetime) -> Ticket:
    """A ticket as `actor` may see it: who sent it in sees its public steps, staff all of them."""
    return detail(row, now, await trail_of(session, row.id, public_only=is_own(row, actor)))


def _brief_fields(row: TicketRow, now: datetime) -> dict[str, object]:
    state = TicketState(row.state)
    return {
        "id": row.id, "number": row.number, "channel": Channel(row.channel), "title": row.title,
        "nature": Nature(row.nature) if row.nature else None, "matter": row.matter_code, "handled_as": row.handled_as,
        "urgent": row.urgent, "division_code": row.division_code, "state": state,
        "department_code": row.department_code, "department_name": row.department_name, "taken_at": row.taken_at,
        "sign_due_at": row.sign_due_at, "due_at": row.due_at, "overdue": is_overdue(state, row.due_at, now),
        "satisfaction": Satisfaction(row.satisfaction) if row.satisfaction else None,
        "contact_name": row.contact_name_masked, "contact_phone": row.contact_phone_masked,
    }  # fmt: skip
