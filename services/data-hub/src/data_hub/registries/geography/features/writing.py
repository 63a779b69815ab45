"""Features as GeoJSON in the coordinate system that was asked for.

What is stored is GeoJSON text already: in CRS84 it is passed on as it stands, and only another system takes it apart.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

import shapely

from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.crs import CRS84, GCJ_02, Move, moved, outward, rounded, shifted
from data_hub.registries.geography.features.documents import BASE, GEOJSON, HTML, JSON, link
from data_hub.registries.geography.features.parameters import Spoken
from data_hub.registries.geography.features.reading import Features, Found, cursor_of

CAUTION = (
    "坐标为 GCJ-02（互联网地图偏移坐标），不是 CGCS2000 Coordinates are GCJ-02, shifted as map apps do; not CGCS2000"
)


def headers_of(spoken: Spoken, links: Iterable[dict[str, Any]] = ()) -> dict[str, str]:
    """`Content-Crs` (Part 2), and the links as `Link` (RFC 8288) for whoever does not look into the body.

    GCJ-02 has no URI: then a header of our own says so, and no URI is claimed.
    """
    told = ", ".join(f'<{one["href"]}>; rel="{one["rel"]}"; type="{one["type"]}"' for one in links)
    said = {"Coordinate-Shift": GCJ_02} if spoken.shifted else {"Content-Crs": f"<{spoken.system.uri}>"}
    return said | ({"Link": told} if told else {})


def _move(spoken: Spoken) -> Move | None:
    if spoken.shifted:
        return shifted
    return None if spoken.system.uri == CRS84 else outward(spoken.system)


def _geometry(text: str, move: Move | None, decimals: int) -> str:
    if move is None:
        return text
    made = json.loads(shapely.to_geojson(moved(shapely.from_geojson(text), move)))
    return json.dumps(_shortened(made, decimals), separators=(",", ":"))


def _shortened(geometry: dict[str, Any], decimals: int) -> dict[str, Any]:
    if "geometries" in geometry:
        return geometry | {"geometries": [_shortened(one, decimals) for one in geometry["geometries"]]}
    return geometry | {"coordinates": rounded(geometry["coordinates"], decimals)}


def _feature(found: Found, move: Move | None, decimals: int, more: str = "") -> str:
    name = json.dumps(found.fid, ensure_ascii=False)
    geometry = _geometry(found.geometry, move, decimals)
    return f'{{"type":"Feature","id":{name},"geometry":{geometry},"properties":{found.properties}{more}}}'


def _members(members: dict[str, Any]) -> str:
    """Further members of an object, after the first ones."""
    return "".join(f",{json.dumps(k)}:{json.dumps(v, ensure_ascii=False)}" for k, v in members.items())


def _said(seen: Seen, spoken: Spoken) -> dict[str, Any]:
    told: dict[str, Any] = {"coordinateShift": GCJ_02, "coordinateNote": CAUTION} if spoken.shifted else {}
    return told | ({"caution": seen.row.caution} if seen.row.caution else {})


def page_links(
    seen: Seen, root: str, asked: Iterable[tuple[str, str]], page: Features, media: str = GEOJSON
) -> list[dict[str, Any]]:
    """The links of a page; `next` keeps every parameter and says where to go on, wherever the data went meanwhile."""
    url = f"{root}{BASE}/collections/{quote(seen.row.id)}"
    plain = [(name, value) for name, value in asked if name != "f"]
    here = _url(f"{url}/items", plain)
    other = GEOJSON if media == HTML else HTML
    links = [
        link(
            here if media == GEOJSON else _url(f"{url}/items", [*plain, ("f", "html")]), "self", media, "本页 This page"
        ),
        link(
            _url(f"{url}/items", [*plain, ("f", "html" if other == HTML else "json")]), "alternate", other, "另一格式"
        ),
        link(url, "collection", JSON, "图层 Collection"),
    ]
    if page.last is not None:
        onward = [(name, value) for name, value in plain if name != "after"] + [("after", cursor_of(page.last))]
        onward += [("f", "html")] if media == HTML else []
        links.append(link(_url(f"{url}/items", onward), "next", media, "下一页 Next page"))
    return links


def _url(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    told = urlencode(list(parameters))
    return f"{path}?{told}" if told else path


def collection_text(seen: Seen, page: Features, spoken: Spoken, links: list[dict[str, Any]], stamp: str) -> str:
    """A page of features as a GeoJSON FeatureCollection."""
    move, decimals = _move(spoken), 8 if spoken.shifted else spoken.system.decimals
    features = ",".join(_feature(one, move, decimals) for one in page.items)
    told: dict[str, Any] = {"links": links, "timeStamp": stamp, "numberReturned": len(page.items)}
    if page.matched is not None:
        told["numberMatched"] = page.matched
    return f'{{"type":"FeatureCollection","features":[{features}]{_members(told | _said(seen, spoken))}}}'


async def page_text(seen: Seen, page: Features, spoken: Spoken, links: list[dict[str, Any]], stamp: str) -> str:
    """The same, away from the loop that answers everybody where coordinates must be computed."""
    if _move(spoken) is None:
        return collection_text(seen, page, spoken, links, stamp)
    return await asyncio.to_thread(collection_text, seen, page, spoken, links, stamp)


def feature_text(seen: Seen, found: Found, spoken: Spoken, root: str) -> str:
    """One feature as GeoJSON."""
    url = f"{root}{BASE}/collections/{quote(seen.row.id)}"
    here = f"{url}/items/{quote(found.fid)}"
    links = [
        link(here, "self", GEOJSON, "本要素 This feature"),
        link(f"{here}?f=html", "alternate", HTML, "网页 As a page"),
        link(url, "collection", JSON, "图层 Collection"),
        link(f"{here}/history", "version-history", JSON, "历史 History"),
    ]
    decimals = 8 if spoken.shifted else spoken.system.decimals
    more = _members({"links": links} | _said(seen, spoken))
    return _feature(found, _move(spoken), decimals, more)


def history_links(
    seen: Seen, fid: str, root: str, limit: int, after: str | None, following: str | None
) -> list[dict[str, Any]]:
    """The links of a page of a feature's states (RFC 5829), which is JSON or a page."""
    url = f"{root}{BASE}/collections/{quote(seen.row.id)}"
    here = f"{url}/items/{quote(fid)}/history"
    asked = [("limit", str(limit)), *([("after", after)] if after else [])]
    links = [
        link(_url(here, asked), "self", JSON, "本页 This page"),
        link(_url(here, [*asked, ("f", "html")]), "alternate", HTML, "网页 As a page"),
        link(f"{url}/items/{quote(fid)}", "latest-version", GEOJSON, "要素 The feature"),
        link(url, "collection", JSON, "图层 Collection"),
    ]
    if following is not None:
        links.append(link(_url(here, [("limit", str(limit)), ("after", following)]), "next", JSON, "下一页 Next page"))
    return links
