"""The air on the wire. Concentrations are µg/m³, carbon monoxide mg/m³; times end the hour they name."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from city_ops.environment.domain import AirIndex, Pollutant
from city_ops.environment.models import DayRow, HourRow, OrderRow, StationRow
from city_ops.environment.orders import OrderState
from city_ops.environment.standards import level_of
from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Instant, LongText, ShortText, Wire

LARGEST_BATCH = 500


def _number(value: Any) -> Any:
    """Take JSON numbers alone, and by their shortest decimal form: 0.1 is one tenth."""
    if isinstance(value, bool | str):
        raise ValueError("a number is wanted, not text")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _full_hour(value: Instant) -> Instant:
    if value.minute or value.second or value.microsecond:
        raise ValueError("an observation ends on the full hour")
    return value


def _written_out(value: Any) -> Any:
    """Take YYYY-MM-DD alone: the stock rules read a bare number as seconds since 1970."""
    if isinstance(value, str) and value[4:5] != "-":
        raise ValueError("a day is written YYYY-MM-DD")
    return value


Concentration = Annotated[
    Decimal,
    Field(ge=0, le=100_000, max_digits=9, decimal_places=3, allow_inf_nan=False),
    BeforeValidator(_number),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100_000, "multipleOf": 0.001}),
]
Day = Annotated[date, BeforeValidator(_written_out)]
FullHour = Annotated[Instant, AfterValidator(_full_hour)]
StationCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{2,20}$")]


class Concentrations(Wire):
    """Six concentrations; null = missing, which is not zero."""

    pm2_5: Concentration | None = None
    pm10: Concentration | None = None
    so2: Concentration | None = None
    no2: Concentration | None = None
    co: Concentration | None = None
    o3: Concentration | None = None

    def by_pollutant(self) -> dict[Pollutant, Decimal | None]:
        """The same by pollutant."""
        return {pollutant: getattr(self, pollutant.value) for pollutant in Pollutant}

    @classmethod
    def of(cls, row: HourRow | DayRow) -> "Concentrations":
        """The concentrations that a row holds."""
        return cls.holding({p: getattr(row, p.value) for p in Pollutant})

    @classmethod
    def holding(cls, values: dict[Pollutant, Decimal | None]) -> "Concentrations":
        """Concentrations that we computed or stored ourselves, taken as they are."""
        return cls.model_construct(None, **{p.value: value for p, value in values.items()})


class ObservationDraft(Concentrations):
    """One hour of one station: hourly means. `observed_at` is the END of the hour, on the full hour."""

    station_code: StationCode
    observed_at: FullHour


class ObservationBatch(Wire):
    """Up to 500 hours, of any stations, in any order; a station's hour stands once."""

    observations: Annotated[list[ObservationDraft], Field(min_length=1, max_length=LARGEST_BATCH)]


class IngestReport(Wire):
    """What became of a batch: rows that are new, that revise an earlier value, and that were known already."""

    received: int
    stored: int
    revised: int
    unchanged: int
    orders: list[str] = Field(description="Numbers of the orders that the batch raised")


class StationDraft(Wire):
    """What is said of a station."""

    name: ShortText
    longitude: Annotated[float, Field(ge=73, le=136, allow_inf_nan=False), BeforeValidator(_number)]
    latitude: Annotated[float, Field(ge=3, le=54, allow_inf_nan=False), BeforeValidator(_number)]
    division_code: DivisionCode


class Station(Wire):
    """An air station; degrees in EPSG:4490."""

    code: str
    name: str
    longitude: float
    latitude: float
    division_code: str

    @classmethod
    def of(cls, row: StationRow) -> "Station":
        """The station that a row holds."""
        return cls.model_construct(
            code=row.code,
            name=row.name,
            longitude=row.longitude,
            latitude=row.latitude,
            division_code=row.division_code,
        )


class AirLevel(Wire):
    """A level of the index with its colour 级别、类别与颜色."""

    number: int
    name: str
    colour: str

    @classmethod
    def at(cls, aqi: int | None) -> "AirLevel | None":
        """The level of an index; None where there is no index."""
        if aqi is None:
            return None
        level = level_of(aqi)
        return cls.model_construct(number=level.number, name=f"{level.name_zh} {level.name_en}", colour=level.colour)


