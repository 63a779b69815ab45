"""Parquet files of rows, as DuckDB and Polars read them."""

import io
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data_hub import beijing
from data_hub.datasets.domain import ColumnType
from data_hub.datasets.unreadable import Unreadable
from data_hub.services.file_kinds import ExportFormat
from data_hub.services.files import File

WIDE = "9" * 30 + "." + "1" * 8


def parquet(*pages: str, **columns: ColumnType) -> bytes:
    """The file of pages of rows."""
    file = File(ExportFormat.parquet, list(columns.items()))
    for page in pages:
        file.add(page)
    return file.content()


def numbers(*texts: str) -> bytes:
    """A file of one column of numbers, one page a number."""
    return parquet(*(f'[{{"n": {text}}}]' for text in texts), n=ColumnType.number)


@pytest.mark.parametrize(
    "texts",
    [("0.1", "12345678901234567.89", "-0.30", "7", "null"), ("9007199254740993", "-9007199254740993"), (WIDE,), ()],
)
def test_numbers_keep_every_digit(tmp_path: Path, texts: tuple[str, ...]) -> None:
    content = numbers(*texts)
    meant = [None if text == "null" else Decimal(text) for text in texts]
    frame = pl.read_parquet(io.BytesIO(content))
    assert frame["n"].dtype.base_type() is pl.Decimal
    assert frame["n"].to_list() == meant
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    with duckdb.connect() as outside:
        found = outside.execute("select n, typeof(n) from read_parquet(?)", [str(path)]).fetchall()
    assert [value for value, _ in found] == meant
    assert all(kind.startswith("DECIMAL(38,") for _, kind in found)


def test_a_number_that_no_decimal_of_38_digits_holds_stays_text() -> None:
    frame = pl.read_parquet(io.BytesIO(numbers(WIDE + "1", "0.5")))
    assert frame["n"].to_list() == [WIDE + "1", "0.5"]


def test_other_values_have_their_types() -> None:
    page = '[{"i": 9007199254740993, "d": "2026-11-01", "t": "2026-11-01T08:00:00.000001+08:00", "b": true, "s": "1"}]'
    kinds = ColumnType
    content = parquet(page, i=kinds.integer, d=kinds.date, t=kinds.datetime, b=kinds.boolean, s=kinds.string)
    frame = pl.read_parquet(io.BytesIO(content))
    assert frame.dtypes == [pl.Int64, pl.Date, pl.Datetime("us", beijing.ZONE), pl.Boolean, pl.String]
    assert frame["i"][0] == 9007199254740993
    assert frame["t"][0].isoformat() == "2026-11-01T08:00:00.000001+08:00"


def test_a_day_that_a_column_of_days_cannot_hold_is_no_fault_of_the_moment() -> None:
    with pytest.raises(Unreadable):
        parquet('[{"d": "10000-01-01"}]', d=ColumnType.date)
