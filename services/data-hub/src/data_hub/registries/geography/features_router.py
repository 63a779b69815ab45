"""OGC API Features over HTTP, as JSON and as pages."""

import asyncio
import hashlib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from citykit.access import anyone
from citykit.pages import PageQuery
from citykit.problems import BadCursor, Forbidden, TooManyRequests, Unauthenticated, problems
from citykit.work import Work, WorkInRequest
from data_hub import keyless
from data_hub.registries.geography.access import Seen, SeenInRequest, ViewerInRequest, as_known, note_read
from data_hub.registries.geography.errors import BadFilter, BadParameter, NoSuchFeature, NoSuchLayer
from data_hub.registries.geography.features import documents, pages, writing
from data_hub.registries.geography.features.definition import definition
from data_hub.registries.geography.features.documents import BASE, GEOJSON, HTML, JSON, OPENAPI, SCHEMA
from data_hub.registries.geography.features.parameters import (
    CrsQuery,
    FormatQuery,
    HistoryQuery,
    ItemsQuery,
    Spoken,
    selection,
)
from data_hub.registries.geography.features.reading import Features, FeatureTable, Found, Selection
from data_hub.registries.geography.features.routes import OgcRouter, has_already
from data_hub.registries.geography.history import HistoryInRequest
from data_hub.registries.geography.repository import LayerTable

router = OgcRouter(prefix=BASE, tags=["地理空间 OGC API"], dependencies=[Depends(anyone)])
Asked = Annotated[FormatQuery, Query()]
Fid = Annotated[str, Path(max_length=200, description="The id of a feature", examples=["131102"])]
# The gateway leaves the policy to these routes, for their pages' sake: data that is opened as a page may do nothing.
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_FORM = 1  # how features are written: what was written otherwise is not taken for the same
_VARY = {"Vary": "Accept, Authorization", "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}


_SAME: dict[int | str, dict[str, Any]] = {304: {"description": "What the caller has is still right"}}


def _answers(*media: str, **more: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "OK", "content": {one: {"schema": {}} for one in media}} | more}


_REFUSED = problems(NoSuchLayer, Unauthenticated, Forbidden, BadParameter)
_PAGES: dict[str, Any] = {"response_class": JSONResponse, "responses": _answers(JSON, HTML) | problems(BadParameter)}


def wants_page(request: Request, f: str | None) -> bool:
    """Whether a page is wanted: `f` says so, or the Accept header prefers HTML to JSON."""
    if f is not None:
        return f == "html"
    best = {"html": 0.0, "json": 0.0}
    for part in request.headers.get("accept", "").lower().split(","):
        media, _, rest = part.partition(";")
        weight = rest.partition("q=")[2].strip()
        value = float(weight) if weight.replace(".", "", 1).isdigit() else 1.0
        kind = "html" if media.strip() == HTML else "json" if "json" in media else None
        if kind is not None:
            best[kind] = max(best[kind], value)
    return best["html"] > best["json"]


def document(body: Any, media: str = JSON) -> Response:
    """A document that depends on who asks."""
    return JSONResponse(body, media_type=media, headers=_VARY)


def root_of(request: Request) -> str:
    """The address of the city, as links begin."""
    return str(request.app.state.city.settings.public_url).rstrip("/")


def _told(request: Request, seen: Seen, f: str | None) -> dict[str, str]:
    """The headers of features, by whose tag a caller learns that nothing of a layer's version changed for her."""
    url, form = request.url, "html" if wants_page(request, f) else "json"
    said = f"{_FORM} {seen.state} {seen.hidden} {form} {root_of(request)} {url.path}?{url.query}"
    return _VARY | {"ETag": f'W/"{hashlib.sha256(said.encode()).hexdigest()[:24]}"'}


async def _all_seen(work: WorkInRequest, who: ViewerInRequest) -> list[Seen]:
    return documents.visible(await LayerTable(work).all_seen_by(who), who)


AllSeen = Annotated[list[Seen], Depends(_all_seen)]


@router.get("/", include_in_schema=False)
@router.get("", **_PAGES)
async def read_landing(request: Request, query: Asked) -> Response:
    """The landing page 首页: where everything is."""
    made = documents.landing(root_of(request))
    return pages.landing(made) if wants_page(request, query.f) else document(made)


@router.get("/conformance", **_PAGES)
async def read_conformance(request: Request, query: Asked) -> Response:
    """The classes of the standards that this API conforms to 符合的标准."""
    made = documents.conformance(root_of(request))
    return pages.conformance(made) if wants_page(request, query.f) else document(made)


@router.get("/api", response_class=JSONResponse, responses=_answers(OPENAPI, HTML) | problems(BadParameter))
async def read_definition(request: Request, query: Asked, seen: AllSeen) -> Response:
    """The API definition in OpenAPI 3.0, collection by collection 接口定义."""
    made = definition(seen, root_of(request))
    return pages.definition(made) if wants_page(request, query.f) else document(made, OPENAPI)


@cache
def _style() -> bytes:
    return (files("data_hub.registries.geography.features") / "static" / "style.css").read_bytes()


