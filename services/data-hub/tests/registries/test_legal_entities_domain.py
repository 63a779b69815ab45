"""The rules of a legal entity's record."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.registries.legal_entities.domain import EntityField, EntityState, WrongValue, checked, may_cease

TODAY = date(2026, 11, 24)


class TestCessations:
    @pytest.mark.parametrize(
        ("state", "reached", "may"),
        [
            ("active", "deregistered", True),
            ("suspended", "revoked", True),
            ("revoked", "deregistered", True),
            ("deregistered", "revoked", False),
            ("moved-out", "deregistered", False),
            ("active", "active", False),
            ("active", "suspended", False),
        ],
    )
    def test_which_state_follows_which(self, state: str, reached: str, may: bool) -> None:
        assert may_cease(EntityState(state), EntityState(reached)) is may


class TestChecked:
    @pytest.mark.parametrize(
        ("field", "text", "code"),
        [
            (EntityField.name, None, "required"),
            (EntityField.name, "衡", "length"),
            (EntityField.established_on, "1799-12-31", "date-range"),
            (EntityField.established_on, "2025-02-29", "date"),
            (EntityField.capital_fen, "-1", "fen"),
            (EntityField.capital_fen, "1.5", "fen"),
            (EntityField.capital_fen, "٣", "fen"),
            (EntityField.capital_fen, "9" * 30, "fen"),
            (EntityField.legal_representative, "somebody", "person"),
            (EntityField.state, "asleep", "choice"),
        ],
    )
    def test_bad(self, field: EntityField, text: str | None, code: str) -> None:
        with pytest.raises(WrongValue) as wrong:
            checked(field, text, TODAY)
        assert wrong.value.code == code

    @settings(max_examples=100)
    @given(st.sampled_from(EntityField), st.text(max_size=60))
    def test_whatever_comes_is_kept_or_refused_and_kept_values_are_stable(self, field: EntityField, text: str) -> None:
        try:
            kept = checked(field, text, TODAY)
        except WrongValue:
            return
        assert checked(field, kept, TODAY) == kept
