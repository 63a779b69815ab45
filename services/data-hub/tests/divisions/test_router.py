"""The divisions as everybody and the services of the city ask for them."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from citykit.testing import ServiceUnderTest
from data_hub.divisions.domain import Place, to_gcj02
from data_hub.divisions.models import DivisionRow
from data_hub.divisions.reference import divisions, load_divisions

BASE = "/api/data-hub/v1/divisions"
MESH = "/internal/data-hub/v1/divisions"
AIR = Path(__file__).resolve().parents[5] / "shared" / "data" / "air"
OBSERVATIONS = AIR / "cnemc_hengshui_baoding_shijiazhuang_2023-01-07T12_2023-01-09T11.csv"
STATIONS = {"1074A": (115.6838, 37.7541), "1075A": (115.6303, 37.7316)}


async def every(city: ServiceUnderTest, path: str, **params: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    after: str | None = None
    while True:
        query = params | {"limit": "200"} | ({"after": after} if after else {})
        page = (await city.client.get(path, params=query)).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


class TestReference:
    async def test_carries_the_whole_city(self, city: ServiceUnderTest) -> None:
        levels: dict[str, int] = {}
        for row in divisions():
            levels[row["level"]] = levels.get(row["level"], 0) + 1
        assert levels == {"province": 1, "city": 1, "county": 14, "town": 129, "village": 5118}

    async def test_every_village_has_its_chain_up_to_the_province(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            rows = {row.code: row for row in await work.session.scalars(select(DivisionRow))}
        villages = [row for row in rows.values() if row.level == "village"]
        assert len(villages) == 5118
        for row in villages:
            town = rows[row.parent_code or ""]
            county = rows[town.parent_code or ""]
            assert (town.level, county.level) == ("town", "county")
            assert rows[county.parent_code or ""].code == "131100"
            assert rows["131100"].parent_code == "130000"

    async def test_loading_again_changes_nothing(self, city: ServiceUnderTest) -> None:
        async with city.work() as work:
            await load_divisions(work)
        assert len(await every(city, BASE, level="town")) == 129


class TestListDivisions:
    async def test_finds_by_two_characters(self, city: ServiceUnderTest) -> None:
        found = await every(city, BASE, name="桃城", level="county")
        assert [one["code"] for one in found] == ["131102"]

    async def test_pages_by_code(self, city: ServiceUnderTest) -> None:
        codes = [one["code"] for one in await every(city, BASE, within="131103", level="village")]
        assert codes == sorted(set(codes))
        assert all(code.startswith("131103") for code in codes)

    async def test_shows_the_divisions_of_a_day(self, city: ServiceUnderTest) -> None:
        then = {one["code"] for one in await every(city, BASE, parent="1311", on="2015-01-01")}
        now = {one["code"] for one in await every(city, BASE, parent="1311")}
        assert then - now == {"131181"}
        assert now - then == {"131103"}

    async def test_a_word_of_one_character_is_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(BASE, params={"name": "桃"})).status_code == 422

    async def test_an_unknown_parameter_is_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(BASE, params={"nom": "桃城"})).status_code == 400

    @pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyJcdTAwMDAiXQ", "W10"])
    async def test_a_foreign_cursor_is_refused(self, city: ServiceUnderTest, cursor: str) -> None:
        assert (await city.client.get(BASE, params={"after": cursor})).status_code == 400

    async def test_an_impossible_date_is_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(BASE, params={"on": "2025-02-29"})).status_code == 422

    async def test_signs_of_patterns_find_nothing(self, city: ServiceUnderTest) -> None:
        assert await every(city, BASE, name="%%") == []


class TestReadDivision:
    @pytest.mark.parametrize("written", ["1311", "131100", "131100000000"])
    async def test_one_place_has_one_code(self, city: ServiceUnderTest, written: str) -> None:
        answer = await city.client.get(f"{BASE}/{written}")
        assert answer.json()["code"] == "131100"
        assert answer.json()["parent_code"] == "130000"

    async def test_marks_statistical_units(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{BASE}/131171")
        assert answer.json()["kind"] == "statistical"

    async def test_tells_what_took_a_former_one_s_place(self, city: ServiceUnderTest) -> None:
        former = (await city.client.get(f"{BASE}/131181")).json()
        assert (former["successor_code"], former["valid_to"]) == ("131103", "2016-07-05")

    @pytest.mark.parametrize("code", ["131199", "990000", "131102000001"])
    async def test_an_unknown_code_is_not_found(self, city: ServiceUnderTest, code: str) -> None:
        answer = await city.client.get(f"{BASE}/{code}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/no-such-division"

    @pytest.mark.parametrize("code", ["13110", "abc", "131102 ", "1" * 500, "１３１１０２"])
    async def test_what_is_no_code_is_refused(self, city: ServiceUnderTest, code: str) -> None:
        assert (await city.client.get(f"{BASE}/{code}")).status_code == 422


class TestListChildren:
    async def test_lists_the_counties_of_the_city(self, city: ServiceUnderTest) -> None:
        found = await every(city, f"{BASE}/131100/children")
        kinds = [one["kind"] for one in found]
        assert (kinds.count("administrative"), kinds.count("statistical")) == (11, 2)

    async def test_of_nothing_is_not_found(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{BASE}/131199/children")).status_code == 404


class TestListAncestors:
    async def test_from_the_province_down(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{BASE}/131102001045/ancestors")
        assert [one["code"] for one in answer.json()] == ["130000", "131100", "131102", "131102001"]


class TestReadBoundary:
    async def test_is_a_geojson_feature(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{BASE}/131102/boundary")
        feature = answer.json()
        assert answer.headers["content-type"] == "application/geo+json"
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == "MultiPolygon"
        assert feature["properties"]["coordinate_reference_system"].endswith("EPSG/0/4490")
        west, south, east, north = feature["bbox"]
        assert 115 < west < east < 117
        assert 37 < south < north < 39

    async def test_the_city_is_the_union_of_its_counties(self, city: ServiceUnderTest) -> None:
        feature = (await city.client.get(f"{BASE}/131100/boundary")).json()
        assert feature["geometry"]["type"] == "Polygon"
        assert feature["bbox"] == pytest.approx([115.168, 37.054, 116.559, 38.371], abs=0.001)

    async def test_a_village_has_none(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{BASE}/131102001045/boundary")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/no-boundary"


class TestLocatePoint:
    @pytest.mark.parametrize("station", sorted(STATIONS))
    async def test_both_air_stations_lie_in_taocheng(self, city: ServiceUnderTest, station: str) -> None:
        longitude, latitude = STATIONS[station]
        answer = await city.client.get(f"{BASE}/at", params={"longitude": longitude, "latitude": latitude})
        assert answer.json()["division"]["name"] == "桃城区"
        assert [one["code"] for one in answer.json()["ancestors"]] == ["130000", "131100"]

    async def test_a_map_app_s_point_is_converted(self, city: ServiceUnderTest) -> None:
        longitude, latitude = to_gcj02(Place(*STATIONS["1074A"]))
        query: dict[str, str | float] = {"longitude": longitude, "latitude": latitude, "crs": "GCJ-02"}
        answer = (await city.client.get(f"{BASE}/at", params=query)).json()
        assert (answer["longitude"], answer["latitude"]) == pytest.approx(STATIONS["1074A"], abs=1e-9)
        assert answer["crs"] == "EPSG:4490"

    async def test_beijing_is_outside(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{BASE}/at", params={"longitude": 116.4, "latitude": 39.9})
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/outside-the-city"

    @pytest.mark.parametrize(
        "query",
        [
            {"longitude": "nan", "latitude": "37.7"},
            {"longitude": "inf", "latitude": "37.7"},
            {"longitude": "115.6"},
            {"longitude": "215", "latitude": "37.7"},
            {"longitude": "115.6", "latitude": "37.7", "crs": "EPSG:3857"},
            {"longitude": "115,6", "latitude": "37.7"},
        ],
    )
    async def test_what_is_no_point_is_refused(self, city: ServiceUnderTest, query: dict[str, str]) -> None:
        assert (await city.client.get(f"{BASE}/at", params=query)).status_code == 422


class TestForServices:
    async def test_reads_one(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{MESH}/131102", headers=city.mesh_token("city-ops"))
        assert answer.json() == {"code": "131102", "name": "桃城区", "level": "county", "parent_code": "131100"}

    async def test_locates_a_point(self, city: ServiceUnderTest) -> None:
        query = {"longitude": 115.6838, "latitude": 37.7541}
        answer = await city.client.get(f"{MESH}/at", params=query, headers=city.mesh_token("gov-collab"))
        assert answer.json()["code"] == "131102"

    async def test_a_person_s_token_is_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{MESH}/131102", headers=city.token())).status_code in {401, 403}

    async def test_without_token_is_refused(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{MESH}/131102")).status_code == 401


async def test_the_stations_stand_where_the_observations_say() -> None:
    if not OBSERVATIONS.is_file():
        pytest.skip("the published observations lie beside the repository, not in it")
    with OBSERVATIONS.open(encoding="utf-8") as lines:
        told = {row["stationcode"]: (float(row["longitude"]), float(row["latitude"])) for row in csv.DictReader(lines)}
    assert {code: told[code] for code in STATIONS} == STATIONS
