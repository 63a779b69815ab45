from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.identifiers.gbt2260 import InvalidDivisionCode
from gov_collab.organisations.domain import Clause, Role, area_chain, resolve

DAY = date(2026, 11, 24)
MATTERS = ("street-lighting", "city-management")
AREAS = ("131102001", "131102", "1311", "13")


def clause(
    number: int = 1, matter: str = MATTERS[0], area: str = "1311", role: Role = Role.lead, **more: object
) -> Clause:
    values = {"department_code": "D", "legal_basis": "第一条", "valid_from": DAY, "valid_to": None} | more
    return Clause(id=UUID(int=number), matter=matter, area=area, role=role, **values)  # type: ignore[arg-type]


class TestAreaChain:
    def test_walks_up_to_the_province(self) -> None:
        assert area_chain("131102001") == ("131102001", "131102", "1311", "13")

    def test_padding_says_nothing(self) -> None:
        assert area_chain("131100") == area_chain("131100000000") == ("1311", "13")

    def test_refuses_what_is_no_code(self) -> None:
        with pytest.raises(InvalidDivisionCode):
            area_chain("13110")


class TestResolve:
    def test_nobody(self) -> None:
        assert resolve([], MATTERS, AREAS, DAY) is None

    def test_a_helper_alone_answers_for_nothing(self) -> None:
        assert resolve([clause(role=Role.co)], MATTERS, AREAS, DAY) is None

    def test_the_most_specific_area_wins(self) -> None:
        found = resolve([clause(1, area="1311"), clause(2, area="131102")], MATTERS, AREAS, DAY)
        assert found is not None
        assert found.lead.area == "131102"

    def test_the_matter_itself_goes_before_its_class(self) -> None:
        clauses = [clause(1, matter=MATTERS[1], area="131102001"), clause(2, area="13")]
        found = resolve(clauses, MATTERS, AREAS, DAY)
        assert found is not None
        assert found.lead.matter == MATTERS[0]

    def test_another_area_does_not_count(self) -> None:
        assert resolve([clause(area="131103")], MATTERS, AREAS, DAY) is None

    def test_holds_from_its_first_day_until_the_day_before_its_end(self) -> None:
        held = clause(valid_to=DAY + timedelta(days=2))
        answers = [resolve([held], MATTERS, AREAS, DAY + timedelta(days=n)) is not None for n in (-1, 0, 1, 2)]
        assert answers == [False, True, True, False]

    def test_helpers_come_from_their_most_specific_level(self) -> None:
        helpers = [clause(2, role=Role.co), clause(3, role=Role.co), clause(4, matter=MATTERS[1], role=Role.co)]
        found = resolve([clause(1), *helpers], MATTERS, AREAS, DAY)
        assert found is not None
        assert [helper.id.int for helper in found.co] == [2, 3]

    def test_priority_orders_helpers(self) -> None:
        helpers = [clause(2, role=Role.co), clause(3, role=Role.co, priority=5)]
        found = resolve([clause(1), *helpers], MATTERS, AREAS, DAY)
        assert found is not None
        assert [helper.id.int for helper in found.co] == [3, 2]

    @settings(max_examples=100)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([*MATTERS, "other"]),
                st.sampled_from([*AREAS, "131103"]),
                st.sampled_from(Role),
                st.integers(-3, 3),
            ),
            max_size=12,
        )
    )
    def test_no_fitting_clause_is_more_specific_than_the_lead(self, rows: list[tuple[str, str, Role, int]]) -> None:
        clauses = [
            clause(number, matter, area, role, valid_from=DAY + timedelta(days=shift))
            for number, (matter, area, role, shift) in enumerate(rows)
        ]
        depths = [
            (MATTERS.index(c.matter), AREAS.index(c.area))
            for c in clauses
            if c.matter in MATTERS and c.area in AREAS and c.role is Role.lead and c.valid_from <= DAY
        ]
        found = resolve(clauses, MATTERS, AREAS, DAY)
        assert (found is None) == (not depths)
        if found is not None:
            assert (MATTERS.index(found.lead.matter), AREAS.index(found.lead.area)) == min(depths)
