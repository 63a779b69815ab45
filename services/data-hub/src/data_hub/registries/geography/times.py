"""The `datetime` parameter of OGC API Features: an instant, or an interval that may be open at an end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from citykit.clock import CHINA

OPEN = ("", "..")
LEAST, MOST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    """From the first to the last instant, both included; an instant is a span of no length."""

    first: datetime
    last: datetime


def one(text: str) -> Span:
    """The span of an RFC 3339 instant, or of a whole day in Beijing time. Raises ValueError."""
    if len(text) == 10:
        day = datetime.combine(date.fromisoformat(text), datetime.min.time(), CHINA)
        return Span(_held(day), _held(day + timedelta(days=1) - _TICK))
    if text[10:11] not in {"T", "t", " "}:
        raise ValueError(text)
    told = datetime.fromisoformat(text.upper())
    if told.tzinfo is None:
        raise ValueError(text)
    return Span(_held(told), _held(told))


def _held(told: datetime) -> datetime:
    if not 2 <= told.year <= 9998:
        raise ValueError(told)
    return told.astimezone(UTC)


def span(text: str) -> Span:
    """The span that `datetime` names: `2025-01-01T00:00:00Z`, `2025-01-01/..`, `../2025-12-31`. Raises ValueError."""
    first, slash, last = text.partition("/")
    if not slash:
        return one(text)
    if first in OPEN and last in OPEN:
        raise ValueError(text)
    made = Span(LEAST if first in OPEN else one(first).first, MOST if last in OPEN else one(last).last)
    if made.first > made.last:
        raise ValueError(text)
    return made
