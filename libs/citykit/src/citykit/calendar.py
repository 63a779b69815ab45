"""The working time of China: which days offices work, which hours, and when a limit in working time ends.

China's working days are no rule that could be computed: each November the State Council's office says which days of
the next year are free and which weekends are worked for them. So they are data, `calendars/china-<year>.json`, with
the notice they come from. Past the last notice nothing is guessed: CalendarEnd is raised, and a deployment puts the
next year's file (or a corrected one, or its own `office-hours.json`) into a directory that its settings name.

The start day does not count, and day N ends when its offices close (行政许可法 art. 82: limits are in working days).
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from citykit.problems import Problem

_HOURS_FILE = "office-hours.json"
_MINUTE = timedelta(minutes=1)


class CalendarEnd(Problem):
    """A date lies outside the years whose notices are known. Answered as 503: the deployment must add the year."""

    status = 503
    slug = "calendar-end"
    title = ("工作日历尚未包含该日期", "The working calendar does not reach this date")

    def __init__(self, first: int, last: int, *, before: bool = False) -> None:
        self.first, self.last = first, last
        zh, en = f"工作日历只含{first}年至{last}年", f"The working calendar covers {first} to {last}"
        if not before:
            zh += f"；{last + 1}年的节假日安排公布后，请由管理员补充日历数据"
            en += f"; once the holidays of {last + 1} are announced, an administrator must add them"
        super().__init__((zh, en))
        self.sentence = f"{zh} {en}"

    def __str__(self) -> str:
        return self.sentence


class CalendarDataError(ValueError):
    """A calendar file cannot be right; the message names the file and the fault."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


DataT = TypeVar("DataT", bound=_Data)


class Notice(_Data):
    """The announcement that a year's table was made from."""

    title: str
    number: str
    issued: date
    authority: str


