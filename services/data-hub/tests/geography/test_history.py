"""Versions of layers: what a new one changes, what was known before it, and where each state came from."""

from typing import Any

import pytest

from citykit.testing import ServiceUnderTest

from .office import EAST, LAYERS, NORTH, OGC, PARKS, Office, draft, hrefs, layer_id, point


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


def later(office: Office) -> str:
    """The instant now as a parameter; what comes next comes an hour after it."""
    told: str = office.city.clock.now().isoformat()
    office.city.clock.advance(hours=1)
    return told


async def history(office: Office, layer: str, fid: str, who: dict[str, str] | None = None) -> list[dict[str, Any]]:
    answer = await office.get(f"{LAYERS}/{layer}/features/{fid}/history", who or office.parks)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def parks(office: Office) -> tuple[str, str, str]:
    """A layer in three versions, and instants before the first and within the second."""
    layer, before = layer_id(), later(office)
    first = [point("a", name="人民公园"), point("b", name="湖滨公园"), point("c", name="南湖公园")]
    await office.publish(draft(layer, *first, batch="2026-1"))
    later(office)
    second = [first[0], point("b", EAST + 0.01, name="湖滨公园"), point("d", name="萧何公园")]
    await office.publish(draft(layer, *second, batch="2026-2", source="复核 Review", note="湖滨公园位置有误"))
    within = later(office)
    await office.publish(draft(layer, first[0], batch="2026-3"))
    return layer, before, within


class TestVersions:
    async def test_a_version_tells_what_it_changed(self, office: Office) -> None:
        layer, _, _ = await parks(office)
        listed = (await office.get(f"{LAYERS}/{layer}/versions", office.parks)).json()["items"]
        assert [(one["version"], one["added"], one["changed"], one["removed"]) for one in listed] == [
            (1, 3, 0, 0), (2, 1, 1, 1), (3, 0, 0, 2),
        ]  # fmt: skip
        assert [(one["feature_count"], one["source"]) for one in listed[:2]] == [
            (3, "2026 年普查 Census of 2026"), (3, "复核 Review"),
        ]  # fmt: skip
        assert listed[1]["note"] == "湖滨公园位置有误"

    async def test_what_is_the_same_keeps_its_row_and_where_it_came_from(self, office: Office) -> None:
        layer, _, _ = await parks(office)
        (only,) = await history(office, layer, "a")
        assert (only["since"], only["until"], only["origin"]["batch"]) == (1, None, "2026-1")

    async def test_each_value_tells_which_version_brought_it(self, office: Office) -> None:
        layer = layer_id()
        for batch, features in (
            ("1", [point("a", name="人民公园", trees=10), point("b", name="北门")]),
            ("2", [point("a", EAST + 0.01, name="人民公园", trees=10), point("b", name="北门")]),
            ("3", [point("a", EAST + 0.01, name="人民公园", trees=12)]),
            ("4", [point("a", EAST + 0.01, name="人民公园", trees=12), point("b", name="北门")]),
        ):
            await office.publish(draft(layer, *features, batch=batch))
        states = await history(office, layer, "a")
        assert [one["value_since"] for one in states] == [
            {"name": 1, "trees": 3, "geometry": 2}, {"name": 1, "trees": 1, "geometry": 2},
            {"name": 1, "trees": 1, "geometry": 1},
        ]  # fmt: skip
        from_where = {one["since"]: one["origin"]["batch"] for one in states}
        assert {name: from_where[version] for name, version in states[0]["value_since"].items()} == {
            "name": "1", "trees": "3", "geometry": "2",
        }  # fmt: skip
        came_back = (await history(office, layer, "b"))[0]["value_since"]
        assert came_back == {"name": 4, "trees": 4, "geometry": 4}

    async def test_the_same_features_give_the_same_digest_in_any_order(self, office: Office) -> None:
        layer, features = layer_id(), [point("a", n=1), point("b", n=2)]
        made = [await office.publish(draft(layer, *some)) for some in (features, features[::-1], features[:1])]
        digests = [one["layer"]["digest"] for one in made]
        assert digests[0] == digests[1] != digests[2]
        assert [(one["added"], one["changed"], one["removed"]) for one in made] == [(2, 0, 0), (0, 0, 0), (0, 0, 1)]

    async def test_a_feature_that_comes_back_has_a_gap_in_its_history(self, office: Office) -> None:
        layer = layer_id()
        for features in ([point("a"), point("b")], [point("a")], [point("a"), point("b")]):
            await office.publish(draft(layer, *features))
        assert [(one["since"], one["until"]) for one in await history(office, layer, "b")] == [(3, None), (1, 2)]

    async def test_each_version_is_told_to_others(self, office: Office) -> None:
        layer, _, _ = await parks(office)
        events = await office.city.events("cn.hengshui.data-hub.layer.published.v1")
        told = [one.data for one in events if one.data["layer"] == layer]
        assert [(one["version"], one["cause"], one["removed"]) for one in told] == [
            (1, "publication", 0), (2, "publication", 1), (3, "publication", 2),
        ]  # fmt: skip


