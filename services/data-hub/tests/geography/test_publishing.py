"""Publishing layers: what comes in, in which coordinates, and what is refused, feature by feature."""

import asyncio
from typing import Any

import pytest
from pyproj import Transformer

from citykit.testing import ServiceUnderTest
from data_hub.divisions.domain import Place, to_gcj02

from .office import EAST, NORTH, OGC, PARKS, Office, area, draft, layer_id, point


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


def problem(answer: Any) -> tuple[int, str]:
    """The status and the kind of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


class TestCoordinates:
    @pytest.mark.parametrize("crs", ["EPSG:4490", "CRS84", "EPSG:4326", "EPSG:3857", "EPSG:4527", "EPSG:4548"])
    async def test_every_system_leads_to_the_same_place(self, office: Office, crs: str) -> None:
        layer, x, y = layer_id(), EAST, NORTH
        if crs.removeprefix("EPSG:") in {"3857", "4527", "4548"}:
            x, y = Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(EAST, NORTH)
        await office.publish(draft(layer, point("a", x, y), crs=crs))
        found = (await office.items(layer))["a"]["geometry"]["coordinates"]
        assert found == pytest.approx([EAST, NORTH], abs=1e-8)

    async def test_coordinates_of_map_apps_are_moved_back(self, office: Office) -> None:
        layer = layer_id()
        x, y = to_gcj02(Place(EAST, NORTH))
        assert abs(x - EAST) > 0.004
        await office.publish(draft(layer, point("a", x, y), crs="GCJ-02"))
        found = (await office.items(layer))["a"]["geometry"]["coordinates"]
        assert found == pytest.approx([EAST, NORTH], abs=1e-6)

    async def test_no_system_is_guessed(self, office: Office) -> None:
        for crs in (None, "EPSG:2000", "BD-09"):
            body = draft(layer_id(), point("a")) | {"crs": crs}
            assert (await office.send(body)).status_code == 422

    async def test_swapped_axes_and_faraway_places_are_all_named_by_number(self, office: Office) -> None:
        layer = layer_id()
        features = [point("a"), point("b", NORTH, EAST), point("c"), point("d", 0, 0), point("e", 139.7, 35.7)]
        answer = await office.send(draft(layer, *features))
        assert problem(answer) == (422, "bad-features")
        assert [one["pointer"].rpartition("/")[2] for one in answer.json()["errors"]] == ["1", "3", "4"]
        assert "第2个要素" in answer.json()["errors"][0]["message"]
        assert (await office.get(f"{OGC}/{layer}")).status_code == 404

    async def test_heights_are_left_out(self, office: Office) -> None:
        layer, feature = layer_id(), point("a")
        feature["geometry"]["coordinates"].append(12.5)
        await office.publish(draft(layer, feature))
        assert (await office.items(layer))["a"]["geometry"]["coordinates"] == [EAST, NORTH]


class TestGeometry:
    async def test_a_crossed_polygon_is_mended_and_its_number_told(self, office: Office) -> None:
        layer = layer_id()
        square = area("whole", [(0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01)])
        bowtie = area("crossed", [(0, 0), (0.01, 0.01), (0.01, 0), (0, 0.01)])
        made = await office.publish(draft(layer, square, bowtie))
        assert (made["repaired"], made["layer"]["kind"]) == ([2], "Polygon")
        assert (await office.items(layer))["crossed"]["geometry"]["type"] == "MultiPolygon"

    @pytest.mark.parametrize(
        "geometry",
        [
            None, {}, {"type": "Circle", "coordinates": [1, 2]}, {"type": "Point"},
            {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": ["a", "b"]},
            {"type": "Point", "coordinates": [1e400, 30]}, {"type": "LineString", "coordinates": [[115.6, 37.7]]},
            {"type": "Polygon", "coordinates": [[[115.6, 37.7], [115.6, 37.7], [115.6, 37.7], [115.6, 37.7]]]},
            {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}] * 3},
        ],
    )  # fmt: skip
    async def test_what_is_no_shape_is_refused(self, office: Office, geometry: Any) -> None:
        answer = await office.send(draft(layer_id(), point("a") | {"geometry": geometry}))
        assert answer.status_code in {400, 422}, answer.text

    async def test_too_many_points_are_refused(self, office: Office) -> None:
        feature = point("a")
        line = [[EAST + number * 1e-7, NORTH] for number in range(100_001)]
        feature["geometry"] = {"type": "LineString", "coordinates": line}
        assert problem(await office.send(draft(layer_id(), feature))) == (422, "bad-features")

    async def test_an_empty_layer_is_refused(self, office: Office) -> None:
        assert problem(await office.send(draft(layer_id()))) == (422, "bad-features")


class TestSize:
    async def test_more_features_than_a_layer_may_have_are_refused(self, office: Office) -> None:
        body = draft(layer_id(), *[point(str(number)) for number in range(100_001)])
        assert (await office.send(body)).status_code == 422

    async def test_many_features_are_published_and_published_anew(self, office: Office) -> None:
        layer = layer_id()
        features = [point(f"{number:05d}", n=number) for number in range(5_000)]
        first = await office.publish(draft(layer, *features, names={"kind": "place", "name": "n"}))
        again = await office.publish(draft(layer, *features[1:], point("00000", n=-1)))
        assert (first["added"], again["added"], again["changed"], again["removed"]) == (5_000, 0, 1, 0)


class TestFeatures:
    async def test_an_id_stands_once(self, office: Office) -> None:
        answer = await office.send(draft(layer_id(), point("a"), point("b"), point("a")))
        assert problem(answer) == (422, "bad-features")
        assert [one["pointer"].rpartition("/")[2] for one in answer.json()["errors"]] == ["2"]

    @pytest.mark.parametrize("fid", ["", " a", "a/b", "a\u202eb", "a\nb", "x" * 201, 1.5, True, {}])
    async def test_an_id_that_cannot_stand_in_an_address_is_refused(self, office: Office, fid: Any) -> None:
        assert (await office.send(draft(layer_id(), point("a") | {"id": fid}))).status_code == 422

    async def test_nul_is_refused_everywhere(self, office: Office) -> None:
        for body in (
            draft(layer_id(), point("a", name="x\u0000y")), draft(layer_id(), point("a\u0000")),
            draft(layer_id(), point("a"), title="x\u0000"), draft(layer_id(), point("a", **{"x\u0000": 1})),
        ):  # fmt: skip
            assert (await office.send(body)).status_code == 422

    async def test_values_that_json_can_write_and_a_database_cannot_hold(self, office: Office) -> None:
        for value in (10**400, "\ud800", {"deep": [1]}, ["a"]):
            answer = await office.send(draft(layer_id(), point("a", name=value)))
            assert answer.status_code == 422, (value, answer.text)

    @pytest.mark.parametrize("name", ["geometry", "a b", "1a", "a-b", "'; drop table geo_layer; --", "x" * 64, ""])
    async def test_a_column_has_a_plain_name(self, office: Office, name: str) -> None:
        assert problem(await office.send(draft(layer_id(), point("a", **{name: 1})))) == (422, "bad-features")

    async def test_hostile_values_are_only_values(self, office: Office) -> None:
        layer, text = layer_id(), "'); drop table geo_layer; -- <script>alert(1)</script> {{7*7}} %s"
        await office.publish(draft(layer, point("a", name=text), title=text[:200]))
        assert (await office.items(layer))["a"]["properties"]["name"] == text
        page = await office.get(f"{OGC}/{layer}/items", f="html")
        assert page.status_code == 200
        assert "<script>alert" not in page.text

    async def test_types_are_the_narrowest_that_hold(self, office: Office) -> None:
        first, second = point("a", n=1, r=1, s="t", b=True), point("b", n=2, r=1.5, s=None, b=None)
        made = await office.publish(draft(layer_id(), first, second))
        types = {one["name"]: one["type"] for one in made["layer"]["fields"]}
        assert types == {"n": "integer", "r": "number", "s": "string", "b": "boolean"}
        mixed = await office.send(draft(layer_id(), point("a", m=1), point("b", m="t")))
        assert problem(mixed) == (422, "bad-features")


class TestNames:
    async def test_two_departments_do_not_share_a_name(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        assert problem(await office.send(draft(layer, point("a")), office.housing)) == (409, "layer-of-another")

    async def test_of_two_who_publish_one_name_at_once_one_is_refused(self, office: Office) -> None:
        layer = layer_id()
        answers = await asyncio.gather(
            *(office.send(draft(layer, point("a")), who) for who in (office.parks, office.housing))
        )
        assert sorted(one.status_code for one in answers) == [200, 409]

    async def test_one_department_twice_at_once_makes_two_versions(self, office: Office) -> None:
        layer = layer_id()
        answers = await asyncio.gather(*(office.publish(draft(layer, point("a", n=n))) for n in range(4)))
        assert sorted(one["layer"]["version"] for one in answers) == [1, 2, 3, 4]

    async def test_somebody_without_a_department_publishes_nothing(self, office: Office) -> None:
        alone = office.city.token(["data-hub.geography.publish"])
        assert problem(await office.send(draft(layer_id(), point("a")), alone)) == (403, "no-publishing-department")
        reader = office.city.token(["data-hub.geography.read"], department=PARKS)
        assert (await office.send(draft(layer_id(), point("a")), reader)).status_code == 403

    @pytest.mark.parametrize("layer", ["A", "a", "-ab", "ab-", "a_b", "x" * 61, "a/b", "公园"])
    async def test_an_id_is_a_plain_word(self, office: Office, layer: str) -> None:
        assert (await office.send(draft(layer, point("a")))).status_code == 422

    async def test_the_divisions_are_nobodys_to_publish_over(self, office: Office) -> None:
        answer = await office.send(draft("divisions", point("a")), office.housing)
        assert problem(answer) == (409, "layer-of-another")
