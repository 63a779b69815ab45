"""The grammar by example, and by whatever hypothesis finds: every value is bound, every name is known."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.ids import new_id
from citykit.vault import Vault
from data_hub.datasets.domain import ColumnType, Shape
from data_hub.datasets.sealed import Sealed
from data_hub.services.compiler import Compiler
from data_hub.services.domain import BadQuestion, Condition, Group, conditions, question

COLUMNS = {
    "station": ColumnType.string, "aqi": ColumnType.integer, "pm25": ColumnType.number,
    "valid": ColumnType.boolean, "day": ColumnType.date, "hour": ColumnType.datetime,
}  # fmt: skip
OPEN = Sealed(Vault.generate(), new_id(), "203001-000001", Shape(()))


class TestGrammar:
    @pytest.mark.parametrize(
        ("name", "text", "read"),
        [
            ("station", "eq.a.b,c", Condition("station", "eq", ("a.b,c",))),
            ("station", "not.in.(\"a,b\",c)", Condition("station", "in", ("a,b", "c"), negated=True)),
            ("aqi", "lte.-3", Condition("aqi", "lte", (-3,))),
            ("pm25", "gt.1.50", Condition("pm25", "gt", (Decimal("1.50"),))),
            ("valid", "is.unknown", Condition("valid", "is", word="unknown")),
            ("hour", "eq.2026-11-01T08:00:00 08:00",
             Condition("hour", "eq", (datetime.fromisoformat("2026-11-01T08:00:00+08:00"),))),
            ("hour", "lt.2026-11-01T00:00:00Z", Condition("hour", "lt", (datetime(2026, 11, 1, tzinfo=UTC),))),
            ("station", "ilike.*x*", Condition("station", "ilike", ("%x%",))),
            ("or", "(aqi.eq.1,and(aqi.gt.2,station.eq.\"a)b\"))", Group("or", (
                Condition("aqi", "eq", (1,)),
                Group("and", (Condition("aqi", "gt", (2,)), Condition("station", "eq", ("a)b",)))),
            ))),
        ],
    )  # fmt: skip
    def test_is_read(self, name: str, text: str, read: Any) -> None:
        assert question([(name, text)], COLUMNS).where.parts == (read,)

    def test_of_a_grant_is_read_as_that_of_a_question(self) -> None:
        read = conditions("station=in.(a,b)&aqi=gt.3", COLUMNS)
        assert read.parts == question([("station", "in.(a,b)"), ("aqi", "gt.3")], COLUMNS).where.parts

    @pytest.mark.parametrize(
        ("pairs", "code"),
        [
            ([("hour", "eq.2026-11-01T00:00:00")], "type-mismatch"), ([("valid", "eq.1")], "type-mismatch"),
            ([("aqi", "in.()")], "too-many"), ([("aqi", "in." + "(" + "1," * 300 + "1)")], "too-many"),
            ([("aqi", "eq.1")] * 41, "too-many"), ([("station", "eq." + "x" * 501)], "not-text"),
            ([("station", "eq.\x00")], "not-text"), ([("limit", "1"), ("limit", "2")], "repeated"),
            ([("select", "aqi,aqi")], "repeated"), ([("order", "aqi.up")], "malformed"),
            ([("aqi", "eq")], "malformed"), ([("pm25", "eq.NaN")], "type-mismatch"),
            ([("station", "like.x\\")], "malformed"), ([("select", "avg()")], "malformed"),
        ],
    )  # fmt: skip
    def test_refuses(self, pairs: list[tuple[str, str]], code: str) -> None:
        with pytest.raises(BadQuestion) as refused:
            question(pairs, COLUMNS)
        assert refused.value.code == code


NAMES = st.sampled_from([*COLUMNS, "select", "order", "or", "and", "not.or", "limit", "secret", 'x" or 1=1 --'])
HOSTILE = st.sampled_from(["'; drop table x; --", '"', "1) or (1=1", "%s", "{}", "\\'", "/*", "$$", "pg_sleep(9)"])
PIECES = st.one_of(
    st.sampled_from(["eq.", "in.(", ")", "is.null", "not.", "like.*", "(", ",", "aqi", "station.", "count()", "1"]),
    HOSTILE, st.text(max_size=8),
)  # fmt: skip


class TestCompiled:
    @settings(max_examples=50)
    @given(st.lists(st.tuples(NAMES, st.lists(PIECES, max_size=6).map("".join)), max_size=4))
    def test_statements_hold_known_names_and_places_for_values_alone(self, pairs: list[tuple[str, str]]) -> None:
        try:
            asked = question(pairs, COLUMNS)
        except BadQuestion:
            return
        made = Compiler("dataset_rows", COLUMNS, None, OPEN).page(asked)
        text = made.text.as_string(None)
        assert text.count("%s") == len(made.values)
        known = {*COLUMNS, *(field.name for field in asked.fields), "_id", "dataset_rows", "r", "s"}
        assert set(re.findall(r'"([^"]*)"', text)) - known <= {"T", "+08:00"}

    @settings(max_examples=50)
    @given(HOSTILE | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
    def test_values_are_bound_as_they_were_sent(self, text: str) -> None:
        made = Compiler("dataset_rows", COLUMNS, None, OPEN).page(question([("station", f"eq.{text}")], COLUMNS))
        assert text in made.values
        assert Compiler("dataset_rows", COLUMNS, None, OPEN).page(
            question([("station", "eq.x")], COLUMNS)
        ).text == made.text  # fmt: skip
