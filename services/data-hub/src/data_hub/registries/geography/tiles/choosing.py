"""Reads the features of a tile: all of them, or where they are too many those that the rules of `thinning` keep.

The choice is the database's, made on boxes: a crowded tile costs one look at the index and never the geometries of what
it does not show.
"""

from dataclasses import dataclass, replace

from citykit.work import Work
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.features.parameters import selection_in_time
from data_hub.registries.geography.features.reading import FeatureTable, Found, Selection
from data_hub.registries.geography.tiles.domain import EXTENT, PIXEL, Tile
from data_hub.registries.geography.tiles.drawing import area_of
from data_hub.registries.geography.tiles.thinning import MOST_IN_A_TILE, Count, Crowd, Thinning, thinning

# The operator of the index is coarse by a millionth of a degree: these decide.
_MEETS = (
    "(extent[0])[0] >= %(west)s and (extent[1])[0] <= %(east)s"
    " and (extent[0])[1] >= %(south)s and (extent[1])[1] <= %(north)s"
)
_COLUMNS = "fid, extent[1] as low, extent[0] as high"
_MANY = "select count(*) from (select from candidate limit %(most)s) as found having count(*) > 0"
_NORTHING = "(0.5 - ln(tan(pi() / 4 + radians({point}[1]) / 2)) / (2 * pi())) * %(units)s::float8"
# Where features lie on the grid of the whole zoom level (units from its north-west corner), and how long they are.
_PLACED = f"""
, cornered as (
  select fid, (low[0] + 180) / 360 * %(units)s::float8 as west, (high[0] + 180) / 360 * %(units)s::float8 as east,
    {_NORTHING.format(point="low")} as south, {_NORTHING.format(point="high")} as north
  from candidate
), placed as (
  select fid, floor(west)::bigint as x, floor(south)::bigint as y, greatest(east - west, south - north) as size
  from cornered
)
"""  # noqa: S608 - fixed texts
# The grids of `GRIDS`, each from the one before, whose cells lie within its own: only the finest looks at every point.
_CROWD = f"""
{_PLACED}
, grid_3 as (select distinct x >> 3 as x, y >> 3 as y from placed where size = 0)
, grid_4 as (select distinct x >> 1 as x, y >> 1 as y from grid_3)
, grid_5 as (select distinct x >> 1 as x, y >> 1 as y from grid_4)
, grid_6 as (select distinct x >> 1 as x, y >> 1 as y from grid_5)
select count(*) filter (where size = 0), (select count(*) from grid_3), (select count(*) from grid_4),
  (select count(*) from grid_5), (select count(*) from grid_6), count(*) filter (where size > 0)
from placed having count(*) > 0
"""  # noqa: S608 - fixed texts
_EVERY_POINT = "select fid, 0 from placed where size = 0"
_ONE_OF_A_CELL = """
select fid, 0 from (
  select distinct on (x >> %(grid)s::int, y >> %(grid)s::int) fid from placed where size = 0
  order by x >> %(grid)s::int, y >> %(grid)s::int, fid
) as kept
"""
_LARGEST = """
select fid, size from (
  select fid, size from placed where size > 0 order by size desc, fid limit %(others)s
) as largest
"""


@dataclass(frozen=True)
class Contents:
    """The features that a tile is to show, and how many meet it."""

    items: list[Found]
    count: Count


async def contents_of(work: Work, seen: Seen, tile: Tile, when: str | None) -> Contents:
    """What a tile shows of a layer, at `when` in true time where that is named. Raises BadParameter."""
    table = FeatureTable(work, seen)
    asked = selection_in_time(MOST_IN_A_TILE, area_of(tile), when, seen)
    inside = _inside(asked)
    counted = await table.candidates(inside, "fid", _MANY, {"most": MOST_IN_A_TILE + 1})
    if not counted or counted[0][0] <= MOST_IN_A_TILE:
        found = (await table.page(asked)).items
        return Contents(found, Count(len(found)))
    units = {"units": float(EXTENT << tile.zoom)}
    ((points, *cells, others),) = await table.candidates(inside, _COLUMNS, _CROWD, units)
    crowd = Crowd(points, tuple(cells), others)
    kept = thinning(crowd)
    chosen = await table.candidates(
        inside, _COLUMNS, f"{_PLACED} {_kept(kept)}", units | {"grid": kept.grid, "others": kept.others}
    )
    fids = [fid for fid, _ in chosen]
    named = replace(asked, conditions=["fid = any(%(chosen)s::text[])"], values=asked.values | {"chosen": fids})
    sizes = [size for _, size in chosen if size > 0]
    least = min(sizes, default=0.0) / PIXEL if kept.others < others else None
    found = (await table.page(named)).items
    return Contents(found, Count(crowd.matched, is_exact=others == 0, cell=kept.cell, least=least))


def _kept(kept: Thinning) -> str:
    points = _EVERY_POINT if kept.grid is None else _ONE_OF_A_CELL
    return f"{points} union all {_LARGEST}"


def _inside(asked: Selection) -> Selection:
    """The same, decided without a geometry as exactly as boxes can."""
    assert asked.area is not None  # a tile always has one
    west, south, east, north = asked.area.bounds
    bounds = {"west": west, "south": south, "east": east, "north": north}
    return replace(asked, conditions=[_MEETS], values=asked.values | bounds)
