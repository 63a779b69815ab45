"""Geometries on their way in: GeoJSON becomes a valid shape within China, or a reason why not."""

from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from data_hub.registries.geography.crs import Move, moved

WEST, SOUTH, EAST, NORTH = 73.0, 3.0, 136.0, 54.0  # China's land and sea, degrees; the whole country, no finer claim
MOST_POINTS = 100_000
KINDS = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")


class Unfit(Exception):
    """A geometry that cannot be taken; says why, in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True)
class Taken:
    """A geometry as it is stored."""

    geometry: BaseGeometry
    repaired: bool


def _depth_fits(raw: Any, depth: int = 0) -> bool:
    if not isinstance(raw, dict) or raw.get("type") not in KINDS or depth > 2:
        return False
    if raw["type"] == "GeometryCollection":
        inner = raw.get("geometries")
        return isinstance(inner, list) and all(_depth_fits(one, depth + 1) for one in inner)
    return isinstance(raw.get("coordinates"), list)


def plain_shape(raw: Any) -> BaseGeometry:
    """The shape that a GeoJSON geometry describes, without heights. Raises Unfit."""
    if not _depth_fits(raw):
        raise Unfit("不是 GeoJSON 几何对象", "not a GeoJSON geometry")
    try:
        made = shapely.force_2d(shape(raw))
        points = shapely.get_coordinates(made)
    except Exception as error:
        raise Unfit("坐标的结构有误", "the coordinates have the wrong structure") from error
    if made.is_empty or len(points) == 0:
        raise Unfit("几何为空", "the geometry is empty")
    if len(points) > MOST_POINTS:
        raise Unfit(f"坐标点超过 {MOST_POINTS} 个", f"more than {MOST_POINTS} points")
    if not shapely.is_valid_input(made) or not (abs(points) < 1e9).all():
        raise Unfit("坐标不是有限的数字", "a coordinate is no finite number")
    return made


def in_china(geometry: BaseGeometry) -> bool:
    """Whether a geometry in degrees lies within the bounds of China."""
    west, south, east, north = geometry.bounds
    return bool(WEST <= west <= east <= EAST and SOUTH <= south <= north <= NORTH)


def _repaired(geometry: BaseGeometry) -> BaseGeometry:
    """A valid shape of the same kind (polygons stay polygons) in place of an invalid one. Raises Unfit."""
    dimension = shapely.get_dimensions(geometry)
    made = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    if made.is_empty or not made.is_valid or shapely.get_dimensions(made) != dimension:
        raise Unfit("几何无效且无法修复", "the geometry is invalid and cannot be repaired")
    return made


def taken(raw: Any, move: Move) -> Taken:
    """A published geometry as it will be stored, moved from its system by `move`. Raises Unfit."""
    geometry = moved(plain_shape(raw), move)
    if not in_china(geometry):
        raise Unfit(
            "坐标不在中国范围内(经度73–136,纬度3–54):请检查坐标系和坐标顺序",
            "outside China (73-136 E, 3-54 N): check the coordinate system and the order of the axes",
        )
    if geometry.is_valid:
        return Taken(geometry, repaired=False)
    return Taken(_repaired(geometry), repaired=True)


def kind_of(kinds: set[str]) -> str:
    """One word for the kinds of geometry in a layer: `Polygon` where all are polygons, single or many."""
    single = {kind.removeprefix("Multi") for kind in kinds}
    return single.pop() if len(single) == 1 else "Geometry"
