"""What this slice tells the other services."""

from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant


class OrderRaised(Event, type="cn.hengshui.city-ops.order.raised.v1"):
    """An order 即时交办 lies with a department. Sent when the department is known, never before."""

    order_id: UUID
    number: str
    department_code: str
    station_code: str
    aqi: int
    primary_pollutants: list[str]
    observed_at: Instant
    raised_at: Instant
