"""The query parameters of OGC API Features, and what they select. What is wrong is told with 400, as they ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import shapely
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from shapely.geometry.base import BaseGeometry

from citykit.problems import FieldError, UnknownParameter
from data_hub.datasets.domain import ColumnType
from data_hub.registries.geography import times
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.crs import CRS84, GCJ_02, SYSTEMS, Move, System, inward, moved, unshifted
from data_hub.registries.geography.domain import LayerField
from data_hub.registries.geography.errors import BadParameter
from data_hub.registries.geography.features.cql2 import Language, parsed
from data_hub.registries.geography.features.filters import Compiler
from data_hub.registries.geography.features.reading import Selection, fid_of
from data_hub.registries.geography.features.scalars import Binding

MOST_FEATURES = 1_000
Format = Literal["json", "html"]
When = Annotated[str | None, Field(max_length=80, description="RFC 3339 instant or interval, `..` is open")]


class FormatQuery(BaseModel):
    """Which representation, where the Accept header cannot be set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    f: Annotated[Format | None, Field(description="`json` or `html`; beats the Accept header")] = None


def _at_most(value: Any) -> Any:
    """More than the most is served as the most, as Part 1 allows."""
    return (
        str(MOST_FEATURES) if isinstance(value, str) and value.isdigit() and int(value[:9]) > MOST_FEATURES else value
    )


class KnownQuery(BaseModel):
    """What was known when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: Annotated[
        AwareDatetime | None, Field(alias="as-of", description="What was known then: an RFC 3339 instant (截至时点)")
    ] = None


class CrsQuery(FormatQuery, KnownQuery):
    """Which coordinate system the answer speaks (Part 2), or GCJ-02, which has no URI."""

    crs: Annotated[str | None, Field(max_length=100, description="URI of a system that the collection lists")] = None
    shift: Annotated[
        Literal["GCJ-02"] | None,
        Field(description="Coordinates shifted as Chinese map apps do, longitude first, in and out; instead of `crs`"),
    ] = None


class ItemsQuery(CrsQuery):
    """A page of features. Any queryable of the collection is a parameter as well: equal values pass."""

    model_config = ConfigDict(extra="allow", frozen=True)

    limit: Annotated[int, BeforeValidator(_at_most), Field(ge=1, description="At most 1000 at once")] = 10
    after: Annotated[str | None, Field(max_length=400, description="From the `next` link; opaque")] = None
    bbox: Annotated[str | None, Field(max_length=200, description="Four numbers, or six; heights are ignored")] = None
    bbox_crs: Annotated[str | None, Field(alias="bbox-crs", max_length=100)] = None
    datetime: When = None
    filter: Annotated[str | None, Field(description="CQL2")] = None
    filter_lang: Annotated[Language | None, Field(alias="filter-lang")] = None
    filter_crs: Annotated[str | None, Field(alias="filter-crs", max_length=100)] = None

    @property
    def equalities(self) -> dict[str, str]:
        """The parameters beyond the standard's own: queryables, if they are any."""
        return {name: str(value) for name, value in (self.model_extra or {}).items()}


class HistoryQuery(FormatQuery):
    """A page of the states of a feature."""

    limit: Annotated[int, Field(ge=1, le=100, description="At most 100 at once")] = 20
    after: Annotated[str | None, Field(max_length=400, description="From the `next` link; opaque")] = None


def wrong(name: str, zh: str, en: str) -> BadParameter:
    """The refusal of a parameter."""
    error = FieldError(pointer=f"?{name}", code="invalid", message=f"{zh} {en}")
    return BadParameter((f"{name}: {zh}", f"{name}: {en}"), errors=[error])


def system_of(name: str, uri: str | None) -> System:
    """The coordinate system of a URI; CRS84 where none is named. Raises BadParameter."""
    found = SYSTEMS.get(uri or CRS84)
    if found is None:
        raise wrong(name, "该图层不提供此坐标系", "the collection does not list this system")
    return found


@dataclass(frozen=True)
class Spoken:
    """The coordinates that an answer is written in."""

    system: System
    shifted: bool = False

    @classmethod
    def of(cls, query: CrsQuery) -> "Spoken":
        """What the query asks for. Raises BadParameter."""
        if query.shift is not None and query.crs is not None:
            raise wrong("shift", "shift 与 crs 不能同时使用", "`shift` stands instead of `crs`")
        return cls(system_of("crs", query.crs), query.shift is not None)


def _reader(name: str, uri: str | None, query: CrsQuery) -> Move:
    if uri is None and query.shift == GCJ_02:
        return unshifted
    return inward(system_of(name, uri))


def _area(query: ItemsQuery) -> BaseGeometry | None:
    """The area of `bbox` as it would be stored."""
    if query.bbox is None:
        if query.bbox_crs is not None:
            raise wrong("bbox-crs", "缺少 bbox", "`bbox-crs` comes with a `bbox`")
        return None
    try:
        numbers = [float(part) for part in query.bbox.split(",")]
    except ValueError:
        raise wrong("bbox", "应为数字", "numbers are wanted") from None
    if len(numbers) not in {4, 6} or not np.isfinite(numbers).all():
        raise wrong("bbox", "应有 4 个或 6 个数字", "four or six numbers are wanted")
    half = len(numbers) // 2
    low, high = numbers[:2], numbers[half : half + 2]
    system = system_of("bbox-crs", query.bbox_crs)
    if low[1] > high[1] and not (system.east_last and not system.in_metres):
        raise wrong("bbox", "最小值大于最大值", "the least is more than the most")
    if system.in_metres:
        return moved(_edged(low, high), _reader("bbox-crs", query.bbox_crs, query))
    if system.east_last:
        low, high = low[::-1], high[::-1]
    return _in_degrees(low, high, query)


