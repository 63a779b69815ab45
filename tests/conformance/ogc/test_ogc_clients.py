"""The layers as programs written by others read them over a real connection: GDAL, OWSLib, ogctests."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, service_fixture
from launcher.foreign import environment_of
from launcher.refusals import Refusal

HUB = "/api/data-hub"
OGC = f"{HUB}/ogc"
DEPARTMENT = "11131100MB0H00030L"
RIGHTS = ["data-hub.geography.publish", "data-hub.geography.read"]
LOCK = Path(__file__).with_name("ogctests.lock")
TOILETS = 25

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
city = service_fixture("data_hub.main:service")


def features() -> list[dict[str, Any]]:
    """Points in Taocheng, with a name, a number and a day."""
    return [
        {
            "type": "Feature", "id": f"t{number:02d}",
            "geometry": {"type": "Point", "coordinates": [115.6 + number / 1000, 37.7]},
            "properties": {"name": f"公厕{number}号", "places": number, "opened": f"2025-01-{number + 1:02d}"},
        }
        for number in range(TOILETS)
    ]  # fmt: skip


@pytest.fixture
async def served(city: ServiceUnderTest) -> AsyncIterator[tuple[str, str]]:
    """Where the layers are served, and the id of one that a department published."""
    layer = f"toilets-{new_id().hex[-12:]}"
    body = {
        "id": layer, "title": "公共厕所", "title_en": "Public toilets", "department_name": "衡水市生态环境局",
        "source": "2026 年普查 Census of 2026", "access": "public", "crs": "EPSG:4490", "datetime_field": "opened",
        "features": {"type": "FeatureCollection", "features": features()},
    }  # fmt: skip
    publisher = city.token(RIGHTS, department=DEPARTMENT, subject=str(new_id()))
    published = await city.client.post(f"{HUB}/v1/geography/layers", json=body, headers=publisher)
    assert published.status_code == 200, published.text
    server = uvicorn.Server(uvicorn.Config(city.app, port=0, lifespan="off", log_level="error", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells of its start in no other way
        await asyncio.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    known = city.app.state.city.settings
    # Links lead back to where the clients came from.
    city.app.state.city.settings = known.model_copy(update={"public_url": address})
    yield f"{address}{OGC}", layer
    city.app.state.city.settings = known
    server.should_exit = True
    await serving


async def told(*words: str | Path, folder: Path | None = None) -> str:
    """What a program says; the test fails where it ends with an error."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


@pytest.fixture
def gdal() -> None:
    """The test is skipped where GDAL is not installed."""
    if shutil.which("ogrinfo") is None:
        pytest.skip("GDAL is not installed (Debian: gdal-bin)")


@pytest.mark.usefixtures("gdal")
class TestGdal:
    """`OAPIF:` and `MVT:` as any map program on GDAL reads them."""

    async def test_finds_the_layers_with_their_chinese_titles(self, served):
        address, layer = served
        said = await told("ogrinfo", "-so", f"OAPIF:{address}")
        assert f"{layer} (title: 公共厕所 Public toilets)" in said
        assert "divisions (title: 行政区划 Administrative divisions)" in said

    async def test_reads_every_feature_over_several_pages(self, served, tmp_path):
        address, layer = served
        made = tmp_path / "made.json"
        await told("ogr2ogr", "-oo", "PAGE_SIZE=9", "-f", "GeoJSON", made, f"OAPIF:{address}", layer)
        read = json.loads(made.read_text())["features"]
        assert {one["properties"]["name"] for one in read} == {f"公厕{n}号" for n in range(TOILETS)}
        assert {tuple(one["geometry"]["coordinates"]) for one in read} == {
            (round(115.6 + n / 1000, 3), 37.7) for n in range(TOILETS)
        }

    async def test_takes_the_count_from_the_server(self, served):
        address, layer = served
        assert f"Feature Count: {TOILETS}" in await told("ogrinfo", "-so", f"OAPIF:{address}", layer)

    async def test_selects_by_area_and_by_value(self, served):
        address, layer = served
        near = await told("ogrinfo", "-so", "-spat", "115.6", "37.6", "115.6035", "37.8", f"OAPIF:{address}", layer)
        assert "Feature Count: 4" in near
        named = await told("ogrinfo", "-so", "-where", "name = '公厕7号'", f"OAPIF:{address}", layer)
        assert "Feature Count: 1" in named

    async def test_reads_the_boundaries_of_the_counties(self, served):
        only = ("-where", "name = '桃城区'")
        said = await told("ogrinfo", "-q", "-geom=SUMMARY", *only, f"OAPIF:{served[0]}", "divisions")
        assert "POLYGON" in said
        assert "桃城区" in said

    async def test_reads_a_vector_tile(self, served, city, tmp_path):
        layer = served[1]
        tile = await city.client.get(f"{OGC}/collections/{layer}/tiles/WebMercatorQuad/10/396/840")
        assert tile.status_code == 200, tile.text
        (tmp_path / "tile.mvt").write_bytes(tile.content)
        said = await told("ogrinfo", "-al", "-oo", "X=840", "-oo", "Y=396", "-oo", "Z=10", tmp_path / "tile.mvt")
        assert f"Layer name: {layer}" in said
        assert "公厕7号" in said

    async def test_reads_what_a_crowded_tile_leaves_out(self, served, city, tmp_path, monkeypatch):
        for name in ("thinning", "choosing"):
            monkeypatch.setattr(f"data_hub.registries.geography.tiles.{name}.MOST_IN_A_TILE", 10)
        tile = await city.client.get(f"{OGC}/collections/{served[1]}/tiles/WebMercatorQuad/10/396/840")
        (tmp_path / "tile.mvt").write_bytes(tile.content)
        said = await told("ogrinfo", "-al", "-oo", "X=840", "-oo", "Y=396", "-oo", "Z=10", tmp_path / "tile.mvt")
        assert "Layer name: _meta" in said
        assert f"matched (Integer) = {TOILETS}" in said
        assert f"returned (Integer) = {tile.headers['ogc-numberreturned']}" in said


async def test_owslib_walks_from_the_landing_page_to_a_feature(served):
    from owslib.ogcapi.features import Features

    address, layer = served

    def walk() -> None:
        client = Features(address)
        assert client.conformance()["conformsTo"]
        assert {layer, "divisions"} <= set(client.feature_collections())
        assert client.collection(layer)["storageCrs"].endswith("/EPSG/0/4490")
        assert set(client.collection_queryables(layer)["properties"]) >= {"name", "places", "opened"}
        page = client.collection_items(layer, limit=10, bbox=[115.6, 37.6, 115.62, 37.8])
        assert page["numberReturned"] == 10
        assert client.collection_items(layer, filter="places > 20")["numberReturned"] == TOILETS - 21
        assert client.collection_item(layer, "t07")["properties"]["name"] == "公厕7号"

    await asyncio.to_thread(walk)


@pytest.fixture
async def its_python() -> Path:
    """The interpreter of the environment in which ogctests stands; the test is skipped where it cannot be made."""
    try:
        return await asyncio.to_thread(environment_of, LOCK)
    except Refusal as refusal:
        pytest.skip(refusal.english)


@pytest.mark.slow
async def test_ogctests_finds_nothing_wrong_with_all_of_features_core(served, its_python):
    # Its pytest finds its own fixtures only from a folder above them.
    said = await told(its_python, "-m", "ogctests", "features/core", "-i", served[0], folder=its_python.parents[1])
    assert "29 passed" in said, said
    assert "failed" not in said
