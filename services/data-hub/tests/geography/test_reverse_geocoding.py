"""From a point to an address, and back again."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citykit.testing import ServiceUnderTest
from data_hub.divisions.domain import Place, to_gcj02
from data_hub.divisions.reference import divisions

from .office import EAST, HUB, NORTH, Office, area, draft, layer_id, point

FIND = f"{HUB}/geography/geocodings"
REVERSE = f"{HUB}/geography/reverse-geocodings"
X, Y = 115.5031, 37.6007  # where no other test puts anything


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


async def where(office: Office, x: float, y: float, who: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """What lies at a point."""
    answer = await office.get(REVERSE, who, longitude=x, latitude=y, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_there_and_back_every_county_agrees(office: Office) -> None:
    for one in (row for row in divisions() if row["level"] == "county" and row["valid_to"] is None):
        found = (await office.get(FIND, text=f"衡水市{one['name']}", crs="GCJ-02")).json()["candidates"][0]
        spot = found["location"]
        if spot["precision"] != "county":
            continue  # a statistical unit without a boundary: its point is the city's, and said to be
        back = await where(office, spot["longitude"], spot["latitude"], crs="GCJ-02")
        assert back["divisions"][-1]["code"] == one["code"] or back["divisions"][2]["code"] == one["code"]


async def test_there_and_back_villages_agree(office: Office) -> None:
    villages = [row for row in divisions() if row["code"].startswith("131102200") and row["level"] == "village"][:20]
    squares = [
        area(row["code"], [(a / 500, b / 500) for a, b in ((n, 0), (n + 1, 0), (n + 1, 1), (n, 1))],
             name=row["name"], code=row["code"])
        for n, row in enumerate(villages)
    ]  # fmt: skip
    names = {"kind": "village", "name": "name", "division": "code"}
    layer = layer_id()
    await office.publish(draft(layer, *squares, names=names))
    for row in villages:
        found = (await office.get(FIND, text=f"桃城区何家庄乡{row['name']}")).json()["candidates"][0]
        assert found["divisions"][-1]["code"] == row["code"]
        assert found["location"]["precision"] == "village"
        back = await where(office, found["location"]["longitude"], found["location"]["latitude"], limit=20)
        assert row["code"] in {one["division_code"] for one in back["nearby"] if one["contains"]}
        assert back["divisions"][-1]["level"] == "village"
    assert (await office.post(f"/layers/{layer}/withdrawals", {"reason": "测试结束"})).status_code == 204


async def test_the_nearest_name_is_told_with_metres_and_direction(office: Office) -> None:
    mark, layer = layer_id()[-9:], layer_id()
    await office.publish(draft(layer, point("a", X, Y, name=f"亭{mark}"), names={"kind": "place", "name": "name"}))
    found = await where(office, X, Y + 0.001)
    first = found["nearby"][0]
    assert first["name"] == f"亭{mark}"
    assert first["distance"] == pytest.approx(111.0, abs=0.1)
    assert first["bearing"] == 0
    assert found["full_name"].endswith(f"(亭{mark}北约111米)")
    assert found["full_name"].startswith("河北省衡水市")
    assert (await where(office, X, Y + 0.001, radius=100))["nearby"] == []
    assert (await office.post(f"/layers/{layer}/withdrawals", {"reason": "测试结束"})).status_code == 204
    assert (await where(office, X, Y + 0.001))["nearby"] == []


async def test_a_point_of_a_map_app_is_shifted_back_first(office: Office) -> None:
    layer = layer_id()
    features = point("a", X, Y + 0.05, name="塔")
    await office.publish(draft(layer, features, names={"kind": "place", "name": "name"}))
    x, y = to_gcj02(Place(X, Y + 0.05))
    found = await where(office, x, y, crs="GCJ-02", radius=50)
    first = found["nearby"][0]
    assert found["crs"] == "GCJ-02"
    assert first["distance"] < 0.01
    assert [first["longitude"], first["latitude"]] == pytest.approx([x, y], abs=1e-7)
    assert (await where(office, x, y, radius=50))["nearby"] == []
    assert (await office.post(f"/layers/{layer}/withdrawals", {"reason": "测试结束"})).status_code == 204


async def test_names_of_inner_layers_are_near_for_those_who_see_them(office: Office) -> None:
    y = Y - 0.05
    for access, seen in (("government", [0, 1, 1]), ("department", [0, 0, 1])):
        layer, names = layer_id(), {"kind": "place", "name": "name"}
        await office.publish(draft(layer, point("a", X, y, name="库"), names=names, access=access))
        found = [(await where(office, X, y, who, radius=50))["nearby"] for who in (None, office.housing, office.parks)]
        assert [len(one) for one in found] == seen
        assert (await office.post(f"/layers/{layer}/withdrawals", {"reason": "测试结束"})).status_code == 204


async def test_outside_the_city_there_is_no_address(office: Office) -> None:
    answer = await office.get(REVERSE, longitude=116.4, latitude=39.9)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("outside-the-city")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    x=st.floats(EAST - 2, EAST + 2), y=st.floats(NORTH - 2, NORTH + 2), crs=st.sampled_from(["GCJ-02", "CRS84", "x"])
)
async def test_any_point_is_answered_or_refused(office: Office, x: float, y: float, crs: str) -> None:
    answer = await office.get(REVERSE, longitude=x, latitude=y, crs=crs)
    assert answer.status_code in {200, 404, 422}
