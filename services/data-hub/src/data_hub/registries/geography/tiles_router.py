"""Vector tiles over HTTP. A tile is the same for all who see the same columns, until the layer's next version."""

import asyncio
import hashlib
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from citykit.access import anyone
from citykit.problems import Forbidden, TooManyRequests, Unauthenticated, problems
from citykit.work import WorkInRequest
from data_hub import keyless
from data_hub.registries.geography.access import Seen, SeenInRequest, as_known, note_read
from data_hub.registries.geography.errors import BadParameter, NoSuchLayer, NoSuchTile
from data_hub.registries.geography.features.documents import BASE, JSON, TILE
from data_hub.registries.geography.features.parameters import KnownQuery, When
from data_hub.registries.geography.features.routes import OgcRouter, has_already
from data_hub.registries.geography.features_router import document, root_of
from data_hub.registries.geography.tiles import documents
from data_hub.registries.geography.tiles.choosing import Contents, contents_of
from data_hub.registries.geography.tiles.domain import Tile
from data_hub.registries.geography.tiles.drawing import Drawn, tile_of
from data_hub.registries.geography.tiles.thinning import Count

router = OgcRouter(prefix=BASE, tags=["地理空间 OGC API"], dependencies=[Depends(anyone)])
Scheme = Annotated[Literal["WebMercatorQuad"], Path(description="The tile matrix set")]
Number = Annotated[int, Path(ge=0, le=2**31)]
_PLAIN: dict[str, Any] = {"response_class": JSONResponse}
_REFUSED = problems(NoSuchLayer, Unauthenticated, Forbidden, BadParameter)
_FORM = 2  # how tiles are made: what was drawn otherwise is not taken for the same
_BYTES = {"type": "string", "format": "binary"}
_NUMBER = {"type": "integer"}
_COUNTED = {
    "OGC-NumberMatched": {"description": "How many features meet the tile; absent where only their boxes were counted",
                          "schema": _NUMBER},
    "OGC-NumberReturned": {"description": "How many of them it shows; where fewer, its layer `_meta` says so too",
                           "schema": _NUMBER},
}  # fmt: skip
_TILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A Mapbox Vector Tile 2", "content": {TILE: {"schema": _BYTES}}, "headers": _COUNTED},
    204: {"description": "Nothing lies in this tile"},
    304: {"description": "The tile that the caller has is still right"},
}


@router.get("/tileMatrixSets", **_PLAIN, responses=problems(BadParameter))
async def list_schemes(request: Request) -> Response:
    """The tile matrix sets 切片方案."""
    return document(documents.schemes(root_of(request)), JSON)


@router.get("/tileMatrixSets/{scheme}", **_PLAIN, responses=problems(BadParameter))
async def read_scheme(scheme: Scheme) -> Response:
    """A tile matrix set 切片方案."""
    return document(documents.scheme(), JSON)


@router.get("/collections/{layer}/tiles", **_PLAIN, responses=_REFUSED)
async def list_tilesets(request: Request, seen: SeenInRequest) -> Response:
    """The tilesets of a collection 切片集."""
    return document(documents.tilesets(seen, root_of(request)), JSON)


@router.get("/collections/{layer}/tiles/{scheme}", **_PLAIN, responses=_REFUSED)
async def read_tileset(request: Request, scheme: Scheme, seen: SeenInRequest) -> Response:
    """What the tiles of a collection hold 切片集."""
    return document(documents.tileset(seen, root_of(request)), JSON)


async def the_tile(zoom: Number, row: Number, column: Number) -> Tile:
    """The tile that the path names: row before column. Raises NoSuchTile."""
    tile = Tile(zoom, row, column)
    if not tile.exists:
        raise NoSuchTile()
    return tile


class TileQuery(KnownQuery):
    """What of a layer a tile shows: what was known then, and what is true then."""

    datetime: When = None


def _headers(seen: Seen, tile: Tile, query: TileQuery) -> dict[str, str]:
    told = f"{_FORM} {seen.state} {tile} {seen.hidden} {query.datetime}"
    tag = hashlib.sha256(told.encode()).hexdigest()[:24]
    age = "public, max-age=300, stale-while-revalidate=600" if seen.is_public else "private, max-age=60"
    return {"ETag": f'"{tag}"', "Cache-Control": age, "Vary": "Authorization"}


def _counted(count: Count, drawn: Drawn) -> dict[str, str]:
    """How many features match and how many show, in the headers that other servers of features use as well."""
    matched = {"OGC-NumberMatched": str(count.matched)} if count.is_exact else {}
    return matched | {"OGC-NumberReturned": str(drawn.returned)}


async def _drawn(request: Request, seen: Seen, tile: Tile, shown: Contents) -> Drawn:
    drawn = await asyncio.to_thread(
        tile_of, seen.row.id, tile, [(one.fid, one.geometry, one.properties) for one in shown.items], shown.count
    )
    note_read(request, seen, "tile", drawn.returned)
    return drawn


@router.get(
    "/collections/{layer}/tiles/{scheme}/{zoom}/{row}/{column}",
    response_class=Response,
    responses=_TILE | problems(NoSuchLayer, NoSuchTile, Unauthenticated, Forbidden, BadParameter, TooManyRequests),
)
async def read_tile(
    request: Request,
    scheme: Scheme,
    tile: Annotated[Tile, Depends(the_tile)],
    query: Annotated[TileQuery, Query()],
    seen: SeenInRequest,
    work: WorkInRequest,
) -> Response:
    """A vector tile 矢量切片: zoom, row from the north, column from the west; as of an instant where one is named.

    It shows at most 10,000 features; one that shows fewer than meet it says so in its layer `_meta` and in its headers.
    """
    seen = await as_known(work, seen, query.as_of)
    headers = _headers(seen, tile, query)
    if has_already(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    keyless.spend(request, int(seen.viewer.is_anybody))
    shown = await contents_of(work, seen, tile, query.datetime)
    drawn = await _drawn(request, seen, tile, shown)
    if not drawn.content:
        return Response(status_code=204, headers=headers)
    return Response(drawn.content, media_type=TILE, headers=headers | _counted(shown.count, drawn))
