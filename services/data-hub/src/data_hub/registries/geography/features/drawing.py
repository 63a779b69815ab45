"""Features as an inline drawing (SVG): a map that needs no script and nothing from elsewhere."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

import shapely
from shapely.geometry.base import BaseGeometry

WIDTH = 800.0
Spot = Callable[[float, float], tuple[float, float]]
_MARGIN = 12.0


def drawing(shapes: Sequence[tuple[BaseGeometry, str, str]]) -> str:
    """The map of some geometries, each with a name and an address to go to. Empty where there is none."""
    if not shapes:
        return ""
    west, south, east, north = (float(one) for one in shapely.total_bounds([shape for shape, _, _ in shapes]))
    wide = max(east - west, 0.002)
    shrink = math.cos(math.radians((south + north) / 2))
    scale = (WIDTH - 2 * _MARGIN) / (wide * shrink)
    height = max(min((max(north - south, 0.002)) * scale, 1600.0), 60.0) + 2 * _MARGIN

    def spot(x: float, y: float) -> tuple[float, float]:
        return _MARGIN + (x - west) * shrink * scale, _MARGIN + (north - y) * scale

    drawn = "".join(
        f'<a href="{escape(url)}"><title>{escape(name)}</title>{"".join(_parts(shape, spot, 0.4 / scale))}</a>'
        for shape, name, url in shapes
    )
    return f'<svg class="map" viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="地图 Map">{drawn}</svg>'


def _parts(shape: BaseGeometry, spot: Spot, tolerance: float) -> Iterable[str]:
    simple = shapely.simplify(shape, tolerance) if shape.geom_type != "Point" else shape
    for part in shapely.get_parts(simple, return_index=False):
        if part.geom_type == "Point":
            x, y = spot(part.x, part.y)
            yield f'<circle class="spot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        elif part.geom_type == "Polygon":
            rings = [part.exterior, *part.interiors]
            yield f'<path class="area" fill-rule="evenodd" d="{"".join(_line(ring, spot) + "Z" for ring in rings)}"/>'
        elif part.geom_type == "LineString":
            yield f'<path class="line" d="{_line(part, spot)}"/>'
        else:
            yield from _parts(part, spot, tolerance)


def _line(line: BaseGeometry, spot: Spot) -> str:
    return "M" + "L".join("{:.1f},{:.1f}".format(*spot(x, y)) for x, y in line.coords)
