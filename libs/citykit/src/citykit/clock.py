"""The time that the business sees. Only play (demo, tests) may move it; tokens always use the wall clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """The wall clock plus the seconds written in a file, so that a demonstration can reach tomorrow today."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The wall clock's time plus the file's shift; a missing or empty file shifts nothing."""
        try:
            shift = self._path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            shift = ""
        return datetime.now(UTC) + timedelta(seconds=float(shift or 0))


class MovableClock:
    """A clock for tests: it stands where it was put, or runs from there."""

    def __init__(self, at: datetime | None = None) -> None:
        self._fixed = at
        self._shift = timedelta()

    def now(self) -> datetime:
        """The time it was set to, or the wall clock's where it was never set, plus every advance."""
        return (self._fixed or datetime.now(UTC)) + self._shift

    def set(self, at: datetime) -> None:
        """Stand still at `at`, which must be aware."""
        if at.tzinfo is None:
            raise ValueError("the clock wants an aware time")
        self._fixed, self._shift = at.astimezone(UTC), timedelta()

    def advance(self, **parts: float) -> None:
        """Move on by `timedelta(**parts)`."""
        self._shift += timedelta(**parts)

    def run(self) -> None:
        """Follow the wall clock again."""
        self._fixed, self._shift = None, timedelta()


def clock_from(path: Path | None) -> Clock:
    """The clock of a deployment: shifted by a file where one is named, the wall clock otherwise."""
    return ShiftedClock(path) if path is not None else WallClock()
