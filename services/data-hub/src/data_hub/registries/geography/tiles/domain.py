"""The tile matrix set WebMercatorQuad (OGC 17-083): EPSG:3857, 256 pixels a tile, rows counted from the north."""

import math
from dataclasses import dataclass

from data_hub.registries.geography.crs import EARTH

SCHEME = "WebMercatorQuad"
DEEPEST = 20  # zoom levels served; a unit of the deepest tile is under a centimetre
EXTENT = 4096  # units along the edge of a tile
PIXEL = EXTENT // 256  # units of a pixel of the standard
BUFFER = 64  # units beyond the edge, so that lines do not end at it
HALF = math.pi * EARTH  # from the middle of the map to its edge, metres
_PIXEL = 0.00028  # metres; the standard's pixel


@dataclass(frozen=True)
class Tile:
    """A tile of a zoom level: row counted from the north, column from the west."""

    zoom: int
    row: int
    column: int

    @property
    def exists(self) -> bool:
        """Whether the tile matrix set has it."""
        across = 1 << self.zoom if 0 <= self.zoom <= DEEPEST else 0
        return 0 <= self.row < across and 0 <= self.column < across

    @property
    def width(self) -> float:
        """The edge of the tile, metres of EPSG:3857."""
        return 2 * HALF / (1 << self.zoom)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north; metres of EPSG:3857."""
        west, north = -HALF + self.column * self.width, HALF - self.row * self.width
        return west, north - self.width, west + self.width, north

    @property
    def buffered(self) -> tuple[float, float, float, float]:
        """The same with the buffer around it."""
        margin = self.width * BUFFER / EXTENT
        west, south, east, north = self.bounds
        return west - margin, south - margin, east + margin, north + margin

    @property
    def unit(self) -> float:
        """One unit of the tile's own grid, metres of EPSG:3857."""
        return self.width / EXTENT


def matrices() -> list[dict[str, object]]:
    """The zoom levels as the standard describes them."""
    return [
        {
            "id": str(zoom), "scaleDenominator": 2 * HALF / 256 / (1 << zoom) / _PIXEL,
            "cellSize": 2 * HALF / 256 / (1 << zoom), "cornerOfOrigin": "topLeft", "pointOfOrigin": [-HALF, HALF],
            "tileWidth": 256, "tileHeight": 256, "matrixWidth": 1 << zoom, "matrixHeight": 1 << zoom,
        }
        for zoom in range(DEEPEST + 1)
    ]  # fmt: skip


def limits(west: float, south: float, east: float, north: float, zoom: int) -> tuple[int, int, int, int]:
    """The first and last row and column that an area in metres of EPSG:3857 touches."""
    width, last = 2 * HALF / (1 << zoom), (1 << zoom) - 1
    rows = [math.floor((HALF - y) / width) for y in (north, south)]
    columns = [math.floor((x + HALF) / width) for x in (west, east)]
    first_row, last_row, first, final = (min(max(one, 0), last) for one in (*rows, *columns))
    return first_row, last_row, first, final