class Index(Wire):
    """What concentrations mean by the standard named: null where too much is missing to state an index."""

    aqi: int | None
    level: AirLevel | None
    primary_pollutants: list[str]
    individual: dict[str, int] = Field(description="IAQI by pollutant 空气质量分指数")
    missing: list[str] = Field(description="Pollutants without a value, or without a valid mean")
    standard: str

    @classmethod
    def of(cls, row: HourRow | DayRow) -> "Index":
        """The index stored in a row."""
        return cls.model_construct(
            aqi=row.aqi,
            level=AirLevel.at(row.aqi),
            primary_pollutants=row.primary_pollutants,
            individual=row.individual,
            missing=row.missing,
            standard=row.standard,
        )

    @classmethod
    def computed(cls, index: AirIndex) -> "Index":
        """A computed index."""
        return cls.model_construct(
            aqi=index.aqi,
            level=AirLevel.at(index.aqi),
            primary_pollutants=[p.value for p in index.primary],
            individual={p.value: value for p, value in index.individual.items()},
            missing=[p.value for p in index.missing],
            standard=index.standard,
        )


class AirHour(Wire):
    """An hour of a station; `revision` counts how often its values were corrected."""

    station_code: str
    observed_at: Instant
    concentrations: Concentrations
    index: Index
    revision: int

    @classmethod
    def of(cls, row: HourRow) -> "AirHour":
        """The hour that a row holds."""
        return cls.model_construct(
            station_code=row.station_code,
            observed_at=row.observed_at,
            concentrations=Concentrations.of(row),
            index=Index.of(row),
            revision=row.revision,
        )


class AirDay(Wire):
    """A day of a station: 24 hour means (ozone: daily maximum 8 hour mean) and the daily index.

    `hours` says how many of the 24 are in; a day with fewer is preliminary until the last one has come.
    """

    station_code: str
    day: date
    hours: int
    concentrations: Concentrations
    index: Index
    validity_standard: str

    @classmethod
    def of(cls, row: DayRow) -> "AirDay":
        """The day that a row holds."""
        return cls.model_construct(
            station_code=row.station_code,
            day=row.day,
            hours=row.hours,
            concentrations=Concentrations.of(row),
            index=Index.of(row),
            validity_standard=row.validity_standard,
        )


class StationNow(Wire):
    """A station and its latest hour, null before the first."""

    station: Station
    hour: AirHour | None

    @classmethod
    def of(cls, station: StationRow, hour: HourRow | None) -> "StationNow":
        """A station's row with that of its latest hour."""
        return cls.model_construct(station=Station.of(station), hour=None if hour is None else AirHour.of(hour))


class StationsNow(Wire):
    """All stations with their latest hours."""

    items: list[StationNow]


class CityHour(Wire):
    """An hour of the city: the means over its stations, and their index."""

    observed_at: Instant
    stations: int
    concentrations: Concentrations
    index: Index


class CityAir(Wire):
    """The air of the city for its home page: the latest hour, the stations, the last day's hours from the oldest on."""

    now: CityHour | None
    stations: list[StationNow]
    last_hours: list[CityHour]


class HourFilter(PageQuery):
    """Which hours of a station, newest first: `since` included, `until` excluded."""

    since: Instant | None = None
    until: Instant | None = None


class DayFilter(PageQuery):
    """Which days of a station, newest first, both ends included."""

    since: Day | None = None
    until: Day | None = None


class OrderFilter(PageQuery):
    """Which orders, newest first."""

    state: OrderState | None = None
    station_code: Annotated[str | None, Query(max_length=20)] = None


class OrderReport(Wire):
    """What the department did; it closes the order."""

    text: LongText


class Order(Wire):
    """An order that is handed over at once 即时交办."""

    id: UUID
    number: str
    state: OrderState
    rule_code: str
    station_code: str
    division_code: str
    observed_at: Instant
    aqi: int
    level: AirLevel | None
    primary_pollutants: list[str]
    standard: str
    department_code: str | None
    department_name: str | None
    legal_basis: str | None
    raised_at: Instant
    assigned_at: Instant | None
    acknowledge_by: Instant
    acknowledged_at: Instant | None
    due_at: Instant
    done_at: Instant | None
    report: str | None

    @classmethod
    def of(cls, row: OrderRow) -> "Order":
        """The order that a row holds."""
        return cls(
            state=OrderState(row.state),
            level=AirLevel.at(row.aqi),
            **{name: getattr(row, name) for name in cls.model_fields if name not in {"state", "level"}},
        )
