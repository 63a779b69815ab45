"""The air quality index 环境空气质量指数 (AQI) by HJ 633, and the means it stands on by GB 3095: pure, exact rules.

Concentrations are µg/m³, carbon monoxide mg/m³. All arithmetic is rational: in binary floating point an index rounded
up goes wrong (CO 2.2 mg/m³ over 24 h is 55, not 56). Which table counts is the caller's choice by date: `in_force`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Protocol, TypeVar

CHINA = timezone(timedelta(hours=8))
HOUR = timedelta(hours=1)

# The gases of which one may be missing before no index is stated. Particles decide nearly every index of the plain;
# an index without them would read as clean air. This is our reading of what the national centre publishes: every row
# without PM2.5 or PM10 is without AQI, rows that lack one gas are published with and without.
GASES_THAT_MAY_BE_MISSING = 1


class Pollutant(StrEnum):
    """The six pollutants of the index, by the name they have on the wire."""

    pm2_5 = "pm2_5"  # 细颗粒物
    pm10 = "pm10"  # 颗粒物
    so2 = "so2"  # 二氧化硫
    no2 = "no2"  # 二氧化氮
    co = "co"  # 一氧化碳, mg/m³
    o3 = "o3"  # 臭氧


PARTICLES = frozenset({Pollutant.pm2_5, Pollutant.pm10})
HOURLY_ROWS = {
    Pollutant.pm2_5: "pm2_5",
    Pollutant.pm10: "pm10",
    Pollutant.so2: "so2_1h",
    Pollutant.no2: "no2_1h",
    Pollutant.co: "co_1h",
    Pollutant.o3: "o3_1h",
}
DAILY_ROWS = {
    Pollutant.pm2_5: "pm2_5",
    Pollutant.pm10: "pm10",
    Pollutant.so2: "so2_24h",
    Pollutant.no2: "no2_24h",
    Pollutant.co: "co_24h",
    Pollutant.o3: "o3_8h",  # The daily report takes the day's highest 8 hour mean, never the 1 hour value.
}

Amount = Decimal | Fraction | int


class Dated(Protocol):
    """Something that is in force from one day to another, both included; no end means still in force."""

    @property
    def effective_from(self) -> date:
        """The first day."""

    @property
    def effective_to(self) -> date | None:
        """The last day, or None."""


Edition = TypeVar("Edition", bound=Dated)


class NothingInForce(LookupError):
    """No edition of a standard was in force on the day asked for."""


def in_force(editions: Iterable[Edition], on: date) -> Edition:
    """The edition in force on `on`. Raises NothingInForce."""
    for edition in editions:
        if edition.effective_from <= on and (edition.effective_to is None or on <= edition.effective_to):
            return edition
    raise NothingInForce(on.isoformat())


@dataclass(frozen=True)
class Breakpoints:
    """One row of the index table: concentration limits, and the index above the last (None = no index by this row)."""

    limits: tuple[int, ...]
    above: int | None


@dataclass(frozen=True)
class IndexTable:
    """One edition of HJ 633: index limits (IAQI) and, per pollutant and averaging time, concentration limits."""

    standard: str
    effective_from: date
    effective_to: date | None
    indices: tuple[int, ...]
    rows: Mapping[str, Breakpoints]


@dataclass(frozen=True)
class Limits:
    """One edition of GB 3095, as far as the index needs it: when a mean counts, and the ozone limit of grade two."""

    standard: str
    effective_from: date
    effective_to: date | None
    day_hours: int
    eight_hour_hours: int
    ozone_windows: int
    ozone_limit: int


@dataclass(frozen=True)
class AirIndex:
    """What a set of concentrations means: the index, who makes it, what was missing, and by which standard."""

    aqi: int | None
    primary: tuple[Pollutant, ...]
    individual: Mapping[Pollutant, int]
    missing: tuple[Pollutant, ...]
    standard: str


def day_of(hour: datetime) -> date:
    """The day in Beijing time that the hour ENDING at `hour` belongs to: 00:00 closes the day before."""
    return (hour.astimezone(CHINA) - HOUR).date()


def place_in_day(hour: datetime) -> int:
    """Which hour of its day ends at `hour`: 1 (01:00) to 24 (00:00 of the next date)."""
    return (hour.astimezone(CHINA) - HOUR).hour + 1


def rounded(pollutant: Pollutant, amount: Amount) -> Decimal:
    """A concentration as the index takes it: whole µg/m³, carbon monoxide to 0.1 mg/m³, half to even (GB/T 8170)."""
    places = 1 if pollutant is Pollutant.co else 0
    exact = amount if isinstance(amount, Decimal) else Fraction(amount)
    if isinstance(exact, Decimal):
        return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return Decimal(round(exact * 10**places)).scaleb(-places)


def individual_index(row: Breakpoints, indices: Sequence[int], concentration: Amount) -> int | None:
    """The individual index 空气质量分指数 (IAQI) of an already rounded concentration, rounded up; None = no index.

    Raises ValueError for a negative or infinite concentration: such a number is a fault of the instrument.
    """
    if (isinstance(concentration, Decimal) and not concentration.is_finite()) or concentration < 0:
        raise ValueError("a concentration is finite and not negative")
    exact = Fraction(concentration)
    for place in range(1, len(row.limits)):
        low, high = row.limits[place - 1], row.limits[place]
        if exact <= high:
            slope = Fraction(indices[place] - indices[place - 1], high - low)
            return ceil(slope * (exact - low) + indices[place - 1])
    return row.above


def _index(table: IndexTable, rows: Mapping[Pollutant, str], amounts: Mapping[Pollutant, Amount | None]) -> AirIndex:
    individual: dict[Pollutant, int] = {}
    missing: list[Pollutant] = []
    for pollutant, row in rows.items():
        amount = amounts.get(pollutant)
        if amount is None:
            missing.append(pollutant)
            continue
        index = individual_index(table.rows[row], table.indices, rounded(pollutant, amount))
        if index is not None:
            individual[pollutant] = index
    enough = PARTICLES.isdisjoint(missing) and len(missing) <= GASES_THAT_MAY_BE_MISSING
    aqi = max(individual.values()) if enough and individual else None
    primary = tuple(p for p, index in individual.items() if aqi is not None and aqi > 50 and index == aqi)
    return AirIndex(aqi, primary, individual, tuple(missing), table.standard)


def hourly_index(table: IndexTable, hour: Mapping[Pollutant, Amount | None]) -> AirIndex:
    """The real-time index 实时报: six 1 hour values; the particles' 1 hour values are read in their 24 hour row.

    Primary pollutants 首要污染物 are all that reach the maximum, where the index is above 50. No index is stated where
    PM2.5 or PM10 is missing or more than one gas is; the individual indices that exist are given all the same.
    """
    return _index(table, HOURLY_ROWS, hour)


def daily_index(table: IndexTable, day: Mapping[Pollutant, Amount | None]) -> AirIndex:
    """The daily index 日报: 24 hour means of five pollutants and the daily maximum 8 hour mean of ozone."""
    return _index(table, DAILY_ROWS, day)


def mean(values: Sequence[Decimal | None], needed: int) -> Fraction | None:
    """The exact mean of what is there, missing hours left out; None where fewer than `needed` are there."""
    there = [Fraction(value) for value in values if value is not None]
    return sum(there, Fraction()) / len(there) if len(there) >= max(needed, 1) else None


def ozone_windows(hours: Sequence[Decimal | None], limits: Limits) -> list[Fraction | None]:
    """The 17 eight-hour means of a day's 24 hourly ozone values that end at 08:00 … 24:00; None where too few hours."""
    if len(hours) != 24:
        raise ValueError("a day has 24 hours")
    return [mean(hours[end - 8 : end], limits.eight_hour_hours) for end in range(8, 25)]


def ozone_of_day(hours: Sequence[Decimal | None], limits: Limits) -> Fraction | None:
    """The daily maximum 8 hour mean of ozone 臭氧日最大8小时平均.

    It wants `limits.ozone_windows` valid windows; with fewer it counts only where it is above the limit anyway, since
    the missing windows could but raise it.
    """
    valid = [window for window in ozone_windows(hours, limits) if window is not None]
    if not valid:
        return None
    highest = max(valid)
    return highest if len(valid) >= limits.ozone_windows or highest > limits.ozone_limit else None


def means_of_day(
    hours: Mapping[int, Mapping[Pollutant, Decimal | None]], limits: Limits
) -> dict[Pollutant, Decimal | None]:
    """The values of the daily report from a day's hours (keys 1-24), rounded for the index; None = invalid."""
    series = {p: [hours.get(place, {}).get(p) for place in range(1, 25)] for p in Pollutant}
    exact = {p: mean(series[p], limits.day_hours) for p in Pollutant} | {
        Pollutant.o3: ozone_of_day(series[Pollutant.o3], limits)
    }
    return {p: None if value is None else rounded(p, value) for p, value in exact.items()}
