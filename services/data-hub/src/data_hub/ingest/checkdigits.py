"""Check characters of whole columns at once. What the quick sums doubt, the one-by-one rules of the house decide."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from citykit.identifiers import gb11643, gb32100, gbt2260

if TYPE_CHECKING:
    import polars as pl

_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def wrong(values: pl.Series, scheme: str, today: date) -> pl.Series:
    """Which values of a text column (capitals; null where there is none) their check characters disprove."""
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    quick = {"gb11643": _citizen, "gb32100": _uscc}.get(scheme)
    doubted = values if quick is None else values.to_frame("v").filter(~quick(pl.col("v"), today)).to_series()
    bad = [value for value in doubted.drop_nulls().unique().to_list() if not _valid(value, scheme, today)]
    return values.is_in(bad).fill_null(value=False)


def _valid(value: str, scheme: str, today: date) -> bool:
    if scheme == "gb11643":
        return gb11643.valid(value, today=today)
    return gb32100.valid(value) if scheme == "gb32100" else gbt2260.valid(value)


def _citizen(values: pl.Expr, today: date) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    digits = [values.str.slice(place, 1).cast(pl.Int32, strict=False) for place in range(17)]
    total = pl.sum_horizontal(
        digit * weight for digit, weight in zip(digits, _CITIZEN_WEIGHTS, strict=True)
    )  # a null digit counts nothing: the shape is tested beside it
    expected = (total % 11).replace_strict(dict(enumerate(_CITIZEN_CHECKS)), return_dtype=pl.String)
    born = values.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    shape = values.str.contains(r"\A[0-9]{17}[0-9X]\z")
    return shape & (expected == values.str.slice(17, 1)) & born.is_not_null() & (born <= today)


def _uscc(values: pl.Expr, _: date) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    outer = {character: value for value, character in enumerate(gb32100.ALPHABET)}
    inner = {character: value for value, character in enumerate("0123456789" + _CAPITALS)}
    total = pl.sum_horizontal(_place(values, place, outer) * weight for place, weight in enumerate(_USCC_WEIGHTS))
    expected = ((31 - total % 31) % 31).replace_strict(dict(enumerate(gb32100.ALPHABET)), return_dtype=pl.String)
    body = pl.sum_horizontal(_place(values, 8 + at, inner) * weight for at, weight in enumerate(_ORGANISATION_WEIGHTS))
    check = ((11 - body % 11) % 11).replace_strict(dict(enumerate("0123456789X")), return_dtype=pl.String)
    shape = values.str.contains(r"\A[0-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\z")
    return shape & (expected == values.str.slice(17, 1)) & (check == values.str.slice(16, 1))


def _place(values: pl.Expr, place: int, table: dict[str, int]) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

    return values.str.slice(place, 1).replace_strict(table, default=None, return_dtype=pl.Int32)
