"""What this slice hears of orders, and what it does then."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from citykit.events import EventView
from citykit.wire import Instant
from citykit.work import Work
from gov_collab.duties.models import DutyNoticeRow


class OrderRaised(EventView, type="cn.hengshui.city-ops.order.raised.v1"):
    """City-operations has handed an order over to a department."""

    order_id: UUID
    number: str
    department_code: str
    station_code: str
    aqi: int
    primary_pollutants: list[str]
    observed_at: Instant
    raised_at: Instant


async def on_order_raised(event: OrderRaised, work: Work) -> None:
    """Keep a notice for the department; a notice that is there already stays as it is, read or unread."""
    await work.session.execute(insert(DutyNoticeRow).values(**event.model_dump()).on_conflict_do_nothing())
