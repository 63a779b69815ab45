"""What goes over the wire about duty notices."""

from uuid import UUID

from citykit.pages import PageQuery
from citykit.wire import Instant, Wire
from gov_collab.duties.models import DutyNoticeRow


class DutyNotice(Wire):
    """A notice that an order lies with a department; the index is that of HJ 633, without unit."""

    order_id: UUID
    number: str
    title: str
    department_code: str
    station_code: str
    aqi: int
    primary_pollutants: list[str]
    observed_at: Instant
    raised_at: Instant
    read_at: Instant | None

    @classmethod
    def of(cls, row: DutyNoticeRow) -> "DutyNotice":
        """The wire form of a row."""
        return cls(
            order_id=row.order_id, number=row.number, department_code=row.department_code,
            title=f"空气质量交办 {row.number}：AQI {row.aqi} Air quality order, AQI {row.aqi}",
            station_code=row.station_code, aqi=row.aqi, primary_pollutants=list(row.primary_pollutants),
            observed_at=row.observed_at, raised_at=row.raised_at, read_at=row.read_at,
        )  # fmt: skip


class NoticeFilter(PageQuery):
    """Which notices of the caller's department, newest first: read ones, unread ones, or both."""

    read: bool | None = None
