"""Ranges of numbers are checked exactly, also where a float of 64 bits cannot tell two numbers apart."""

import polars as pl
import pytest

from data_hub.datasets.domain import ColumnType
from data_hub.ingest.contract import Item
from data_hub.ingest.typing_rules import outside, typed

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


def item(kind: ColumnType) -> Item:
    return Item("at", "时间", kind, required=False, sensitive=False, is_key=False, rules=())


@pytest.mark.parametrize("slip", ["24-01-05", "24/1/5", "24年1月5日", "2024115", "202415", "20240105 ", "+2024-01-05"])
def test_a_slip_of_a_day_is_no_other_day(slip: str) -> None:
    """As departments' tables have them: taken as they stand, they were days of the year 24, or of another month."""
    texts = pl.DataFrame({"at": [slip, "2024-1-5", "2024/01/05", "2024年1月5日", "2024.1.5", "20240105"]})
    days = typed(texts, item(ColumnType.date)).to_list()
    assert days[0] is None
    assert {str(day) for day in days[1:]} == {"2024-01-05"}


def test_a_slip_of_a_time_is_no_other_time() -> None:
    texts = pl.DataFrame({"at": ["24-01-05 10:00:00", "24/1/5 10:00", "2024-1-5 10:00:00", "2024年1月5日 10时00分"]})
    times = typed(texts, item(ColumnType.datetime)).to_list()
    assert times[:2] == [None, None]
    assert {time.isoformat() for time in times[2:]} == {"2024-01-05T02:00:00+00:00"}
