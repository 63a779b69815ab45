"""The rules of values with two times."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.registries.provenance import EVER, Period, Value, as_of, revise

FIRST = UUID(int=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = date(2020, 1, 1)


def value(text: str, start: date, end: date | None = None, at: datetime = NOON, statement: UUID = FIRST) -> Value:
    return Value(text, None, Period(start, end), at, statement)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


class TestPeriod:
    def test_holds_its_first_and_not_its_end(self) -> None:
        period = Period(day(0), day(2))
        assert [period.holds(day(n)) for n in (-1, 0, 1, 2)] == [False, True, True, False]

    def test_must_hold_a_day(self) -> None:
        with pytest.raises(ValueError, match="at least one day"):
            Period(day(1), day(1))

    def test_without_the_middle_leaves_both_ends(self) -> None:
        assert Period(day(0), day(9)).without(Period(day(3), day(5))) == [
            Period(day(0), day(3)),
            Period(day(5), day(9)),
        ]

    def test_without_what_does_not_touch_stays(self) -> None:
        assert Period(day(0), day(3)).without(Period(day(3))) == [Period(day(0), day(3))]


class TestRevise:
    def test_a_correction_of_the_whole_leaves_nothing_of_it(self) -> None:
        old, new = value("甲", EVER), value("乙", EVER, at=NOON + timedelta(1))
        revision = revise([old], new)
        assert (revision.ended, revision.begun) == ([old], [new])

    def test_a_change_keeps_the_past_with_its_statement(self) -> None:
        old = value("甲", EVER)
        new = value("乙", day(0), at=NOON + timedelta(1), statement=UUID(int=2))
        revision = revise([old], new)
        assert [(v.text, v.true, v.statement) for v in revision.begun] == [
            ("甲", Period(EVER, day(0)), FIRST), ("乙", Period(day(0)), UUID(int=2)),
        ]  # fmt: skip
        assert all(v.known_from == NOON + timedelta(1) for v in revision.begun)

    def test_what_it_does_not_speak_of_stays_untouched(self) -> None:
        early, late = value("甲", day(0), day(5)), value("乙", day(5))
        assert revise([early, late], value("丙", day(7))).ended == [late]


_DAYS = st.integers(0, 60)
_STATED = st.lists(st.tuples(_DAYS, st.one_of(st.none(), st.integers(1, 30))), min_size=1, max_size=8)


def _played(stated: list[tuple[int, int | None]]) -> list[Value]:
    """Every value ever known after stating these, one an hour."""
    ever: list[Value] = []
    for number, (start, length) in enumerate(stated):
        at = NOON + timedelta(hours=number)
        end = None if length is None else day(start + length)
        known = [v for v in ever if v.known_to is None]
        revision = revise(known, value(str(number), day(start), end, at, UUID(int=number)))
        ended = [Value(v.text, v.sealed, v.true, v.known_from, v.statement, at) for v in revision.ended]
        ever = [v for v in ever if v not in revision.ended] + ended + revision.begun
    return ever


class TestHistory:
    @settings(max_examples=100)
    @given(_STATED)
    def test_the_last_statement_about_a_day_is_known(self, stated: list[tuple[int, int | None]]) -> None:
        ever = _played(stated)
        for number in range(0, 95, 5):
            spoke = [
                n for n, (s, length) in enumerate(stated) if s <= number and (length is None or number < s + length)
            ]
            found = as_of(ever, day(number))
            assert (found.text if found else None) == (str(spoke[-1]) if spoke else None)

    @settings(max_examples=100)
    @given(_STATED)
    def test_nothing_that_was_known_is_forgotten(self, stated: list[tuple[int, int | None]]) -> None:
        ever = _played(stated)
        for count in range(1, len(stated) + 1):
            then = _played(stated[:count])
            at = NOON + timedelta(hours=count - 1, minutes=30)
            for number in range(0, 95, 5):
                before, now = as_of(then, day(number)), as_of(ever, day(number), at)
                assert (before.text if before else None) == (now.text if now else None)

    @settings(max_examples=100)
    @given(_STATED)
    def test_one_truth_at_a_time(self, stated: list[tuple[int, int | None]]) -> None:
        known = [v for v in _played(stated) if v.known_to is None]
        for one in known:
            assert not any(one.true.overlaps(other.true) for other in known if other is not one)
