"""The reads of the air. Air quality is public; an order is seen by its department and by who may read all."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, false, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from city_ops.environment.models import DayRow, HourRow, OrderRow, StationRow
from city_ops.environment.orders import OrderState, StationOrders
from citykit.access import Actor
from citykit.database import driver

READ = "city-ops.environment.read"
HANDLE = "city-ops.environment.handle"


async def stations_to_report_for(session: AsyncSession, codes: Collection[str]) -> dict[str, StationRow]:
    """The known stations among `codes`, locked in one order: what comes in for a station comes in one after another."""
    rows = await session.scalars(
        select(StationRow).where(StationRow.code.in_(codes)).order_by(StationRow.code).with_for_update(key_share=True)
    )
    return {row.code: row for row in rows}


async def hours_around(session: AsyncSession, days: Collection[tuple[str, date]]) -> list[HourRow]:
    """All hours of these (station, day) pairs and of the day before each, whose last hour the next is compared with."""
    wanted = set(days) | {(code, day - timedelta(days=1)) for code, day in days}
    rows = await session.scalars(select(HourRow).where(tuple_(HourRow.station_code, HourRow.day).in_(wanted)))
    return list(rows)


async def orders_of(session: AsyncSession, codes: Iterable[str]) -> dict[str, StationOrders]:
    """For each station: whether an order is open, and the hour of its last one."""
    cursor = await (await driver(session)).execute(
        "select station_code, bool_or(state <> %s), max(observed_at) from environment_orders"
        " where station_code = any(%s) group by station_code",
        (OrderState.done.value, list(codes)),
    )
    return {code: StationOrders(is_open, last) for code, is_open, last in await cursor.fetchall()}


def hours_of(station_code: str, since: datetime | None, until: datetime | None) -> Select[HourRow]:
    """The hours of a station; `since` included, `until` excluded."""
    hours = select(HourRow).where(HourRow.station_code == station_code)
    if since is not None:
        hours = hours.where(HourRow.observed_at >= since)
    return hours if until is None else hours.where(HourRow.observed_at < until)


def days_of(station_code: str, since: date | None, until: date | None) -> Select[DayRow]:
    """The days of a station, both ends included."""
    days = select(DayRow).where(DayRow.station_code == station_code)
    if since is not None:
        days = days.where(DayRow.day >= since)
    return days if until is None else days.where(DayRow.day <= until)


async def stations_now(session: AsyncSession) -> list[tuple[StationRow, HourRow | None]]:
    """Every station with its latest hour: one index look-up each, however long the history is."""
    latest = (
        select(HourRow.observed_at)
        .where(HourRow.station_code == StationRow.code)
        .order_by(HourRow.observed_at.desc())
        .limit(1)
        .correlate(StationRow)
        .scalar_subquery()
    )
    statement = (
        select(StationRow, HourRow)
        .outerjoin(HourRow, (HourRow.station_code == StationRow.code) & (HourRow.observed_at == latest))
        .order_by(StationRow.code)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def hours_until(session: AsyncSession, last: datetime, span: timedelta) -> list[HourRow]:
    """The hours of all stations in the `span` that ends with `last`, oldest first."""
    rows = await session.scalars(
        select(HourRow)
        .join(StationRow, StationRow.code == HourRow.station_code)
        .where(HourRow.observed_at > last - span, HourRow.observed_at <= last)
        .order_by(HourRow.observed_at, HourRow.station_code)
    )
    return list(rows)


def orders_visible_to(actor: Actor) -> Select[OrderRow]:
    """The orders that `actor` may see: all with the reading scope, the own department's with the other."""
    orders = select(OrderRow)
    if actor.may(READ):
        return orders
    if actor.may(HANDLE) and actor.department:
        return orders.where(OrderRow.department_code == actor.department)
    return orders.where(false())


def order_to_act_on(order_id: UUID, actor: Actor) -> Select[OrderRow]:
    """An order that `actor` may see, locked for an act."""
    return orders_visible_to(actor).where(OrderRow.id == order_id).with_for_update()
