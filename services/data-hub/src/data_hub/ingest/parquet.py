"""Parquet as CSV: every value as the file holds it, or a refusal that says which column cannot be kept exactly.

Whole numbers and decimals keep every digit; what does not fit its item is found by the rules, row by row. A time that
knows its instant is written in UTC, one without a zone as it stands (Beijing time, as in a file of text).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data_hub.ingest.domain import BatchRefused
from data_hub.ingest.parquet_footer import times_of_96_bits

if TYPE_CHECKING:
    import polars as pl

_SEALED = b"PARE"  # the mark of a file whose footer is encrypted, where others have PAR1
_EXACT = 2**53  # below it a float of 64 bits tells every whole number from its neighbours
_OF_DAY = "%H:%M:%S%.f"
_LOCAL, _INSTANT = "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ"


def write(source: Path, target: Path, most_rows: int) -> None:
    """Write the rows of `source` to `target` as CSV with a heading. Raises BatchRefused."""
    import polars as pl  # noqa: PLC0415 - heavy, and the parent never needs it here

    _refuse_sealed(source)
    _refuse_old_times(source)
    try:
        rows = pl.scan_parquet(source)
        schema = rows.collect_schema()
        _refuse_unfit(schema)
        if rows.select(pl.len()).collect().item() > most_rows:
            raise BatchRefused("too-many-rows", "行数超过上限", "There are more rows than a batch may have")
        _refuse_too_fine(rows, schema)
        rows.select(_told(at, kind) for at, kind in enumerate(schema.dtypes())).sink_csv(target)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise BatchRefused(
            "not-format", "不是有效的 Parquet 文件，或文件已损坏、不完整",
            "Not a Parquet file, or damaged, or not all of it is here",
        ) from None  # fmt: skip


def _refuse_sealed(source: Path) -> None:
    with source.open("rb") as file:
        marks = [file.read(4)]
        file.seek(max(0, source.stat().st_size - 4))
        marks.append(file.read(4))
    if _SEALED in marks:
        raise BatchRefused(
            "encrypted", "Parquet 文件已加密，请先解密", "The Parquet file is encrypted: decrypt it first"
        )


def _refuse_unfit(schema: pl.Schema) -> None:
    """Refuse columns whose values are no single number, truth value, day, time or text."""
    import polars as pl  # noqa: PLC0415 - heavy, and the parent never needs it here

    texts = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Null)
    unfit = [name for name, kind in schema.items() if not (kind.is_numeric() or kind in texts)]
    if unfit:
        listed = ", ".join(repr(name[:40]) for name in unfit[:10])
        raise BatchRefused("nested", f"列类型不支持：{listed}", f"Nested, binary or unknown columns: {listed}")


def _refuse_old_times(source: Path) -> None:
    """Refuse times of which nobody can say whether they are instants: eight hours would be lost in silence."""
    if found := times_of_96_bits(source):
        listed = ", ".join(repr(name[:40]) for name in sorted(found)[:10])
        zh = f"INT96 时间不说明时区，请改用 TIMESTAMP(微秒)：{listed}"
        raise BatchRefused("old-times", zh, f"Times of 96 bits tell no zone, use TIMESTAMP in microseconds: {listed}")


def _refuse_too_fine(rows: pl.LazyFrame, schema: pl.Schema) -> None:
    """Refuse times that stand between two microseconds: no table of ours could hold them."""
    import polars as pl  # noqa: PLC0415 - heavy, and the parent never needs it here

    fine = [
        pl.nth(at)
        for at, kind in enumerate(schema.dtypes())
        if (isinstance(kind, pl.Datetime) and kind.time_unit == "ns") or kind == pl.Time
    ]
    if not fine:
        return
    between = rows.select((one.dt.nanosecond() % 1000 != 0).any() for one in fine).collect(engine="streaming")
    if found := [name for name in between.columns if between.get_column(name).item()]:
        listed = ", ".join(repr(name[:40]) for name in found[:10])
        zh, en = f"时间精度高于微秒，请先取整：{listed}", f"Times finer than a microsecond, round them first: {listed}"
        raise BatchRefused("too-fine", zh, en)


def _told(at: int, kind: pl.DataType) -> pl.Expr:
    """How the values of a column are written. By its place: names may read as patterns."""
    import polars as pl  # noqa: PLC0415 - heavy, and the parent never needs it here

    column = pl.nth(at)
    if isinstance(kind, pl.Datetime):
        return column.dt.to_string(_LOCAL) if kind.time_zone is None else _instant(column)
    if kind == pl.Time:
        return column.dt.to_string(_OF_DAY)
    if kind.is_float():
        whole = column.is_finite() & (column.floor() == column) & (column.abs() < _EXACT)
        return pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(
            column.cast(pl.String)
        )  # fmt: skip
    return column


def _instant(column: pl.Expr) -> pl.Expr:
    return column.dt.convert_time_zone("UTC").dt.to_string(_INSTANT)
