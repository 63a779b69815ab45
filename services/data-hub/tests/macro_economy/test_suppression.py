"""Secondary suppression: what is hidden cannot be computed from what is shown."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.registries.macro_economy.suppression import determined, secondary

FLAT = [("T", ("a", "b", "c"))]
VALUES = {"T": Decimal(60), "a": Decimal(10), "b": Decimal(20), "c": Decimal(30)}


class TestDetermined:
    def test_one_hidden_part_of_a_shown_total_is_told(self) -> None:
        assert determined(FLAT, {"a"}) == {"a"}

    def test_two_are_not(self) -> None:
        assert determined(FLAT, {"a", "b"}) == set()

    def test_a_hidden_total_is_told_by_its_parts(self) -> None:
        assert determined(FLAT, {"T"}) == {"T"}

    def test_only_several_equations_together_tell(self) -> None:
        # x + y = T, y + z = U, x + z would not do; with x - z fixed by a third total all three are told.
        groups = [("T", ("x", "y")), ("U", ("y", "z")), ("V", ("x", "z"))]
        assert determined(groups, {"x", "y", "z"}) == {"x", "y", "z"}


class TestSecondary:
    def test_the_part_that_costs_least_goes(self) -> None:
        assert secondary(FLAT, VALUES, {"b"}) == {"a"}

    def test_not_a_zero_which_would_tell_the_other(self) -> None:
        values = VALUES | {"a": Decimal(0), "T": Decimal(50)}
        assert secondary(FLAT, values, {"b"}) == {"c"}

    def test_the_total_where_there_is_no_other_part(self) -> None:
        assert secondary([("T", ("a",))], {"T": Decimal(5), "a": Decimal(5)}, {"a"}) == {"T"}

    def test_nothing_where_the_total_is_not_published(self) -> None:
        assert secondary(FLAT, {"a": Decimal(1), "b": Decimal(2)}, {"a"}) == set()

    def test_nothing_where_two_are_confidential(self) -> None:
        assert secondary(FLAT, VALUES, {"a", "c"}) == set()

    def test_what_was_hidden_stays_while_it_protects(self) -> None:
        assert secondary(FLAT, VALUES, {"b"}, {"c"}) == {"c"}
        assert secondary(FLAT, VALUES, set(), {"c"}) == set()

    @settings(max_examples=50, deadline=None)
    @given(
        st.integers(1, 4), st.integers(1, 4), st.data(),
    )  # fmt: skip
    def test_no_confidential_cell_of_a_crossed_table_can_be_computed(
        self, width: int, height: int, data: st.DataObject
    ) -> None:
        inner = {(r, c): Decimal(data.draw(st.integers(0, 9))) for r in range(height) for c in range(width)}
        values: dict[tuple[object, object], Decimal] = dict(inner)
        groups = []
        for r in range(height):
            values[r, "T"] = sum((inner[r, c] for c in range(width)), Decimal(0))
            groups.append(((r, "T"), tuple((r, c) for c in range(width))))
        for c in [*range(width), "T"]:
            values["T", c] = sum((values[r, c] for r in range(height)), Decimal(0))
            groups.append((("T", c), tuple((r, c) for r in range(height))))
        groups.append((("T", "T"), tuple(("T", c) for c in range(width))))
        primary = set(data.draw(st.lists(st.sampled_from(sorted(values, key=str)), min_size=1, max_size=4)))
        hidden = primary | secondary(groups, values, primary)
        told = determined(groups, hidden) & primary
        assert not told or hidden == set(values)
