"""HEAD, as link checkers and map programs ask before they fetch."""

import pytest

from citykit.testing import ServiceUnderTest

from . import factories as f

HUB = "/api/data-hub"
ROWS = f"{HUB}/v1/catalogue/resources/{f.AIR}/rows.csv"


class TestHead:
    @pytest.mark.parametrize(
        "path",
        [
            f"{HUB}/v1/catalogue.ttl", f"{HUB}/v1/catalogue/resources", f"{HUB}/v1/catalogue/resources/{f.AIR}", ROWS,
            f"{HUB}/ckan/api/3/action/package_list", f"{HUB}/ogc", f"{HUB}/ogc/collections/divisions/items",
            f"{HUB}/ogc/collections/nothing", f"{HUB}/v1/catalogue/resources/203001-000099", f"{HUB}/sdmx/2.1/dataflow",
        ],
    )  # fmt: skip
    async def test_says_what_get_says_and_brings_no_body(self, city: ServiceUnderTest, path: str) -> None:
        await f.published(city)
        await f.with_rows(city)
        got, told = await city.client.get(path), await city.client.head(path)
        assert (told.status_code, told.content) == (got.status_code, b"")
        for name in ("content-type", "etag", "content-length", "content-disposition", "cache-control", "vary"):
            assert told.headers.get(name) == got.headers.get(name), name

    async def test_of_a_file_is_no_call_of_its_rows(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.with_rows(city)
        assert (await city.client.head(ROWS)).status_code == 200
        async with city.work() as work:
            metered = await (await work.driver()).execute("select count(*) from service_meter")
            assert await metered.fetchone() == (0,)

    async def test_where_nothing_is_read_stays_refused(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        answer = await city.client.head(f"{f.RESOURCES}/{f.AIR}/withdrawals", headers=f.steward(city))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


class TestFacets:
    async def test_without_a_limit_are_all_shown(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.draft(tags=[f"标签{number}" for number in range(20)]))
        action = f"{HUB}/ckan/api/3/action/package_search"
        for limit, many in (("-1", 20), ("0", 20), ("5", 5)):
            answer = await city.client.get(action, params={"facet.field": '["tags"]', "facet.limit": limit})
            assert len(answer.json()["result"]["search_facets"]["tags"]["items"]) == many
