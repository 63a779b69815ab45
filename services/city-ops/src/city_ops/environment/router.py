"""The air over HTTP: open to read, hours in from station gateways, orders for the departments."""

from typing import Annotated

from fastapi import Depends, Path, Query
from sqlalchemy import desc

from city_ops.environment import repository
from city_ops.environment.access import (
    AirInRequest,
    DepartmentHand,
    Maintainer,
    OrderInPath,
    OrderReader,
    OrdersInRequest,
    OrderToRead,
    StationGateway,
)
from city_ops.environment.errors import ObservationsRefused, OrderStateProblem, OtherDepartment
from city_ops.environment.models import DayRow, HourRow, OrderRow
from city_ops.environment.schemas import (
    AirDay,
    AirHour,
    CityAir,
    DayFilter,
    HourFilter,
    IngestReport,
    ObservationBatch,
    Order,
    OrderFilter,
    OrderReport,
    Station,
    StationDraft,
    StationNow,
    StationsNow,
)
from citykit.access import anyone
from citykit.pages import Page, keyset_page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest

router = CityRouter(prefix="/api/city-ops/v1/environment", tags=["environment 环境监测"])

StationInPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{2,20}$")]


@router.post("/air/observations", responses=problems(ObservationsRefused))
async def report_observations(actor: StationGateway, body: ObservationBatch, air: AirInRequest) -> IngestReport:
    """Take in hourly observations of any stations 小时观测数据入库: the whole batch, or nothing of it.

    Idempotent by station and hour: the same values change nothing, others revise the hour, the earlier are kept.
    Raises 422 `observations-refused` with a pointer to each wrong row.
    """
    return await air.take_in(body.observations, by=actor)


@router.put("/air/stations/{station_code}")
async def register_station(
    actor: Maintainer, station_code: StationInPath, body: StationDraft, air: AirInRequest
) -> Station:
    """Register a station or correct what is said of it 站点登记."""
    return await air.register(station_code, body, by=actor)


@router.get("/air/latest", dependencies=[Depends(anyone)])
async def latest_air(work: WorkInRequest) -> StationsNow:
    """Every station with its latest hour 各站点最新小时值."""
    return StationsNow(items=[StationNow.of(*pair) for pair in await repository.stations_now(work.session)])


@router.get("/air/city", dependencies=[Depends(anyone)])
async def city_air(air: AirInRequest) -> CityAir:
    """The air of the city 全市空气质量: the mean over the stations, their latest hours, the last 24 hours."""
    return await air.city()


@router.get("/air/stations/{station_code}/hours", dependencies=[Depends(anyone)], responses=problems(NotFound))
async def hourly_air(
    station_code: StationInPath, query: Annotated[HourFilter, Query()], air: AirInRequest, work: WorkInRequest
) -> Page[AirHour]:
    """The hours of a station, newest first 小时值."""
    await air.station(station_code)
    hours = repository.hours_of(station_code, query.since, query.until)
    return await keyset_page(work.session, hours, keys=(desc(HourRow.observed_at),), query=query, make=AirHour.of)


@router.get("/air/stations/{station_code}/days", dependencies=[Depends(anyone)], responses=problems(NotFound))
async def daily_air(
    station_code: StationInPath, query: Annotated[DayFilter, Query()], air: AirInRequest, work: WorkInRequest
) -> Page[AirDay]:
    """The days of a station, newest first 日报."""
    await air.station(station_code)
    days = repository.days_of(station_code, query.since, query.until)
    return await keyset_page(work.session, days, keys=(desc(DayRow.day),), query=query, make=AirDay.of)


@router.get("/orders")
async def list_orders(actor: OrderReader, query: Annotated[OrderFilter, Query()], work: WorkInRequest) -> Page[Order]:
    """The orders that the caller may see, newest first 交办单."""
    orders = repository.orders_visible_to(actor)
    if query.state is not None:
        orders = orders.where(OrderRow.state == query.state.value)
    if query.station_code is not None:
        orders = orders.where(OrderRow.station_code == query.station_code)
    keys = (desc(OrderRow.raised_at), desc(OrderRow.id))
    return await keyset_page(work.session, orders, keys=keys, query=query, make=Order.of)


@router.get("/orders/{order_id}", responses=problems(NotFound))
async def read_order(order: OrderToRead) -> Order:
    """One order."""
    return Order.of(order)


@router.post("/orders/{order_id}/acknowledgements", responses=problems(NotFound, OtherDepartment, OrderStateProblem))
async def acknowledge_order(actor: DepartmentHand, order: OrderInPath, orders: OrdersInRequest) -> Order:
    """Take an order up 签收. Raises 403 `other-department`, 409 `order-state`."""
    return await orders.acknowledge(order, by=actor)


@router.post("/orders/{order_id}/reports", responses=problems(NotFound, OtherDepartment, OrderStateProblem))
async def report_order(actor: DepartmentHand, order: OrderInPath, body: OrderReport, orders: OrdersInRequest) -> Order:
    """Report what was done; the order is done 办结. Raises 403 `other-department`, 409 `order-state`."""
    return await orders.close(order, report=body.text, by=actor)
