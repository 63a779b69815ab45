"""Departments that publish layers, and what they publish: what the tests of the registry say again and again."""

import html
import json
import re
from itertools import count
from typing import Any

import httpx

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.sample.catalogue import NAMES

PARKS, HOUSING = "11131100MB0H00030L", "11131100MB0H000732"
HUB = "/api/data-hub/v1"
LAYERS = f"{HUB}/geography/layers"
OGC = "/api/data-hub/ogc/collections"
READ, PUBLISH = "data-hub.geography.read", "data-hub.geography.publish"
EAST, NORTH = 115.67, 37.74  # in the middle of Taocheng
_numbers = count(1)


def layer_id() -> str:
    """An id that no other test has: layers are kept from one test to the next, as reference data is."""
    return f"test-{new_id().hex[-12:]}-{next(_numbers)}"


def point(fid: str, x: float = EAST, y: float = NORTH, **properties: Any) -> dict[str, Any]:
    """A point as GeoJSON."""
    geometry = {"type": "Point", "coordinates": [x, y]}
    return {"type": "Feature", "id": fid, "geometry": geometry, "properties": properties}


def area(fid: str, ring: list[tuple[float, float]], **properties: Any) -> dict[str, Any]:
    """A polygon as GeoJSON, from the offsets of its corners in degrees."""
    corners = [[EAST + x, NORTH + y] for x, y in ring]
    geometry = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    return {"type": "Feature", "id": fid, "geometry": geometry, "properties": properties}


def hrefs(text: str) -> list[str]:
    """Where a page leads."""
    return [html.unescape(one) for one in re.findall(r'href="([^"]+)"', text)]


def draft(layer: str, *features: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A layer as a department sends it."""
    body: dict[str, Any] = {
        "id": layer, "title": "公园", "title_en": "Parks", "department_name": "衡水市生态环境局",
        "source": "2026 年普查 Census of 2026", "access": "public", "crs": "EPSG:4490",
    }  # fmt: skip
    if "resource" not in more:
        body["features"] = {"type": "FeatureCollection", "features": list(features)}
    return body | more


class Office:
    """A department that publishes, another that reads, and whoever passes by."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        self.parks = city.token([READ, PUBLISH], department=PARKS, department_name=NAMES[PARKS], subject=str(new_id()))
        self.housing = city.token([READ, PUBLISH], department=HOUSING, subject=str(new_id()))
        self.nobody: dict[str, str] = {}

    async def send(self, body: dict[str, Any], who: dict[str, str] | None = None) -> httpx.Response:
        """Publish, as the parks department unless told otherwise."""
        told = json.dumps(body).encode()  # any text and number that JSON can write, half a surrogate too
        headers = (self.parks if who is None else who) | {"Content-Type": "application/json"}
        return await self.city.client.post(LAYERS, content=told, headers=headers)

    async def publish(self, body: dict[str, Any], who: dict[str, str] | None = None) -> dict[str, Any]:
        """Publish what is good."""
        answer = await self.send(body, who)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, path: str, who: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        """Read, as anybody unless told otherwise."""
        return await self.city.client.get(path, params=query, headers=who or {})

    async def items(self, layer: str, who: dict[str, str] | None = None, **query: Any) -> dict[str, dict[str, Any]]:
        """The features of a collection by id."""
        answer = await self.get(f"{OGC}/{layer}/items", who, limit=1000, **query)
        assert answer.status_code == 200, answer.text
        return {one["id"]: one for one in answer.json()["features"]}

    async def post(self, path: str, body: Any, who: dict[str, str] | None = None) -> httpx.Response:
        """Act, as the parks department unless told otherwise."""
        return await self.city.client.post(f"{HUB}/geography{path}", json=body, headers=who or self.parks)
