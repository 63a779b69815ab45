"""Searches as people type them: in traditional characters, in full width, with punctuation, without spaces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.resources.words import cuts, spellings, words_of

from . import factories as f

SEARCH = "/api/data-hub/v1/catalogue/resources"
PLACES, WATER, FIRMS = "203005-000001", "203006-000001", "203007-000001"


@pytest.fixture
async def directory(city: ServiceUnderTest) -> ServiceUnderTest:
    """Four opened resources."""
    plain = {"items": [f.item("a", title="编号")], "key": [], "tags": []}
    await f.published(city)
    await f.published(city, f.draft(PLACES, name="监测站点位置", summary="空气质量站点的位置数据", **plain))
    await f.published(city, f.draft(WATER, name="河流水质(断面)", summary="断面水质", **plain))
    await f.published(city, f.draft(FIRMS, name="企业登记信息", summary="名录", **plain))
    return city


async def found(city: ServiceUnderTest, q: str, **more: str) -> list[str]:
    """The codes that a search finds, best first."""
    answer = await city.client.get(SEARCH, params={"q": q} | more)
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["items"]]


class TestAsTheyAreTyped:
    @pytest.mark.parametrize(
        ("q", "expected"),
        [
            ("空氣", [f.AIR, PLACES]),  # traditional
            ("ＡＱＩ", [f.AIR]),  # full width
            ("河流水质（断面）", [WATER]),
            ("水质、断面", [WATER]),
            ("《企业登记信息》", [FIRMS]),
            ("“位置”，站点", [PLACES]),
            ("203006/000001", [WATER]),  # a code as it is printed
            ("企业 空气", []),
        ],
    )
    async def test_finds_what_is_meant(self, directory: ServiceUnderTest, q: str, expected: list[str]) -> None:
        assert await found(directory, q) == expected

    async def test_of_nothing_but_punctuation_finds_nothing(self, directory: ServiceUnderTest) -> None:
        assert await found(directory, "。") == []


class TestWithoutSpaces:
    async def test_parts_that_stand_apart_are_found_after_the_whole_word(self, directory: ServiceUnderTest) -> None:
        assert await found(directory, "企业信息") == [FIRMS]
        assert await found(directory, "空气质量数据") == [f.AIR, PLACES]  # in the name before beside it
        assert await found(directory, "衡水市空气质量数据") == [f.AIR, PLACES]
        assert await found(directory, "空气质量监测") == [f.AIR, PLACES]
        assert await found(directory, "空气质量牛奶") == []

    async def test_go_page_by_page_in_the_same_order(self, directory: ServiceUnderTest) -> None:
        answer = await directory.client.get(SEARCH, params={"q": "空氣質量數據", "limit": "1"})
        rest = await directory.client.get(SEARCH, params={"q": "空氣質量數據", "after": answer.json()["next"]})
        assert [one["code"] for page in (answer, rest) for one in page.json()["items"]] == [f.AIR, PLACES]

    async def test_programs_of_ckan_find_the_same(self, directory: ServiceUnderTest) -> None:
        action = "/api/data-hub/ckan/api/3/action/package_search"
        for query in ({"q": "空氣質量數據"}, {"q": "空气质量数据"}):
            answer = (await directory.client.get(action, params=query)).json()["result"]
            assert [one["name"] for one in answer["results"]] == [f.AIR, PLACES]
        titled = (await directory.client.get(action, params={"q": "title:企業"})).json()["result"]
        assert titled["count"] == 1


class TestWords:
    def test_of_letters_and_numbers_are_not_cut(self) -> None:
        assert words_of("PM2.5，C++ 24/7") == ["pm2.5", "c++", "24/7"]
        assert list(cuts("pm2.5浓度")) == []
        assert spellings("12345") == ("12345",)

    @settings(max_examples=50)
    @given(st.text(alphabet="空气质量数据小时监测", max_size=30))
    def test_parts_make_the_word_again(self, word: str) -> None:
        for parts in cuts(word):
            assert "".join(parts) == word
            assert min(map(len, parts)) >= 2

    @settings(max_examples=50)
    @given(st.text(max_size=100))
    def test_any_text_has_words_that_can_be_compared(self, text: str) -> None:
        for word in words_of(text):
            assert word
            assert word == "".join(word.split())
