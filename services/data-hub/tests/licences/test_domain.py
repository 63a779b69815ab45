"""The rules of licences by example and by property."""

import secrets
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.licences.domain import (
    LONGEST_CODE,
    FieldKind,
    FieldRule,
    Identifier,
    Standing,
    Status,
    after,
    check_character,
    claim_faults,
    code_in,
    filled,
    last_day,
    may_renew,
    placeholders,
    standing,
)
from data_hub.seals.status_lists import LIST_SIZE, packed, place_in_list, unpacked

PUBLISHED = [
    ("11100000000013338W011.11430000006122244L.20230000403.001", "U"),
    ("11100000000013338W011.11430000006122244L.20230000403.002", "S"),
    ("11100000000013338W009.11330105002500287C.2025052201.002", "0"),
    ("11100000MB03271699022.340100.000000016.001", "9"),
    ("11131100MB0ABCDEXD001.11131100MB0ABCDEXD.2026000001.001", "Q"),
]
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class TestIdentifiers:
    @pytest.mark.parametrize(("text", "check"), PUBLISHED)
    def test_the_check_character_is_that_of_published_licences(self, text: str, check: str) -> None:
        assert check_character(text.replace(".", "")) == check

    def test_a_whole_identifier_reads_back(self) -> None:
        text = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
        found = Identifier.parse(text)
        assert found is not None
        assert str(found) == text
        assert found.version == 1

    @settings(max_examples=50, deadline=None)
    @given(st.text(ALPHABET, min_size=12, max_size=60), st.data())
    def test_one_wrong_character_never_passes(self, text: str, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(text) - 1))
        other = data.draw(st.sampled_from(ALPHABET.replace(text[place], "")))
        assert check_character(text) != check_character(text[:place] + other + text[place + 1 :])

    @pytest.mark.parametrize("text", ["", "1.2.156.3005.2", "1.2.156.3005.2.x", "1" * 500])
    def test_anything_else_is_none(self, text: str) -> None:
        assert Identifier.parse(text) is None


class TestTerms:
    @pytest.mark.parametrize(
        ("first", "months", "last"),
        [
            (date(2026, 1, 15), 1, date(2026, 2, 14)),
            (date(2026, 3, 1), 12, date(2027, 2, 28)),
            (date(2024, 2, 29), 48, date(2028, 2, 28)),
            (date(2026, 12, 15), 60, date(2031, 12, 14)),
        ],
    )
    def test_a_term_ends_on_the_day_before(self, first: date, months: int, last: date) -> None:
        assert last_day(first, months) == last
        assert last_day(first, None) is None

    @pytest.mark.parametrize(
        ("first", "months", "last"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 2, 29), 12, date(2025, 2, 28)),
            (date(2028, 1, 30), 1, date(2028, 2, 29)),
            (date(2026, 8, 31), 3, date(2026, 11, 30)),
        ],
    )
    def test_a_term_whose_last_month_has_no_such_day_ends_with_that_month(
        self, first: date, months: int, last: date
    ) -> None:
        assert last_day(first, months) == last

    @given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 240))
    def test_a_later_beginning_never_ends_earlier(self, first: date, months: int) -> None:
        today, tomorrow = last_day(first, months), last_day(first + timedelta(days=1), months)
        assert today is not None
        assert tomorrow is not None
        assert today <= tomorrow

    def test_a_licence_counts_on_its_first_and_last_day(self) -> None:
        first, last = date(2026, 1, 1), date(2026, 12, 31)
        day = timedelta(days=1)
        assert standing(Status.valid, first, last, first) is Standing.valid
        assert standing(Status.valid, first, last, last) is Standing.valid
        assert standing(Status.valid, first, last, first - day) is Standing.not_yet_valid
        assert standing(Status.valid, first, last, last + day) is Standing.expired
        assert standing(Status.revoked, first, last, first) is Standing.revoked

    def test_renewal_has_its_time(self) -> None:
        last = date(2026, 12, 31)
        times = {"before_days": 30, "after_days": 10}
        assert may_renew(last, date(2026, 12, 1), **times)
        assert may_renew(last, date(2027, 1, 10), **times)
        assert not may_renew(last, date(2026, 11, 30), **times)
        assert not may_renew(last, date(2027, 1, 11), **times)
        assert not may_renew(None, last, **times)


class TestStates:
    def test_what_is_over_stays_over(self) -> None:
        for act in ("suspend", "resume", "revoke", "renew"):
            assert after(act, Status.revoked) is None
            assert after(act, Status.superseded) is None

    def test_a_suspended_licence_is_resumed_or_revoked_never_renewed(self) -> None:
        assert after("resume", Status.suspended) is Status.valid
        assert after("revoke", Status.suspended) is Status.revoked
        assert after("renew", Status.suspended) is None


