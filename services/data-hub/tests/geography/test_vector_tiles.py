"""OGC API Tiles: the tile matrix set, what a tile holds, and that a tile is sent once."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.registries.geography.tiles.domain import HALF, Tile, limits, matrices
from data_hub.registries.geography.tiles.thinning import GRIDS, MOST_IN_A_TILE, Crowd, Thinning, thinning

from .office import EAST, NORTH, OGC, Office, area, draft, layer_id, point

BASE = "/api/data-hub/ogc"


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


def decoded(content: bytes, layer: str, *, up: bool = True) -> dict[str, dict]:
    """The features of a tile by id; y counts from the south where `up`."""
    import mapbox_vector_tile

    read = mapbox_vector_tile.decode(content, default_options={"y_coord_down": not up})
    assert list(read) == [layer]
    assert read[layer]["extent"] == 4096
    return {one["properties"]["id"]: one for one in read[layer]["features"]}


class TestScheme:
    def test_a_level_has_four_times_the_tiles_of_the_one_above(self):
        told = matrices()
        assert told[0]["scaleDenominator"] == pytest.approx(559082264.0287178)
        assert told[0]["cellSize"] == pytest.approx(156543.03392804097)
        assert [one["matrixWidth"] for one in told[:4]] == [1, 2, 4, 8]
        assert told[0]["pointOfOrigin"] == [-HALF, HALF]

    def test_rows_are_counted_from_the_north(self):
        north, south = Tile(1, 0, 0).bounds, Tile(1, 1, 0).bounds
        assert north == (-HALF, 0, 0, HALF)
        assert south == (-HALF, -HALF, 0, 0)

    def test_the_limits_of_an_area_hold_it(self):
        west, south, east, north = 12_876_000.0, 4_542_000.0, 12_877_000.0, 4_543_000.0
        for zoom in range(21):
            first_row, last_row, first, last = limits(west, south, east, north, zoom)
            top, bottom = Tile(zoom, first_row, first).bounds, Tile(zoom, last_row, last).bounds
            assert top[0] <= west
            assert top[3] >= north
            assert bottom[2] >= east
            assert bottom[1] <= south

    def test_a_tile_that_the_scheme_does_not_have(self):
        assert not any(one.exists for one in (Tile(0, 0, 1), Tile(0, 1, 0), Tile(21, 0, 0), Tile(3, -1, 0)))

    async def test_the_documents_lead_to_the_tiles(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        sets = (await office.get(f"{BASE}/tileMatrixSets")).json()["tileMatrixSets"]
        assert [one["id"] for one in sets] == ["WebMercatorQuad"]
        assert len((await office.get(f"{BASE}/tileMatrixSets/WebMercatorQuad")).json()["tileMatrices"]) == 21
        (told,) = (await office.get(f"{OGC}/{layer}/tiles")).json()["tilesets"]
        assert told["dataType"] == "vector"
        whole = (await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad")).json()
        (template,) = [one["href"] for one in whole["links"] if one["rel"] == "item"]
        limit = next(one for one in whole["tileMatrixSetLimits"] if one["tileMatrix"] == "10")
        assert (limit["minTileRow"], limit["minTileCol"]) == (395, 841)
        path = template.partition("/api/")[2].format(tileMatrix=10, tileRow=395, tileCol=841)
        assert (await office.get(f"/api/{path}")).status_code == 200


class TestTile:
    async def test_a_point_lies_where_the_grid_says(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a", name="公园", n=3, ok=True, none=None)))
        answer = await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/10/395/841")
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        one = decoded(answer.content, layer)["a"]
        assert one["geometry"]["coordinates"] == [69, 315]
        assert one["properties"] == {"id": "a", "name": "公园", "n": 3, "ok": True}
        down = decoded(answer.content, layer, up=False)["a"]
        assert down["geometry"]["coordinates"] == [69, 3781]

    async def test_an_area_is_cut_at_the_buffer_and_simplified(self, office):
        layer = layer_id()
        ring = [(0.2 * math.cos(n / 100 * math.tau), 0.2 * math.sin(n / 100 * math.tau)) for n in range(100)]
        await office.publish(draft(layer, area("round", ring)))
        near = decoded((await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/14/6334/13456")).content, layer)
        far = decoded((await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/5/12/26")).content, layer)
        for corner in near["round"]["geometry"]["coordinates"][0]:
            assert all(-64 <= value <= 4160 for value in corner)
        assert len(far["round"]["geometry"]["coordinates"][0]) < 100

    async def test_nothing_is_204_and_what_is_no_tile_is_refused(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        assert (await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/10/0/0")).status_code == 204
        for path, status in (("10/1024/0", 404), ("21/0/0", 404), ("x/0/0", 400), ("1/-1/0", 400)):
            assert (await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/{path}")).status_code == status
        assert (await office.get(f"{OGC}/{layer}/tiles/Other/1/0/0")).status_code == 400

    async def test_a_tile_is_sent_once_until_the_layer_changes(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        path = f"{OGC}/{layer}/tiles/WebMercatorQuad/10/395/841"
        first = await office.get(path)
        assert "public" in first.headers["cache-control"]
        known = {"If-None-Match": first.headers["etag"]}
        again = await office.city.client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        await office.publish(draft(layer, point("a", EAST + 0.001, NORTH)))
        assert (await office.city.client.get(path, headers=known)).status_code == 200

    async def test_what_not_everybody_sees_is_kept_by_no_cache_on_the_way(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a"), access="government"))
        path = f"{OGC}/{layer}/tiles/WebMercatorQuad/10/395/841"
        assert (await office.get(path)).status_code == 401
        answer = await office.get(path, office.housing)
        assert answer.status_code == 200
        assert "private" in answer.headers["cache-control"]

    async def test_what_is_mixed_or_falls_to_nothing_is_drawn_or_counted(self, office):
        layer = layer_id()
        west = [[EAST, NORTH], [EAST + 0.1, NORTH], [EAST + 0.1, NORTH + 0.1], [EAST, NORTH]]
        mixed = {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Point", "coordinates": [EAST, NORTH]}, {"type": "Polygon", "coordinates": [west]},
                {"type": "LineString", "coordinates": [[EAST, NORTH], [EAST - 0.1, NORTH]]},
            ],
        }  # fmt: skip
        tiny = area("tiny", [(0, 0), (0.00001, 0), (0.00001, 0.00001)])
        both = {"type": "Feature", "id": "mixed", "geometry": mixed, "properties": {}}
        await office.publish(draft(layer, both, tiny))
        near = await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/10/395/841")
        kinds = {one["geometry"]["type"] for one in read(near.content)[layer]["features"]}
        assert kinds == {"Point", "LineString", "Polygon"}
        assert (near.headers["ogc-numbermatched"], near.headers["ogc-numberreturned"]) == ("2", "1")
        (told,) = read(near.content)["_meta"]["features"]
        assert (told["properties"]["matched"], told["properties"]["returned"]) == (2, 1)
        close = await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/18/101356/215300")
        assert (close.headers["ogc-numbermatched"], close.headers["ogc-numberreturned"]) == ("2", "2")


def read(content: bytes) -> dict[str, Any]:
    import mapbox_vector_tile

    return dict(mapbox_vector_tile.decode(content))


class TestThinning:
    def test_what_fits_stays_whole(self):
        assert thinning(Crowd(MOST_IN_A_TILE, (9, 8, 7, 6), 0)) == Thinning(None, 0)
        assert thinning(Crowd(0, (0, 0, 0, 0), MOST_IN_A_TILE)) == Thinning(None, MOST_IN_A_TILE)

    def test_points_take_the_finest_grid_that_fits(self):
        kept = thinning(Crowd(50_000, (30_000, 9_000, 4_000, 1_000), 0))
        assert (kept, kept.cell) == (Thinning(4, 0), 1.0)

    def test_lines_and_areas_take_what_the_points_leave(self):
        assert thinning(Crowd(3_000, (1, 1, 1, 1), 20_000)) == Thinning(None, 7_000)
        assert thinning(Crowd(20_000, (9_000, 6_000, 4_000, 1_000), 20_000)) == Thinning(5, 6_000)

    @settings(max_examples=50)
    @given(points=st.integers(0, 10**6), others=st.integers(0, 10**6), data=st.data())
    def test_no_crowd_makes_a_tile_too_large(self, points, others, data):
        cells, most = [], points
        for grid in GRIDS:
            across = (4096 + 2 * 64 >> grid) + 2
            most = data.draw(st.integers(0, min(most, across**2)))
            cells.append(most)
        kept = thinning(Crowd(points, tuple(cells), others))
        shown = points if kept.grid is None else cells[GRIDS.index(kept.grid)]
        assert shown + kept.others <= MOST_IN_A_TILE
        if points + others <= MOST_IN_A_TILE:
            assert kept == Thinning(None, others)


class TestCrowdedTiles:
    """A layer of 14,400 points, 120 by 120 over a tenth of a degree, each with its number."""

    @pytest.fixture
    async def crowd(self, office):
        layer = layer_id()
        spots = [(n, EAST + n % 120 / 1200, NORTH + n // 120 / 1200) for n in range(14_400)]
        await office.publish(draft(layer, *(point(f"p{n:05}", x, y, n=n) for n, x, y in spots)))
        return layer

    async def test_a_crowded_tile_is_thinned_evenly_and_says_so(self, office, crowd):
        answer = await office.get(f"{OGC}/{crowd}/tiles/WebMercatorQuad/10/395/841")
        told = read(answer.content)
        (meta,) = told["_meta"]["features"]
        shown = [one["properties"]["id"] for one in told[crowd]["features"]]
        assert len(shown) == len(set(shown)) == meta["properties"]["returned"] <= 10_000
        assert (meta["properties"]["matched"], meta["properties"]["exact"]) == (14_400, True)
        assert answer.headers["ogc-numbermatched"] == "14400"
        assert answer.headers["ogc-numberreturned"] == str(len(shown))
        assert "放大" in meta["properties"]["note"]
        cell = int(meta["properties"]["cell"] * 16)
        cells = {tuple(int(value // cell) for value in one["geometry"]["coordinates"]) for one in
                 told[crowd]["features"]}  # fmt: skip
        assert len(cells) > len(shown) * 0.95  # one of a cell, but for what rounding moves over an edge
        quarters = [sum(n < 3_600 * (part + 1) and n >= 3_600 * part for n in (int(one[1:]) for one in shown))
                    for part in range(4)]  # fmt: skip
        assert max(quarters) < 1.2 * min(quarters)

    async def test_what_shows_still_shows_when_one_looks_closer(self, office, crowd):
        far = read((await office.get(f"{OGC}/{crowd}/tiles/WebMercatorQuad/9/197/420")).content)
        shown, near = {one["properties"]["id"] for one in far[crowd]["features"]}, set()
        for row in (394, 395):
            for column in (840, 841):
                answer = await office.get(f"{OGC}/{crowd}/tiles/WebMercatorQuad/10/{row}/{column}")
                near |= {
                    one["properties"]["id"] for one in read(answer.content).get(crowd, {"features": []})["features"]
                }
        assert shown
        assert shown <= near

    async def test_close_up_every_point_is_there_and_nothing_is_said(self, office, crowd):
        answer = await office.get(f"{OGC}/{crowd}/tiles/WebMercatorQuad/14/6334/13456")
        told = read(answer.content)
        assert set(told) == {crowd}
        assert answer.headers["ogc-numbermatched"] == answer.headers["ogc-numberreturned"]
        assert int(answer.headers["ogc-numberreturned"]) == len(told[crowd]["features"])

    async def test_of_areas_the_smallest_go_first(self, office, monkeypatch):
        monkeypatch.setattr("data_hub.registries.geography.tiles.thinning.MOST_IN_A_TILE", 20)
        monkeypatch.setattr("data_hub.registries.geography.tiles.choosing.MOST_IN_A_TILE", 20)
        layer = layer_id()
        corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
        squares = [
            area(f"s{n:02}", [(x * n / 1000 + n / 900, y * n / 1000) for x, y in corners], n=n) for n in range(1, 41)
        ]
        await office.publish(draft(layer, *squares, *(point(f"p{n}", n=0) for n in range(3))))
        answer = await office.get(f"{OGC}/{layer}/tiles/WebMercatorQuad/9/197/420")
        told = read(answer.content)
        assert {one["properties"]["n"] for one in told[layer]["features"]} == {0, *range(24, 41)}
        (meta,) = told["_meta"]["features"]
        assert (meta["properties"]["matched"], meta["properties"]["returned"]) == (43, 20)
        assert not meta["properties"]["exact"]
        assert "ogc-numbermatched" not in answer.headers
        assert meta["properties"]["least"] == pytest.approx(24 / 1000 / 360 * 512 * 256 * 1.26, rel=0.02)

    async def test_the_tileset_tells_what_a_tile_leaves_out(self, office, crowd):
        told = (await office.get(f"{OGC}/{crowd}/tiles/WebMercatorQuad")).json()
        assert "10000" in told["description"]
        assert [one["id"] for one in told["layers"]] == [crowd, "_meta"]
        assert {"matched", "returned"} <= set(told["layers"][1]["propertiesSchema"]["properties"])


class TestAsOf:
    PATH = "tiles/WebMercatorQuad/10/395/841"

    async def known(self, office, layer, who=None, **query):
        answer = await office.get(f"{OGC}/{layer}/{self.PATH}", who, **query)
        assert answer.status_code in {200, 204}, answer.text
        found = read(answer.content)[layer]["features"] if answer.content else []
        return {one["properties"]["id"] for one in found}, answer

    async def test_a_tile_shows_what_was_known(self, office):
        layer, before = layer_id(), office.city.clock.now()
        office.city.clock.advance(hours=1)
        await office.publish(draft(layer, point("a"), point("b")))
        within = office.city.clock.advance(hours=1) or office.city.clock.now()
        office.city.clock.advance(hours=1)
        await office.publish(draft(layer, point("a"), point("c")))
        assert (await self.known(office, layer))[0] == {"a", "c"}
        assert (await self.known(office, layer, **{"as-of": within.isoformat()}))[0] == {"a", "b"}
        assert (await self.known(office, layer, **{"as-of": before.isoformat()}))[1].status_code == 204

    async def test_it_is_kept_by_caches_whatever_is_published_later(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        then = {"as-of": office.city.clock.now().isoformat()}
        office.city.clock.advance(hours=1)
        _, first = await self.known(office, layer, **then)
        await office.publish(draft(layer, point("b")))
        known = {"If-None-Match": first.headers["etag"]}
        again = await office.city.client.get(f"{OGC}/{layer}/{self.PATH}", params=then, headers=known)
        assert (again.status_code, again.headers["cache-control"]) == (304, first.headers["cache-control"])
        assert "public" in first.headers["cache-control"]
        now = await office.city.client.get(f"{OGC}/{layer}/{self.PATH}", headers=known)
        assert now.status_code == 200

    async def test_what_not_everybody_saw_then_is_kept_by_no_cache_on_the_way(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a", phone="1"), access="government", hidden=["phone"]))
        then = {"as-of": office.city.clock.now().isoformat()}
        office.city.clock.advance(hours=1)
        await office.publish(draft(layer, point("a")))
        assert (await office.get(f"{OGC}/{layer}/{self.PATH}", **then)).status_code == 401
        found, answer = await self.known(office, layer, office.housing, **then)
        assert (found, "private" in answer.headers["cache-control"]) == ({"a"}, True)
        assert b"phone" not in answer.content

    async def test_a_tile_of_what_is_true_at_a_time(self, office):
        layer = layer_id()
        rows = [point("past", opened="2010-01-01"), point("now", opened="2026-01-01")]
        await office.publish(draft(layer, *rows, datetime_field="opened"))
        assert (await self.known(office, layer, datetime="2020-01-01/.."))[0] == {"now"}
        _, one = await self.known(office, layer, datetime="2010-01-01")
        _, other = await self.known(office, layer)
        assert one.headers["etag"] != other.headers["etag"]
        timeless = layer_id()
        await office.publish(draft(timeless, point("a")))
        assert (await self.known(office, timeless, datetime="2010-01-01"))[0] == {"a"}
        for wrong in ({"datetime": "soon"}, {"as-of": "2026-11-27"}, {"when": "now"}):
            assert (await office.get(f"{OGC}/{layer}/{self.PATH}", **wrong)).status_code == 400
