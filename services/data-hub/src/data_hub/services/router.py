"""HTTP face of data services: rows on question, and what a service is."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from citykit.access import anyone
from citykit.problems import TooManyRequests, problems
from data_hub.services import documents
from data_hub.services import errors as no
from data_hub.services.access import resource_named, within_allowance
from data_hub.services.schemas import DataService, RowsPage, RowsQuery
from data_hub.services.service import RowsInRequest
from data_hub.services.views import AskerInRequest
from data_hub.sharing.errors import NotGranted, QuotaUsed
from data_hub.sharing.service import on_record_router

router = on_record_router(
    prefix="/api/data-hub/v1/services",
    tags=["services"],
    named=resource_named,
    actions={"read_service": "describe", "read_rows": "query", "read_document": "describe"},
)

Code = Annotated[str, Path(pattern=r"^[1-3][0-9]{5,10}-[0-9]{6}$", examples=["203001-000001"])]
SEEN = (no.NoService, no.ReadElsewhere, no.KeyWanted, no.KeyRefused, NotGranted, QuotaUsed)


@router.get("/{code}", dependencies=[Depends(anyone)], responses=problems(*SEEN))
async def read_service(code: Code, asker: AskerInRequest, rows: RowsInRequest) -> DataService:
    """Read what a data service is, as the caller sees it: a token, a key in `X-Api-Key`, or neither 数据服务说明."""
    return await rows.describe(code, asker)


@router.get(
    "/{code}/rows",
    dependencies=[Depends(anyone), Depends(within_allowance)],
    response_model=RowsPage,
    responses=problems(*SEEN, no.QuestionRefused, no.TooCostly, no.KeyQuotaUsed, TooManyRequests),
)
async def read_rows(
    code: Code, query: Annotated[RowsQuery, Query()], request: Request, asker: AskerInRequest, rows: RowsInRequest
) -> Response:
    """Read rows 数据查询: conditions, fields, aggregates, order and pages by key, under what the caller may see."""
    text = await rows.page(code, asker, query, request.query_params.multi_items())
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/{code}/openapi.json", dependencies=[Depends(anyone)], responses=problems(*SEEN))
async def read_document(code: Code, asker: AskerInRequest, rows: RowsInRequest) -> dict[str, Any]:
    """Read the service's own OpenAPI document, with the items that the caller sees 接口文档."""
    return documents.openapi(await rows.describe(code, asker))
