"""What a merged record leaves, by example and by property."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from data_hub.registries.merging.domain import contradicts, lacking
from data_hub.registries.provenance import EVER, Period, Value, as_of

KNOWN, STATEMENT = datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)
DAY = date(2020, 1, 1)


def value(text: str, start: date, end: date | None = None) -> Value:
    return Value(text, None, Period(start, end), KNOWN, STATEMENT)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


@st.composite
def values(draw: st.DrawFn, text: str) -> list[Value]:
    """What may be known of a field: values that share no day."""
    ends = sorted(draw(st.sets(st.integers(0, 60), min_size=2, max_size=8)))
    found = [value(f"{text}{a}", day(a), day(b)) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    return [*found, value(f"{text}-last", day(70))] if draw(st.booleans()) else found


class TestLacking:
    def test_all_where_the_survivor_has_nothing(self) -> None:
        assert lacking([], [value("a", DAY)], DAY) == [value("a", DAY)]

    def test_the_days_before_and_after_hers(self) -> None:
        mine = [value("b", day(10), day(20))]
        assert lacking(mine, [value("a", day(5))], DAY) == [value("a", day(5), day(10)), value("a", day(20))]

    def test_nothing_of_days_before_there_can_be_anything(self) -> None:
        told = [value("a", day(0), day(5)), value("b", day(5), day(9))]
        assert lacking([], told, day(5)) == [value("b", day(5), day(9))]
        assert lacking([], told, day(3))[0] == value("a", day(3), day(5))

    def test_a_beginning_that_nobody_knows_stays_unknown(self) -> None:
        assert lacking([], [value("a", EVER)], DAY) == [value("a", EVER)]

    @given(values("mine"), values("theirs"))
    def test_every_day_is_hers_or_else_what_the_other_says(self, kept: list[Value], gone: list[Value]) -> None:
        joined = [*kept, *lacking(kept, gone, DAY)]
        for number in range(80):
            asked = day(number)
            said = [one for one in joined if one.true.holds(asked)]
            assert len(said) <= 1
            expected = as_of(kept, asked) or as_of(gone, asked)
            assert [one.text for one in said] == ([] if expected is None else [expected.text])


class TestContradicts:
    def test_only_another_value_does(self) -> None:
        assert contradicts("a", "b", None)
        assert not contradicts("a", "a", None)
        assert not contradicts("a", None, None)

    def test_what_followed_from_the_wrong_number_does_not(self) -> None:
        assert not contradicts("1985-03-15", "1985-05-15", "1985-05-15")
        assert contradicts("1985-03-15", "1985-06-15", "1985-05-15")
