"""Tiling scheme and tileset metadata (OGC API Tiles 1.0, Tile Matrix Set 2.0)."""

from typing import Any
from urllib.parse import quote

import numpy as np

from data_hub.datasets.domain import ColumnType
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.crs import CRS84, epsg, mercator
from data_hub.registries.geography.features.documents import BASE, JSON, TILE, link
from data_hub.registries.geography.tiles.domain import DEEPEST, SCHEME, limits, matrices
from data_hub.registries.geography.tiles.drawing import META
from data_hub.registries.geography.tiles.thinning import MOST_IN_A_TILE

_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{SCHEME}"
_SCHEME_REL = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
_DESCRIPTION = (
    f"每个切片最多显示 {MOST_IN_A_TILE} 个要素:点按网格抽稀,线和面先省略最小的;"
    f"未全部显示时,切片含图层 {META} 并在响应头中说明"
    f" A tile shows at most {MOST_IN_A_TILE} features: points are thinned by a grid, of lines and areas the smallest"
    f" are left out first. One that does not show all says so in its layer {META}, and in the headers"
    " OGC-NumberMatched and OGC-NumberReturned. Parameters: as-of (what was known then), datetime (what is true then)."
)
_META: dict[str, Any] = {
    "id": META, "title": "省略说明 What a tile leaves out", "dataType": "vector", "geometryDimension": 2,
    "description": "仅在切片未显示全部要素时出现 Only in tiles that do not show every feature which meets them",
    "propertiesSchema": {"type": "object", "properties": {
        "matched": {"title": "命中要素数 Features that meet the tile", "type": "integer"},
        "returned": {"title": "显示要素数 Features that it shows", "type": "integer"},
        "exact": {"title": "命中数是否精确,否则按外接矩形计 Counted by geometry, not by boxes", "type": "boolean"},
        "cell": {"title": "每格一点的网格边长,像素 One point a cell of so many pixels", "type": "number"},
        "least": {"title": "所示最小线面的长边,像素 Longest side of the smallest line or area", "type": "number"},
        "note": {"title": "说明 Note", "type": "string"},
    }},
}  # fmt: skip
_NUMBERS = {ColumnType.integer: "integer", ColumnType.number: "number", ColumnType.boolean: "boolean"}


def schemes(root: str) -> dict[str, Any]:
    """The tile matrix sets that are served: one."""
    here = f"{root}{BASE}/tileMatrixSets"
    scheme = link(f"{here}/{SCHEME}", "self", JSON, "切片方案 Tile matrix set")
    one = {"id": SCHEME, "title": "Google Maps Compatible for the World", "uri": _URI, "crs": epsg(3857)}
    return {
        "links": [link(here, "self", JSON, "切片方案 Tiling schemes")],
        "tileMatrixSets": [one | {"links": [scheme]}],
    }


def scheme() -> dict[str, Any]:
    """The tile matrix set."""
    return {
        "id": SCHEME, "title": "Google Maps Compatible for the World", "uri": _URI, "crs": epsg(3857),
        "orderedAxes": ["X", "Y"], "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices(),
    }  # fmt: skip


def _brief(seen: Seen, root: str) -> dict[str, Any]:
    url = f"{root}{BASE}/collections/{quote(seen.row.id)}/tiles/{SCHEME}"
    return {
        "title": f"{seen.row.title} {seen.row.title_en}", "dataType": "vector", "crs": epsg(3857),
        "tileMatrixSetURI": _URI,
        "links": [
            link(url, "self", JSON, "切片集 Tileset"),
            link(f"{root}{BASE}/tileMatrixSets/{SCHEME}", _SCHEME_REL, JSON, "切片方案 Tiling scheme"),
            link(f"{url}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", TILE, "切片 Tiles", templated=True),
        ],
    }  # fmt: skip


def tilesets(seen: Seen, root: str) -> dict[str, Any]:
    """The tilesets of a collection: one."""
    here = f"{root}{BASE}/collections/{quote(seen.row.id)}/tiles"
    return {"links": [link(here, "self", JSON, "切片集 Tilesets")], "tilesets": [_brief(seen, root)]}


def tileset(seen: Seen, root: str) -> dict[str, Any]:
    """What is in the tiles of a collection, and which of them hold anything."""
    west, south, east, north = seen.row.extent
    (x1, y1), (x2, y2) = mercator(np.array([(west, south), (east, north)]))
    shape = {"Point": 0, "LineString": 1, "Polygon": 2}.get(seen.row.kind)
    properties = {one.name: {"title": one.title, "type": _NUMBERS.get(one.type, "string")} for one in seen.fields}
    layer: dict[str, Any] = {
        "id": seen.row.id, "title": seen.row.title, "dataType": "vector", "minTileMatrix": "0",
        "maxTileMatrix": str(DEEPEST), "propertiesSchema": {"type": "object", "properties": properties},
    }  # fmt: skip
    return _brief(seen, root) | {
        "description": _DESCRIPTION,
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
        "tileMatrixSetLimits": [_limited(limits(x1, y1, x2, y2, zoom), zoom) for zoom in range(DEEPEST + 1)],
        "layers": [layer | ({} if shape is None else {"geometryDimension": shape}), _META],
        "attribution": seen.row.source,
    }


def _limited(found: tuple[int, int, int, int], zoom: int) -> dict[str, Any]:
    first_row, last_row, first, last = found
    return {
        "tileMatrix": str(zoom), "minTileRow": first_row, "maxTileRow": last_row, "minTileCol": first,
        "maxTileCol": last,
    }  # fmt: skip
