"""The rules of codes and coordinates."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.bigrams import bigrams, search_key
from data_hub.divisions.domain import (
    DivisionKind,
    Level,
    Place,
    ancestors_of,
    canonical,
    from_gcj02,
    kind_of,
    level_of,
    parent_of,
    to_gcj02,
)


class TestCodes:
    @pytest.mark.parametrize(
        ("written", "code"),
        [
            ("13", "130000"), ("1311", "131100"), ("131100000000", "131100"), ("131102", "131102"),
            ("131102000000", "131102"), ("131102001000", "131102001"), ("131102001045", "131102001045"),
            ("no code", "no code"),
        ],
    )  # fmt: skip
    def test_each_division_has_one_form(self, written: str, code: str) -> None:
        assert canonical(written) == code

    def test_a_village_knows_what_lies_above(self) -> None:
        assert ancestors_of("131102001045") == ["130000", "131100", "131102", "131102001"]
        assert parent_of("130000") is None
        assert level_of("131102001") is Level.town

    @pytest.mark.parametrize(
        ("code", "kind"), [("131171", "statistical"), ("131172400", "statistical"), ("131182", "administrative")]
    )
    def test_statistical_units_are_marked(self, code: str, kind: str) -> None:
        assert kind_of(code) is DivisionKind(kind)


class TestGcj02:
    # The vector that implementations of GCJ-02 publish in common (Beijing); it is known to about a centimetre.
    def test_published_vector(self) -> None:
        assert to_gcj02(Place(116.404, 39.915)) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)

    def test_back_again(self) -> None:
        place = from_gcj02(116.41024449916938, 39.91640428150164)
        assert (place.longitude, place.latitude) == pytest.approx((116.404, 39.915), abs=1e-9)

    def test_hengshui_is_shifted_by_about_half_a_kilometre(self) -> None:
        longitude, latitude = to_gcj02(Place(115.67, 37.74))
        metres = ((longitude - 115.67) * 88_000) ** 2 + ((latitude - 37.74) * 111_000) ** 2
        assert 300 < metres**0.5 < 900

    @settings(max_examples=100)
    @given(st.floats(73, 136), st.floats(3, 54))
    def test_the_way_there_and_back_ends_where_it_began(self, longitude: float, latitude: float) -> None:
        place = from_gcj02(*to_gcj02(Place(longitude, latitude)))
        assert (place.longitude, place.latitude) == pytest.approx((longitude, latitude), abs=1e-8)


class TestBigrams:
    def test_pairs_of_neighbours(self) -> None:
        assert bigrams("桃城区") == sorted(["桃城", "城区"])

    def test_full_width_forms_and_spaces_do_not_matter(self) -> None:
        assert search_key("ＡＢ（衡水） 公司") == search_key("ab(衡水)公司")

    @settings(max_examples=100)
    @given(st.text(alphabet="衡水桃城区甲乙", max_size=12), st.data())
    def test_whatever_is_within_is_found(self, text: str, data: st.DataObject) -> None:
        if len(text) < 2:
            return
        start = data.draw(st.integers(0, len(text) - 2))
        part = text[start : data.draw(st.integers(start + 2, len(text)))]
        assert set(bigrams(part)) <= set(bigrams(text))
