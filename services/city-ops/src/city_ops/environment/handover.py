"""The acts of an order 即时交办: raise, assign, acknowledge, close with a report."""

from uuid import UUID

from sqlalchemy import text

from city_ops.clients.gov_collab import ResponsibleDepartment
from city_ops.environment.errors import OrderStateProblem, OtherDepartment
from city_ops.environment.events import OrderRaised
from city_ops.environment.models import HourRow, OrderRow, StationRow
from city_ops.environment.orders import OrderState, after
from city_ops.environment.schemas import Order
from city_ops.environment.standards import order_rule_on
from citykit.access import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.work import Work

ASSIGN = "city-ops.environment.assign"
SELF = "service:city-ops"


def _reach(order: OrderRow, act: str) -> OrderState:
    reached = after(act, OrderState(order.state))
    if reached is None:
        raise OrderStateProblem((f"当前状态：{order.state}", f"The order is {order.state}"), state=order.state)
    return reached


class Orders:
    """The acts on orders within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def raise_for(self, station: StationRow, hour: HourRow) -> OrderRow:
        """Raise an order for an hour that crossed the threshold. The caller holds the station's lock."""
        rule, now = order_rule_on(hour.day), self.work.clock.now()
        serial = await self.work.session.scalar(text("select nextval('environment_order_numbers')"))
        order = OrderRow(
            id=new_id(),
            number=f"JB{now.astimezone(CHINA):%Y%m%d}{serial:06d}",
            rule_code=rule.code,
            matter=rule.matter,
            station_code=station.code,
            division_code=station.division_code,
            observed_at=hour.observed_at,
            aqi=hour.aqi,
            primary_pollutants=hour.primary_pollutants,
            standard=hour.standard,
            state=OrderState.raised.value,
            raised_at=now,
            acknowledge_by=now + rule.acknowledge_within,
            due_at=now + rule.report_within,
        )
        self.work.session.add(order)
        await self.work.session.flush()
        self._note(order, "raise", SELF, station=station.code, aqi=hour.aqi, rule=rule.code)
        # Who answers for the matter is gov-collab's to say; a job waits for it, so that taking in hours never does.
        self.work.jobs.defer(ASSIGN, lock=f"order/{order.id}", order_id=str(order.id))
        return order

    def assign(self, order: OrderRow, to: ResponsibleDepartment) -> None:
        """Hand the order over to the department that answers for its matter, and tell the city."""
        order.state = _reach(order, "assign").value
        order.assigned_at = self.work.clock.now()
        order.department_code, order.department_name = to.department_code, to.department_name
        order.legal_basis = to.legal_basis
        self._note(order, "assign", SELF, department=to.department_code)
        event = OrderRaised(
            order_id=order.id,
            number=order.number,
            department_code=to.department_code,
            station_code=order.station_code,
            aqi=order.aqi,
            primary_pollutants=order.primary_pollutants,
            observed_at=order.observed_at,
            raised_at=order.raised_at,
        )
        self.work.events.record(event, subject=str(order.id))

    async def acknowledge(self, order: OrderRow, *, by: Actor) -> Order:
        """The department takes the order up 签收. Raises 403 `other-department`, 409 `order-state`."""
        self._own(order, by)
        order.state = _reach(order, "acknowledge").value
        order.acknowledged_at, order.acknowledged_by = self.work.clock.now(), UUID(by.subject)
        self._note(order, "acknowledge", by)
        return Order.of(order)

    async def close(self, order: OrderRow, *, report: str, by: Actor) -> Order:
        """The department reports what it did 办结; the order is done. Raises 403, 409."""
        self._own(order, by)
        order.state = _reach(order, "report").value
        order.done_at, order.done_by, order.report = self.work.clock.now(), UUID(by.subject), report
        self._note(order, "report", by, in_time=order.done_at <= order.due_at)
        return Order.of(order)

    def _own(self, order: OrderRow, by: Actor) -> None:
        if order.department_code is None or by.department != order.department_code:
            raise OtherDepartment()

    def _note(self, order: OrderRow, act: str, by: Actor | str, **data: object) -> None:
        self.work.audit.note(stream=f"order/{order.id}", act=act, by=by, data=dict(data))
