"""Identifiers of the national standards: the shared vectors, the traps of other libraries, and properties."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from id_validator import validator as id_validator
from pydantic import TypeAdapter, ValidationError
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc

from citykit.clock import CHINA
from citykit.identifiers import checked, gb11643, gb32100, gbt2260
from citykit.identifiers.gb11643 import CitizenNumberReason, Holder, InvalidCitizenNumber, Sex
from citykit.identifiers.gb32100 import InvalidUscc, UsccReason
from citykit.identifiers.gbt2260 import CountyKind, DivisionReason, InvalidDivisionCode, Level
from citykit.refusals import said

TODAY = date(2026, 11, 24)
FEW = settings(max_examples=80, deadline=None)

GOOD_USCC = (
    "91110000600037341L", "11100000000013338W", "11370800MB28559184", "12441500196720244T", "91131102MA07XY3K94",
    "92131121MA0AB12CXD", "91131102MA0700070H", "91131102MA070045X0", "N2131102MF1234567R", "N1131126MF76543275",
    "A113110070003456X7", "Y1131100MJ0012342P", "52131100MJ0ABCDE9N", "91350100M000100Y43", "91330106673959654P",
    "914403001922038216", "11441700007280420Y", "12513723452465052E", "11511301008778183N", "115113010833722043",
)  # fmt: skip
WRONG_INSIDE = ("91131102MA07XY3K81", "N2131102MF00000015")  # the outer check fits, the one of GB 11714 does not
GOOD_NUMBERS = (
    "11010519491231002X", "440524188001010014", "131102200002290019",
    "133001195801150027", "133001195001010018", "810000198808081235", "830000199001010012", "911156199006150012",
)  # fmt: skip

tails = st.text(gb32100.ALPHABET, min_size=8, max_size=8)
regions = st.sampled_from(["131102", "131103", "131181", "133001", "133023", "110105", "810000", "911156"])
births = st.dates(date(1900, 1, 1), TODAY)


@st.composite
def codes(draw: st.DrawFn) -> str:
    """A well-formed USCC of any registrar."""
    organisation = draw(tails)
    head = draw(st.sampled_from(sorted(gb32100.REGISTRARS))) + draw(st.sampled_from("123")) + draw(regions)
    first_17 = head + organisation + gb32100.organisation_check_character(organisation)
    return first_17 + gb32100.check_character(first_17)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A well-formed citizen number."""
    first_17 = f"{draw(regions)}{draw(births):%Y%m%d}{draw(st.integers(0, 995)):03d}"
    return first_17 + gb11643.check_character(first_17)


def why_not_uscc(text: str) -> str:
    with pytest.raises(InvalidUscc) as refused:
        gb32100.parse(text)
    return refused.value.reason


def why_not_number(text: str) -> str:
    with pytest.raises(InvalidCitizenNumber) as refused:
        gb11643.parse(text, today=TODAY)
    return refused.value.reason


def why_not_division(text: str) -> str:
    with pytest.raises(InvalidDivisionCode) as refused:
        gbt2260.parse(text)
    return refused.value.reason


