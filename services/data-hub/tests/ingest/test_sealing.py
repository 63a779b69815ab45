"""Columns of a batch are sealed at once, and every text and hash is what it was when each value was taken by itself."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.vault import Vault
from data_hub.datasets.domain import Column, ColumnType, Sealing, Shape
from data_hub.datasets.sealed import KEY, Sealed, blind, hash_column, text_of
from data_hub.ingest.sealing import texts_of

VAULT = Vault([bytes(range(32))])
DATASET, CODE = UUID(int=7), "203001-000021"
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBER = st.from_regex(r"[+-]?([0-9]{1,25}(\.[0-9]{0,12})?|\.[0-9]{1,9})([eE][+-]?[0-9]{1,2})?", fullmatch=True)
# The times that gathering takes in; hypothesis wants its bounds without a zone.
FIRST, LAST = (datetime(year, 6, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2, 9998))
VALUES: dict[ColumnType, tuple[pl.DataType | type[pl.DataType], st.SearchStrategy[Any]]] = {
    ColumnType.string: (pl.String, TEXT),
    ColumnType.integer: (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    ColumnType.number: (pl.String, NUMBER),
    ColumnType.boolean: (pl.Boolean, st.booleans()),
    ColumnType.date: (pl.Date, st.dates()),
    ColumnType.datetime: (
        pl.Datetime("us", "UTC"), st.datetimes(FIRST, LAST, timezones=st.just(UTC))
    ),
}  # fmt: skip
# Days and times whose year has less than four digits, or whose fraction of a second has.
EDGES: dict[ColumnType, list[Any]] = {
    ColumnType.date: [date(1, 1, 1), date(999, 12, 31), date(9999, 12, 31)],
    ColumnType.datetime: [datetime(2, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)],
    ColumnType.number: ["-0", "+0.0", "1e3", "1.50", "007", ".5", "5."],
}


def by_itself(kind: ColumnType, value: Any) -> str | None:
    """The text of one value."""
    if value is None:
        return None
    return text_of(Decimal(value) if kind is ColumnType.number else value)


@pytest.mark.parametrize("kind", ColumnType)
class TestTexts:
    @settings(max_examples=40, deadline=None)
    @given(data=st.data())
    def test_of_a_column_are_those_of_its_values(self, kind: ColumnType, data: st.DataObject) -> None:
        dtype, values = VALUES[kind]
        given_values = [*data.draw(st.lists(st.none() | values, max_size=20)), *EDGES.get(kind, [])]
        column = pl.Series("x", given_values, dtype=dtype)
        assert texts_of(kind, column) == [by_itself(kind, one) for one in given_values]


def shape(key: tuple[str, ...], sealed_key: Sealing) -> Shape:
    """A text, a number and a citizen number, found or shown."""
    columns = (
        Column("code", "代码", ColumnType.string, sealing=sealed_key),
        Column("part", "分段", ColumnType.number),
        Column("income", "收入", ColumnType.number, sealing=Sealing.found),
        Column("grade", "等级", ColumnType.string, sealing=Sealing.shown),
        Column("id_number", "公民身份号码", ColumnType.string, sealing=Sealing.citizen_number),
    )
    return Shape(columns, key)


def compared(text: str) -> str:
    """A number in the form that equal ones share."""
    number = Decimal(text).normalize()
    return format(abs(number) if number == 0 else number, "f")


NUMBERS = st.decimals(-(10**9), 10**9, places=3).map(text_of)
ROWS = st.lists(st.tuples(TEXT, NUMBERS, *(st.none() | one for one in (NUMBERS, TEXT, TEXT))), max_size=12)


class TestCells:
    @settings(max_examples=40, deadline=None)
    @given(rows=ROWS, key=st.sampled_from([(), ("code",), ("part",), ("code", "part")]),
           sealing=st.sampled_from([Sealing.none, Sealing.found]))  # fmt: skip
    def test_open_as_they_were_and_hash_as_each_by_itself(
        self, rows: list[tuple[Any, ...]], key: tuple[str, ...], sealing: Sealing
    ) -> None:
        made_of = shape(key, sealing)
        sealed = Sealed(VAULT, DATASET, CODE, made_of)
        names = [one.name for one in made_of.columns]
        texts = {name: [row[at] for row in rows] for at, name in enumerate(names)}
        made = sealed.write(texts, names)
        keys = [json.dumps([compared(row[1]) if name == "part" else row[0] for name in key]) for row in rows]
        hashed = [VAULT.index(f"key/{CODE}", one) for one in keys] if made_of.has_sealed_key else None
        assert made.get(KEY) == hashed
        for column in made_of.sealed:
            cells = made[column.name]
            assert sealed.texts(column, cells) == texts[column.name]
            nonces = [one[9:21] for one in cells if one is not None]
            assert len(set(nonces)) == len(nonces)
            assert made[hash_column(column.name)] == self._hashes(column, texts[column.name], keys if key else None)

    def _hashes(self, column: Column, texts: list[str | None], keys: list[str] | None) -> list[bytes | None]:
        if column.is_findable:
            return [None if one is None else blind(VAULT, CODE, column, one) for one in texts]
        if keys is None:
            return [None] * len(texts)
        kind = f"row/{CODE}/{column.name}"
        pairs = zip(keys, texts, strict=True)
        return [None if one is None else VAULT.index(kind, json.dumps([key, one])) for key, one in pairs]
