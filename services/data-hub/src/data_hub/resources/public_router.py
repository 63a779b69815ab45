"""The directory's public face: opened resources, for people's browsers and for programs."""

from functools import partial
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from citykit.access import anyone
from citykit.pages import Page
from citykit.problems import BadCursor, TooManyRequests, problems
from citykit.runtime import ReaderInRequest
from data_hub import keyless
from data_hub.opened_doors import OpenedRoute
from data_hub.opened_reads import OpenedReads
from data_hub.resources.download import as_csv, opened_rows
from data_hub.resources.errors import NoResource
from data_hub.resources.reading import ReadingInRequest
from data_hub.resources.repository import opened_page
from data_hub.resources.schemas import (
    Facets,
    PublicFacets,
    PublicFilter,
    Resource,
    ResourceBrief,
    ResourceCode,
)


class CatalogueRoute(OpenedRoute):
    """A route of the catalogue; the file is a door to rows."""

    doors: ClassVar = {"download_opened": "download"}
    means = "{code}"


router = APIRouter(
    prefix="/api/data-hub/v1/catalogue", tags=["catalogue"], dependencies=[Depends(anyone)],
    route_class=CatalogueRoute, redirect_slashes=False,
)  # fmt: skip


@router.get("/resources", response_model=Page[ResourceBrief], responses=problems(BadCursor))
async def list_opened(query: Annotated[PublicFilter, Query()], reads: ReaderInRequest) -> Response:
    """Search the opened resources 检索开放数据."""
    return Response(await opened_page(reads, query), media_type="application/json")


@router.get("/facets")
async def count_opened(query: Annotated[PublicFacets, Query()], reading: ReadingInRequest) -> Facets:
    """Count the opened resources by facet."""
    return await reading.public_facets(query)


@router.get("/resources/{code}", responses=problems(NoResource))
async def read_opened(code: ResourceCode, reading: ReadingInRequest) -> Resource:
    """Read what an opened resource holds, and on what terms."""
    return await reading.public(code)


@router.get(
    "/resources/{code}/rows.csv",
    dependencies=[Depends(keyless.whole_file)],
    response_class=StreamingResponse,
    responses=problems(NoResource, TooManyRequests) | {200: {"content": {"text/csv": {}}}},
)
async def download_opened(code: ResourceCode, reading: ReadingInRequest, request: Request) -> StreamingResponse:
    """Download all rows of an opened resource as CSV 下载开放数据; texts that look like formulas are made harmless."""
    reads = OpenedReads.of(request.app.state)
    resource = await reading.public(code, partial(reads.found, request))
    dataset, columns = await opened_rows(reading.work, resource)
    rows = as_csv(request.app.state.city.open_work, dataset, columns, resource, partial(reads.note, request, None))
    headers = {"Content-Disposition": f'attachment; filename="{code}.csv"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)
