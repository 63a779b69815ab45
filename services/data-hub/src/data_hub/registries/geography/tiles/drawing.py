"""Features become a vector tile: cut to the tile, moved to its grid, simplified to what a zoom level can show."""

import json
from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data_hub.registries.geography.crs import from_mercator, mercator
from data_hub.registries.geography.tiles.domain import EXTENT, Tile


def area_of(tile: Tile) -> BaseGeometry:
    """The tile with its buffer, in stored degrees."""
    west, south, east, north = tile.buffered
    (x1, y1), (x2, y2) = from_mercator(np.array([(west, south), (east, north)]))
    return shapely.box(x1, y1, x2, y2)


def tile_of(layer: str, tile: Tile, found: Iterable[tuple[str, str, str]]) -> bytes:
    """The tile that holds some features (id, geometry and properties as JSON text); empty where none shows."""
    import mapbox_vector_tile  # noqa: PLC0415 - heavy, and most processes never need it

    cut = tile.buffered
    features = []
    for fid, text, properties in found:
        drawn = _drawn(shapely.from_geojson(text), tile, cut)
        if drawn is None:
            continue
        told = {k: v for k, v in json.loads(properties).items() if v is not None} | {"id": fid}
        features.append({"geometry": drawn, "properties": told})
    if not features:
        return b""
    made: bytes = mapbox_vector_tile.encode({"name": layer, "features": features}, default_options={"extents": EXTENT})
    return made


def _drawn(geometry: BaseGeometry, tile: Tile, cut: tuple[float, float, float, float]) -> BaseGeometry | None:
    """A geometry as the tile shows it, in units of its grid, north up; None where nothing of it is left."""
    shown = shapely.transform(geometry, mercator)
    if shown.geom_type not in {"Point", "MultiPoint"}:
        shown = shapely.clip_by_rect(shown, *cut)
        shown = shapely.simplify(shown, tile.unit * 2, preserve_topology=True)
        if not shown.is_valid:
            shown = shapely.make_valid(shown)
    else:
        shown = shapely.intersection(shown, shapely.box(*cut))
    if shown.is_empty:
        return None
    west, south, _, _ = tile.bounds
    return shapely.transform(shown, lambda points: np.rint((points - (west, south)) / tile.unit))