class Holiday(_Data):
    """Free days in a row, the first and the last included."""

    name: str
    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Each of its days."""
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class YearTable(_Data):
    """What one notice says about a year. It may speak of the December before: 元旦 can begin there."""

    year: Annotated[int, Field(ge=2000, le=2200)]
    version: Annotated[int, Field(ge=1)]
    notice: Notice
    holidays: tuple[Holiday, ...] = Field(min_length=1)
    working_weekends: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        free = [day for holiday in self.holidays for day in holiday.days()]
        named = free + list(self.working_weekends)
        if any(holiday.first > holiday.last for holiday in self.holidays):
            raise ValueError("a holiday ends before it begins")
        if len(set(named)) != len(named):
            raise ValueError("a day is named twice")
        if strangers := [
            day for day in named if day.year != self.year and (day.year, day.month) != (self.year - 1, 12)
        ]:
            raise ValueError(f"{strangers[0]} does not belong to {self.year}")
        if weekdays := [day for day in self.working_weekends if day.weekday() < 5]:
            raise ValueError(f"{weekdays[0]} is no weekend day, so it cannot be made a working one")
        return self


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except ZoneInfoNotFoundError as refused:
        raise ValueError("there is no such time zone") from refused


class OfficeHours(_Data):
    """When offices work on a working day: sessions in order, in the zone's local time."""

    zone: Annotated[str, AfterValidator(_known_zone)]
    sessions: tuple[tuple[time, time], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        edges = [edge for session in self.sessions for edge in session]
        if any(later <= earlier for earlier, later in pairwise(edges)):
            raise ValueError("the sessions must follow each other within one day")
        return self


class WorkingCalendar:
    """Working days and office hours. Days are dates of its zone; instants must be aware, and come back in its zone.

    Dates outside its years raise CalendarEnd, naive datetimes ValueError. Instances are immutable and cheap to ask.
    """

    def __init__(self, tables: Iterable[YearTable], hours: OfficeHours) -> None:
        self.tables = tuple(sorted(tables, key=lambda table: table.year))
        self.hours = hours
        self.zone = ZoneInfo(hours.zone)
        years = [table.year for table in self.tables]
        if not years or years != list(range(years[0], years[0] + len(years))):
            raise CalendarDataError(f"a calendar wants years in a row, each once, not {years}")
        self._first, self._last = date(years[0], 1, 1), date(years[-1], 12, 31)
        self._days = _working_days(self._first, self._last, self.tables)
        self._sessions = tuple((_since_midnight(opens), _since_midnight(closes)) for opens, closes in hours.sessions)
        self._per_day = sum((closes - opens for opens, closes in self._sessions), timedelta())
        self.version = _version(self.tables, hours)

    @classmethod
    def load(cls, more: Path | None = None) -> "WorkingCalendar":
        """The calendar that the kernel carries, and over it the files of the directory `more`.

        Of `more`, each `china-*.json` adds or replaces its year, `office-hours.json` replaces the hours. Raises
        CalendarDataError for a file that cannot be right, and for a year that would leave a gap.
        """
        return _built_in() if more is None else _load(files("citykit") / "calendars", more)

    def is_working(self, day: date) -> bool:
        """Whether offices work on `day` (of an aware datetime: on its date in the calendar's zone)."""
        day = self._covered(day)
        return self._before(day, day_included=True) > self._before(day)

    def add_days(self, start: date, n: int) -> datetime:
        """The closing time of the `n`th working day after the date of `start`, which itself does not count; n >= 1."""
        if n < 1:
            raise ValueError("a limit has at least one working day")
        return self._closing(self._before(self._covered(start), day_included=True) + n - 1)

    def add_minutes(self, start: datetime, n: int) -> datetime:
        """The first instant at which `n` minutes of office hours have passed since `start`; n >= 0."""
        if n < 0:
            raise ValueError("working minutes cannot be taken away")
        local = self._local(start)
        if n == 0:
            return local
        if n > len(self._days) * (self._per_day // _MINUTE):
            raise CalendarEnd(self._first.year, self._last.year)
        days, rest = divmod(self._worked_until(local) + n * _MINUTE, self._per_day)
        if not rest:
            return self._closing(days - 1)
        day = self._nth(days)
        for opens, closes in self._sessions:
            if rest <= closes - opens:
                return self._at(day, opens + rest)
            rest -= closes - opens
        raise AssertionError("a day holds the rest of its own hours")

    def working_minutes_between(self, a: datetime, b: datetime) -> int:
        """Whole minutes of office hours from `a` to `b`; negative where `b` comes first."""
        worked = self._worked_until(self._local(b)) - self._worked_until(self._local(a))
        return worked // _MINUTE if worked >= timedelta() else -(-worked // _MINUTE)

    def working_days_between(self, a: date, b: date) -> int:
        """Working days after the date of `a` up to that of `b`, which counts; negative where `b` comes first.

        A pause from `a` to `b` moves a limit in working days by so many days.
        """
        a, b = self._covered(a), self._covered(b)
        return self._before(b, day_included=True) - self._before(a, day_included=True)

    def closes_at(self, day: date) -> datetime:
        """When offices close on `day`. Raises ValueError where they do not open."""
        if not self.is_working(day):
            raise ValueError(f"{self._covered(day)} is no working day")
        return self._at(self._covered(day), self._sessions[-1][1])

    def _covered(self, day: date) -> date:
        if isinstance(day, datetime):
            return self._local(day).date()
        if not self._first <= day <= self._last:
            raise CalendarEnd(self._first.year, self._last.year, before=day < self._first)
        return day

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError("the calendar wants an aware time")
        local = at.astimezone(self.zone)
        self._covered(local.date())
        return local

    def _before(self, day: date, *, day_included: bool = False) -> int:
        """How many working days of the calendar come before `day`, or up to it."""
        return (bisect_right if day_included else bisect_left)(self._days, day)

    def _nth(self, index: int) -> date:
        if index >= len(self._days):
            raise CalendarEnd(self._first.year, self._last.year)
        return self._days[index]

    def _at(self, day: date, since_midnight: timedelta) -> datetime:
        return datetime.combine(day, time(), self.zone) + since_midnight

    def _closing(self, index: int) -> datetime:
        return self._at(self._nth(index), self._sessions[-1][1])

    def _worked_until(self, local: datetime) -> timedelta:
        """Office hours from the calendar's beginning to `local`: the scale on which minutes are added and compared."""
        day, now = local.date(), _since_midnight(local.time())
        worked = self._before(day) * self._per_day
        if not self.is_working(day):
            return worked
        return worked + sum((min(max(now, opens), closes) - opens for opens, closes in self._sessions), timedelta())


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)


def _working_days(first: date, last: date, tables: Iterable[YearTable]) -> tuple[date, ...]:
    """The working days from `first` to `last`; of a December that two notices speak of, the later one is right."""
    works: dict[date, bool] = {}
    for table in tables:
        works.update((day, False) for holiday in table.holidays for day in holiday.days())
        works.update((day, True) for day in table.working_weekends)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if works.get(day, day.weekday() < 5))


def _version(tables: tuple[YearTable, ...], hours: OfficeHours) -> str:
    """Its years and eight digits of a hash of all its data: a due date that keeps it can say how it was computed."""
    content = "\n".join([*(table.model_dump_json() for table in tables), hours.model_dump_json()])
    digest = hashlib.sha256(content.encode("utf-8")).hexdigest()
    return f"china-{tables[0].year}-{tables[-1].year}-{digest[:8]}"


@lru_cache(maxsize=1)
def _built_in() -> WorkingCalendar:
    return _load(files("citykit") / "calendars")


def _load(*directories: Traversable) -> WorkingCalendar:
    tables: dict[int, YearTable] = {}
    hours: OfficeHours | None = None
    for directory in directories:
        for file in sorted(directory.iterdir(), key=lambda entry: entry.name):
            if file.name == _HOURS_FILE:
                hours = _read(file, OfficeHours)
            elif file.name.startswith("china-") and file.name.endswith(".json"):
                table = _read(file, YearTable)
                tables[table.year] = table
    if hours is None:
        raise CalendarDataError(f"there is no {_HOURS_FILE}")
    return WorkingCalendar(tables.values(), hours)


def _read(file: Traversable, kind: type[DataT]) -> DataT:
    try:
        return kind.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as refused:
        raise CalendarDataError(f"{file.name}: {refused}") from refused
