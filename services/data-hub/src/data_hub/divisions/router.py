"""The divisions over HTTP: public ones for everybody, internal ones for the services of the city."""

from typing import Annotated

from fastapi import Depends, Path, Query
from starlette.responses import JSONResponse

from citykit.access import anyone, from_service
from citykit.pages import Page, keyset_page
from citykit.problems import problems
from citykit.routing import CityRouter
from citykit.wire import DivisionCode
from citykit.work import WorkInRequest
from data_hub.divisions.errors import NoBoundary, NoSuchDivision, OutsideTheCity
from data_hub.divisions.models import DivisionRow
from data_hub.divisions.repository import matching
from data_hub.divisions.schemas import (
    Boundary,
    ChildrenQuery,
    Division,
    DivisionBrief,
    DivisionFilter,
    Location,
    MeshPlaceQuery,
    PlaceQuery,
)
from data_hub.divisions.service import DivisionsInRequest

router = CityRouter(prefix="/api/data-hub/v1/divisions", tags=["行政区划 Divisions"], dependencies=[Depends(anyone)])
internal = CityRouter(
    prefix="/internal/data-hub/v1/divisions", tags=["行政区划 Divisions"], dependencies=[Depends(from_service())]
)


class GeoJson(JSONResponse):
    """A GeoJSON document, by its own media type (RFC 7946 §12)."""

    media_type = "application/geo+json"


CodeInPath = Annotated[DivisionCode, Path(description="2, 4, 6, 9 or 12 digits", examples=["131102"])]


@router.get("", responses=problems())
async def list_divisions(
    query: Annotated[DivisionFilter, Query()], work: WorkInRequest, desk: DivisionsInRequest
) -> Page[Division]:
    """Search the divisions by name, parent and level, by code 查询行政区划."""
    found = matching(query, desk.today)
    return await keyset_page(work.session, found, keys=(DivisionRow.code,), query=query, make=Division.of)


@router.get("/at", responses=problems(OutsideTheCity))
async def locate_point(query: Annotated[PlaceQuery, Query()], desk: DivisionsInRequest) -> Location:
    """Say in which county a point lies 按坐标定位; a GCJ-02 point is converted before it is looked up."""
    return await desk.at(query.longitude, query.latitude, query.crs)


@router.get("/{code}", responses=problems(NoSuchDivision))
async def read_division(code: CodeInPath, desk: DivisionsInRequest) -> Division:
    """Read one division; `1311` and `131100` are the same one 查看行政区划."""
    return await desk.one(code)


@router.get("/{code}/children", responses=problems(NoSuchDivision))
async def list_children(
    code: CodeInPath, query: Annotated[ChildrenQuery, Query()], work: WorkInRequest, desk: DivisionsInRequest
) -> Page[Division]:
    """List the divisions directly below one 下级行政区划."""
    parent = await desk.one(code)
    found = matching(DivisionFilter(parent=parent.code, on=query.on), desk.today)
    return await keyset_page(work.session, found, keys=(DivisionRow.code,), query=query, make=Division.of)


@router.get("/{code}/ancestors", responses=problems(NoSuchDivision))
async def list_ancestors(code: CodeInPath, desk: DivisionsInRequest) -> list[Division]:
    """List the divisions above one, from the province down 上级行政区划."""
    return await desk.ancestors(code)


@router.get("/{code}/boundary", response_class=GeoJson, responses=problems(NoSuchDivision, NoBoundary))
async def read_boundary(code: CodeInPath, desk: DivisionsInRequest) -> Boundary:
    """Read the boundary of the city or a county as a GeoJSON Feature 行政区划边界 (RFC 7946; realised in EPSG:4490)."""
    return await desk.boundary(code)


@internal.get("/at", responses=problems(OutsideTheCity))
async def locate_for_service(query: Annotated[MeshPlaceQuery, Query()], desk: DivisionsInRequest) -> DivisionBrief:
    """Say in which county a point (EPSG:4490) lies."""
    found = await desk.at(query.longitude, query.latitude)
    return await desk.brief(found.division.code)


@internal.get("/{code}", responses=problems(NoSuchDivision))
async def read_for_service(code: CodeInPath, desk: DivisionsInRequest) -> DivisionBrief:
    """Read one division."""
    return await desk.brief(code)
