"""Calendar days on the wire: a day is text, so that no number is read as seconds since 1970."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from citykit.clock import CHINA

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _as_text(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return value
    raise ValueError("a day is written YYYY-MM-DD")


def _within_reach(value: date) -> date:
    if not 1900 <= value.year <= 2200:
        raise ValueError("the year must lie between 1900 and 2200")
    return value


# A day in Hengshui, written YYYY-MM-DD.
Day = Annotated[date, BeforeValidator(_as_text), AfterValidator(_within_reach)]


def day_in_china(at: datetime) -> date:
    """The day on which `at` falls in Hengshui."""
    return at.astimezone(CHINA).date()


def begin_of(day: date) -> datetime:
    """The first instant of a day in Hengshui."""
    return datetime.combine(day, time(), tzinfo=CHINA)
