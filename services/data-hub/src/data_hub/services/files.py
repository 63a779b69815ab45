"""Rows as a file: CSV that no spreadsheet runs (RFC 4180), NDJSON, Parquet.

In Parquet a `number` is DECIMAL(38, s), s being the most decimal places of the column, so no digit is lost; a column
that 38 digits do not hold is text. Integers are INT64, days DATE, times microseconds of UTC told in Beijing time.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from data_hub import beijing
from data_hub.datasets import safe_csv
from data_hub.datasets.domain import ColumnType
from data_hub.datasets.unreadable import Unreadable
from data_hub.services.file_kinds import ExportFormat

MEDIA_TYPES = {
    ExportFormat.csv: "text/csv; charset=utf-8",
    ExportFormat.ndjson: "application/x-ndjson",
    ExportFormat.parquet: "application/vnd.apache.parquet",
}
_MOST_DIGITS = 38  # of a decimal of 128 bits


class File:
    """A file that grows page by page. Every method is work for a thread."""

    def __init__(self, kind: ExportFormat, columns: Sequence[tuple[str, ColumnType]]) -> None:
        self._kind = kind
        self._columns = list(columns)
        self._text = io.StringIO()
        self._frames: list[Any] = []
        if kind is ExportFormat.csv:
            self._text.write(safe_csv.BYTE_ORDER_MARK)
            self._writer().writerow([name for name, _ in columns])

    def add(self, page: str) -> None:
        """Add the rows of a JSON array of objects; exact numbers stay exact. Raises Unreadable."""
        rows = json.loads(page, parse_float=str, parse_int=str)
        if self._kind is ExportFormat.csv:
            self._writer().writerows([_cell(row[name], kind) for name, kind in self._columns] for row in rows)
        elif self._kind is ExportFormat.ndjson:
            self._text.writelines(f"{text}\n" for text in _objects(page))
        elif rows:
            self._frames.append(self._frame(rows))

    def content(self) -> bytes:
        """The whole file. Raises Unreadable."""
        if self._kind is not ExportFormat.parquet:
            return self._text.getvalue().encode()
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        whole = pl.concat(self._frames) if self._frames else self._frame([])
        numbers = [name for name, kind in self._columns if kind is ColumnType.number]
        target = io.BytesIO()
        with _told_as_unreadable():
            whole.with_columns(_exact(whole.get_column(name)) for name in numbers).write_parquet(target)
        return target.getvalue()

    def _writer(self) -> Any:
        return csv.writer(self._text, lineterminator="\r\n")

    def _frame(self, rows: list[dict[str, Any]]) -> Any:
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        names = [name for name, _ in self._columns]
        texts = pl.DataFrame(
            {name: [None if (v := row[name]) is None else _plain(v) for row in rows] for name in names},
            schema=dict.fromkeys(names, pl.String),
        )
        with _told_as_unreadable():
            return texts.with_columns(_typed(pl, name, kind) for name, kind in self._columns)


@contextmanager
def _told_as_unreadable() -> Iterator[None]:
    """A value that the column of a file cannot hold, as a day of the year 10000. Raises Unreadable."""
    from polars.exceptions import PolarsError  # noqa: PLC0415 - heavy, and most processes never need it

    try:
        yield
    except PolarsError as error:
        raise Unreadable from error


def _objects(page: str) -> Iterator[str]:
    """The texts of the objects of a JSON array, as the database wrote them."""
    decoder, at = json.JSONDecoder(), 1
    while page[at] != "]":
        _, end = decoder.raw_decode(page, at)
        yield page[at:end]
        at = end + (page[end] == ",")


def _cell(value: Any, kind: ColumnType) -> str:
    if value is None:
        return ""
    text = _plain(value)
    return safe_csv.harmless(text) if kind is ColumnType.string else text


def _plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _typed(pl: Any, name: str, kind: ColumnType) -> Any:
    column = pl.col(name)
    if kind is ColumnType.integer:
        return column.cast(pl.Int64)
    if kind is ColumnType.boolean:
        return column == "true"
    if kind is ColumnType.date:
        return column.str.to_date("%Y-%m-%d")
    if kind is ColumnType.datetime:
        return column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us").dt.convert_time_zone(beijing.ZONE)
    return column


def _exact(texts: Any) -> Any:
    """The numbers of a column as decimals of 38 digits; their texts where that is too few."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    parts = texts.str.extract_groups(r"^-?(?<whole>[0-9]+)(?:\.(?<places>[0-9]+))?$").struct
    whole, places = parts.field("whole"), parts.field("places")
    scale = places.str.len_bytes().max() or 0
    if whole.null_count() != texts.null_count() or (whole.str.len_bytes().max() or 0) + scale > _MOST_DIGITS:
        return texts
    return texts.cast(pl.Decimal(_MOST_DIGITS, scale))
