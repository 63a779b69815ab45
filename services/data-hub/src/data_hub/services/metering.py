"""What was used 计量: calls and rows, by resource, day and caller; and the daily quota of a key."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, desc, false, or_, select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub import meters as counters
from data_hub.services.errors import KeyQuotaUsed
from data_hub.services.keys import is_holder
from data_hub.services.models import MeterRow
from data_hub.services.schemas import Meter, MeterFilter
from data_hub.services.views import View


async def count(work: Work, view: View, rows: int) -> None:
    """Count a call last of all: the row is locked until the commit. Raises KeyQuotaUsed; two calls cannot pass it."""
    key = view.asker.key
    within = await counters.count(
        work, view.code, view.resource.source_department, rows, caller=view.asker.label,
        department=view.asker.department, quota=None if key is None or view.opened else key.daily_quota_rows,
    )  # fmt: skip
    if not within:
        raise KeyQuotaUsed(_seconds_left(work))


async def meters(work: Work, query: MeterFilter, *, by: Actor) -> Page[Meter]:
    """What one's department used, and what others used of what it is the source of, newest day first.

    Whoever acts with a key sees what was used with that key.
    """
    statement = select(MeterRow).where(_seen(by))
    if query.resource is not None:
        statement = statement.where(MeterRow.resource == query.resource)
    if query.day is not None:
        statement = statement.where(MeterRow.day == query.day)
    keys = (desc(MeterRow.day), MeterRow.resource, MeterRow.caller)
    return await keyset_page(work.session, statement, keys=keys, query=query, make=Meter.of)


def _seen(actor: Actor) -> ColumnElement[bool]:
    if is_holder(actor):  # the other partners of the department are none of its business
        return and_(MeterRow.caller == actor.subject, MeterRow.department == actor.department)
    if actor.department is None:
        return false()
    return or_(MeterRow.department == actor.department, MeterRow.source_department == actor.department)


def _seconds_left(work: Work) -> int:
    now = work.clock.now().astimezone(CHINA)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), CHINA)
    return max(1, int((midnight - now).total_seconds()))