class TestUscc:
    @pytest.mark.parametrize("code", GOOD_USCC)
    def test_good(self, code: str) -> None:
        assert gb32100.parse(code).code == code
        assert gb32100.parse(code).organisation_check_fits

    @pytest.mark.parametrize("code", GOOD_USCC)
    def test_any_other_last_character_is_refused(self, code: str) -> None:
        for other in set(gb32100.ALPHABET) - {code[-1]}:
            assert why_not_uscc(code[:-1] + other) == UsccReason.check

    @pytest.mark.parametrize("code", WRONG_INSIDE)
    def test_a_wrong_inner_check_is_refused_on_entry_and_flagged_on_import(self, code: str) -> None:
        assert why_not_uscc(code) == UsccReason.organisation_check
        assert not gb32100.lenient(code).organisation_check_fits
        assert gb32100.valid(code, strict=False)
        assert not gb32100.valid(code)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", UsccReason.length),
            ("91131102MA07XY3K9", UsccReason.length),
            ("91131102MA07XY3K94\n", UsccReason.length),
            (" 91131102MA07XY3K94", UsccReason.length),
            ("91131102MA07XY3K9\n", UsccReason.characters),
            ("91131102MI07XY3K94", UsccReason.characters),
            ("91131102-A07XY3K94", UsccReason.characters),
            ("９1131102MA07XY3K94", UsccReason.characters),
            ("91131102MA07XY3Kß4", UsccReason.characters),
            ("B1131102MA07XY3K94", UsccReason.shape),
            ("9113110AMA07XY3K94", UsccReason.shape),
        ],
    )
    def test_the_reason_is_named(self, text: str, reason: UsccReason) -> None:
        assert why_not_uscc(text) == reason

    def test_small_letters_become_capitals(self) -> None:
        assert gb32100.parse("91131102ma07xy3k94").code == "91131102MA07XY3K94"

    def test_parts(self) -> None:
        village = gb32100.parse("N2131102MF1234567R")
        assert (village.division_code, village.organisation_code) == ("131102", "MF1234567")
        assert village.category == "村级集体经济组织 Village collective"
        assert village.registrar.startswith("农业农村")
        assert str(village) == village.code

    def test_a_category_without_a_name_is_no_reason_to_refuse(self) -> None:
        first_17 = "29131102" + "MA07XY3K" + gb32100.organisation_check_character("MA07XY3K")
        assert gb32100.parse(first_17 + gb32100.check_character(first_17)).category is None

    def test_mask(self) -> None:
        assert gb32100.mask("91131102MA07XY3K94") == "91131102******3K94"
        assert gb32100.mask("李秀英") == "***"

    @FEW
    @given(codes())
    def test_made_codes_are_good_and_every_swapped_digit_shows(self, code: str) -> None:
        assert gb32100.valid(code)
        at = 2
        assert not gb32100.valid(code[:at] + str((int(code[at]) + 1) % 10) + code[at + 1 :], strict=False)

    @FEW
    @given(codes())
    def test_the_check_is_the_one_python_stdnum_computes(self, code: str) -> None:
        assert stdnum_uscc.calc_check_digit(code[:-1]) == code[-1]

    @pytest.mark.parametrize("code", [code for code in GOOD_USCC if code[0] in "NAY"])
    def test_python_stdnum_refuses_what_villages_carry(self, code: str) -> None:
        """The trap that is the reason for our own rules: a better stdnum would make this fail, and be welcome."""
        assert not stdnum_uscc.is_valid(code)
        assert gb32100.valid(code)

    def test_python_stdnum_does_not_test_the_inner_check(self) -> None:
        assert stdnum_uscc.is_valid("91131102MA07XY3K81")

    @FEW
    @given(st.text(max_size=20))
    def test_no_text_brings_it_down(self, text: str) -> None:
        assert gb32100.valid(text) in {True, False}
        assert len(gb32100.mask(text)) == len(text)


