"""The action API of CKAN: opened resources alone, in its envelope, and nothing that could be written or smuggled."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.resources.ckan.queries import BadQuery, Term, terms

from . import factories as f

ACTIONS = "/api/data-hub/ckan/api/3/action"
CLOSED = "203005-000001"
ORGANISATION = f.ECOLOGY.lower()
JSON = "application/json"


async def asked(city: ServiceUnderTest, action: str, /, **parameters: Any) -> Any:
    """The result of an action."""
    answer = await city.client.post(f"{ACTIONS}/{action}", json=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return answer.json()["result"]


async def refusal(city: ServiceUnderTest, action: str, /, **parameters: Any) -> tuple[int, str]:
    """The status and kind of a refusal."""
    answer = await city.client.post(f"{ACTIONS}/{action}", json=parameters)
    assert answer.json()["success"] is False
    return answer.status_code, answer.json()["error"]["__type"]


@pytest.fixture
async def opened(city: ServiceUnderTest) -> ServiceUnderTest:
    """A hub with one opened resource that has rows, another without, and one that stays inside."""
    await f.published(city)
    await f.with_rows(city)
    parks = f.draft(
        "304001-000001",
        name="公园绿地",
        summary="公园",
        theme="housing",
        tags=["公园"],
        format="document",
        items=[],
        key=[],
    )
    await f.published(city, parks)
    await f.published(city, f.closed(CLOSED, tags=["处罚"]))
    return city


class TestQueries:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", []),
            ("*:*", []),
            ("空气 质量", [Term(None, ("空气",)), Term(None, ("质量",))]),
            ('title:"空气 质量"', [Term("title", ("空气 质量",))]),
            ("+groups:environment -tags:a", [Term("groups", ("environment",)), Term("tags", ("a",), negated=True)]),
            ("tags:(a OR \"b c\") AND name:x", [Term("tags", ("a", "b c")), Term("name", ("x",))]),
            ("NOT text:a", [Term(None, ("a",), negated=True)]),
            ("空气* -title:水*", [Term(None, (), ("空气",)), Term("title", (), ("水",), negated=True)]),
            ('tags:(空* OR "水*" OR a)', [Term("tags", ("水*", "a"), ("空",))]),
            (r"title:a\*b\?", [Term("title", ("a*b?",))]),
            ("tags:* groups:(* OR housing)", []),
        ],
    )  # fmt: skip
    def test_are_read(self, text: str, found: list[Term]) -> None:
        assert terms(text) == found

    @pytest.mark.parametrize(
        "text",
        [
            "a OR b",
            "who:x",
            "(a",
            '"a',
            "tags:(a AND b)",
            "name:[1 TO 2]",
            "metadata_modified:[x TO *]",
            "metadata_modified:[NOW-7DAYS TO NOW]",
            "metadata_modified:2026-11-28",
            "空气^2",
            '"空气 质量"~2',
            "质量~",
            "空?",
            "title:*质量",
            "title:空*据",
            "tags:(空气 OR 空*^3)",
            "res_format:C*",
            "-tags:*",
            "*:空气",
            "a" * 2001,
            "a " * 31,
        ],
    )
    def test_beyond_the_language_are_refused(self, text: str) -> None:
        with pytest.raises(BadQuery):
            terms(text)

    @given(st.text(alphabet='ab空 :"()[]+-*?~^\\\\ORTN', max_size=40))
    @settings(max_examples=50)
    def test_are_read_or_refused(self, text: str) -> None:
        try:
            assert all(isinstance(term, Term) for term in terms(text))
        except BadQuery:
            return


class TestPackages:
    async def test_are_the_opened_resources(self, opened: ServiceUnderTest) -> None:
        assert await asked(opened, "package_list") == [f.AIR, "304001-000001"]
        shown = await asked(opened, "package_show", id=f.AIR)
        assert (shown["title"], shown["organization"]["name"], shown["license_id"]) == (
            "空气质量小时数据",
            ORGANISATION,
            "CC-BY-4.0",
        )
        assert [one["format"] for one in shown["resources"]] == ["API", "CSV"]
        assert await refusal(opened, "package_show", id=CLOSED) == (404, "Not Found Error")
        assert await refusal(opened, "package_show") == (409, "Validation Error")

    async def test_are_searched(self, opened: ServiceUnderTest) -> None:
        since = "metadata_modified:[2020-01-01T00:00:00Z TO *]"
        for query, codes in (
            ({"q": "空气"}, [f.AIR]),
            ({"q": "处罚"}, []),
            ({"q": "空气*"}, [f.AIR]),
            ({"q": "title:空气*"}, [f.AIR]),
            ({"q": "title:(水* OR 公园*)"}, ["304001-000001"]),
            ({"fq": "name:3040* +tags:公*"}, ["304001-000001"]),
            ({"fq": "tags:园*"}, []),
            ({"fq": "name:3%*"}, []),
            ({"fq": f"organization:{ORGANISATION[:6]}* -tags:公* license_id:CC*"}, [f.AIR]),
            ({"fq": "groups:hous*"}, ["304001-000001"]),
            ({"fq": "groups:housing"}, ["304001-000001"]),
            ({"fq": f"organization:{ORGANISATION} -tags:空气"}, ["304001-000001"]),
            ({"fq": ["res_format:CSV"], "q": "*:*"}, [f.AIR]),
            ({"fq": f"license_id:CC-BY-4.0 AND {since}", "sort": "id desc"}, ["304001-000001", f.AIR]),
            ({"fq": "metadata_modified:[* TO 2020-01-01T00:00:00Z]"}, []),
            ({"rows": 1, "start": 1, "sort": "id asc"}, ["304001-000001"]),
        ):  # fmt: skip
            found = await asked(opened, "package_search", **query)
            assert [one["id"] for one in found["results"]] == codes, query
        assert (await asked(opened, "package_search", rows=0))["count"] == 2

    async def test_are_counted_by_facet(self, opened: ServiceUnderTest) -> None:
        names = ["organization", "groups", "tags", "license_id", "colour"]
        found = (await asked(opened, "package_search", **{"facet.field": names, "rows": 0}))["search_facets"]
        assert found["organization"]["items"] == [
            {"name": ORGANISATION, "display_name": "衡水市生态环境局", "count": 2}
        ]
        assert {one["name"]: one["count"] for one in found["tags"]["items"]} == {"空气": 1, "监测": 1, "公园": 1}
        assert [one["display_name"] for one in found["groups"]["items"]] == ["生态环境", "城建住房"]
        assert found["colour"]["items"] == []

    @pytest.mark.parametrize(
        ("name", "value"), [("q", "a OR b"), ("q", "空气^2"), ("fq", "x:y"), ("sort", "password asc")]
    )
    async def test_bad_searches_are_told(self, opened: ServiceUnderTest, name: str, value: str) -> None:
        assert await refusal(opened, "package_search", **{name: value}) == (400, "Search Query Error")

    async def test_name_no_resource_that_is_not_public(self, opened: ServiceUnderTest) -> None:
        await f.changed(opened, f.description(related=[CLOSED]))
        shown = await asked(opened, "package_show", id=f.AIR)
        assert CLOSED not in str(shown)


class TestOthers:
    async def test_organisations_groups_tags(self, opened: ServiceUnderTest) -> None:
        assert await asked(opened, "organization_list") == [ORGANISATION]
        shown = await asked(opened, "organization_show", id=ORGANISATION, include_datasets=True)
        assert (shown["package_count"], len(shown["packages"])) == (2, 2)
        assert await asked(opened, "group_list") == ["environment", "housing"]
        assert (await asked(opened, "group_show", id="housing"))["title"] == "城建住房"
        assert await asked(opened, "tag_list") == ["公园", "监测", "空气"]
        assert (await asked(opened, "tag_show", id="空气", include_datasets=True))["packages"][0]["id"] == f.AIR
        assert (await asked(opened, "tag_search", query="空"))["count"] == 1
        for action, name in (("organization_show", f.HOUSING), ("group_show", "x"), ("tag_show", "处罚")):
            assert await refusal(opened, action, id=name) == (404, "Not Found Error")

    @pytest.mark.parametrize(
        "action",
        [
            "site_read",
            "status_show",
            "license_list",
            "vocabulary_list",
            "organization_list_for_user",
            "group_list_authz",
        ],
    )
    async def test_without_parameters(self, city: ServiceUnderTest, action: str) -> None:
        assert await asked(city, action) is not None

    @pytest.mark.parametrize(
        ("action", "parameters"),
        [
            ("package_autocomplete", {"q": "空"}), ("organization_autocomplete", {"q": "生态"}),
            ("group_autocomplete", {"q": "城建"}), ("tag_autocomplete", {"query": "公"}),
            ("group_package_show", {"id": "housing"}), ("current_package_list_with_resources", {"limit": 1}),
            ("organization_list", {"all_fields": True}), ("group_list", {"all_fields": "true"}),
            ("tag_list", {"query": "气", "all_fields": True}), ("resource_show", {"id": f"{f.AIR}-rows"}),
            ("help_show", {"name": "package_show"}), ("datastore_info", {"id": f"{f.AIR}-rows"}),
        ],
    )  # fmt: skip
    async def test_find_something(self, opened: ServiceUnderTest, action: str, parameters: dict[str, Any]) -> None:
        assert await asked(opened, action, **parameters)

    @pytest.mark.parametrize("action", ["package_create", "datastore_upsert", "organization_delete", "user_create"])
    async def test_writing_is_refused(self, city: ServiceUnderTest, action: str) -> None:
        assert await refusal(city, action, name="x") == (403, "Authorization Error")

    async def test_sql_is_refused(self, city: ServiceUnderTest) -> None:
        assert await refusal(city, "datastore_search_sql", sql="select 1") == (403, "Authorization Error")

    async def test_unknown_actions_are_refused(self, city: ServiceUnderTest) -> None:
        for action in ("nothing", "_resource", "__init__", "work"):
            assert (await refusal(city, action))[0] == 400

    async def test_both_prefixes_and_both_methods_answer(self, opened: ServiceUnderTest) -> None:
        for prefix in ("api/3/action", "api/action"):
            path = f"/api/data-hub/ckan/{prefix}/package_show"
            told = await opened.client.get(path, params={"id": f.AIR, "use_default_schema": "true"})
            form = await opened.client.post(path, data={"id": f.AIR})
            assert told.json()["result"] == form.json()["result"]

    @pytest.mark.parametrize(
        ("body", "media"),
        [("{", JSON), ("[]", JSON), ('{"id":"\\u0000"}', "text/plain"), ('{"id":"\\ud800"}', "text/plain"),
         ('{"id":"\\ud800"}', JSON), (b"\xff\xfe", JSON), ('{"id":{"a":1}}', JSON), ("[" * 100_000, JSON),
         ("id=%00", "application/x-www-form-urlencoded")],
    )  # fmt: skip
    async def test_garbage_is_refused(self, city: ServiceUnderTest, body: Any, media: str) -> None:
        answer = await city.client.post(f"{ACTIONS}/package_show", content=body, headers={"content-type": media})
        assert 400 <= answer.status_code < 500
        assert answer.json()["success"] is False


class TestDatastore:
    async def test_rows_by_name_and_value(self, opened: ServiceUnderTest) -> None:
        found = await asked(opened, "datastore_search", resource_id=f"{f.AIR}-rows", filters={"aqi": [57, 58]})
        hour = "2026-03-01T16:00:00+08:00"
        assert found["records"] == [{"_id": 1, "station": "1074A", "hour": hour, "aqi": 57}]
        assert [one["type"] for one in found["fields"]] == ["int", "text", "timestamptz", "int8"]
        assert (found["total"], found["total_was_estimated"]) == (1, False)

    async def test_order_fields_pages_words(self, opened: ServiceUnderTest) -> None:
        hours = [f"2026-03-01T{hour}:00:00+08:00" for hour in (16, 17)]
        for query, rows in (
            ({"sort": "aqi desc", "fields": "station", "limit": 2}, [{"station": "1075A"}, {"station": "1074A"}]),
            ({"fields": ["aqi"], "offset": 1, "limit": 1}, [{"aqi": 112}]),
            ({"q": "1075", "fields": "station"}, [{"station": "1075A"}]),
            ({"q": {"station": "74a"}, "fields": "station"}, [{"station": "1074A"}]),
            ({"filters": {"hour": "2026-03-01T17:00:00"}, "fields": "station"}, [{"station": "=1+1"}]),
            ({"distinct": True, "fields": "hour", "sort": "hour"}, [{"hour": hour} for hour in hours]),
            ({"limit": 0}, []),
            ({"records_format": "lists", "fields": "station,aqi", "limit": 1}, [["1074A", 57]]),
        ):  # fmt: skip
            assert (await asked(opened, "datastore_search", resource_id=f.AIR, **query))["records"] == rows, query

    @pytest.mark.parametrize(
        "wrong",
        [{"filters": {"password": 1}}, {"filters": {"aqi": "many"}}, {"filters": {"aqi": {"gt": 1}}}, {"filters": "x"},
         {"sort": "aqi; drop table resource"}, {"sort": "password"}, {"fields": "_batch"}, {"fields": "*"},
         {"limit": -1}, {"offset": "x"}, {"records_format": "xml"}, {"filters": {"hour": "yesterday"}}, {"q": {"x": 1}},
         {"filters": {"aqi": 10**30}}, {"distinct": True, "fields": "aqi", "sort": "hour"}],
    )  # fmt: skip
    async def test_bad_questions_are_told(self, opened: ServiceUnderTest, wrong: dict[str, Any]) -> None:
        assert await refusal(opened, "datastore_search", resource_id=f.AIR, **wrong) == (409, "Validation Error")

    @pytest.mark.parametrize(
        "resource", [CLOSED, f"{CLOSED}-rows", "304001-000001", "x", "203001-000099", "101001-000001"]
    )
    async def test_shows_opened_rows_alone(self, opened: ServiceUnderTest, resource: str) -> None:
        assert await refusal(opened, "datastore_search", resource_id=resource) == (404, "Not Found Error")

    async def test_a_closed_resource_is_closed_at_once(self, opened: ServiceUnderTest) -> None:
        assert await asked(opened, "datastore_search", resource_id=f.AIR)
        await f.changed(opened, f.description(opening="closed"))
        assert await refusal(opened, "datastore_search", resource_id=f.AIR) == (404, "Not Found Error")
        assert (await opened.client.get(f"{f.CATALOGUE}/resources/{f.AIR}/rows.csv")).status_code == 404

    async def test_items_that_left_the_description_are_not_shown(self, opened: ServiceUnderTest) -> None:
        await f.changed(opened, f.description(items=f.description()["items"][:2]))
        found = await asked(opened, "datastore_search", resource_id=f.AIR)
        assert {name for row in found["records"] for name in row} == {"_id", "station", "hour"}
        assert await refusal(opened, "datastore_search", resource_id=f.AIR, fields="aqi") == (409, "Validation Error")


class TestDownload:
    async def test_is_csv_that_no_spreadsheet_runs(self, opened: ServiceUnderTest) -> None:
        answer = await opened.client.get(f"{f.CATALOGUE}/resources/{f.AIR}/rows.csv")
        assert answer.content.decode("utf-8-sig").splitlines() == [
            "station,hour,aqi", "1074A,2026-03-01T16:00:00+08:00,57", "1075A,2026-03-01T16:00:00+08:00,112",
            "'=1+1,2026-03-01T17:00:00+08:00,",
        ]  # fmt: skip
        assert answer.headers["content-disposition"] == f'attachment; filename="{f.AIR}.csv"'

    async def test_is_there_for_opened_rows_alone(self, opened: ServiceUnderTest) -> None:
        for code in (CLOSED, "304001-000001", "203001-000099"):
            assert (await opened.client.get(f"{f.CATALOGUE}/resources/{code}/rows.csv")).status_code == 404
