"""The opened resources as a list: the database writes it, and says what the models of the directory say."""

from typing import Any

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.resources.finding import Sought
from data_hub.resources.schemas import ResourceBrief

from . import factories as f

CODES = [f.AIR, "203005-000001", "203006-000001", "203007-000001"]


@pytest.fixture
async def directory(city: ServiceUnderTest) -> ServiceUnderTest:
    """Four opened resources, three of whose names fit equally well where 水 is looked for."""
    plain = {"items": [f.item("a", title="编号")], "key": []}
    await f.published(city)
    for code, name in zip(CODES[1:], ("河流水质", "饮用水源", "污水处理"), strict=True):
        await f.published(city, f.draft(code, name=name, summary="名录", tags=["水务"], **plain))
    return city


async def listed(city: ServiceUnderTest, **query: Any) -> dict[str, Any]:
    """A page."""
    answer = await city.client.get(f"{f.CATALOGUE}/resources", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def all_of(city: ServiceUnderTest, **query: Any) -> list[str]:
    """The codes of all pages."""
    codes, after = [], None
    while True:
        page = await listed(city, **query, **({} if after is None else {"after": after}))
        codes += [one["code"] for one in page["items"]]
        if (after := page["next"]) is None:
            return codes


async def test_says_of_each_what_the_directory_says_inside(directory: ServiceUnderTest) -> None:
    inside = (await directory.client.get(f.RESOURCES, headers=f.reader(directory))).json()
    opened = await listed(directory)
    assert opened == inside
    assert list(opened["items"][0]) == list(ResourceBrief.model_fields)


@pytest.mark.parametrize("limit", [1, 2, 3, 20])
async def test_comes_page_by_page_in_one_order(directory: ServiceUnderTest, limit: int) -> None:
    assert await all_of(directory, q="水", limit=limit) == [*CODES[1:], f.AIR]  # 衡水, in its summary
    assert sorted(await all_of(directory, limit=limit)) == CODES
    assert await all_of(directory, limit=limit) == await all_of(directory)


async def test_is_narrowed_by_facets_and_tags(directory: ServiceUnderTest) -> None:
    assert await all_of(directory, tag="水务", limit=2, q="名录") == CODES[1:]
    assert await all_of(directory, tag="气象") == []
    assert await all_of(directory, provider=f.HOUSING) == []
    assert sorted(await all_of(directory, opening="opened", provider=f.ECOLOGY, limit=3)) == CODES


async def test_refuses_a_cursor_of_another_order(directory: ServiceUnderTest) -> None:
    cursor = (await listed(directory, q="水", limit=1))["next"]
    for query in ({"after": cursor}, {"after": "x"}, {"after": "x", "q": "水"}):
        answer = await directory.client.get(f"{f.CATALOGUE}/resources", params=query)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-cursor")


def test_words_are_bound_and_the_text_is_that_of_their_shape() -> None:
    one, other = Sought(["空气质量"]), Sought(["河流水质"])
    assert (one.conditions, one.rank) == (other.conditions, other.rank)
    assert one.values != other.values
    hostile = Sought(["%(x)s'); drop", ":name"])
    assert all(text.isascii() and "drop" not in text for text in [*hostile.conditions, hostile.rank])
