"""The rules of matching: which identifier was meant, which names share a token, what agreement is worth."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.identifiers import gb11643, gb32100
from data_hub.registries.matching import scoring
from data_hub.registries.matching.edits import Slip, citizen_numbers, credit_codes, one_slip_apart
from data_hub.registries.matching.entities import (
    alike_words,
    core_words,
    entity_tokens,
    near_words,
    sound_words,
    very_words,
)
from data_hub.registries.matching.firms import core
from data_hub.registries.matching.scoring import Agreement
from data_hub.registries.matching.sounds import sound_of
from data_hub.registries.matching.tokens import (
    formerly,
    left_out,
    person_tokens,
    sounding,
    token,
    with_a_slip,
    within,
)

TODAY = date(2026, 11, 27)
NUMBER = "131102198503150049"
CODE = "91131102MA07XY3K94"
NAMES = st.text("李秀英王伟张芳欧阳娜", min_size=2, max_size=6)


@st.composite
def slipped(draw: st.DrawFn, text: str) -> str:
    """A text with one slip of the hand in it."""
    place = draw(st.integers(0, len(text) - 2))
    match draw(st.sampled_from(["wrong", "swapped", "missing", "extra"])):
        case "wrong":
            return text[:place] + str((int(text[place]) + draw(st.integers(1, 9))) % 10) + text[place + 1 :]
        case "swapped":
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        case "missing":
            return text[:place] + text[place + 1 :]
        case _:
            return text[:place] + draw(st.sampled_from("0123456789")) + text[place:]


class TestMistypedNumbers:
    @given(slipped(NUMBER))
    @settings(max_examples=50)
    def test_what_was_meant_is_among_what_it_can_have_been(self, written: str) -> None:
        found = citizen_numbers(written, TODAY)
        assert NUMBER in found or gb11643.valid(written)
        assert len(found) <= 60
        assert all(gb11643.valid(number) for number in found)

    def test_a_right_number_means_itself(self) -> None:
        assert citizen_numbers(NUMBER, TODAY) == {NUMBER: Slip.none}
        assert citizen_numbers(f" {NUMBER} ", TODAY) == {NUMBER: Slip.none}

    def test_an_old_number_is_made_new(self) -> None:
        assert NUMBER[:17] in {number[:17] for number in citizen_numbers("131102850315004", TODAY)}

    @pytest.mark.parametrize("written", ["", "x", "1" * 40, "李秀英", "13110219850315004٩", "\x00" * 18])
    def test_what_is_no_number_finds_nothing_or_little(self, written: str) -> None:
        assert len(citizen_numbers(written, TODAY)) <= 60

    def test_codes_of_firms_too(self) -> None:
        assert CODE in credit_codes("91131102MA07XY3K49")
        assert CODE in credit_codes("9l131102MA07XY3K94")  # a small L for a one
        assert CODE in credit_codes(CODE[:-1])
        assert all(gb32100.valid(code, strict=False) for code in credit_codes("91131102MA07XY3K49"))


class TestSlips:
    @pytest.mark.parametrize(
        ("one", "other", "apart"),
        [
            ("李秀英", "李秀莹", True),
            ("李秀英", "李英秀", True),
            ("李秀英", "李英", True),
            ("李秀英", "李小秀英", True),
            ("李秀英", "李秀英", False),
            ("李秀英", "王秀莹", False),
            ("李英", "李秀英梅", False),
        ],
    )
    def test_one_apart(self, one: str, other: str, apart: bool) -> None:
        assert one_slip_apart(one, other) is apart
        assert one_slip_apart(other, one) is apart

    @given(NAMES, st.integers(0, 5), st.sampled_from("鑫明"))
    @settings(max_examples=50)
    def test_names_one_slip_apart_share_a_token(self, name: str, place: int, other: str) -> None:
        place %= len(name)
        wrong = name[:place] + other + name[place + 1 :]
        if len(name) > 2:  # of two characters one alone would find half the city
            assert with_a_slip(name) & with_a_slip(wrong)
        assert left_out(name) & left_out(wrong)
        assert with_a_slip(name + other) & with_a_slip(name)


class TestTokens:
    def test_are_small_numbers(self) -> None:
        assert all(-(2**31) <= number < 2**31 for number in person_tokens("李秀英", ["李秀莹"], "131102001045"))

    def test_a_person_is_found_by_name_slip_sound_county_and_former_name(self) -> None:
        found = set(person_tokens("李秀英", ["李二丫"], "131102001045"))
        for word in ("李秀英", "李秀", sounding("李秀鹰"), within("李秀", "131102"), formerly("李二丫"), "李二丫"):
            assert token(word) in found
        assert token(formerly("李秀英")) not in found

    def test_sounds_have_no_tones(self) -> None:
        assert sound_of("李秀英") == sound_of("里袖鹰")
        assert sound_of("李A") == "li A"

    def test_a_firm_is_found_by_its_distinctive_part(self) -> None:
        name = "衡水桃城思远橡塑制品有限公司"
        assert core(name) == "思远橡塑制品"
        assert core("有限公司") == "有限公司"
        found = set(entity_tokens([name]))
        for asked, words in (
            (name, very_words), ("思远橡塑制品", core_words), ("河北思远橡塑制品股份有限公司", core_words),
            ("衡水桃城思原橡塑制品有限公司", near_words), ("思源橡塑制品", sound_words), ("思鑫橡塑制品", alike_words),
        ):  # fmt: skip
            assert found & set(map(token, words(asked)))

    def test_a_name_that_is_nearly_right_says_more_than_a_distinctive_part_that_is(self) -> None:
        known = ["衡水桃城思远橡塑制品有限公司"]
        whole, part, other = (
            scoring.firm_name(asked, known)
            for asked in ("衡水桃城思鑫橡塑制品有限公司", "思鑫橡塑制品", "衡水桃城鑫思橡塑制品有限公司")
        )
        assert (whole.how, part.how, other.how) == (Agreement.one_character, Agreement.core_slip, Agreement.different)
        assert whole.bits > part.bits > other.bits


class TestScores:
    def test_everything_agrees(self) -> None:
        clues = [
            scoring.number("id_number", Slip.none), scoring.person_name("李秀英", "李秀英", []),
            scoring.day("birth_date", date(1985, 3, 15), date(1985, 3, 15)), scoring.place("131102", "131102001045"),
            scoring.sex("female", "female"),
        ]  # fmt: skip
        assert scoring.score(clues) == 1

    @pytest.mark.parametrize(
        ("asked", "key", "former", "how"),
        [
            ("李秀英", "李秀英", [], Agreement.exact),
            ("李二丫", "李秀英", ["李二丫"], Agreement.former),
            ("李秀鹰", "李秀英", [], Agreement.homophone),
            ("李秀梅", "李秀英", [], Agreement.one_character),
            ("王小明", "李秀英", [], Agreement.different),
        ],
    )
    def test_names(self, asked: str, key: str, former: list[str], how: Agreement) -> None:
        assert scoring.person_name(asked, key, former).how is how

    @pytest.mark.parametrize(
        ("asked", "how"),
        [
            (date(1985, 3, 15), Agreement.exact),
            (date(1985, 3, 16), Agreement.one_digit),
            (date(1985, 11, 2), Agreement.year),
            (date(1966, 11, 2), Agreement.different),
        ],
    )
    def test_days(self, asked: date, how: Agreement) -> None:
        assert scoring.day("birth_date", asked, date(1985, 3, 15)).how is how

    def test_day_and_month_are_taken_for_one_another(self) -> None:
        assert scoring.day("birth_date", date(1985, 5, 3), date(1985, 3, 5)).how is Agreement.swapped

    def test_lies_between_nothing_and_all(self) -> None:
        assert scoring.score([]) == 0
        assert scoring.score([scoring.number("id_number", None), scoring.sex("male", "female")]) == 0
