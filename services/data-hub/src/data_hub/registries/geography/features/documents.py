"""The documents of OGC API Features but for the features: landing page, conformance, collections, queryables.

Each is plain data; the router turns it into JSON, `pages` into a page.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from data_hub.datasets.domain import ColumnType
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.crs import CRS84, STORAGE, SYSTEMS
from data_hub.registries.geography.domain import GEOMETRY, Viewer

BASE = "/api/data-hub/ogc"
TITLE = "衡水市地理空间数据服务 Geospatial data of Hengshui"
GEOJSON = "application/geo+json"
JSON = "application/json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
TILE = "application/vnd.mapbox-vector-tile"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
SCHEMES = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
_FEATURES_1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
_FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
_COMMON = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
CONFORMANCE = (
    *(_COMMON + name for name in ("core", "landing-page", "json", "html", "oas30")),
    *(_FEATURES_1 + name for name in ("core", "oas30", "geojson", "html")),
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(_FEATURES_3 + name for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(
        _CQL2 + name
        for name in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions", "temporal-functions",
            "property-property", "arithmetic",
        )
    ),
    *(_TILES + name for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "datetime", "mvt", "oas30")),
)  # fmt: skip
_JSON_TYPES: dict[ColumnType, dict[str, str]] = {
    ColumnType.string: {"type": "string"},
    ColumnType.integer: {"type": "integer"},
    ColumnType.number: {"type": "number"},
    ColumnType.boolean: {"type": "boolean"},
    ColumnType.date: {"type": "string", "format": "date"},
    ColumnType.datetime: {"type": "string", "format": "date-time"},
}


def link(url: str, rel: str, media: str, title: str, **more: Any) -> dict[str, Any]:
    """A link with everything that the standards want it to say."""
    return {"href": url, "rel": rel, "type": media, "title": title} | more


def itself(url: str, media: str = JSON) -> list[dict[str, Any]]:
    """The links of a document to itself and to its page."""
    return [
        link(url, "self", media, "本文档 This document"),
        link(f"{url}{'&' if '?' in url else '?'}f=html", "alternate", HTML, "网页 As a page"),
    ]


def landing(root: str) -> dict[str, Any]:
    """The landing page."""
    url = root + BASE
    return {
        "title": TITLE,
        "description": "自然资源与地理空间基础库的图层 Layers of the natural-resource and geospatial base registry",
        "attribution": "衡水市大数据中心 Data hub of Hengshui",
        "links": [
            *itself(url),
            link(f"{url}/api", "service-desc", OPENAPI, "接口定义 API definition"),
            link(f"{url}/api?f=html", "service-doc", HTML, "接口说明 API page"),
            link(f"{url}/conformance", "conformance", JSON, "符合的标准 Conformance"),
            link(f"{url}/collections", "data", JSON, "图层 Collections"),
            link(f"{url}/tileMatrixSets", SCHEMES, JSON, "切片方案 Tiling schemes"),
        ],
    }


def conformance(root: str) -> dict[str, Any]:
    """What this API conforms to."""
    return {"links": itself(f"{root}{BASE}/conformance"), "conformsTo": list(CONFORMANCE)}


def rights(seen: Seen) -> dict[str, Any]:
    """What the caller may do with a layer: nobody has to try it out."""
    return {
        "access": seen.row.access,
        "read": True,
        "publish": seen.viewer.publishes(seen.row.department),
        "hidden_columns": len(seen.hidden),
    }


def _extent(seen: Seen) -> dict[str, Any]:
    row = seen.row
    made: dict[str, Any] = {"spatial": {"bbox": [row.extent], "crs": CRS84}}
    if row.datetime_field in {one.name for one in seen.fields} and row.period_from and row.period_to:
        interval = [[row.period_from.strftime("%Y-%m-%dT%H:%M:%SZ"), row.period_to.strftime("%Y-%m-%dT%H:%M:%SZ")]]
        made["temporal"] = {"interval": interval, "trs": GREGORIAN}
    return made


def collection(seen: Seen, root: str) -> dict[str, Any]:
    """One collection, with the caller's rights."""
    row, url = seen.row, f"{root}{BASE}/collections/{quote(seen.row.id)}"
    links = [
        *itself(url),
        link(f"{url}/items", "items", GEOJSON, "要素 Features as GeoJSON"),
        link(f"{url}/items?f=html", "items", HTML, "要素网页 Features as pages"),
        link(f"{url}/queryables", QUERYABLES, SCHEMA, "可查询属性 Queryables"),
        link(f"{url}/tiles", TILESETS, JSON, "矢量切片 Vector tiles"),
    ]
    if seen.viewer.publishes(row.department):
        links.append(link(f"{root}/api/data-hub/v1/geography/layers", "edit", JSON, "重新发布 Publish anew"))
    return {
        "id": row.id, "title": f"{row.title} {row.title_en}", "description": row.description,
        "attribution": row.source, "extent": _extent(seen), "itemType": "feature", "crs": list(SYSTEMS),
        "storageCrs": STORAGE, "links": links, "rights": rights(seen), "publisher": row.department_name,
        "caution": row.caution, "sample": row.sample, "version": row.version,
        "updated": row.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip


def collections(seen: Iterable[Seen], root: str) -> dict[str, Any]:
    """All collections that the caller sees."""
    made = [collection(one, root) for one in seen]
    return {"links": itself(f"{root}{BASE}/collections"), "collections": made}


def queryables(seen: Seen, root: str) -> dict[str, Any]:
    """The properties that filters and parameters may name, as JSON Schema."""
    url = f"{root}{BASE}/collections/{quote(seen.row.id)}/queryables"
    shape = "any" if seen.row.kind in {"Geometry", "GeometryCollection"} else seen.row.kind.lower()
    named: dict[str, Any] = {one.name: {"title": one.title} | _JSON_TYPES[one.type] for one in seen.fields}
    named[GEOMETRY] = {"title": "几何 Geometry", "format": f"geometry-{shape}", "x-ogc-role": "primary-geometry"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": url, "type": "object",
        "title": f"{seen.row.title} {seen.row.title_en}", "properties": named, "additionalProperties": False,
    }  # fmt: skip


def visible(rows: Iterable[Any], viewer: Viewer) -> list[Seen]:
    """Layers as the viewer sees them."""
    return [Seen(row, viewer) for row in rows]
