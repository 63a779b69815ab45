"""What a merged record leaves to its survivor, without I/O."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from data_hub.registries.provenance import EVER, Period, Value


def lacking(kept: Iterable[Value], gone: Iterable[Value], since: date) -> list[Value]:
    """What one record says of days of which the other says nothing, in order; of no day before `since`.

    Both are known at present, of one field. A value whose beginning nobody knows keeps it unknown.
    """
    covered = [value.true for value in kept]
    parts: list[Value] = []
    for value in gone:
        rest = _from(value.true, since)
        for period in covered:
            rest = [part for one in rest for part in one.without(period)]
        parts += [replace(value, true=part) for part in rest]
    return parts


def _from(period: Period, since: date) -> list[Period]:
    if period.start in (EVER, since) or period.start > since:
        return [period]
    return [] if period.end is not None and period.end <= since else [Period(since, period.end)]


def contradicts(kept: str | None, gone: str | None, given_up: str | None) -> bool:
    """Whether a merged record's value is another one than the survivor's.

    `given_up` is what followed from the number that the record gives up with itself: that is no contradiction.
    """
    return gone is not None and gone not in (kept, given_up)