def _edged(low: list[float], high: list[float]) -> BaseGeometry:
    """A box with points along its edges, which do not stay straight on the way to degrees."""
    if low[0] > high[0] or max(map(abs, [*low, *high])) > 1e9:
        raise wrong("bbox", "最小值大于最大值或超出范围", "the least is more than the most, or out of range")
    if low == high:
        return shapely.Point(low)
    drawn = shapely.box(*low, *high)
    longest = max(high[0] - low[0], high[1] - low[1])
    return shapely.segmentize(drawn, longest / 16)


def _in_degrees(low: list[float], high: list[float], query: ItemsQuery) -> BaseGeometry:
    (west, south), (east, north) = low, high
    if south > north or not (south >= -90 and north <= 90 and abs(west) <= 180 and abs(east) <= 180):
        raise wrong("bbox", "最小值大于最大值或超出范围", "the least is more than the most, or out of range")
    if west > east:  # across the antimeridian, as Part 1 allows
        parts = [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]
        return shapely.MultiPolygon(parts)
    drawn = shapely.box(west, south, east, north)
    if query.shift == GCJ_02 and query.bbox_crs is None:
        return moved(drawn, unshifted)
    return drawn


def _typed(field: LayerField, text: str) -> Any:
    """The value of a queryable as a parameter spells it. Raises BadParameter."""
    try:
        if field.type in {ColumnType.integer, ColumnType.number}:
            return float(text)
        if field.type is ColumnType.boolean:
            return {"true": True, "false": False}[text.lower()]
        if field.type in {ColumnType.date, ColumnType.datetime}:
            times.one(text)
            return {"timestamp" if len(text) > 10 else "date": text}
    except (ValueError, KeyError):
        raise wrong(field.name, f"应为 {field.type.value}", f"a {field.type.value} is wanted") from None
    return text


def _equal(given: Mapping[str, str], seen: Seen) -> list[Any]:
    """Parameters that are queryables, as parts of a filter. Raises UnknownParameter."""
    known = {one.name: one for one in seen.fields}
    for name in given:
        if name not in known:
            raise UnknownParameter(errors=[FieldError(pointer=f"?{name[:80]}", code="unknown", message="unknown")])
    return [{"op": "=", "args": [{"property": n}, _typed(known[n], text)]} for n, text in given.items()]


def selection(query: ItemsQuery, seen: Seen) -> Selection:
    """What a query selects. Raises BadParameter, BadFilter, UnknownParameter, BadCursor."""
    binding = Binding({one.name: one.type for one in seen.fields})
    made = Selection(limit=query.limit, after=fid_of(query.after) if query.after else "", area=_area(query))
    if made.area is not None:
        shapely.prepare(made.area)
    parts = _equal(query.equalities, seen)
    if query.datetime is not None:
        parts += _within(query.datetime, seen)
    read = _reader("filter-crs", query.filter_crs, query)
    if query.filter is not None:
        parts.append(parsed(query.filter, query.filter_lang or Language.text))
    elif query.filter_lang is not None or query.filter_crs is not None:
        raise wrong("filter", "缺少 filter", "`filter-lang` and `filter-crs` come with a `filter`")
    if parts:
        tree = parts[0] if len(parts) == 1 else {"op": "and", "args": parts}
        made.filter = Compiler(binding, read).compile(tree)
    made.values |= binding.values
    return made


def selection_in_time(limit: int, area: BaseGeometry, text: str | None, seen: Seen) -> Selection:
    """The features in an area whose time meets `datetime`, where one is named. Raises BadParameter."""
    made = Selection(limit=limit, area=area)
    if text is not None and (parts := _within(text, seen)):
        binding = Binding({one.name: one.type for one in seen.fields})
        tree = parts[0] if len(parts) == 1 else {"op": "and", "args": parts}
        made.filter = Compiler(binding, inward(SYSTEMS[CRS84])).compile(tree)
        made.values |= binding.values
    return made


def _within(text: str, seen: Seen) -> list[Any]:
    try:
        told = times.span(text)
    except ValueError:
        raise wrong("datetime", "应为 RFC 3339 时间或区间", "an RFC 3339 instant or interval is wanted") from None
    names = [one for one in (seen.row.datetime_field, seen.row.datetime_end_field) if one is not None]
    if not names or {*names} - {one.name for one in seen.fields}:
        return []  # a layer without time is not narrowed by it (17-069, requirement 26)
    first = ".." if told.first == times.LEAST else told.first.isoformat()
    last = ".." if told.last == times.MOST else told.last.isoformat()
    if len(names) == 1:
        return [_meets(names[0], first, last)]
    begins, ends = ({"op": "isNull", "args": [{"property": name}]} for name in names)
    return [
        {"op": "or", "args": [begins, _meets(names[0], "..", last)]},
        {"op": "or", "args": [ends, _meets(names[1], first, "..")]},
    ]


def _meets(name: str, first: str, last: str) -> dict[str, Any]:
    """That a column's time lies between two instants, either of which may be open."""
    return {"op": "t_intersects", "args": [{"property": name}, {"interval": [first, last]}]}