class TestCitizenNumber:
    @pytest.mark.parametrize("number", GOOD_NUMBERS)
    def test_good(self, number: str) -> None:
        parsed = gb11643.parse(number, today=TODAY)
        assert (parsed.code, parsed.was_old_form) == (number, False)
        assert f"{parsed.birth_date:%Y%m%d}" == number[6:14]

    @pytest.mark.parametrize("number", GOOD_NUMBERS)
    def test_any_other_last_character_is_refused(self, number: str) -> None:
        for other in set("0123456789X") - {number[-1]}:
            assert why_not_number(number[:-1] + other) == CitizenNumberReason.check

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("131102202502290014", CitizenNumberReason.birth_date),
            ("131102202513010014", CitizenNumberReason.birth_date),
            ("131102000001010014", CitizenNumberReason.birth_date),
            ("131102500231001", CitizenNumberReason.birth_date),
            ("", CitizenNumberReason.length),
            ("13110220000229001", CitizenNumberReason.length),
            ("131102200002290019\n", CitizenNumberReason.length),
            ("13110220000229001\n", CitizenNumberReason.characters),
            ("1311022000O2290019", CitizenNumberReason.characters),
            ("X31102200002290019", CitizenNumberReason.characters),
            ("１31102200002290019", CitizenNumberReason.characters),
            ("13110220000229001٩", CitizenNumberReason.characters),
            ("13110285031500X", CitizenNumberReason.characters),
        ],
    )
    def test_the_reason_is_named(self, text: str, reason: CitizenNumberReason) -> None:
        assert why_not_number(text) == reason

    def test_x_becomes_a_capital(self) -> None:
        assert gb11643.parse("11010519491231002x", today=TODAY).code == "11010519491231002X"

    def test_nobody_is_born_tomorrow(self) -> None:
        first_17 = f"131102{TODAY:%Y%m%d}001"
        number = first_17 + gb11643.check_character(first_17)
        assert gb11643.valid(number, today=TODAY)
        with pytest.raises(InvalidCitizenNumber) as refused:
            gb11643.parse(number, today=TODAY - timedelta(days=1))
        assert refused.value.code == "citizen-number.future"

    def test_without_a_date_today_in_china_counts(self) -> None:
        first_17 = f"131102{datetime.now(CHINA).date() + timedelta(days=2):%Y%m%d}001"
        assert not gb11643.valid(first_17 + gb11643.check_character(first_17))
        assert gb11643.valid("131102200002290019")

    @pytest.mark.parametrize("region", ["000000", "999999", "131181", "133001", "340524"])
    def test_no_region_is_a_reason_to_refuse(self, region: str) -> None:
        first_17 = region + "19800101001"
        assert gb11643.valid(first_17 + gb11643.check_character(first_17), today=TODAY)

    @pytest.mark.parametrize(
        ("number", "sex", "holder", "division"),
        [
            ("131102200002290019", Sex.male, Holder.citizen, "131102"),
            ("133001195801150027", Sex.female, Holder.citizen, "133001"),
            ("810000198808081235", Sex.male, Holder.permit, None),
            ("911156199006150012", Sex.male, Holder.foreigner, None),
        ],
    )
    def test_parts(self, number: str, sex: Sex, holder: Holder, division: str | None) -> None:
        parsed = gb11643.parse(number, today=TODAY)
        assert (parsed.sex, parsed.holder, parsed.division_code) == (sex, holder, division)

    def test_mask(self) -> None:
        assert gb11643.mask("131102198503150014") == "131102********0014"
        assert gb11643.mask("131102850315001") == "*" * 15

    def test_the_number_never_shows_in_a_log(self) -> None:
        parsed = gb11643.parse("131102200002290019", today=TODAY)
        assert f"{parsed} {parsed!r}" == "CitizenNumber(131102********0019) CitizenNumber(131102********0019)"
        with pytest.raises(InvalidCitizenNumber) as refused:
            gb11643.parse("131102200002290018", today=TODAY)
        assert "131102" not in str(refused.value)

    @pytest.mark.parametrize(
        ("day", "age"),
        [(date(2026, 2, 28), 13), (date(2026, 3, 1), 14), (date(2024, 2, 29), 12), (date(2012, 2, 29), 0)],
    )
    def test_a_leap_day_child_grows_older_on_1_march(self, day: date, age: int) -> None:
        first_17 = "13110220120229001"
        child = gb11643.parse(first_17 + gb11643.check_character(first_17), today=TODAY)
        assert child.age_on(day) == age

    @FEW
    @given(numbers())
    def test_made_numbers_are_good_and_every_changed_digit_shows(self, number: str) -> None:
        assert gb11643.valid(number, today=TODAY)
        for at in range(17):
            changed = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
            assert not gb11643.valid(changed, today=TODAY)

    @FEW
    @given(numbers())
    def test_the_check_is_the_one_python_stdnum_computes(self, number: str) -> None:
        assert ric.calc_check_digit(number) == number[-1]

    @FEW
    @given(st.sampled_from(["131102", "131103", "131181", "133001", "810000"]), st.dates(date(1930, 1, 1), TODAY))
    def test_id_validator_agrees_on_hengshui(self, region: str, born: date) -> None:
        first_17 = f"{region}{born:%Y%m%d}002"
        number = first_17 + gb11643.check_character(first_17)
        assert id_validator.is_valid(number)
        assert gb11643.valid(number, today=TODAY)

    @pytest.mark.parametrize("number", GOOD_NUMBERS[3:])
    def test_python_stdnum_refuses_real_residents(self, number: str) -> None:
        """The trap that is the reason for our own rules: it wants the region's code to be in force at birth."""
        assert not ric.is_valid(number)

    @FEW
    @given(st.text(max_size=20))
    def test_no_text_brings_it_down(self, text: str) -> None:
        assert gb11643.valid(text, today=TODAY) in {True, False}
        assert len(gb11643.mask(text)) == len(text)


