"""What the calendar does to appointments: a first day comes, a last day passes."""

from sqlalchemy import select

from citykit.work import Work
from gov_collab.organisations.models import AppointmentRow
from gov_collab.organisations.service import Organisations

BATCH = 200


async def turn_appointments(work: Work) -> None:
    """Announce the appointments whose first day has come and end those whose days are over.

    Rows that somebody else is acting on are left for the next run.
    """
    organisations = Organisations(work)
    today = organisations.today
    row = AppointmentRow
    living = select(row).where(row.ended_at.is_(None)).limit(BATCH).with_for_update(skip_locked=True)
    for over in (await work.session.scalars(living.where(row.valid_to <= today))).all():
        await organisations.end(over, reason="任期届满 The term is over", by="service:gov-collab")
    for begun in (await work.session.scalars(living.where(row.announced_at.is_(None), row.valid_from <= today))).all():
        await organisations.announce(begun)