class TestReadableHistory:
    """The states of a feature as whoever sees the layer reads them, as data and as a page."""

    async def gates(self, office: Office) -> str:
        """A layer whose feature `a` had four states, the last one by a correction."""
        layer = layer_id()
        for batch, trees, x in (("1", 10, EAST), ("2", 12, EAST), ("3", 12, EAST + 0.01)):
            await office.publish(draft(layer, point("a", x, name="北门", trees=trees), batch=batch))
            office.city.clock.advance(hours=1)
        body = {"fid": "a", "field": "trees", "claimed": 13, "evidence": "现场核实"}
        asked = (await office.post(f"/layers/{layer}/disputes", body, office.housing)).json()["dispute"]
        await office.post(f"/disputes/{asked}/decisions", {"correct": True, "reason": "补种一棵"})
        return layer

    async def test_each_state_says_from_when_until_when_and_from_where(self, office: Office) -> None:
        layer = await self.gates(office)
        answer = await office.get(f"{OGC}/{layer}/items/a/history")
        assert answer.status_code == 200, answer.text
        last, *_, first = (states := answer.json()["items"])
        assert [(one["since"], one["until"]) for one in states] == [(4, None), (3, 4), (2, 3), (1, 2)]
        assert first["known_to"] == states[2]["known_from"] > first["known_from"]
        assert (first["origin"]["batch"], first["origin"]["department"]) == ("1", PARKS)
        assert last["origin"]["cause"] == "correction"
        assert last["value_since"] == {"name": 1, "trees": 4, "geometry": 3}

    async def test_pages_hang_together_and_values_know_what_lies_on_other_pages(self, office: Office) -> None:
        layer = await self.gates(office)
        path, seen = f"{OGC}/{layer}/items/a/history?limit=3", []
        while path:
            told = (await office.city.client.get(path)).json()
            seen += [(one["since"], one["value_since"]["name"]) for one in told["items"]]
            path = next((one["href"] for one in told["links"] if one["rel"] == "next"), None)
        assert seen == [(4, 1), (3, 1), (2, 1), (1, 1)]
        for query, status in (({"after": "x"}, 400), ({"limit": 101}, 400), ({"as-of": "x"}, 400)):
            answer = await office.get(f"{OGC}/{layer}/items/a/history", **query)
            assert answer.status_code == status, query

    async def test_a_reader_comes_from_the_feature_to_its_history_and_to_what_it_was(self, office: Office) -> None:
        layer = await self.gates(office)
        feature = await office.get(f"{OGC}/{layer}/items/a")
        assert [one["href"] for one in feature.json()["links"] if one["rel"] == "version-history"] == [
            f"{office.city.settings.public_url}".rstrip("/") + f"{OGC}/{layer}/items/a/history"
        ]
        page = (await office.get(f"{OGC}/{layer}/items/a", f="html")).text
        (onward,) = [one for one in hrefs(page) if "/history" in one]
        past = (await office.city.client.get(onward)).text
        for told in ("版本 Version 4", "校核更正", "批次 Batch", "至今", f"Point {EAST}, {NORTH}"):
            assert told in past
        assert "补种一棵" not in past  # why it was corrected is told inside government
        (then,) = [one for one in hrefs(past) if "as-of=" in one][-1:]
        shown = (await office.city.client.get(then)).text
        assert ">10<" in shown
        short = (await office.get(f"{OGC}/{layer}/items/a/history", f="html", limit=1)).text
        (older,) = [one for one in hrefs(short) if "after=" in one]
        assert "版本 Version 3" in (await office.city.client.get(older)).text
        inside = await office.get(f"{OGC}/{layer}/items/a/history", office.housing)
        assert inside.json()["items"][0]["origin"]["note"] == "补种一棵"

    async def test_it_shows_nobody_more_than_the_versions_that_she_might_have_seen(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a", n=1), access="department"))
        await office.publish(draft(layer, point("a", n=2, phone="1"), access="government", hidden=["phone"]))
        await office.publish(draft(layer, point("a", n=3)))
        for who, versions in ((None, [3]), (office.housing, [3, 2]), (office.parks, [3, 2, 1])):
            told = (await office.get(f"{OGC}/{layer}/items/a/history", who)).json()["items"]
            assert [one["since"] for one in told] == versions
            assert any("phone" in one["properties"] for one in told) == (who is office.parks)
        assert (await office.get(f"{OGC}/{layer}/items/b/history")).status_code == 404
        await office.publish(draft(layer, point("a", n=4), access="department"))
        assert (await office.get(f"{OGC}/{layer}/items/a/history")).status_code == 404


class TestAsOf:
    async def test_a_collection_as_it_was_known(self, office: Office) -> None:
        layer, before, within = await parks(office)
        assert set(await office.items(layer)) == {"a"}
        assert set(await office.items(layer, **{"as-of": within})) == {"a", "b", "d"}
        assert await office.items(layer, **{"as-of": before}) == {}

    async def test_areas_filters_and_pages_ask_what_was_known(self, office: Office) -> None:
        layer, _, within = await parks(office)
        box = f"{EAST + 0.005},{NORTH - 0.01},{EAST + 0.02},{NORTH + 0.01}"
        assert set(await office.items(layer, bbox=box, **{"as-of": within})) == {"b"}
        assert set(await office.items(layer, filter="name like '萧%'", **{"as-of": within})) == {"d"}
        page = (await office.get(f"{OGC}/{layer}/items", limit=1, **{"as-of": within})).json()
        assert page["numberMatched"] == 3
        onward = next(one["href"] for one in page["links"] if one["rel"] == "next")
        following = (await office.city.client.get(onward)).json()
        assert [one["id"] for one in following["features"]] == ["b"]

    async def test_a_single_feature_as_it_was_known(self, office: Office) -> None:
        layer, before, within = await parks(office)
        for instant, status in ((within, 200), (before, 404)):
            answer = await office.get(f"{OGC}/{layer}/items/b", **{"as-of": instant})
            assert answer.status_code == status
        assert (await office.get(f"{OGC}/{layer}/items/b")).status_code == 404

    @pytest.mark.parametrize("instant", ["yesterday", "2026-11-27T10:00:00", "", "99999-01-01T00:00:00Z"])
    async def test_an_instant_has_a_zone(self, office: Office, instant: str) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        answer = await office.get(f"{OGC}/{layer}/items", **{"as-of": instant})
        assert answer.status_code == 400

    async def test_a_column_that_was_hidden_then_stays_hidden(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a", name="x", phone="13900000001"), hidden=["phone"]))
        hidden = later(office)
        await office.publish(draft(layer, point("a", name="x")))
        gone = later(office)
        await office.publish(draft(layer, point("a", name="x", phone="13900000002")))
        shown = await office.items(layer, **{"as-of": hidden})
        assert shown["a"]["properties"] == {"name": "x"}
        assert (await office.items(layer, **{"as-of": gone}))["a"]["properties"] == {"name": "x"}
        assert (await office.items(layer))["a"]["properties"]["phone"] == "13900000002"
        own = await office.items(layer, office.parks, **{"as-of": hidden})
        assert own["a"]["properties"]["phone"] == "13900000001"
        probe = await office.get(f"{OGC}/{layer}/items", filter="phone like '139%'", **{"as-of": hidden})
        assert probe.status_code == 400
        told = [one["properties"] for one in await history(office, layer, "a", office.housing)]
        assert told == [{"name": "x", "phone": "13900000002"}, {"name": "x"}, {"name": "x"}]

    async def test_who_could_not_see_a_version_then_does_not_see_it_now(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a", n=1), access="department"))
        secret = later(office)
        await office.publish(draft(layer, point("a", n=2)))
        for who, status in ((None, 404), (office.housing, 404), (office.parks, 200)):
            assert (await office.get(f"{OGC}/{layer}/items", who, **{"as-of": secret})).status_code == status
        assert [one["since"] for one in await history(office, layer, "a", office.housing)] == [2]
        path = f"{LAYERS}/{layer}/versions/1/features"
        assert (await office.get(path, office.housing)).status_code == 404
        assert (await office.get(path, office.parks)).json()["items"][0]["properties"] == {"n": 1}


class TestTrueTime:
    async def test_a_time_of_two_columns_is_an_interval_that_may_be_open(self, office: Office) -> None:
        layer = layer_id()
        features = [
            point("past", opens="2010-01-01", closes="2015-12-31"), point("now", opens="2014-06-01", closes=None),
            point("ever", opens=None, closes="2012-01-01"), point("next", opens="2030-01-01", closes=None),
        ]  # fmt: skip
        more = {"datetime_field": "opens", "datetime_end_field": "closes"}
        made = await office.publish(draft(layer, *features, **more))
        assert made["layer"]["datetime_end_field"] == "closes"
        for asked, found in (
            ("2011-05-01T00:00:00Z", {"past", "ever"}), ("2015-01-01T00:00:00Z", {"past", "now"}),
            ("2016-01-01T00:00:00Z/..", {"now", "next"}), ("../2011-01-01T00:00:00Z", {"past", "ever"}),
            ("2013-01-01T00:00:00Z/2014-01-01T00:00:00Z", {"past"}),
        ):  # fmt: skip
            assert set(await office.items(layer, datetime=asked)) == found, asked

    async def test_an_end_wants_a_beginning_and_both_are_times(self, office: Office) -> None:
        feature = point("a", opens="2010-01-01", closes="soon")
        for more in ({"datetime_end_field": "opens"}, {"datetime_field": "opens", "datetime_end_field": "closes"}):
            assert (await office.send(draft(layer_id(), feature, **more))).status_code == 422


class TestWithdrawal:
    async def test_a_withdrawn_layer_is_gone_and_its_department_still_reads_it(self, office: Office) -> None:
        layer, _, within = await parks(office)
        answer = await office.post(f"/layers/{layer}/withdrawals", {"reason": "重复发布"})
        assert answer.status_code == 204
        for who in (None, office.housing, office.parks):
            for path in (f"{OGC}/{layer}", f"{OGC}/{layer}/items", f"{OGC}/{layer}/tiles/WebMercatorQuad/0/0/0"):
                assert (await office.get(path, who)).status_code == 404
        assert (await office.get(f"{OGC}/{layer}/items", office.parks, **{"as-of": within})).status_code == 404
        assert (await office.get(f"{LAYERS}/{layer}/versions", office.housing)).status_code == 404
        kept = (await office.get(f"{LAYERS}/{layer}/versions/2/features", office.parks)).json()["items"]
        assert [one["fid"] for one in kept] == ["a", "b", "d"]
        last = (await office.get(f"{LAYERS}/{layer}/versions", office.parks)).json()["items"][-1]
        assert (last["cause"], last["removed"], last["note"]) == ("withdrawal", 1, "重复发布")
        listed = await office.get(LAYERS, office.parks, withdrawn="true", limit=200)
        assert layer in {one["id"] for one in listed.json()["items"]}
        elsewhere = await office.get(LAYERS, office.housing, withdrawn="true", limit=200)
        assert layer not in {one["id"] for one in elsewhere.json()["items"]}

    async def test_it_may_be_published_again_by_its_department_alone(self, office: Office) -> None:
        layer, _, _ = await parks(office)
        await office.post(f"/layers/{layer}/withdrawals", {"reason": "重复发布"})
        assert (await office.send(draft(layer, point("z")), office.housing)).status_code == 409
        made = await office.publish(draft(layer, point("z")))
        assert (made["layer"]["version"], made["layer"]["withdrawn_at"]) == (5, None)
        assert set(await office.items(layer)) == {"z"}

    async def test_another_department_withdraws_nothing(self, office: Office) -> None:
        layer, _, _ = await parks(office)
        path = f"/layers/{layer}/withdrawals"
        assert (await office.post(path, {"reason": "x"}, office.housing)).status_code == 409
        assert (await office.post("/layers/nothing-here/withdrawals", {"reason": "x"})).status_code == 404
        assert (await office.post(path, {"reason": "x"})).status_code == 204
        assert (await office.post(path, {"reason": "x"})).status_code == 404


async def test_a_page_shows_the_version_that_its_reader_saw(office: Office) -> None:
    """A layer is published anew between the read of its columns and of its features: none of the new ones shows."""
    from data_hub.registries.geography.access import shown
    from data_hub.registries.geography.domain import Viewer
    from data_hub.registries.geography.features.reading import FeatureTable, Selection
    from data_hub.registries.geography.repository import LayerTable

    layer = layer_id()
    await office.publish(draft(layer, point("a", name="x"), point("b", name="y")))
    async with office.city.work() as work:
        seen = shown(await LayerTable(work).one(layer), Viewer())
        await office.publish(draft(layer, point("a", name="x"), point("b", name="y", phone="13900000001"),
                                   hidden=["phone"]))  # fmt: skip
        page = await FeatureTable(work, seen).page(Selection(limit=10))
    assert [one.fid for one in page.items] == ["a", "b"]
    assert not any("phone" in one.properties for one in page.items)
