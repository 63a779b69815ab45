"""What happens to an order after its hour was stored."""

from datetime import timedelta
from uuid import UUID

import structlog

from city_ops.clients.gov_collab import responsible_for
from city_ops.environment.domain import CHINA
from city_ops.environment.handover import ASSIGN, Orders
from city_ops.environment.models import OrderRow
from city_ops.environment.orders import OrderState
from citykit.work import Work

log = structlog.get_logger("city_ops.environment")

# A responsibility list that names nobody is mended by people; the order asks again at this pace until it is.
ASK_AGAIN = timedelta(minutes=10)


async def assign_order(work: Work, order_id: str) -> None:
    """Find who answers for an order and hand it over. While gov-collab is down the job fails and is tried again."""
    order = await work.session.get(OrderRow, UUID(order_id), with_for_update=True)
    if order is None or order.state != OrderState.raised:
        return
    on = order.raised_at.astimezone(CHINA).date()
    found = await responsible_for(work.mesh, matter=order.matter, division=order.division_code, on=on)
    if found is None:
        log.warning("nobody_answers_for_the_order", order=order.number, matter=order.matter)
        work.jobs.defer(ASSIGN, at=work.clock.now() + ASK_AGAIN, lock=f"order/{order_id}", order_id=order_id)
        return
    Orders(work).assign(order, found)
