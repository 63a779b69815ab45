"""The API definition of the OGC face in OpenAPI 3.0, which its conformance class names; collection by collection.

The hub's own document is OpenAPI 3.1 and speaks of path templates; map programs want to read which parameters each
collection knows.
"""

from collections.abc import Iterable
from typing import Any

from data_hub.datasets.domain import ColumnType
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.crs import CRS84, SYSTEMS
from data_hub.registries.geography.features.documents import BASE, GEOJSON, HTML, JSON, OPENAPI, SCHEMA, TILE, TITLE
from data_hub.registries.geography.features.parameters import MOST_FEATURES

_SCALARS = {
    ColumnType.integer: "integer", ColumnType.number: "number", ColumnType.boolean: "boolean",
}  # fmt: skip
_NUMBERS = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
_LANGUAGES = {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}


def _parameter(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    return {
        "name": name, "in": "query", "required": False, "schema": schema, "style": "form", "explode": False,
        "description": description,
    }  # fmt: skip


_CRS = {"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84}
_FORMAT = _parameter("f", {"type": "string", "enum": ["json", "html"]}, "representation")
_SHIFT = _parameter("shift", {"type": "string", "enum": ["GCJ-02"]}, "coordinates as Chinese map apps shift them")
_AS_OF = _parameter("as-of", {"type": "string", "format": "date-time"}, "what was known then: an RFC 3339 instant")
_LIMIT = _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})
_AFTER = _parameter("after", {"type": "string"}, "from the next link")
_DATETIME = _parameter("datetime", {"type": "string"}, "RFC 3339 instant or interval")
_ITEMS = [
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_FEATURES, "default": 10}),
    _parameter("bbox", _NUMBERS, "in bbox-crs, CRS84 unless said"),
    _parameter("bbox-crs", _CRS),
    _DATETIME,
    _parameter("crs", _CRS),
    _SHIFT,
    _AS_OF,
    _parameter("filter", {"type": "string"}, "CQL2"),
    _parameter("filter-lang", _LANGUAGES),
    _parameter("filter-crs", _CRS),
    _AFTER,
    _FORMAT,
]


def _get(name: str, summary: str, media: Iterable[str], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """A path that is read."""
    content: dict[str, Any] = {one: {"schema": {"type": "object"}} for one in media}
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    responses: dict[str, Any] = {"200": {"description": summary, "content": content}}
    for status, text in (("400", "A parameter is wrong"), ("404", "No such thing")):
        responses[status] = {"description": text, "content": problem}
    return {"get": {"operationId": name, "summary": summary, "parameters": parameters, "responses": responses}}


def _in_path(name: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _of_collection(seen: Seen) -> dict[str, Any]:
    layer, path = seen.row.id, f"/collections/{seen.row.id}"
    known = {one["name"] for one in _ITEMS}
    queryables = [
        _parameter(one.name, {"type": _SCALARS.get(one.type, "string")}, one.title)
        for one in seen.fields
        if one.name not in known
    ]
    tile = [_in_path(name, "integer") for name in ("tileMatrix", "tileRow", "tileCol")] + [_AS_OF, _DATETIME]
    matrices = f"{path}/tiles/WebMercatorQuad"
    pages, features = (JSON, HTML), (GEOJSON, HTML)
    return {
        path: _get(f"{layer}.collection", "图层 The collection", pages, [_FORMAT]),
        f"{path}/queryables": _get(f"{layer}.queryables", "可查询属性 Queryables", (SCHEMA, HTML), [_FORMAT]),
        f"{path}/items": _get(f"{layer}.features", "要素 Features", features, [*_ITEMS, *queryables]),
        f"{path}/items/{{featureId}}": _get(
            f"{layer}.feature", "要素 A feature", features,
            [_in_path("featureId"), _parameter("crs", _CRS), _SHIFT, _AS_OF, _FORMAT],
        ),
        f"{path}/items/{{featureId}}/history": _get(
            f"{layer}.history", "要素历史 The states of a feature", pages,
            [_in_path("featureId"), _LIMIT, _AFTER, _FORMAT],
        ),
        f"{path}/tiles": _get(f"{layer}.tilesets", "切片集 Tilesets", (JSON,), []),
        matrices: _get(f"{layer}.tileset", "切片集 A tileset", (JSON,), []),
        f"{matrices}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(f"{layer}.tile", "切片 A tile", (TILE,), tile),
    }  # fmt: skip


def definition(seen: Iterable[Seen], root: str) -> dict[str, Any]:
    """The whole document, for the collections that the caller sees."""
    pages = (JSON, HTML)
    paths: dict[str, Any] = {
        "/": _get("landing", "首页 Landing page", pages, [_FORMAT]),
        "/conformance": _get("conformance", "符合的标准 Conformance", pages, [_FORMAT]),
        "/api": _get("definition", "接口定义 API definition", (OPENAPI, HTML), [_FORMAT]),
        "/collections": _get("collections", "图层 Collections", pages, [_FORMAT]),
        "/tileMatrixSets": _get("tilingSchemes", "切片方案 Tiling schemes", (JSON,), []),
        "/tileMatrixSets/WebMercatorQuad": _get("tilingScheme", "切片方案 Tiling scheme", (JSON,), []),
    }
    for one in seen:
        paths |= _of_collection(one)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "version": "1.0.0"},
        "servers": [{"url": root + BASE}],
        "paths": paths,
        "components": {"securitySchemes": {"bearer": bearer}},
        "security": [{}, {"bearer": []}],
    }