class TestOldCitizenNumber:
    def test_fifteen_digits_become_eighteen(self) -> None:
        parsed = gb11643.parse("110105491231002", today=TODAY)
        assert (parsed.code, parsed.was_old_form) == ("11010519491231002X", True)

    def test_the_last_four_sequences_were_kept_for_the_century_before(self) -> None:
        assert gb11643.parse("131102990101996", today=TODAY).birth_date == date(1899, 1, 1)
        assert gb11643.parse("131102990101995", today=TODAY).birth_date == date(1999, 1, 1)

    @FEW
    @given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 995))
    def test_id_validator_upgrades_alike(self, born: date, sequence: int) -> None:
        old = f"131102{born:%y%m%d}{sequence:03d}"
        upgraded = id_validator.upgrade_id(old)
        if upgraded:
            assert gb11643.modern(old) == upgraded
        assert gb11643.parse(old, today=TODAY).birth_date == born


class TestDivisionCode:
    @pytest.mark.parametrize(
        ("text", "code", "level", "parent"),
        [
            ("13", "13", Level.province, None),
            ("1311", "1311", Level.city, "13"),
            ("131102", "131102", Level.county, "1311"),
            ("131102001", "131102001", Level.township, "131102"),
            ("131102001001", "131102001001", Level.village, "131102001"),
            ("130000", "13", Level.province, None),
            ("131100", "1311", Level.city, "13"),
            ("511602000000", "511602", Level.county, "5116"),
            ("131102001000", "131102001", Level.township, "131102"),
            ("441900003", "441900003", Level.township, "4419"),
            ("441900003001", "441900003001", Level.village, "441900003"),
        ],
    )
    def test_levels(self, text: str, code: str, level: Level, parent: str | None) -> None:
        parsed = gbt2260.parse(text)
        assert (parsed.code, parsed.level) == (code, level)
        assert (parsed.parent.code if parsed.parent else None) == parent
        assert level.digits == len(code)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", DivisionReason.length),
            ("131", DivisionReason.length),
            ("13110", DivisionReason.length),
            ("1311020010010", DivisionReason.length),
            ("1311O2", DivisionReason.characters),
            ("131102\n", DivisionReason.characters),
            ("１３", DivisionReason.characters),
            ("00", DivisionReason.province),
            ("991102", DivisionReason.province),
            ("130002", DivisionReason.gap),
            ("131102000001", DivisionReason.gap),
        ],
    )
    def test_the_reason_is_named(self, text: str, reason: DivisionReason) -> None:
        assert why_not_division(text) == reason
        assert not gbt2260.valid(text)

    def test_ancestors(self) -> None:
        village = gbt2260.parse("131102001001")
        assert [str(place) for place in village.ancestors] == ["131102001", "131102", "1311", "13"]
        assert str(village.at(Level.county)) == "131102"
        assert gbt2260.parse("1311").at(Level.county) is None
        assert gbt2260.HENGSHUI.holds(village)
        assert not village.holds(gbt2260.HENGSHUI)

    def test_padding(self) -> None:
        assert gbt2260.HENGSHUI.padded(6) == "131100"
        assert gbt2260.parse("511602").padded() == "511602000000"
        with pytest.raises(ValueError, match="longer"):
            gbt2260.parse("131102001").padded(6)

    @FEW
    @given(st.from_regex(r"(1[1-5]|2[1-3])[1-9][0-9][1-9][0-9]([1-9][0-9]{2}([1-9][0-9]{2})?)?", fullmatch=True))
    def test_padding_does_not_change_a_place(self, code: str) -> None:
        assert gbt2260.parse(gbt2260.parse(code).padded()).code == code


