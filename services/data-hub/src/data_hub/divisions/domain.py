"""The rules of division codes and of coordinates, without I/O.

Codes follow GB/T 2260 down to counties (six digits), GB/T 10114 for towns and streets (nine) and the statistical codes
of villages and communities (twelve). Coordinates are degrees in EPSG:4490 (CGCS2000), longitude first.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from citykit.identifiers import gbt2260


class Level(StrEnum):
    """How deep a division stands."""

    province = "province"  # 省
    city = "city"  # 设区的市
    county = "county"  # 县、县级市、市辖区
    town = "town"  # 乡镇、街道
    village = "village"  # 村、社区


class DivisionKind(StrEnum):
    """Whether a unit exists by law, or only in the statistics that count it."""

    administrative = "administrative"
    statistical = "statistical"


class Crs(StrEnum):
    """The coordinate systems that a caller may speak; only EPSG:4490 is ever stored."""

    cgcs2000 = "EPSG:4490"
    gcj02 = "GCJ-02"


_LEVELS = {
    gbt2260.Level.province: Level.province,
    gbt2260.Level.city: Level.city,
    gbt2260.Level.county: Level.county,
    gbt2260.Level.township: Level.town,
    gbt2260.Level.village: Level.village,
}
# The statistical code set numbers units that are counted on their own without being legal counties (development zones
# and the like) from 71 up; the legal counties of Hengshui stand at 02-03, 21-28 and 81-82.
_STATISTICAL = range(71, 80)


def _six(code: gbt2260.DivisionCode) -> str:
    """GB/T 2260 writes provinces and cities with six digits too."""
    return code.code.ljust(6, "0")


def canonical(code: str) -> str:
    """The one form of a code: `1311` and `131100000000` are `131100`, `131102001000` is `131102001`.

    A text that is no code stays as it is: it names no division.
    """
    try:
        return _six(gbt2260.parse(code))
    except gbt2260.InvalidDivisionCode:
        return code


def level_of(code: str) -> Level:
    """The level that a code speaks of. Raises InvalidDivisionCode."""
    return _LEVELS[gbt2260.parse(code).level]


def ancestors_of(code: str) -> list[str]:
    """The codes above a code, from the province down. Raises InvalidDivisionCode."""
    return [_six(above) for above in reversed(gbt2260.parse(code).ancestors)]


def parent_of(code: str) -> str | None:
    """The code of the division right above, None above a province. Raises InvalidDivisionCode."""
    return next(reversed(ancestors_of(code)), None)


def stem_of(code: str) -> str:
    """What the code of everything within a division begins with. Raises InvalidDivisionCode."""
    return gbt2260.parse(code).code


def kind_of(code: str) -> DivisionKind:
    """Whether a canonical code is a legal division, or a statistical unit or something within one."""
    return DivisionKind.statistical if int(code[4:6]) in _STATISTICAL else DivisionKind.administrative


@dataclass(frozen=True, slots=True)
class Place:
    """A point in EPSG:4490, degrees."""

    longitude: float
    latitude: float


# GCJ-02 is the shifted system of Chinese map apps; it lives on the Krasovsky 1940 ellipsoid and has no EPSG code.
_AXIS = 6378245.0
_ECCENTRICITY = 0.00669342162296594323


def _shift(longitude: float, latitude: float) -> tuple[float, float]:
    """How far GCJ-02 moves a point, in degrees east and north."""
    x, y = longitude - 105.0, latitude - 35.0
    root = math.sqrt(abs(x))
    waves = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    radians = latitude / 180.0 * math.pi
    magic = 1 - _ECCENTRICITY * math.sin(radians) ** 2
    meridian = (_AXIS * (1 - _ECCENTRICITY)) / (magic * math.sqrt(magic))
    return (
        east * 180.0 / (_AXIS / math.sqrt(magic) * math.cos(radians) * math.pi),
        north * 180.0 / (meridian * math.pi),
    )


def to_gcj02(place: Place) -> tuple[float, float]:
    """`place` as Chinese map apps show it: longitude and latitude in GCJ-02, degrees."""
    east, north = _shift(place.longitude, place.latitude)
    return place.longitude + east, place.latitude + north


def from_gcj02(longitude: float, latitude: float) -> Place:
    """The point in EPSG:4490 that GCJ-02 shows at `longitude`, `latitude`; exact to better than a millimetre.

    The shift has no inverse in closed form, so the point is approached until it no longer moves.
    """
    place = Place(longitude, latitude)
    for _ in range(10):
        shown = to_gcj02(place)
        east, north = longitude - shown[0], latitude - shown[1]
        place = Place(place.longitude + east, place.latitude + north)
        if abs(east) + abs(north) < 1e-11:
            break
    return place
