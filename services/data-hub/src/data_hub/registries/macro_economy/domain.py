"""What periods, keys and references look like, and what they mean; pure."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

ID = re.compile(r"[A-Za-z_@$0-9-]{1,64}")
NC_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
AGENCY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}(\.[A-Za-z][A-Za-z0-9_-]{0,63}){0,4}")
VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,2}")
MOST_CODES = 1_000  # codes in a key: ten times the towns of the city
PERIODS = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?:(?P<kind>[ASTQMWD])(?P<number>[0-9]{1,3})|(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?))?"
    r"(?P<time>T[0-9]{2}:[0-9]{2}:[0-9]{2})?"
)
_MONTHS = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}
_DIGITS = {"W": 2, "M": 2, "D": 3}
CONFIDENTIAL = frozenset("CNDS")  # CL_CONF_STATUS: F is free, these never leave without the right


class BadPeriod(ValueError):
    """A text that is no period of SDMX."""


class BadKey(ValueError):
    """A text that is no key of the flow."""


class TooManyCodes(ValueError):
    """A key with more codes than a request may ask for."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period in its one written form, its frequency, its first and its last day."""

    text: str
    freq: str
    start: date
    end: date


def period(text: str) -> Span:
    """Read a period: 2025, 2025-S1, 2025-Q3, 2025-09, 2025-W36, 2025-09-01, and 2025-A1, 2025-M09, 2025-D244.

    A week belongs to its ISO year and is cut at the year's ends, so that no year reaches into another.
    Raises BadPeriod.
    """
    found = PERIODS.fullmatch(text)
    if found is None or (found["time"] and not found["day"]):
        raise BadPeriod(text[:40])
    try:
        return _span(found)
    except (ValueError, OverflowError):
        raise BadPeriod(text[:40]) from None


def _span(found: re.Match[str]) -> Span:
    year = int(found["year"])
    if not 1000 <= year <= 2999:
        raise ValueError(year)
    if found["day"]:
        day = date(year, int(found["month"]), int(found["day"]))
        return Span(day.isoformat(), "D", day, day)
    if found["month"]:
        return _months(year, "M", int(found["month"]))
    if found["kind"] is None:
        return _months(year, "A", 1)
    kind, number = found["kind"], int(found["number"])
    if len(found["number"]) != _DIGITS.get(kind, 1):
        raise ValueError(number)
    if kind == "W":
        return _week(year, number)
    if kind == "D":
        day = date(year, 1, 1) + timedelta(days=number - 1)
        if number < 1 or day.year != year:
            raise ValueError(number)
        return Span(day.isoformat(), "D", day, day)
    return _months(year, kind, number)


def _months(year: int, kind: str, number: int) -> Span:
    length = _MONTHS[kind]
    if not 1 <= number <= 12 // length:
        raise ValueError(number)
    first, last = (number - 1) * length + 1, number * length
    written = {"A": f"{year}", "M": f"{year}-{number:02d}"}.get(kind, f"{year}-{kind}{number}")
    return Span(written, kind, date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def _week(year: int, number: int) -> Span:
    monday = date.fromisocalendar(year, number, 1)
    start, end = max(monday, date(year, 1, 1)), min(monday + timedelta(days=6), date(year, 12, 31))
    return Span(f"{year}-W{number:02d}", "W", start, end)


@dataclass(frozen=True, slots=True)
class Ref:
    """A maintainable artefact by agency, id and version."""

    agency: str
    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.agency}:{self.id}({self.version})"


_WRITTEN = re.compile(rf"({AGENCY.pattern}):({ID.pattern})\(({VERSION.pattern})\)")


def reference(text: str) -> Ref:
    """Read `HS:GDP(1.0)`. Raises ValueError."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(text[:80])
    return Ref(found[1], found[3], found[4])


def flow_reference(text: str) -> tuple[str, str, str]:
    """Agency, id, version of a flow as a data query names it: `ID`, `AGENCY,ID`, `AGENCY,ID,VERSION`. Raises BadKey."""
    parts = text.split(",")
    if len(parts) == 1:
        parts = ["all", *parts, "latest"]
    elif len(parts) == 2:
        parts.append("latest")
    if len(parts) != 3:
        raise BadKey(text[:80])
    agency, name, version = parts
    fits = AGENCY.fullmatch(agency) and ID.fullmatch(name)
    if not fits or not (version in ("latest", "all", "+", "*") or VERSION.fullmatch(version)):
        raise BadKey(text[:80])
    return agency, name, version


def key_filter(text: str, width: int) -> list[list[str] | None]:
    """The codes that each position of a key allows; None allows all: `A.GDP+CPI.`.

    Raises BadKey, TooManyCodes.
    """
    if text in ("all", "", "*", "ALL"):
        return [None] * width
    if text.count("+") + text.count(".") + text.count(",") > MOST_CODES:
        raise TooManyCodes
    positions = text.split(".")
    if len(positions) != width:
        raise BadKey(f"{len(positions)} positions, {width} wanted")
    found: list[list[str] | None] = []
    for position in positions:
        codes = position.split("+")
        if position in ("", "*"):
            found.append(None)
        elif all(ID.fullmatch(code) for code in codes):
            found.append(list(dict.fromkeys(codes)))
        else:
            raise BadKey(position[:80])
    return found


def key_of(text: str, width: int) -> tuple[str, ...]:
    """The codes of one full key. Raises BadKey."""
    codes = tuple(text.split("."))
    if len(codes) != width or not all(ID.fullmatch(code) for code in codes):
        raise BadKey(text[:80])
    return codes
