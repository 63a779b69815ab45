"""The rules of a person's record."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.registries.population.domain import (
    PersonField,
    WrongValue,
    checked,
    mask_name,
    masked,
    name_form,
)

TODAY = date(2026, 11, 24)


class TestMasks:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("李秀英", "李*英"),
            ("张伟", "张*"),
            ("欧阳娜娜", "欧**娜"),
            ("阿凡提·买买提", "阿*****提"),
            ("王", "*"),
            ("", ""),
        ],
    )  # fmt: skip
    def test_names(self, name: str, shown: str) -> None:
        assert mask_name(name) == shown

    @pytest.mark.parametrize(
        ("field", "text", "shown"),
        [
            (PersonField.id_number, "131102198503150049", "131102********0049"),
            (PersonField.phone, "13900000001", "139****0001"),
            (PersonField.birth_date, "1985-03-15", "1985-**-**"),
            (PersonField.address, "河北省衡水市桃城区人民路1号", "河北省衡水市****"),
            (PersonField.sex, "female", "female"),
            (PersonField.phone, None, None),
        ],
    )
    def test_values(self, field: PersonField, text: str | None, shown: str | None) -> None:
        assert masked(field, text) == shown

    @settings(max_examples=100)
    @given(st.text(min_size=2, max_size=30))
    def test_a_masked_name_tells_at_most_two_characters(self, name: str) -> None:
        shown = mask_name(name)
        assert len(shown) == len(name)
        assert shown[1:-1] in {"*" * (len(name) - 2), ""}


class TestChecked:
    @pytest.mark.parametrize(
        ("field", "text", "kept"),
        [
            (PersonField.name, " 阿凡提•买买提 ", "阿凡提·买买提"),
            (PersonField.name, "𠮷田", "𠮷田"),
            (PersonField.name, "王\U0002ebf0", "王\U0002ebf0"),  # Extension I, mostly names
            (PersonField.name, "\U00031350·\U000323af", "\U00031350·\U000323af"),  # Extension H
            (PersonField.id_number, "11010519491231002x", "11010519491231002X"),
            (PersonField.id_number, "133001195801150027", "133001195801150027"),
            (PersonField.phone, "+86 139 0000 0001", "13900000001"),
            (PersonField.phone, "0318-2020123", "03182020123"),
            (PersonField.division_code, "1311", "131100"),
            (PersonField.address, "人民路  1号", "人民路 1号"),
            (PersonField.phone, None, None),
        ],
    )
    def test_good(self, field: PersonField, text: str | None, kept: str | None) -> None:
        assert checked(field, text, TODAY) == kept

    @pytest.mark.parametrize(
        ("field", "text", "code"),
        [
            (PersonField.name, None, "required"),
            (PersonField.name, "李\x07英", "characters"),
            (PersonField.name, "12345", "name"),
            (PersonField.name, "<b>李</b>", "name"),
            (PersonField.name, "李\U0001f600", "name"),
            (PersonField.name, "李\U0002fffe", "name"),
            (PersonField.id_number, "131102202502290014", "birth-date"),
            (PersonField.id_number, "131102198503150040", "check"),
            (PersonField.birth_date, "2027-01-01", "date-range"),
            (PersonField.birth_date, "1985-02-30", "date"),
            (PersonField.sex, "other", "choice"),
            (PersonField.ethnicity, "火星", "ethnicity"),
            (PersonField.division_code, "999999", "province"),
            (PersonField.phone, "139", "phone"),
            (PersonField.phone, "１３９００００００００", "phone"),
            (PersonField.address, "路", "length"),
        ],
    )
    def test_bad(self, field: PersonField, text: str | None, code: str) -> None:
        with pytest.raises(WrongValue) as wrong:
            checked(field, text, TODAY)
        assert wrong.value.code == code

    @settings(max_examples=100)
    @given(st.sampled_from(PersonField), st.text(max_size=60))
    def test_whatever_comes_is_kept_or_refused_and_kept_values_are_stable(self, field: PersonField, text: str) -> None:
        try:
            kept = checked(field, text, TODAY)
        except WrongValue:
            return
        assert checked(field, kept, TODAY) == kept

    @settings(max_examples=50)
    @given(st.text(max_size=40))
    def test_the_form_of_a_name_is_stable(self, text: str) -> None:
        assert name_form(name_form(text)) == name_form(text)
