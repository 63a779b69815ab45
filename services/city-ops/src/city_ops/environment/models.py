"""Tables of the air: stations, their hours with what was derived, earlier values of revised hours, days, orders."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, Float, ForeignKey, Index, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from city_ops.database import Base
from citykit.database import Instant, Uuid7Key


class StationRow(Base):
    """An air station 监测站点; degrees in EPSG:4490."""

    __tablename__ = "air_stations"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    longitude: Mapped[float] = mapped_column(Float(53))
    latitude: Mapped[float] = mapped_column(Float(53))
    division_code: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]


class Derived:
    """What a set of concentrations meant by the standard named in the row."""

    pm2_5: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    pm10: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    so2: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    no2: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    co: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    o3: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    aqi: Mapped[int | None] = mapped_column(BigInteger)
    primary_pollutants: Mapped[list[str]] = mapped_column(ARRAY(Text))
    individual: Mapped[dict[str, int]] = mapped_column(JSONB)
    missing: Mapped[list[str]] = mapped_column(ARRAY(Text))
    standard: Mapped[str] = mapped_column(Text)


class HourRow(Derived, Base):
    """An hour of a station; `observed_at` is its END, `day` the Beijing day it belongs to."""

    __tablename__ = "air_hours"
    __table_args__ = (Index(None, "station_code", "day"),)

    station_code: Mapped[str] = mapped_column(ForeignKey(StationRow.code), primary_key=True)
    observed_at: Mapped[Instant] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[Instant]


class SupersededHourRow(Base):
    """An earlier value of an hour that was revised later: kept, never shown as current."""

    __tablename__ = "air_hour_revisions"

    station_code: Mapped[str] = mapped_column(Text, primary_key=True)
    observed_at: Mapped[Instant] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    concentrations: Mapped[dict[str, Any]] = mapped_column(JSONB)
    aqi: Mapped[int | None] = mapped_column(BigInteger)
    standard: Mapped[str] = mapped_column(Text)
    received_at: Mapped[Instant]
    superseded_at: Mapped[Instant]


class DayRow(Derived, Base):
    """A day of a station: its 24 hour means and the ozone maximum (null = not valid by GB 3095), and its index."""

    __tablename__ = "air_days"

    station_code: Mapped[str] = mapped_column(ForeignKey(StationRow.code), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    hours: Mapped[int] = mapped_column(BigInteger)
    validity_standard: Mapped[str] = mapped_column(Text)
    computed_at: Mapped[Instant]


class OrderRow(Base):
    """An order that is handed over at once 即时交办."""

    __tablename__ = "environment_orders"
    # One station has one open order at most, whatever races: the index decides, not a look before.
    __table_args__ = (
        Index("uq_environment_orders_open", "station_code", unique=True, postgresql_where=text("state <> 'done'")),
        Index(None, "station_code", "observed_at"),
        Index(None, "raised_at", "id"),
    )

    id: Mapped[Uuid7Key]
    number: Mapped[str] = mapped_column(Text, unique=True)
    rule_code: Mapped[str] = mapped_column(Text)
    matter: Mapped[str] = mapped_column(Text)
    station_code: Mapped[str] = mapped_column(ForeignKey(StationRow.code))
    division_code: Mapped[str] = mapped_column(Text)
    observed_at: Mapped[Instant]
    aqi: Mapped[int] = mapped_column(BigInteger)
    primary_pollutants: Mapped[list[str]] = mapped_column(ARRAY(Text))
    standard: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    department_code: Mapped[str | None] = mapped_column(Text)
    department_name: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[str | None] = mapped_column(Text)
    raised_at: Mapped[Instant]
    assigned_at: Mapped[Instant | None]
    acknowledge_by: Mapped[Instant]
    acknowledged_at: Mapped[Instant | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(Uuid)
    due_at: Mapped[Instant]
    done_at: Mapped[Instant | None]
    done_by: Mapped[UUID | None] = mapped_column(Uuid)
    report: Mapped[str | None] = mapped_column(Text)