class TestHengshuiCounties:
    def test_there_are_eleven_legal_counties(self) -> None:
        codes = [county.code for county in gbt2260.legal_counties(2026)]
        assert codes == [
            "131102", "131103", "131121", "131122", "131123", "131124", "131125", "131126", "131127", "131128", "131182"
        ]  # fmt: skip

    def test_statistical_units_are_not_counties(self) -> None:
        kinds = {code for code, county in gbt2260.HENGSHUI_COUNTIES.items() if county.kind is CountyKind.statistical}
        assert kinds == {"131171", "131172"}

    def test_jizhou_changed_its_code_in_2016(self) -> None:
        before, after = gbt2260.HENGSHUI_COUNTIES["131181"], gbt2260.HENGSHUI_COUNTIES["131103"]
        assert (before.name, before.successor, after.name) == ("冀州市", "131103", "冀州区")
        assert [before.in_force(year) for year in (1995, 1996, 2016, 2017)] == [False, True, True, False]
        assert [after.in_force(year) for year in (2015, 2016, 2026)] == [False, True, True]
        assert len(gbt2260.legal_counties(2015)) == 11

    def test_every_code_lies_in_hengshui(self) -> None:
        assert all(gbt2260.HENGSHUI.holds(gbt2260.parse(code)) for code in gbt2260.HENGSHUI_COUNTIES)


class TestOnTheWire:
    number = TypeAdapter(Annotated[str, checked(gb11643.parse)])

    def test_a_field_becomes_the_canonical_spelling(self) -> None:
        assert self.number.validate_python("11010519491231002x") == "11010519491231002X"

    def test_a_refusal_has_our_code_and_both_languages(self) -> None:
        with pytest.raises(ValidationError) as refused:
            self.number.validate_python("131102202502290014")
        error = refused.value.errors()[0]
        assert error["type"] == "citizen-number.birth-date"
        assert said(error) == (
            "公民身份号码中的出生日期不存在",
            "The birth date within the citizen number does not exist",
        )
        assert error["msg"] == (
            "公民身份号码中的出生日期不存在 The birth date within the citizen number does not exist"
        )

    @pytest.mark.parametrize("reason", [*UsccReason])
    def test_every_reason_is_said_in_both_languages(self, reason: UsccReason) -> None:
        refused = InvalidUscc(reason)
        assert refused.code == f"uscc.{reason}"
        assert re.search("[一-鿿]", refused.zh)
        assert refused.en.isascii()
        assert "{" not in str(refused)

    @pytest.mark.parametrize("reason", [*CitizenNumberReason])
    def test_every_reason_of_a_number_too(self, reason: CitizenNumberReason) -> None:
        assert InvalidCitizenNumber(reason).code == f"citizen-number.{reason}"

    @pytest.mark.parametrize("reason", [*DivisionReason])
    def test_every_reason_of_a_place_too(self, reason: DivisionReason) -> None:
        assert InvalidDivisionCode(reason).code == f"division-code.{reason}"
