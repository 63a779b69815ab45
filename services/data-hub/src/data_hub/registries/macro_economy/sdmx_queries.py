"""What SDMX clients ask for: their parameters read, and refused in the standard's words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import Field

from citykit.clock import CHINA
from citykit.problems import Bilingual
from citykit.wire import Query
from data_hub.registries.macro_economy.dataset import ALL_DIMENSIONS, DETAILS
from data_hub.registries.macro_economy.domain import BadKey, BadPeriod, TooManyCodes, key_filter, period
from data_hub.registries.macro_economy.errors import SdmxRefusal, SdmxSemantic, SdmxTooLarge
from data_hub.registries.macro_economy.repository import Cells
from data_hub.registries.macro_economy.service import TIME, Shape

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+ -][0-9]{2}:[0-9]{2})?)?"
)
Short = Annotated[str | None, Field(max_length=64)]
Count = Annotated[int | None, Field(ge=1, le=1_000_000)]


class DataQuery(Query):
    """The parameters of a data query, in the standard's spelling."""

    startPeriod: Short = None  # noqa: N815 - the standard's spelling
    endPeriod: Short = None  # noqa: N815 - the standard's spelling
    updatedAfter: Short = None  # noqa: N815 - the standard's spelling
    asOf: Short = None  # noqa: N815 - the standard's spelling
    firstNObservations: Count = None  # noqa: N815 - the standard's spelling
    lastNObservations: Count = None  # noqa: N815 - the standard's spelling
    dimensionAtObservation: Short = None  # noqa: N815 - the standard's spelling
    detail: Short = None
    includeHistory: bool = False  # noqa: N815 - the standard's spelling
    labels: Annotated[str | None, Field(pattern=r"^(id|both)$")] = None


class StructureQuery(Query):
    """The parameters of a structure query."""

    references: Short = None
    detail: Short = None


class AvailabilityQuery(Query):
    """The parameters of a query for available data."""

    mode: Short = None
    references: Short = None
    startPeriod: Short = None  # noqa: N815 - the standard's spelling
    endPeriod: Short = None  # noqa: N815 - the standard's spelling
    updatedAfter: Short = None  # noqa: N815 - the standard's spelling


@dataclass(frozen=True)
class Asked:
    """A data query, understood."""

    cells: Cells
    detail: str
    at: str
    history: bool


def one_of(name: str, known: Iterable[str]) -> Bilingual:
    """What a parameter may say."""
    listed = " ".join(known)
    return f"{name} 可取 {listed}", f"{name} is one of {listed}"


def moment(text: str | None, name: str) -> datetime | None:
    """A point in time; a day begins at midnight in Beijing, and so is a time without a zone read."""
    if text is None:
        return None
    if not _MOMENT.fullmatch(text):
        raise SdmxRefusal((f"{name} 时间格式不正确", f"{name} is no date and time"))
    try:
        read = datetime.fromisoformat(re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", text).upper())
        read = read if read.tzinfo else read.replace(tzinfo=CHINA)
        if not 1800 <= read.year <= 2300:
            raise ValueError(text)
        return read.astimezone(UTC)
    except ValueError:
        raise SdmxRefusal((f"{name} 时间格式不正确", f"{name} is no date and time")) from None


def bound(text: str | None, name: str, *, last: bool) -> date | None:
    """The first or the last day of a period."""
    if text is None:
        return None
    try:
        span = period(text)
    except BadPeriod:
        said = (f"{name} 时期格式不正确，如 2025、2025-Q3、2025-09", f"{name} is no period, as 2025-Q3 is one")
        raise SdmxRefusal(said) from None
    return span.end if last else span.start


def codes_of(shape: Shape, key: str) -> list[list[str] | None]:
    """The codes that each position of a key allows. Raises SdmxRefusal, SdmxTooLarge."""
    try:
        return key_filter(key, len(shape.dimensions))
    except TooManyCodes:
        raise SdmxTooLarge(("键中的代码过多", "There are too many codes in the key")) from None
    except BadKey:
        wanted = ".".join(shape.dimensions)
        raise SdmxRefusal((f"键应为 {wanted}", f"The key does not fit {wanted}")) from None


def understood(shape: Shape, key: str, query: DataQuery, *, may_see: bool) -> Asked:
    """A data query on a flow. Raises SdmxRefusal."""
    detail = query.detail or "full"
    if detail not in DETAILS:
        raise SdmxRefusal(one_of("detail", DETAILS))
    at = query.dimensionAtObservation or TIME
    if at not in (TIME, ALL_DIMENSIONS, *shape.dimensions):
        raise SdmxSemantic(("dimensionAtObservation：没有该维度", "dimensionAtObservation: there is no such dimension"))
    codes = codes_of(shape, key)
    values: dict[str, Any] = {
        "start": bound(query.startPeriod, "startPeriod", last=False),
        "end": bound(query.endPeriod, "endPeriod", last=True),
        "updated_after": moment(query.updatedAfter, "updatedAfter"), "as_of": moment(query.asOf, "asOf"),
    }  # fmt: skip
    cells = Cells(
        shape.ref, codes, history=query.includeHistory, first=query.firstNObservations, last=query.lastNObservations,
        may_see=may_see, **values,
    )  # fmt: skip
    return Asked(cells, detail, at, query.includeHistory)
