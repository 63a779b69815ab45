"""From text to values of whole columns: numbers, truth values, days, times. What is no value becomes null."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from citykit.clock import CHINA
from data_hub import beijing
from data_hub.datasets.domain import ColumnType
from data_hub.ingest.contract import Item
from data_hub.ingest.domain import LONGEST_TYPED_VALUE

if TYPE_CHECKING:
    import polars as pl

# Full-width forms of what numbers, times and codes are made of (U+FF01 to U+FF5E), and the ideographic space.
FULL = [chr(code) for code in range(0xFF01, 0xFF5F)] + ["\u3000"]
HALF = [chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)] + [" "]
_ENDLESS = "[eE][+-]?0*[1-9][0-9]{3}"  # a power of ten of thousands of digits: no float tells it from nothing
_TRUE = ["true", "t", "1", "yes", "y", "是", "真"]
_FALSE = ["false", "f", "0", "no", "n", "否", "假"]
# A year has four digits, and a day without signs between its parts eight in all: the parser below would take the day
# 24-01-05 for one of the year 24, and 2024115 for the fifth of November.
_WHOLE_DAY = "^(?:[0-9]{4}[-/.年]|[0-9]{8}$)"
_WHOLE_TIME = "^[0-9]{4}[-/年]"
# The last one is how a day comes out of files that know times alone: its midnight, and no other time.
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m-%dT00:00:00")
_LOCAL = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f")
_LOCAL_MINUTES = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H时%M分")
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")


def typed(texts: pl.DataFrame, item: Item) -> pl.Series:
    """The values of an item. A number stays the text it was written as: PostgreSQL keeps it exactly."""
    text = texts.get_column(item.name)
    if item.is_text:
        return text
    short = text.set(text.str.len_bytes() > LONGEST_TYPED_VALUE, None)
    return _TYPED[item.type](short)


def _integer(text: pl.Series) -> pl.Series:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    return text.cast(pl.Int64, strict=False)


def _number(text: pl.Series) -> pl.Series:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    value = text.cast(pl.Float64, strict=False)
    endless = text.str.contains(_ENDLESS).fill_null(value=False)
    return text.set(value.is_null() | ~value.is_finite().fill_null(value=False) | endless, None)


def _boolean(text: pl.Series) -> pl.Series:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    small = text.str.to_lowercase()
    table = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
    return small.replace_strict(table, default=None, return_dtype=pl.Boolean)


def _date(text: pl.Series) -> pl.Series:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    found = pl.Series(text.name, [None], dtype=pl.Date).new_from_index(0, text.len())
    for form in _DAYS:
        if found.null_count() == text.null_count():
            break
        found = found.zip_with(found.is_not_null(), text.str.to_date(form, strict=False))
    whole = text.str.contains(_WHOLE_DAY).fill_null(value=False)
    return found.set(~whole | ~found.dt.year().is_between(1, 9999), None)


def _datetime(text: pl.Series) -> pl.Series:
    """Times with their zone; those without one are Beijing time."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    kind = pl.Datetime("us", "UTC")
    found = pl.Series(text.name, [None], dtype=kind).new_from_index(0, text.len())
    for form in (*_LOCAL, *_ZONED, *_LOCAL_MINUTES):
        if found.null_count() == text.null_count():
            break
        told = text.str.to_datetime(form, strict=False, time_unit="us", exact=True)
        if form not in _ZONED:
            told = told.dt.replace_time_zone(beijing.ZONE).dt.convert_time_zone("UTC")
        found = found.zip_with(found.is_not_null(), told.cast(kind))
    whole = text.str.contains(_WHOLE_TIME).fill_null(value=False)
    return found.set(~whole | ~found.dt.year().is_between(2, 9998), None)


_TYPED = {
    ColumnType.integer: _integer,
    ColumnType.number: _number,
    ColumnType.boolean: _boolean,
    ColumnType.date: _date,
    ColumnType.datetime: _datetime,
}


def outside(item: Item, minimum: str | None, maximum: str | None, value: pl.Series) -> pl.Series:
    """Which values lie below the minimum or above the maximum of a range."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    compared = value.cast(pl.Float64) if item.type is ColumnType.number else value
    out = pl.Series(value.name, [False]).new_from_index(0, value.len())
    if minimum is not None:
        out = out | (compared < _bound(item.type, minimum))
        if item.type is ColumnType.number:
            out = out | value.is_in([n for n in _near(value, compared, minimum) if Decimal(n) < Decimal(minimum)])
    if maximum is not None:
        out = out | (compared > _bound(item.type, maximum))
        if item.type is ColumnType.number:
            out = out | value.is_in([n for n in _near(value, compared, maximum) if Decimal(n) > Decimal(maximum)])
    return out


def _near(value: pl.Series, compared: pl.Series, bound: str) -> list[str]:
    """The numbers that no float tells from a bound; all others compare as floats as they do exactly."""
    return value.filter((compared == float(Decimal(bound))) & (value != bound)).unique().to_list()


def _bound(kind: ColumnType, text: str) -> float | date | datetime:
    if kind is ColumnType.date:
        return date.fromisoformat(text)
    if kind is ColumnType.datetime:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
    return float(Decimal(text))