class TestClaims:
    RULES = (
        FieldRule("trade", "类别", FieldKind.code, codes=("餐饮",)),
        FieldRule("day", "日期", FieldKind.date, required=False),
        FieldRule("seats", "座位", FieldKind.integer, required=False),
        FieldRule("note", "备注", required=False, longest=3),
    )

    def test_each_wrong_field_is_named(self) -> None:
        claims = {"day": "2026-02-30", "seats": "3", "note": "四个字啊", "more": "x"}
        assert set(claim_faults(self.RULES, claims)) == {
            ("more", "unknown"), ("trade", "missing"), ("day", "date"), ("seats", "type"), ("note", "length"),
        }  # fmt: skip

    def test_what_fits_has_no_fault(self) -> None:
        assert claim_faults(self.RULES, {"trade": "餐饮", "day": "2026-02-28", "seats": 3, "note": "三个字"}) == []

    def test_a_template_takes_names_and_nothing_else(self) -> None:
        assert placeholders(["{holder_name}在{trade}", "{x.y} {0}"]) == {"holder_name", "trade"}
        assert filled("{a}{b}{a.__class__}", {"a": "{b}", "b": "1"}) == "{b}1{a.__class__}"
        assert filled("{gone}", {}) == "—"


class TestStatusLists:
    def test_the_vectors_of_the_draft(self) -> None:
        one_bit = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
        assert packed(dict(enumerate(one_bit)), size=16, bits=1) == "eNrbuRgAAhcBXQ"
        assert packed(dict(enumerate([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3])), size=12) == "eNo76fITAAPfAgc"

    @settings(max_examples=20, deadline=None)
    @given(st.dictionaries(st.integers(0, LIST_SIZE - 1), st.integers(0, 3), max_size=30))
    def test_every_place_reads_back(self, values: dict[int, int]) -> None:
        text = packed(values)
        assert {place: unpacked(text, place) for place in values} == values

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 3 * LIST_SIZE), st.integers(0, 3 * LIST_SIZE))
    def test_two_licences_never_share_a_place(self, one: int, other: int) -> None:
        key = secrets.token_bytes(32)
        assert (place_in_list(key, one) == place_in_list(key, other)) is (one == other)

    def test_places_do_not_tell_the_order_of_issue(self) -> None:
        places = [place_in_list(b"k" * 32, number)[1] for number in range(100)]
        assert places != sorted(places)
        assert len(set(places)) == 100
        assert max(places) > LIST_SIZE // 2


class TestCodes:
    """The text of a QR code: a bare JWS as on older papers, or an address with one in its fragment."""

    @pytest.mark.parametrize(
        "address",
        ["", "https://a.example/api/data-hub/verification#", "http://127.0.0.1:8000/x?y=1.2#", "HTTPS://A.EXAMPLE/~u#"],
    )
    def test_holds_one_whichever_the_address(self, address: str) -> None:
        assert code_in(f"{address}eyJh.eyJp-_.c2ln") == "eyJh.eyJp-_.c2ln"

    @pytest.mark.parametrize(
        "text",
        [
            "", "#", "#a.b.c", "a.b", "a.b.c.d", "a..c", "a.b.c=", "é.b.c", "a.b.c~", "javascript:x#a.b.c",
            "a.example/verification#a.b.c", "https://a.example/", "https://a.example/#", "https://a.example#a.b.c~d~",
            "https://a.example/?code=a.b.c", "https://a.example#x#a.b.c", "https://a.example#a.b.c#", "https#a.b.c",
            "https://a.example%23a.b.c", "https://a.example#a.b%2Ec", "https://a.example#%61.b.c",
        ],
    )  # fmt: skip
    def test_holds_none_where_it_is_written_in_another_way(self, text: str) -> None:
        assert code_in(text) is None

    def test_is_no_longer_than_a_symbol_can_be(self) -> None:
        rest = "https://a.example#a.b."
        longest = rest + "c" * (LONGEST_CODE - len(rest))
        assert code_in(longest) == longest.removeprefix("https://a.example#")
        assert code_in(longest + "c") is None
        assert code_in("a.b." + "c" * LONGEST_CODE) is None

    @given(st.text(st.characters(codec="utf-8") | st.sampled_from("#.%~:/"), max_size=60))
    def test_whatever_is_scanned_what_it_holds_stands_at_its_end_and_alone(self, text: str) -> None:
        for whole in (text, f"https://a.example/{text}"):
            code = code_in(whole)
            if code is not None:
                assert whole in {code, whole[: len(whole) - len(code)] + code}
                assert "#" not in code
                assert whole == code or whole[: -len(code)].endswith("#")
