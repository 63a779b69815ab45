"""Ranges of numbers are checked exactly, also where a float of 64 bits cannot tell two numbers apart."""

import polars as pl
import pytest

from data_hub.datasets.domain import ColumnType
from data_hub.ingest.contract import Item
from data_hub.ingest.typing_rules import outside

AMOUNT = Item("amount", "金额", ColumnType.number, required=False, sensitive=False, is_key=False, rules=())


@pytest.mark.parametrize(
    ("minimum", "maximum", "texts", "out"),
    [
        (None, "9007199254740992", ["9007199254740992", "9007199254740993", "1", None], [False, True, False, None]),
        ("9007199254740993", None, ["9007199254740992", "9007199254740993.0"], [True, False]),
        (None, "12345678901234567.89", ["12345678901234567.89", "12345678901234567.90"], [False, True]),
        ("0", "0.3", ["0.0", "0", "-1e-30", "0.30000000000000000001", "0.30"], [False, False, True, True, False]),
        ("1", "2", [None, None], [None, None]),
    ],
)
def test_a_number_beyond_a_bound_by_its_last_digit_is_outside(
    minimum: str | None, maximum: str | None, texts: list[str | None], out: list[bool | None]
) -> None:
    assert outside(AMOUNT, minimum, maximum, pl.Series("amount", texts, dtype=pl.String)).to_list() == out
