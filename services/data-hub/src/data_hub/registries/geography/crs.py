"""The coordinate systems that layers are read and written in (OGC API Features Part 2), and the way between them.

Stored are degrees in EPSG:4490 (CGCS2000), longitude first. CRS84 and EPSG:4326 agree with it to well under a metre and
are taken as equal, as the EPSG register does. GCJ-02, the shifted system of map apps, has no code in any register: no
`crs` may name it, so it stands apart (`GCJ_02`) and is always labelled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely import transform
from shapely.geometry.base import BaseGeometry

from data_hub.divisions.domain import Place, from_gcj02, to_gcj02

Coordinates = npt.NDArray[np.float64]
Move = Callable[[Coordinates], Coordinates]

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GCJ_02 = "GCJ-02"
EARTH = 6_378_137.0  # the radius of the sphere of EPSG:3857, metres
MERCATOR_EDGE = 85.0511287798066  # degrees north and south; EPSG:3857 shows nothing beyond


def epsg(code: int) -> str:
    """The URI of a system of the EPSG register."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{code}"


@dataclass(frozen=True)
class System:
    """A coordinate system: whether its second axis points east (the register's order) and whether it is metres."""

    uri: str
    name: str
    east_last: bool
    in_metres: bool
    code: int | None = None

    @property
    def decimals(self) -> int:
        """How many decimals a coordinate is written with: a millimetre of ground or finer."""
        return 3 if self.in_metres else 8


SYSTEMS = {
    one.uri: one
    for one in (
        System(CRS84, "WGS 84 longitude-latitude", False, False),
        System(epsg(4490), "CGCS2000 国家大地坐标系", True, False, 4490),
        System(epsg(4326), "WGS 84", True, False, 4326),
        System(epsg(3857), "WGS 84 / Pseudo-Mercator", False, True, 3857),
        System(epsg(4527), "CGCS2000 / 3-degree Gauss-Kruger zone 39", True, True, 4527),
        System(epsg(4548), "CGCS2000 / 3-degree Gauss-Kruger CM 117E", True, True, 4548),
    )
}
STORAGE = epsg(4490)
# The names that a publisher says; coordinates in GeoJSON are written east first whatever the system's own order is.
PUBLISHED_IN = {f"EPSG:{one.code}": one for one in SYSTEMS.values() if one.code} | {"CRS84": SYSTEMS[CRS84]}


def _swapped(points: Coordinates) -> Coordinates:
    return points[:, ::-1]


def _same(points: Coordinates) -> Coordinates:
    return points


def mercator(points: Coordinates) -> Coordinates:
    """Degrees, longitude first, as metres of EPSG:3857; latitudes beyond its edge are cut off."""
    made = np.radians(np.column_stack((points[:, 0], np.clip(points[:, 1], -MERCATOR_EDGE, MERCATOR_EDGE))))
    made[:, 1] = np.arctanh(np.sin(made[:, 1]))
    scaled: Coordinates = made * EARTH
    return scaled


def from_mercator(points: Coordinates) -> Coordinates:
    """Metres of EPSG:3857 as degrees, longitude first."""
    scaled = points / EARTH
    made: Coordinates = np.degrees(np.column_stack((scaled[:, 0], np.arctan(np.sinh(scaled[:, 1])))))
    return made


def _projected(code: int, *, outward: bool) -> Move:
    from pyproj import Transformer  # noqa: PLC0415 - heavy, and most processes never need it

    way = (
        Transformer.from_crs(4490, code, always_xy=True)
        if outward
        else Transformer.from_crs(code, 4490, always_xy=True)
    )

    def move(points: Coordinates) -> Coordinates:
        return np.column_stack(way.transform(points[:, 0], points[:, 1]))

    return move


def outward(system: System) -> Move:
    """The way from what is stored into `system`, in the order of its axes."""
    if system.code == 3857:
        return mercator
    if not system.in_metres:
        return _swapped if system.east_last else _same
    move = _projected(system.code or 0, outward=True)
    return lambda points: _swapped(move(points))


def inward(system: System, *, east_first: bool = False) -> Move:
    """The way from `system` into what is stored; `east_first` where the writer ignored the order of axes (GeoJSON)."""
    if system.code == 3857:
        return from_mercator
    swaps = system.east_last and not east_first
    if not system.in_metres:
        return _swapped if swaps else _same
    move = _projected(system.code or 0, outward=False)
    return (lambda points: move(_swapped(points))) if swaps else move


def shifted(points: Coordinates) -> Coordinates:
    """Points as map apps show them (GCJ-02)."""
    return np.array([to_gcj02(Place(float(x), float(y))) for x, y in points]).reshape(-1, 2)


def unshifted(points: Coordinates) -> Coordinates:
    """Points of map apps as they are stored."""
    places = [from_gcj02(float(x), float(y)) for x, y in points]
    return np.array([(place.longitude, place.latitude) for place in places]).reshape(-1, 2)


def moved(geometry: BaseGeometry, move: Move) -> BaseGeometry:
    """A geometry with every point moved."""
    return geometry if move is _same else transform(geometry, move)


def rounded(coordinates: Any, decimals: int) -> Any:
    """The coordinates of a GeoJSON geometry, however deep, with no more decimals than mean something."""
    if isinstance(coordinates, int | float):
        return round(coordinates, decimals)
    return [rounded(one, decimals) for one in coordinates]