@router.get("/static/style.css", include_in_schema=False)
async def read_style() -> Response:
    """The style sheet of the pages."""
    return Response(_style(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/collections", **_PAGES)
async def list_collections(request: Request, query: Asked, seen: AllSeen) -> Response:
    """The collections that the caller sees, with her rights 图层列表."""
    if wants_page(request, query.f):
        return pages.collections(seen)
    return document(documents.collections(seen, root_of(request)))


@router.get("/collections/{layer}", response_class=JSONResponse, responses=_answers(JSON, HTML) | _REFUSED)
async def read_collection(request: Request, query: Asked, seen: SeenInRequest) -> Response:
    """One collection: extent, coordinate systems, links, rights 图层."""
    if wants_page(request, query.f):
        return pages.collection(seen)
    return document(documents.collection(seen, root_of(request)))


@router.get("/collections/{layer}/queryables", response_class=JSONResponse, responses=_answers(SCHEMA, HTML) | _REFUSED)
async def read_queryables(request: Request, query: Asked, seen: SeenInRequest) -> Response:
    """The properties that filters may name 可查询属性 (JSON Schema); hidden columns are none."""
    made = documents.queryables(seen, root_of(request))
    return pages.queryables(seen, made) if wants_page(request, query.f) else document(made, SCHEMA)


async def _counted(request: Request, who: ViewerInRequest) -> None:
    """Count a long page or a filter of somebody who sees what everybody sees. Raises TooManyRequests."""
    if who.is_anybody:
        told = request.query_params
        keyless.spend(request, keyless.of_page(told.get("limit")) + keyless.FILTERED * ("filter" in told))


@router.get(
    "/collections/{layer}/items",
    dependencies=[Depends(_counted)],
    response_class=JSONResponse,
    responses=_answers(GEOJSON, HTML)
    | _SAME
    | problems(NoSuchLayer, Unauthenticated, Forbidden, BadParameter, BadFilter, BadCursor, TooManyRequests),
)
async def list_features(
    request: Request, query: Annotated[ItemsQuery, Query()], seen: SeenInRequest, work: WorkInRequest
) -> Response:
    """A page of features 要素: by area, time, property and CQL2 filter, in any coordinate system of the collection."""
    seen = await as_known(work, seen, query.as_of)
    headers, html = _told(request, seen, query.f), wants_page(request, query.f)
    if has_already(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    spoken, asked, root = Spoken.of(query), selection(query, seen), root_of(request)
    page = await _page(request, work, seen, asked)
    links = writing.page_links(seen, root, request.query_params.multi_items(), page, HTML if html else GEOJSON)
    if html:
        return _with(headers, await asyncio.to_thread(pages.items, seen, page.items, links))
    return Response(
        await writing.page_text(seen, page, spoken, links, f"{work.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"),
        media_type=GEOJSON, headers=writing.headers_of(spoken, links) | headers,
    )  # fmt: skip


async def _page(request: Request, work: Work, seen: Seen, asked: Selection) -> Features:
    page = await FeatureTable(work, seen).page(asked)
    note_read(request, seen, "features", len(page.items))
    return page


async def _one(request: Request, work: Work, seen: Seen, fid: str) -> Found:
    found = await FeatureTable(work, seen).one(fid)
    if found is None:
        raise NoSuchFeature()
    note_read(request, seen, "feature", 1)
    return found


def _with(headers: dict[str, str], page: Response) -> Response:
    """A page with the tag of what it shows."""
    page.headers["ETag"] = headers["ETag"]
    return page


@router.get(
    "/collections/{layer}/items/{fid}",
    response_class=JSONResponse,
    responses=_answers(GEOJSON, HTML)
    | _SAME
    | problems(NoSuchLayer, NoSuchFeature, Unauthenticated, Forbidden, BadParameter),
)
async def read_feature(
    request: Request, fid: Fid, query: Annotated[CrsQuery, Query()], seen: SeenInRequest, work: WorkInRequest
) -> Response:
    """One feature 单个要素."""
    seen, spoken = await as_known(work, seen, query.as_of), Spoken.of(query)
    headers = _told(request, seen, query.f)
    if has_already(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    found = await _one(request, work, seen, fid)
    if wants_page(request, query.f):
        return _with(headers, pages.item(seen, found, spoken))
    return Response(
        writing.feature_text(seen, found, spoken, root_of(request)),
        media_type=GEOJSON,
        headers=writing.headers_of(spoken) | headers,
    )


@router.get(
    "/collections/{layer}/items/{fid}/history",
    response_class=JSONResponse,
    responses=_answers(JSON, HTML)
    | problems(NoSuchLayer, NoSuchFeature, Unauthenticated, Forbidden, BadParameter, BadCursor),
)
async def read_feature_history(
    request: Request, fid: Fid, query: Annotated[HistoryQuery, Query()], seen: SeenInRequest, known: HistoryInRequest
) -> Response:
    """Every state of a feature 要素历史, newest first: what it said, from when until when, and from where."""
    page = await known.page(seen, fid, PageQuery(limit=query.limit, after=query.after))
    note_read(request, seen, "history", len(page.items))
    links = writing.history_links(seen, fid, root_of(request), query.limit, query.after, page.next)
    if wants_page(request, query.f):
        return pages.history(seen, fid, page.items, links)
    items = [one.model_dump(mode="json") for one in page.items]
    return document({"links": links, "numberReturned": len(items), "items": items})


@router.options("/collections/{layer}", response_class=JSONResponse, responses=_answers(JSON) | _REFUSED)
@router.options("/collections/{layer}/items", response_class=JSONResponse, responses=_answers(JSON) | _REFUSED)
async def tell_rights(request: Request, seen: SeenInRequest) -> Response:
    """What the caller may do with a collection 权限: methods in `Allow`, and in words."""
    links = [one for one in documents.collection(seen, root_of(request))["links"] if one["rel"] in {"items", "edit"}]
    body = documents.rights(seen) | {"links": links}
    return JSONResponse(body, headers={"Allow": "GET, OPTIONS"} | _VARY)
