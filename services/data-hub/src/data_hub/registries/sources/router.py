"""The list of sources over HTTP: whose word counts is no secret inside government; naming a source is supervision."""

from typing import Annotated

from fastapi import Query

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from data_hub.registries.access import Reader, Supervisor
from data_hub.registries.sources.errors import SourceTaken
from data_hub.registries.sources.schemas import NamedSource, SourceNaming, SourceQuery
from data_hub.registries.sources.service import SourcesInRequest

router = CityRouter(prefix="/api/data-hub/v1/registries/sources", tags=["基础库校核 Corrections"])


@router.get("", responses=problems(BadCursor))
async def list_sources(
    actor: Reader, query: Annotated[SourceQuery, Query()], sources: SourcesInRequest
) -> Page[NamedSource]:
    """List which department is the source of which field 数源清单（一数一源）, past ones included."""
    return await sources.listed(query)


@router.post("", status_code=201, responses=problems(SourceTaken, KeyUsedOtherwise, StillRunning))
async def name_source(
    actor: Supervisor, body: SourceNaming, sources: SourcesInRequest, once: OnceInRequest
) -> NamedSource:
    """Name the source department of a field from a day on 确定数源部门; the one before counts until then."""
    return await once(lambda: sources.name(body, by=actor), NamedSource)
