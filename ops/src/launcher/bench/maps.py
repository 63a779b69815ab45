"""Feature pages of the city against pygeoapi on the same boundaries, each behind a gateway with the same files.

pygeoapi reads the boundaries that the city serves from a GeoJSON file, the one of its own providers that needs no
extension in the database, under the services' uvicorn settings. It stands in an environment of its own, which is made
when the row is asked for by name.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from launcher.bench import stage
from launcher.bench.rows import Requests, Row, request
from launcher.city import ROOT, City
from launcher.foreign import environment_of, is_made
from launcher.plan import Process, base_environment
from launcher.refusals import Refusal

KEY = "features"
LOCK = ROOT / "ops" / "bench" / "pygeoapi.lock"
BASE = "/api/data-hub/ogc"
ITEMS = f"{BASE}/collections/divisions/items"
MEMBERS = ("type", "features", "links", "numberReturned")
# The gateway asks `/readyz`; links and paths are the city's own.
APPLICATION = f"""
from pygeoapi.starlette_app import APP
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

app = Starlette(routes=[Route("/readyz", lambda _: JSONResponse({{"status": "ok"}})), Mount("{BASE}", APP)])
"""


def wanted(asked: list[str] | None) -> bool:
    """Whether the row is measured: where it is asked for, and else where its environment stands already."""
    return KEY in asked if asked else is_made(LOCK)


def row(city: City) -> tuple[Row, dict[str, Any]]:
    """The row, and the boundaries as GeoJSON. Raises Refusal where the city has none."""
    with httpx.Client(base_url=city.public_url, trust_env=False, timeout=30) as client:
        answer = client.get(ITEMS, params={"limit": 1000, "f": "json"})
    if answer.status_code != 200 or not answer.json()["features"]:
        raise Refusal("城市没有行政区划边界", f"The city serves no boundaries: {answer.status_code}")
    features = answer.json()["features"]
    asked: Requests = [(request("GET", path, {}), None) for path in _paths(features)]
    made = Row(KEY, "要素分页 Feature pages (pygeoapi)", "data-hub", 1.0, 200, MEMBERS, asked)
    return made, {"type": "FeatureCollection", "features": features}


def _paths(features: list[dict[str, Any]]) -> list[str]:
    """Whole pages and short ones, and what lies in the middle of each county: pages of one to all boundaries."""
    whole = [f"{ITEMS}?f=json&limit={limit}" for limit in (1, 5, 10, 100)]
    return whole + [f"{ITEMS}?f=json&limit=100&bbox={','.join(map(str, _middle(one)))}" for one in features]


def _middle(feature: dict[str, Any]) -> list[float]:
    points = list(_points(feature["geometry"]["coordinates"]))
    (west, east), (south, north) = ((min(values), max(values)) for values in zip(*points, strict=True))
    wide, high = (east - west) / 4, (north - south) / 4
    return [round(value, 5) for value in (west + wide, south + high, east - wide, north - high)]


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _points(part)


@contextmanager
def pygeoapi(city: City, folder: Path, boundaries: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """pygeoapi behind a gateway; answers its `port` and the processes by name. Raises Refusal where it cannot run."""
    python = environment_of(LOCK)

    def process(shadow: City) -> Process:
        port = shadow.ports.services["data-hub"]
        files = {
            "app.py": APPLICATION, "openapi.json": '{"openapi": "3.0.2", "info": {}, "paths": {}}',
            "boundaries.json": json.dumps(boundaries, ensure_ascii=False),
            "config.json": json.dumps(_configuration(shadow, folder, boundaries), ensure_ascii=False),
        }  # fmt: skip
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        told = {"PYGEOAPI_CONFIG": str(folder / "config.json"), "PYGEOAPI_OPENAPI": str(folder / "openapi.json")}
        words = ("-X", "utf8", "-m", "uvicorn", "--app-dir", str(folder), *stage.served_alike(city, "app:app", port))
        return Process("reference", base_environment() | told, program=str(python), arguments=words)

    with stage.behind_gateway(city, folder, process, f"{ITEMS}?f=json&limit=1") as standing:
        yield standing


def _configuration(shadow: City, folder: Path, boundaries: dict[str, Any]) -> dict[str, Any]:
    points = [point for one in boundaries["features"] for point in _points(one["geometry"]["coordinates"])]
    (west, east), (south, north) = ((min(values), max(values)) for values in zip(*points, strict=True))
    provider = {"type": "feature", "name": "GeoJSON", "data": str(folder / "boundaries.json"), "id_field": "id"}
    about = {"title": "boundaries", "description": "boundaries", "keywords": ["boundaries"]}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": shadow.ports.services["data-hub"]},
            "url": f"{shadow.public_url}{BASE}", "mimetype": "application/json; charset=UTF-8", "encoding": "utf-8",
            "languages": ["en-US"], "limits": {"default_items": 10, "max_items": 1000},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": about | {"keywords_type": "theme", "terms_of_service": "", "url": ""},
            "license": {"name": "", "url": ""}, "provider": {"name": "", "url": ""}, "contact": {"name": ""},
        },
        "resources": {
            "divisions": about | {
                "type": "collection", "links": [], "providers": [provider],
                "extents": {"spatial": {"bbox": [west, south, east, north]}},
            },
        },
    }  # fmt: skip


def agree(city: City, port: int, made: Row) -> None:
    """See that both sides answer the same features to every request. Raises Refusal."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        for sent, _ in made.requests:
            path = sent.split(b" ")[1].decode()
            ours, theirs = (
                {one["id"]: one["geometry"] for one in client.get(f"{root}{path}").json()["features"]}
                for root in (city.public_url, f"http://127.0.0.1:{port}")
            )
            if ours != theirs:
                said = f"{path}: {sorted(ours)} and {sorted(theirs)}"
                raise Refusal("两边的要素不同", f"The city and pygeoapi give different features: {said}")
