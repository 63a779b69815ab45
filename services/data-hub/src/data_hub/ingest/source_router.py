"""HTTP face of sources that are pulled: register, look, change, pull now."""

from typing import Annotated

from fastapi import Query

from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.datasets.errors import NoDataset
from data_hub.ingest import repository
from data_hub.ingest.access import Code, Gatherer, Loader, LockedSource, SeenSource
from data_hub.ingest.errors import BadDeclaration, NoSuchSource, NotTheSource, SourcePaused
from data_hub.ingest.source_schemas import Source, SourceChange, SourceDraft, SourceFilter
from data_hub.ingest.sources import SourcesInRequest
from data_hub.resources.errors import NoResource, WithdrawnResource

router = CityRouter(prefix="/api/data-hub/v1/ingest", tags=["ingest"])


@router.post(
    "/{resource}/sources",
    status_code=201,
    responses=problems(NoResource, WithdrawnResource, NoDataset, NotTheSource, BadDeclaration),
)
async def register_source(
    resource: Code, actor: Loader, body: SourceDraft, sources: SourcesInRequest, once: OnceInRequest
) -> Source:
    """Register a source 登记数据源 that is pulled on a schedule: a file by HTTP, a PostgreSQL, another data hub."""

    async def act() -> Source:
        return Source.of(await sources.register(resource, body, by=actor))

    return await once(act, Source)


@router.get("/{resource}/sources")
async def list_sources(
    resource: Code, actor: Gatherer, query: Annotated[SourceFilter, Query()], work: WorkInRequest
) -> Page[Source]:
    """List the sources 数据源 of a resource that one's department registered, newest first."""
    return await repository.sources(work, resource, actor.department, query)


@router.get("/{resource}/sources/{source}", responses=problems(NoSuchSource))
async def read_source(source: SeenSource) -> Source:
    """Read a source 数据源: when it is pulled next, and how its last pull ended."""
    return Source.of(source)


@router.put("/{resource}/sources/{source}/plan", responses=problems(NoSuchSource))
async def change_source(
    actor: Loader, source: LockedSource, body: SourceChange, sources: SourcesInRequest
) -> Source:  # fmt: skip
    """Change when a source is pulled 调整计划, pause it, or bring a new secret."""
    sources.change(source, body, by=actor)
    return Source.of(source)


@router.post("/{resource}/sources/{source}/pulls", status_code=202, responses=problems(NoSuchSource, SourcePaused))
async def pull_source(actor: Loader, source: LockedSource, sources: SourcesInRequest) -> Source:
    """Pull a source now 立即拉取; the batch that it brings is named as `last_batch`."""
    sources.ask(source, by=actor)
    return Source.of(source)
