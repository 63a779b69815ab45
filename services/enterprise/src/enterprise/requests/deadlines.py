"""The clock of a request: limits in working time, a ledger of pauses, and deadlines that anyone can recompute.

Pure: no FastAPI, no SQLAlchemy, no I/O. The calendar is handed in, and its version is kept beside every deadline, so
that a new yearly notice of the State Council can be replayed over open requests with the old value kept.

Counting: day 0 is the day of receipt and counting starts on the next working day; a limit in days ends with the office
hours of its last day. A limit in minutes counts office hours only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from citykit.calendar import WorkingCalendar


class Unit(StrEnum):
    """What a limit counts."""

    minutes = "minutes"  # 工作分钟
    days = "days"  # 工作日


class ClockAct(StrEnum):
    """What an entry of the ledger does to the clock."""

    start = "start"
    pause = "pause"
    resume = "resume"
    stop = "stop"
    recalculate = "recalculate"  # another calendar version: the old deadlines are kept in the entry


@dataclass(frozen=True, slots=True)
class Limit:
    """So many working minutes or working days."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger, in the order in which it was written."""

    act: ClockAct
    at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A pause, from when to when; `to` is None while it lasts."""

    since: datetime
    to: datetime | None


def pauses_in(ledger: Iterable[Entry]) -> list[Span]:
    """The pauses of a ledger, oldest first. An entry without counterpart (a second pause, a lone resume) is void."""
    spans: list[Span] = []
    since: datetime | None = None
    for entry in ledger:
        if entry.act is ClockAct.pause and since is None:
            since = entry.at
        elif entry.act in {ClockAct.resume, ClockAct.stop} and since is not None:
            spans.append(Span(since, entry.at))
            since = None
    return spans if since is None else [*spans, Span(since, None)]


def started_at(ledger: Sequence[Entry]) -> datetime:
    """When the clock of this round began. Raises ValueError for a ledger that never started."""
    for entry in ledger:
        if entry.act is ClockAct.start:
            return entry.at
    raise ValueError("a ledger begins with a start")


def deadline(limit: Limit, ledger: Sequence[Entry], calendar: WorkingCalendar) -> datetime | None:
    """When `limit` ends, or None while a pause that began before that end still lasts.

    A pause moves the end by the working time that it took: working minutes for a limit in minutes, the working days
    after its first day up to its last for a limit in days. A pause after the end moves nothing: late stays late.
    Raises CalendarEnd where the calendar's data do not reach that far.
    """
    start, extra = started_at(ledger), 0
    end = _end(limit, start, extra, calendar)
    for pause in pauses_in(ledger):
        if pause.since >= end:
            break
        if pause.to is None:
            return None
        extra += _paused(limit.unit, pause.since, pause.to, calendar)
        end = _end(limit, start, extra, calendar)
    return end


def _end(limit: Limit, start: datetime, extra: int, calendar: WorkingCalendar) -> datetime:
    if limit.unit is Unit.minutes:
        return calendar.add_minutes(start, limit.amount + extra)
    return calendar.add_days(start, limit.amount + extra)


def _paused(unit: Unit, since: datetime, to: datetime, calendar: WorkingCalendar) -> int:
    if unit is Unit.minutes:
        return calendar.working_minutes_between(since, to)
    return calendar.working_days_between(since, to)


def old_enough(submitted_at: datetime, now: datetime, minimum_minutes: int, calendar: WorkingCalendar) -> bool:
    """Whether a request is at least `minimum_minutes` of office hours old: younger ones are never escalated."""
    return now >= calendar.add_minutes(submitted_at, minimum_minutes)
