"""OGC API Features Part 1: documents, pages of features, areas, times, and what is refused with 400."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.registries.geography import times

from .office import EAST, NORTH, OGC, Office, area, draft, layer_id, point

BASE = "/api/data-hub/ogc"


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


async def published(office: Office, *features, **more) -> str:
    layer = layer_id()
    await office.publish(draft(layer, *features, **more))
    return layer


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["features"]]


class TestDocuments:
    async def test_every_document_is_linked_from_the_landing_page(self, office):
        landing = (await office.get(BASE)).json()
        links = {one["rel"]: one for one in landing["links"]}
        assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(links)
        for one in landing["links"]:
            answer = await office.get(
                urlsplit(one["href"]).path,
                **{name: value[0] for name, value in parse_qs(urlsplit(one["href"]).query).items()},
            )
            assert answer.status_code == 200, one
            assert answer.headers["content-type"].split(";")[0] == one["type"].split(";")[0]

    async def test_a_collection_says_what_a_client_must_know(self, office):
        layer = await published(office, point("a"), point("b", EAST + 1, NORTH))
        told = (await office.get(f"{OGC}/{layer}")).json()
        assert told["extent"]["spatial"]["bbox"] == [[EAST, NORTH, EAST + 1, NORTH]]
        assert told["itemType"] == "feature"
        assert told["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/4490"
        assert {one["rel"] for one in told["links"]} >= {"self", "items"}
        assert told["rights"] == {"access": "public", "read": True, "publish": False, "hidden_columns": 0}

    async def test_who_may_publish_is_told_so_and_where(self, office):
        layer = await published(office, point("a"))
        own = await office.city.client.options(f"{OGC}/{layer}", headers=office.parks)
        others = await office.city.client.options(f"{OGC}/{layer}/items")
        assert (own.json()["publish"], others.json()["publish"]) == (True, False)
        assert "edit" in {one["rel"] for one in own.json()["links"]}
        assert own.headers["allow"] == "GET, OPTIONS"

    async def test_the_definition_names_the_queryables_of_each_collection(self, office):
        layer = await published(office, point("a", 树种="槐", age=7))
        told = (await office.get(f"{BASE}/api", f="json")).json()
        assert told["openapi"].startswith("3.0.")
        parameters = told["paths"][f"/collections/{layer}/items"]["get"]["parameters"]
        assert {"bbox", "datetime", "limit", "crs", "filter", "树种", "age"} <= {one["name"] for one in parameters}

    async def test_a_layer_that_is_not_there_is_404(self, office):
        for path in ("", "/items", "/items/a", "/queryables", "/tiles"):
            assert (await office.get(f"{OGC}/no-such-layer{path}")).status_code == 404


class TestPages:
    async def test_every_feature_comes_once_however_small_the_pages(self, office):
        layer = await published(office, *(point(f"{n:03d}", EAST + n / 1000) for n in range(25)))
        seen, path, query = [], f"{OGC}/{layer}/items", {"limit": "7"}
        while True:
            answer = await office.get(path, **query)
            seen += ids(answer)
            told = answer.json()
            assert told["numberMatched"] == 25
            assert told["numberReturned"] == len(told["features"])
            onward = [one["href"] for one in told["links"] if one["rel"] == "next"]
            if not onward:
                break
            assert onward[0] in answer.headers["link"]
            query = {name: value[0] for name, value in parse_qs(urlsplit(onward[0]).query).items()}
        assert seen == [f"{n:03d}" for n in range(25)]

    async def test_the_next_page_keeps_what_was_asked(self, office):
        layer = await published(
            office, *(point(f"{n}", EAST + n / 1000, kind="单" if n % 2 else "双") for n in range(9))
        )
        asked = {"limit": "2", "kind": "双", "crs": "http://www.opengis.net/def/crs/EPSG/0/4490"}
        seen, query = [], asked
        for _ in range(3):
            answer = await office.get(f"{OGC}/{layer}/items", **query)
            seen += ids(answer)
            onward = next((one["href"] for one in answer.json()["links"] if one["rel"] == "next"), None)
            query = {name: value[0] for name, value in parse_qs(urlsplit(onward).query).items()} if onward else {}
        assert seen == ["0", "2", "4", "6", "8"]
        assert not query

    async def test_more_than_the_most_is_the_most_and_none_is_refused(self, office):
        layer = await published(office, point("a"))
        assert (await office.get(f"{OGC}/{layer}/items", limit="100000")).status_code == 200
        for limit in ("0", "-1", "x", "1.5", ""):
            assert (await office.get(f"{OGC}/{layer}/items", limit=limit)).status_code == 400

    async def test_a_cursor_of_somebodys_own_making_is_refused(self, office):
        layer = await published(office, point("a"))
        for after in ("%%%", "AA==x", "AAAA", "é"):
            assert (await office.get(f"{OGC}/{layer}/items", after=after)).status_code == 400

    async def test_a_count_is_exact_or_not_there(self, office):
        layer = await published(office, *(point(f"{n}", EAST + n / 1000) for n in range(6)))
        whole = (await office.get(f"{OGC}/{layer}/items", limit="2")).json()
        near = (await office.get(f"{OGC}/{layer}/items", bbox=f"{EAST},{NORTH - 1},{EAST + 0.0025},{NORTH + 1}")).json()
        cut = (
            await office.get(f"{OGC}/{layer}/items", limit="1", bbox=f"{EAST},{NORTH - 1},{EAST + 0.0025},{NORTH + 1}")
        ).json()
        assert (whole["numberMatched"], near["numberMatched"]) == (6, 3)
        assert "numberMatched" not in cut


class TestAreas:
    async def test_a_bbox_takes_what_it_meets(self, office):
        square = area("park", [(0, 0), (0.02, 0), (0.02, 0.02), (0, 0.02)])
        layer = await published(office, square, point("far", EAST + 1))
        for bbox, found in (
            (f"{EAST + 0.01},{NORTH + 0.01},{EAST + 0.011},{NORTH + 0.011}", ["park"]),  # within
            (f"{EAST - 1},{NORTH - 1},{EAST},{NORTH}", ["park"]),  # a corner
            (f"{EAST - 1},{NORTH - 1},{EAST - 0.0001},{NORTH + 1}", []),
            (f"{EAST - 1},{NORTH - 1},-5,{EAST + 2},{NORTH + 1},5", ["far", "park"]),  # heights are left out
        ):
            assert ids(await office.get(f"{OGC}/{layer}/items", bbox=bbox)) == found

    async def test_the_box_alone_does_not_decide(self, office):
        corner = area("corner", [(0, 0), (0.02, 0), (0, 0.02)])
        layer = await published(office, corner)
        inside_its_box = f"{EAST + 0.015},{NORTH + 0.015},{EAST + 0.019},{NORTH + 0.019}"
        assert ids(await office.get(f"{OGC}/{layer}/items", bbox=inside_its_box)) == []

    async def test_a_bbox_may_cross_the_antimeridian(self, office):
        layer = await published(office, point("a"))
        assert ids(await office.get(f"{OGC}/{layer}/items", bbox="100,-10,-170,60")) == ["a"]
        assert ids(await office.get(f"{OGC}/{layer}/items", bbox="170,-10,-170,60")) == []

    @pytest.mark.parametrize(
        "bbox",
        ["", "1,2,3", "1,2,3,x", "115,40,116,39", "nan,1,2,3", "1,2,3,inf", "1,2,3,4,5", "-181,1,2,3", "115,39,116,91"],
    )
    async def test_what_is_no_box_is_refused(self, office, bbox):
        layer = await published(office, point("a"))
        answer = await office.get(f"{OGC}/{layer}/items", bbox=bbox)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


class TestTimes:
    DAYS = ("2025-01-01", "2025-06-30", "2025-12-31")

    async def layer(self, office) -> str:
        features = [point(day, opened=day) for day in self.DAYS]
        return await published(office, *features, point("never", opened=None), datetime_field="opened")

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("2025-06-30", ["2025-06-30"]), ("2025-06-29T16:00:00Z", ["2025-06-30"]), ("2025-06-30T16:00:00Z", []),
            ("2025-01-01/2025-07-01", ["2025-01-01", "2025-06-30"]), ("2025-07-01/..", ["2025-12-31"]),
            ("../2025-01-01", ["2025-01-01"]), ("2025-06-30T23:59:59+08:00", ["2025-06-30"]),
        ],
    )  # fmt: skip
    async def test_a_day_is_a_day_in_beijing(self, office, asked, found):
        assert ids(await office.get(f"{OGC}/{await self.layer(office)}/items", datetime=asked)) == found

    @pytest.mark.parametrize(
        "asked",
        [
            "",
            "..",
            "../..",
            "yesterday",
            "2025-13-01",
            "2025-06-30T25:00:00Z",
            "2025-12-31/2025-01-01",
            "2025-06-30T00:00:00",
            "/",
        ],
    )
    async def test_what_is_no_time_is_refused(self, office, asked):
        assert (await office.get(f"{OGC}/{await self.layer(office)}/items", datetime=asked)).status_code == 400

    async def test_a_layer_without_time_is_not_narrowed(self, office):
        layer = await published(office, point("a", opened="2025-01-01"))
        assert ids(await office.get(f"{OGC}/{layer}/items", datetime="1999-01-01")) == ["a"]

    def test_the_span_of_a_day_ends_before_the_next_begins(self):
        told = times.span("2025-06-30")
        assert told.first == datetime(2025, 6, 29, 16, tzinfo=UTC)
        assert told.last - told.first == timedelta(days=1, microseconds=-1)


class TestParameters:
    @pytest.mark.parametrize("query", [{"colour": "red"}, {"crs": "EPSG:4490"}, {"f": "xml"}, {"bbox-crs": "x"}])
    async def test_what_is_unknown_or_wrong_is_refused_with_400(self, office, query):
        layer = await published(office, point("a"))
        assert (await office.get(f"{OGC}/{layer}/items", **query)).status_code == 400

    async def test_the_other_documents_refuse_it_too(self, office):
        layer = await published(office, point("a"))
        for path in ("", "/conformance", "/collections", f"/collections/{layer}", f"/collections/{layer}/items/a"):
            assert (await office.get(f"{BASE}{path}", colour="red")).status_code == 400

    async def test_a_parameter_given_twice_is_refused(self, office):
        layer = await published(office, point("a", kind="单"))
        for query in ("limit=1&limit=2", "kind=1&kind=2"):
            assert (await office.city.client.get(f"{OGC}/{layer}/items?{query}")).status_code == 400

    async def test_a_queryable_is_a_parameter_of_its_own(self, office):
        layer = await published(office, point("a", n=1, ok=True, day="2025-01-01"), point("b", n=2, ok=False, day=None))
        for query, found in (
            ({"n": "1"}, ["a"]),
            ({"n": "1.0"}, ["a"]),
            ({"ok": "false"}, ["b"]),
            ({"n": "1", "ok": "false"}, []),
            ({"day": "2025-01-01"}, ["a"]),
        ):
            assert ids(await office.get(f"{OGC}/{layer}/items", **query)) == found
        for query in ({"n": "one"}, {"ok": "maybe"}):
            assert (await office.get(f"{OGC}/{layer}/items", **query)).status_code == 400


class TestOneFeature:
    async def test_is_found_by_its_id_whatever_stands_in_it(self, office):
        layer = await published(office, point("甲 1'; --", name="甲"))
        (item,) = (await office.get(f"{OGC}/{layer}/items")).json()["features"]
        answer = await office.get(f"{OGC}/{layer}/items/甲 1'; --")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/geo+json"
        told = answer.json()
        assert (told["id"], told["properties"], told["geometry"]) == (item["id"], item["properties"], item["geometry"])
        assert {one["rel"] for one in told["links"]} >= {"self", "collection"}

    async def test_another_is_404(self, office):
        layer = await published(office, point("a"))
        answer = await office.get(f"{OGC}/{layer}/items/b")
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (404, "no-such-feature")

    async def test_its_json_is_what_was_published(self, office):
        properties = {"name": "“引号”\\\n", "n": 1, "share": 0.1, "ok": None}
        layer = await published(
            office, point("a", **properties), fields=[{"name": "ok", "title": "可", "type": "boolean"}]
        )
        told = json.loads((await office.get(f"{OGC}/{layer}/items/a")).content)
        assert told["properties"] == properties
