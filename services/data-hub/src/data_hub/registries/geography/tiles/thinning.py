"""What a tile leaves out when more features lie in it than it can hold, decided by rule and told to whoever draws it.

Points are thinned by a grid: of those in one cell the first by its id stays. The cells of all zoom levels lie within
each other, so neighbouring tiles fit, and a point that shows stays there when one looks closer. Of lines and areas the
smallest are left out first. What is left out is said in the tile (see `drawing`), never passed over in silence.
"""

from dataclasses import dataclass

from data_hub.registries.geography.tiles.domain import PIXEL

MOST_IN_A_TILE = 10_000
LEAST_POINTS = 5_000  # what lines and areas leave to points; the coarsest grid has fewer cells than that
GRIDS = (3, 4, 5, 6)  # cells of 8, 16, 32 and 64 units, the last more than enough apart to be told apart


@dataclass(frozen=True)
class Count:
    """How many features meet a tile, and what decided which of them show.

    `is_exact`: they were counted by their geometries, or are points; else by their boxes. `cell` is the edge of a cell
    of which one point shows, and `least` the longest side of the smallest line or area that shows; both in pixels, and
    None where nothing was left out for it.
    """

    matched: int
    is_exact: bool = True
    cell: float | None = None
    least: float | None = None


@dataclass(frozen=True)
class Crowd:
    """How many features meet a tile: points, cells of each grid that hold any, and all that have an extent."""

    points: int
    cells: tuple[int, ...]
    others: int

    @property
    def matched(self) -> int:
        """All of them."""
        return self.points + self.others


@dataclass(frozen=True)
class Thinning:
    """What stays: the points of one grid, where one thins them, and so many of the largest lines and areas."""

    grid: int | None
    others: int

    @property
    def cell(self) -> float | None:
        """The edge of a cell, pixels of the standard (256 to a tile)."""
        return None if self.grid is None else (1 << self.grid) / PIXEL


def thinning(crowd: Crowd) -> Thinning:
    """What of a crowd stays, at most MOST_IN_A_TILE; as little as possible goes."""
    room = max(MOST_IN_A_TILE - crowd.others, min(LEAST_POINTS, MOST_IN_A_TILE))
    if crowd.points <= room:
        return Thinning(None, min(crowd.others, MOST_IN_A_TILE - crowd.points))
    fitting = ((grid, cells) for grid, cells in zip(GRIDS, crowd.cells, strict=True) if cells <= room)
    grid, shown = next(fitting, (GRIDS[-1], crowd.cells[-1]))
    return Thinning(grid, min(crowd.others, MOST_IN_A_TILE - shown))
