"""Who may do what with the air."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from city_ops.environment.handover import Orders
from city_ops.environment.models import OrderRow
from city_ops.environment.repository import HANDLE, READ, order_to_act_on, orders_visible_to
from city_ops.environment.service import Air
from citykit.access import Actor, requires
from citykit.problems import NotFound
from citykit.work import WorkInRequest

StationGateway = Annotated[Actor, Depends(requires("city-ops.environment.report"))]
Maintainer = Annotated[Actor, Depends(requires("city-ops.environment.maintain"))]
OrderReader = Annotated[Actor, Depends(requires(any_of=(READ, HANDLE)))]
DepartmentHand = Annotated[Actor, Depends(requires(HANDLE))]


async def _air(work: WorkInRequest) -> Air:
    return Air(work)


async def _orders(work: WorkInRequest) -> Orders:
    return Orders(work)


AirInRequest = Annotated[Air, Depends(_air)]
OrdersInRequest = Annotated[Orders, Depends(_orders)]


async def _order_to_read(work: WorkInRequest, actor: OrderReader, order_id: UUID) -> OrderRow:
    row = (await work.session.scalars(orders_visible_to(actor).where(OrderRow.id == order_id))).one_or_none()
    if row is None:
        raise NotFound()
    return row


async def _order_to_act_on(work: WorkInRequest, actor: DepartmentHand, order_id: UUID) -> OrderRow:
    row = (await work.session.scalars(order_to_act_on(order_id, actor))).one_or_none()
    if row is None:
        raise NotFound()
    return row


OrderToRead = Annotated[OrderRow, Depends(_order_to_read)]
OrderInPath = Annotated[OrderRow, Depends(_order_to_act_on)]
