"""OGC API Features Part 2: every listed system, the order of its axes, and GCJ-02, which has no code."""

import numpy as np
import pytest

from citykit.testing import ServiceUnderTest
from data_hub.registries.geography.crs import CRS84, PUBLISHED_IN, SYSTEMS, epsg, inward, outward

from .office import EAST, NORTH, OGC, Office, area, draft, layer_id, point

# 37.74 N, 115.67 E in the order of each system's own axes.
VECTORS = {
    CRS84: (115.67, 37.74), epsg(4490): (37.74, 115.67), epsg(4326): (37.74, 115.67),
    epsg(4548): (4179472.476, 382768.935), epsg(4527): (4179472.476, 39382768.935),
    epsg(3857): (12876325.500, 4542761.363),
}  # fmt: skip


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


@pytest.fixture
async def layer(office: Office) -> str:
    made = layer_id()
    square = area("square", [(0.1, 0), (0.2, 0), (0.2, 0.1), (0.1, 0.1)])
    await office.publish(draft(made, point("spot"), square))
    return made


def test_the_vectors_cover_every_system() -> None:
    assert VECTORS.keys() == SYSTEMS.keys()


@pytest.mark.parametrize("uri", SYSTEMS)
def test_there_and_back_is_the_same_place(uri: str) -> None:
    places = np.array([(115.67, 37.74), (115.2, 37.1), (116.6, 38.3)])
    moved = outward(SYSTEMS[uri])(places)
    assert np.allclose(moved[0], VECTORS[uri], rtol=0, atol=0.001 if SYSTEMS[uri].in_metres else 1e-9)
    assert np.allclose(inward(SYSTEMS[uri])(moved), places, rtol=0, atol=1e-8)


@pytest.mark.parametrize("uri", SYSTEMS)
async def test_an_answer_is_written_in_the_system_that_was_asked_for(office: Office, layer: str, uri: str) -> None:
    answer = await office.get(f"{OGC}/{layer}/items/spot", crs=uri)
    assert answer.headers["content-crs"] == f"<{uri}>"
    assert answer.json()["geometry"]["coordinates"] == pytest.approx(VECTORS[uri], abs=0.001)
    page = await office.get(f"{OGC}/{layer}/items", crs=uri)
    assert page.headers["content-crs"] == f"<{uri}>"
    assert page.json()["features"][0]["geometry"]["coordinates"] == pytest.approx(VECTORS[uri], abs=0.001)


@pytest.mark.parametrize("uri", SYSTEMS)
async def test_a_box_is_read_in_the_system_that_it_names(office: Office, layer: str, uri: str) -> None:
    margin = 500 if SYSTEMS[uri].in_metres else 0.005
    x, y = VECTORS[uri]
    for shift, found in ((0, ["spot"]), (3 * margin, [])):
        bbox = f"{x - margin + shift},{y - margin},{x + margin + shift},{y + margin}"
        answer = await office.get(f"{OGC}/{layer}/items", **{"bbox": bbox, "bbox-crs": uri})
        assert [one["id"] for one in answer.json()["features"]] == found


@pytest.mark.parametrize("uri", SYSTEMS)
async def test_a_filter_is_read_in_the_system_that_it_names(office: Office, layer: str, uri: str) -> None:
    margin = 500 if SYSTEMS[uri].in_metres else 0.005
    x, y = VECTORS[uri]
    asked = f"S_INTERSECTS(geometry, BBOX({x - margin},{y - margin},{x + margin},{y + margin}))"
    answer = await office.get(f"{OGC}/{layer}/items", **{"filter": asked, "filter-crs": uri})
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["features"]] == ["spot"]


async def test_a_collection_lists_its_systems(office: Office, layer: str) -> None:
    told = (await office.get(f"{OGC}/{layer}")).json()
    assert set(told["crs"]) == set(SYSTEMS)
    assert told["crs"][0] == CRS84


@pytest.mark.parametrize("name", ["crs", "bbox-crs", "filter-crs"])
async def test_a_system_that_is_not_listed_is_refused(office: Office, layer: str, name: str) -> None:
    query = {"bbox": "115,37,116,38", "filter": "id = 'x'" if name == "filter-crs" else "1=1", name: epsg(2154)}
    answer = await office.get(f"{OGC}/{layer}/items", **query)
    assert (answer.status_code, name in answer.text) == (400, True)


class TestMapApps:
    """GCJ-02 (火星坐标): shifted some hundred metres, labelled always, never under another system's name."""

    async def test_an_answer_is_shifted_on_request_and_says_so(self, office: Office, layer: str) -> None:
        answer = await office.get(f"{OGC}/{layer}/items", shift="GCJ-02")
        assert "content-crs" not in answer.headers
        assert answer.headers["coordinate-shift"] == "GCJ-02"
        told = answer.json()
        assert told["coordinateShift"] == "GCJ-02"
        x, y = next(one for one in told["features"] if one["id"] == "spot")["geometry"]["coordinates"]
        assert 0.003 < x - EAST < 0.01
        assert 0.0003 < abs(y - NORTH) < 0.01

    async def test_a_box_of_a_map_app_is_moved_back(self, office: Office, layer: str) -> None:
        shown = (await office.get(f"{OGC}/{layer}/items/spot", shift="GCJ-02")).json()
        x, y = shown["geometry"]["coordinates"]
        bbox = f"{x - 0.001},{y - 0.001},{x + 0.001},{y + 0.001}"
        near = await office.get(f"{OGC}/{layer}/items", bbox=bbox, shift="GCJ-02")
        unmoved = await office.get(f"{OGC}/{layer}/items", bbox=bbox)
        assert [one["id"] for one in near.json()["features"]] == ["spot"]
        assert unmoved.json()["features"] == []

    async def test_it_does_not_go_with_a_system(self, office: Office, layer: str) -> None:
        answer = await office.get(f"{OGC}/{layer}/items", shift="GCJ-02", crs=CRS84)
        assert answer.status_code == 400
        assert all("GCJ" not in name for name in PUBLISHED_IN)

    async def test_other_shifts_are_unknown(self, office: Office, layer: str) -> None:
        assert (await office.get(f"{OGC}/{layer}/items", shift="BD-09")).status_code == 400
