"""OGC API Tiles: the tile matrix set, what a tile holds, and that a tile is sent once."""

import math

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.registries.geography.tiles.domain import HALF, Tile, limits, matrices

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
