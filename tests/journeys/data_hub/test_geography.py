"""A layer's life: published by one department, read on the map by all, doubted by another, corrected, as it was before.

The geometry of the journey is in degrees of EPSG:4490, longitude first.
"""

from typing import Any
from uuid import uuid4

import pytest

from launcher.city import City
from launcher.day import Day

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
MAPS = "/api/data-hub/v1/geography"
OGC = "/api/data-hub/ogc/collections"
EAST, NORTH, MOVED = 115.681, 37.731, 115.684


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


def place(x: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, NORTH]}


def drafted(layer: str, name: str) -> dict[str, Any]:
    properties = {"name": name, "keeper": "张三"}
    feature = {"type": "Feature", "id": "station-1", "geometry": place(EAST), "properties": properties}
    return {
        "id": layer, "title": "示例监测站", "title_en": "Sample stations", "department_name": "衡水市生态环境局(示例)",
        "source": "示例数据 Sample data", "access": "public", "crs": "CRS84", "hidden": ["keeper"], "sample": True,
        "names": {"kind": "place", "name": "name"}, "batch": "journey",
        "features": {"type": "FeatureCollection", "features": [feature]},
    }  # fmt: skip


def found(who: Any, layer: str, name: str) -> tuple[float, float] | None:
    """Where the geocoder says that a name of a layer lies, degrees."""
    for one in who.get(f"{MAPS}/geocodings", text=name)["candidates"]:
        if one["source"]["layer"] == layer and one["location"] is not None:
            return one["location"]["longitude"], one["location"]["latitude"]
    return None


def test_a_position_is_doubted_and_corrected_and_the_map_of_before_stays(day: Day) -> None:
    ecology, housing, anyone = day.persona("ecology-steward"), day.persona("housing-steward"), day.anyone()
    layer = f"journey-{uuid4().hex[:12]}"
    name = f"示例监测站{layer[-6:]}"
    made = ecology.post(f"{MAPS}/layers", drafted(layer, name))
    assert (made["added"], made["layer"]["version"]) == (1, 1)

    around = f"{EAST - 0.001},{NORTH - 0.001},{EAST + 0.001},{NORTH + 0.001}"
    (shown,) = anyone.get(f"{OGC}/{layer}/items", bbox=around)["features"]
    assert (shown["geometry"], shown["properties"]) == (place(EAST), {"name": name})
    tile = anyone.send("GET", f"{OGC}/{layer}/tiles/WebMercatorQuad/0/0/0")
    assert (tile.status_code, name.encode() in tile.content) == (200, True)
    first = anyone.get(f"{OGC}/{layer}")["updated"]
    assert found(anyone, layer, name) == (EAST, NORTH)

    claim = {"fid": "station-1", "field": "geometry", "claimed": place(MOVED), "evidence": "现场核实"}
    ticket = housing.post(f"{MAPS}/layers/{layer}/disputes", claim)
    assert (ticket["state"], ticket["disputed"]) == ("open", place(EAST))
    known = ticket["asked_at"]
    decision = {"correct": True, "reason": "与现场一致"}
    assert housing.send("POST", f"{MAPS}/disputes/{ticket['dispute']}/decisions", json=decision).status_code == 403
    decided = ecology.post(f"{MAPS}/disputes/{ticket['dispute']}/decisions", decision)
    assert (decided["state"], decided["version"], decided["told"]) == ("corrected", 2, 1)

    path = f"{OGC}/{layer}/items/station-1"
    assert anyone.get(path)["geometry"] == place(MOVED)
    assert found(anyone, layer, name) == (MOVED, NORTH)
    near = anyone.get(f"{MAPS}/reverse-geocodings", longitude=MOVED, latitude=NORTH, radius=100)["nearby"]
    assert name in {one["name"] for one in near}
    assert anyone.get(path, **{"as-of": known})["geometry"] == place(EAST)
    assert anyone.get(f"{OGC}/{layer}")["updated"] >= first
    states = housing.get(f"{MAPS}/layers/{layer}/features/station-1/history")
    assert [(one["since"], one["origin"]["cause"], one["origin"]["batch"]) for one in states] == [
        (2, "correction", "journey"), (1, "publication", "journey"),
    ]  # fmt: skip
    told = housing.get(f"{MAPS}/notices", waiting="true", limit=200)["items"]
    (mine,) = [one for one in told if one["dispute"] == ticket["dispute"]]
    assert housing.post(f"{MAPS}/notices/{mine['notice']}/acknowledgements")["acknowledged_at"] is not None

    assert ecology.send("POST", f"{MAPS}/layers/{layer}/withdrawals", json={"reason": "演示结束"}).status_code == 204
    assert anyone.send("GET", f"{OGC}/{layer}").status_code == 404
    assert found(anyone, layer, name) is None
    (kept,) = ecology.get(f"{MAPS}/layers/{layer}/versions/2/features")["items"]
    assert kept["geometry"] == place(MOVED)
