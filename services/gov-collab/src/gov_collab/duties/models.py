"""Tables of duty notices."""

from uuid import UUID

from sqlalchemy import String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant
from gov_collab.database import Base


class DutyNoticeRow(Base):
    """A notice of an order, kept under the order's own id, so that being told twice keeps one."""

    __tablename__ = "duty_notice"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(100))
    department_code: Mapped[str] = mapped_column(String(18))
    station_code: Mapped[str] = mapped_column(String(40))
    aqi: Mapped[int]
    primary_pollutants: Mapped[list[str]] = mapped_column(ARRAY(Text))
    observed_at: Mapped[Instant]
    raised_at: Mapped[Instant]
    read_at: Mapped[Instant | None]
    read_by: Mapped[str | None] = mapped_column(Text)
