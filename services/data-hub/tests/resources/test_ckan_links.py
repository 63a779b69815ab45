"""Addresses that the datastore answers are ones that answer here; what is no text is refused in CKAN's words."""

from citykit.testing import ServiceUnderTest

from . import factories as f

SEARCH = "/api/data-hub/ckan/api/3/action/datastore_search"


async def test_the_next_page_is_where_its_link_says(city: ServiceUnderTest) -> None:
    await f.published(city)
    await f.with_rows(city)
    first = (await city.client.get(SEARCH, params={"resource_id": f.AIR, "limit": 1})).json()["result"]
    following = await city.client.get(first["_links"]["next"])
    assert following.status_code == 200
    assert [row["_id"] for row in first["records"] + following.json()["result"]["records"]] == [1, 2]
    again = await city.client.get(first["_links"]["start"])
    assert again.json()["result"]["records"] == first["records"]


async def test_a_word_that_is_not_in_utf_8_finds_no_rows_but_a_refusal(city: ServiceUnderTest) -> None:
    await f.published(city)
    await f.with_rows(city)
    for bytes_ in ("%CD%F5%CE%E5", "%ED%A0%BD"):
        answer = await city.client.get(f"{SEARCH}?resource_id={f.AIR}&q={bytes_}")
        assert (answer.status_code, answer.json()["success"]) == (400, False)
        assert "UTF-8" in answer.json()["error"]["message"]
        assert (await city.client.get(f"/api/data-hub/v1/catalogue/resources?q={bytes_}")).status_code == 400
