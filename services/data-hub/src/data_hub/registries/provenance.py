"""The rules of values with two times, without I/O.

A value is true from a day to a day (valid time, 业务时间), and it is what the registry knew from an instant to an
instant (transaction time, 入库时间). Nothing is ever overwritten: a new statement ends what was known about the days it
speaks of and says something else about them; what was known about the other days is said again, with its old
provenance. Days and instants are half open: the end is the first that no longer counts, None says "until now".
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID

# The first day of all: a value that begins here has no known beginning.
EVER = date.min


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to, not including, `end`. Raises ValueError where no day is left."""

    start: date = EVER
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise ValueError("a period must hold at least one day")

    def holds(self, day: date) -> bool:
        """Whether `day` lies within."""
        return self.start <= day and (self.end is None or day < self.end)

    def overlaps(self, other: Self) -> bool:
        """Whether both share a day."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    def without(self, other: Self) -> "list[Period]":
        """The parts of this period that `other` leaves, in order; at most two."""
        if not self.overlaps(other):
            return [Period(self.start, self.end)]
        parts: list[Period] = []
        if self.start < other.start:
            parts.append(Period(self.start, other.start))
        if other.end is not None and (self.end is None or other.end < self.end):
            parts.append(Period(other.end, self.end))
        return parts


@dataclass(frozen=True, slots=True)
class Value:
    """One value of one attribute: what, true when, known when, by which statement.

    `text` is the value, or its masked form where `sealed` holds the encrypted one; both None say "there is none".
    """

    text: str | None
    sealed: bytes | None
    true: Period
    known_from: datetime
    statement: UUID
    known_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What a new statement does to an attribute: `ended` are no longer known, `begun` are from now on."""

    ended: list[Value]
    begun: list[Value]


def revise(known: list[Value], stated: Value) -> Revision:
    """How the values known at present change when `stated` is learnt.

    `known` are the values known at present (`known_to` None), which do not overlap; those that `stated` does not touch
    stay as they are. Days outside the stated period keep their value and its statement.
    """
    ended = [value for value in known if value.true.overlaps(stated.true)]
    kept = [
        replace(value, true=rest, known_from=stated.known_from)
        for value in ended
        for rest in value.true.without(stated.true)
    ]
    return Revision(ended, sorted([*kept, stated], key=lambda value: value.true.start))


def as_of(values: list[Value], day: date, instant: datetime | None = None) -> Value | None:
    """The value true on `day` as it was known at `instant`; as it is known at present without one."""
    return next((value for value in values if value.true.holds(day) and _known(value, instant)), None)


def _known(value: Value, instant: datetime | None) -> bool:
    if instant is None:
        return value.known_to is None
    return value.known_from <= instant and (value.known_to is None or instant < value.known_to)
