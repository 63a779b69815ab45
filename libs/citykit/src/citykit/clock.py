"""The time that the business sees. Only play (demo, tests) may move it; tokens always use the wall clock."""

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

# Beijing time as the wire has it: +08:00 at all times. The zone Asia/Shanghai had local mean time until 1901 and summer
# time in some years until 1991, which would give a day then other bounds, and 1880 an offset that RFC 3339 cannot say.
CHINA = timezone(timedelta(hours=8))


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
        self._read: tuple[int, int] | None = None
        self._shift = timedelta()

    def now(self) -> datetime:
        """The wall clock's time plus the file's shift; a missing or empty file shifts nothing."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked several times a request; the method is slower
        except FileNotFoundError:
            return datetime.now(UTC)
        # The file is replaced as a whole, so that a new shift is a new file.
        if self._read != (found.st_ino, found.st_mtime_ns):
            text = self._path.read_text(encoding="ascii").strip()
            self._read, self._shift = (found.st_ino, found.st_mtime_ns), timedelta(seconds=float(text or 0))
        return datetime.now(UTC) + self._shift


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
