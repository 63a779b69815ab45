"""Which days a correction speaks of."""

from datetime import date

from citykit.problems import FieldError
from data_hub.registries.errors import BadPeriod
from data_hub.registries.provenance import Period, Value, as_of


def period_of(known: list[Value], true_from: date | None, true_to: date | None, today: date) -> Period:
    """The days of a correction: as said, or those of the value that is true today. Raises BadPeriod.

    A value cannot begin in the future, nor end there: the registry says what is, and a change is stated when it comes.
    """
    present = as_of(known, today)
    start = true_from if true_from is not None else present.true.start if present else today
    end = true_to if true_to is not None or true_from is not None else present.true.end if present else None
    if start > today or (end is not None and end > today):
        raise BadPeriod(errors=[_wrong("true_from" if start > today else "true_to", "future")])
    if end is not None and end <= start:
        raise BadPeriod(errors=[_wrong("true_to", "empty")])
    return Period(start, end)


def _wrong(field: str, code: str) -> FieldError:
    return FieldError(pointer=f"/body/{field}", code=code, message="not a day that this value can be true on")
