"""Features become a vector tile: cut to the tile, moved to its grid, simplified to what a zoom level can show.

A tile that does not show every feature which meets it says so, in a layer of its own: a feature over the whole tile
that counts those that match and those that show, as the layer `meta` of other tile servers does. Layers of the city
cannot be called so.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data_hub.registries.geography.crs import Coordinates, from_mercator, mercator
from data_hub.registries.geography.tiles.domain import EXTENT, Tile
from data_hub.registries.geography.tiles.thinning import Count

META = "_meta"
_NOTE = "本切片未显示全部要素,请放大查看或通过要素接口读取 Not every feature is shown: zoom in, or read the items"
_POINTS, _AREAS = {"Point", "MultiPoint"}, {"Polygon", "MultiPolygon"}


@dataclass(frozen=True)
class Drawn:
    """A tile as bytes, empty where nothing meets it, and how many features show in it."""

    content: bytes
    returned: int


def area_of(tile: Tile) -> BaseGeometry:
    """The tile with its buffer, in stored degrees."""
    west, south, east, north = tile.buffered
    (x1, y1), (x2, y2) = from_mercator(np.array([(west, south), (east, north)]))
    return shapely.box(x1, y1, x2, y2)


def tile_of(layer: str, tile: Tile, found: Iterable[tuple[str, str, str]], count: Count) -> Drawn:
    """The tile that holds some features (id, geometry and properties as JSON text)."""
    import mapbox_vector_tile  # noqa: PLC0415 - heavy, and most processes never need it

    told_of, features, shown = list(found), [], 0
    shapes = _all_drawn([text for _, text, _ in told_of], tile)
    for (fid, _, properties), drawn in zip(told_of, shapes, strict=True):
        shown += bool(drawn)
        told = {k: v for k, v in json.loads(properties).items() if v is not None} | {"id": fid}
        features += [{"geometry": one, "properties": told} for one in drawn]
    layers: list[dict[str, Any]] = [{"name": layer, "features": features}] if features else []
    if shown < count.matched:
        layers.append({"name": META, "features": [_meta(count, shown)]})
    if not layers:
        return Drawn(b"", 0)
    return Drawn(mapbox_vector_tile.encode(layers, default_options={"extents": EXTENT}), shown)


def _meta(count: Count, shown: int) -> dict[str, Any]:
    told = {
        "matched": count.matched, "returned": shown, "exact": count.is_exact, "cell": count.cell, "least": count.least,
        "note": _NOTE,
    }  # fmt: skip
    properties = {name: value for name, value in told.items() if value is not None}
    return {"geometry": shapely.box(0, 0, EXTENT, EXTENT), "properties": properties}


def _all_drawn(texts: list[str], tile: Tile) -> list[list[BaseGeometry]]:
    """Geometries (GeoJSON) as the tile shows them; single points all at once, since there may be thousands."""
    if not texts:
        return []
    shapes, cut = shapely.from_geojson(np.array(texts, dtype=object)), tile.buffered
    spots = np.asarray(shapely.get_type_id(shapes) == shapely.GeometryType.POINT)
    metres = mercator(shapely.get_coordinates(shapes[spots]))
    inside = np.asarray(((metres >= cut[:2]) & (metres <= cut[2:])).all(axis=1))
    points = iter(zip(shapely.points(_gridded(metres, tile)), inside, strict=True))
    made: list[list[BaseGeometry]] = []
    for shape, is_spot in zip(shapes, spots, strict=True):
        if is_spot:
            point, shows = next(points)
            made.append([point] if shows else [])
        else:
            made.append(list(_drawn(shape, tile, cut)))
    return made


def _gridded(metres: Coordinates, tile: Tile) -> Coordinates:
    west, south, _, _ = tile.bounds
    made: Coordinates = np.rint((metres - (west, south)) / tile.unit)
    return made


def _drawn(geometry: BaseGeometry, tile: Tile, cut: tuple[float, float, float, float]) -> Iterator[BaseGeometry]:
    """A geometry as the tile shows it, in units of its grid, north up: nothing where nothing of it is left.

    A tile knows no collections: of one that mixes points, lines and areas each kind comes by itself.
    """
    moved = shapely.transform(geometry, mercator)
    for part in _by_kind(moved):
        if part.geom_type in _POINTS:
            shown = shapely.intersection(part, shapely.box(*cut))
        else:
            shown = shapely.simplify(shapely.clip_by_rect(part, *cut), tile.unit * 2, preserve_topology=True)
            if not shown.is_valid:
                shown = shapely.make_valid(shown)
        dimension = shapely.get_dimensions(part)
        for one in _by_kind(shown):
            gridded = shapely.transform(one, lambda points: _gridded(points, tile))
            if shapely.get_dimensions(one) == dimension and _shows(gridded):
                yield gridded


def _by_kind(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    """The points, the lines and the areas of a geometry, each as one."""
    if geometry.is_empty:
        return
    if geometry.geom_type != "GeometryCollection":
        yield geometry
        return
    parts = [one for one in _flat(geometry) if not one.is_empty]
    for dimension in (0, 1, 2):
        alike = [one for one in parts if shapely.get_dimensions(one) == dimension]
        if alike:
            yield shapely.union_all(alike)


def _flat(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    for one in shapely.get_parts(geometry):
        if one.geom_type == "GeometryCollection":
            yield from _flat(one)
        else:
            yield one


def _shows(geometry: BaseGeometry) -> bool:
    """Whether anything of a geometry on the grid is more than a point, or an area more than a line."""
    if geometry.geom_type in _POINTS:
        return True
    return bool(geometry.area > 0 if geometry.geom_type in _AREAS else geometry.length > 0)
