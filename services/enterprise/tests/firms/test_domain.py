"""The size class by the table of 2011, and which firms live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enterprise.firms.domain import FEN_PER_WAN, TABLE, Industry, SizeClass, has_ceased, missing_measures, size_class

ORDER = [SizeClass.micro, SizeClass.small, SizeClass.medium, SizeClass.large]
amounts = st.integers(min_value=0, max_value=300_000 * FEN_PER_WAN)
heads = st.integers(min_value=0, max_value=5_000)


def wan(amount: int) -> int:
    return amount * FEN_PER_WAN


class TestSizeClass:
    @pytest.mark.parametrize(
        ("industry", "measures", "expected"),
        [
            (Industry.industry, {"staff": 350, "revenue_fen": wan(1_500)}, SizeClass.small),
            (Industry.industry, {"staff": 1_200, "revenue_fen": wan(39_999)}, SizeClass.medium),
            (Industry.industry, {"staff": 1_000, "revenue_fen": wan(40_000)}, SizeClass.large),
            (Industry.industry, {"staff": 19, "revenue_fen": wan(40_000)}, SizeClass.micro),
            (Industry.leasing_and_business, {"staff": 5, "assets_fen": wan(200)}, SizeClass.micro),
            (Industry.construction, {"revenue_fen": wan(80_000), "assets_fen": wan(4_999)}, SizeClass.small),
            (Industry.agriculture, {"revenue_fen": wan(50) - 1}, SizeClass.micro),
            (Industry.agriculture, {"revenue_fen": wan(50)}, SizeClass.small),
            (Industry.other, {"staff": 300}, SizeClass.large),
        ],
    )
    def test_vectors(self, industry: Industry, measures: dict[str, int], expected: SizeClass) -> None:
        known: dict[str, int | None] = {"staff": None, "revenue_fen": None, "assets_fen": None}
        assert size_class(industry, **(known | measures)) is expected

    def test_is_open_while_a_measure_is_missing(self) -> None:
        facts = {"staff": 350, "revenue_fen": None, "assets_fen": 1}
        assert size_class(Industry.industry, **facts) is None
        assert missing_measures(Industry.industry, **facts) == ("revenue_fen",)

    def test_every_row_has_falling_bounds(self) -> None:
        assert set(TABLE) == set(Industry)
        for row in TABLE.values():
            for bounds in filter(None, row):
                assert bounds.large > bounds.medium > bounds.small > 0

    @given(industry=st.sampled_from(Industry), staff=heads, revenue=amounts, assets=amounts, more=amounts)
    def test_growth_never_lowers_the_class(
        self, industry: Industry, staff: int, revenue: int, assets: int, more: int
    ) -> None:
        before = size_class(industry, staff=staff, revenue_fen=revenue, assets_fen=assets)
        after = size_class(industry, staff=staff + 10, revenue_fen=revenue + more, assets_fen=assets + more)
        assert before is not None
        assert after is not None
        assert ORDER.index(after) >= ORDER.index(before)


class TestCeased:
    def test_only_ended_states_are_ended(self) -> None:
        assert has_ceased("deregistered")
        assert has_ceased("revoked")
        assert not has_ceased("active")
