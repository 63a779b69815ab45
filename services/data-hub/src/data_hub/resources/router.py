"""HTTP face of the directory inside government: describe, review, withdraw, search, compare."""

from typing import Annotated

from fastapi import Path, Query

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from data_hub.datasets.errors import BadShape, ShapeInUse
from data_hub.resources.access import InsideReader, Reviewer, Steward, StewardOrReviewer
from data_hub.resources.editing import EditingInRequest
from data_hub.resources.errors import (
    BadDescription,
    DirectoryFull,
    NoResource,
    NotTheProvider,
    OwnWork,
    ResourceExists,
    ResourceStateProblem,
    RowsBusy,
    SourceConflict,
)
from data_hub.resources.loading import OwnResource, ResourceInHand, ResourceToReview, VisibleResource
from data_hub.resources.reading import ReadingInRequest
from data_hub.resources.reviewing import ReviewingInRequest
from data_hub.resources.schemas import (
    Description,
    DifferenceQuery,
    Differences,
    Facets,
    InsideFacets,
    InsideFilter,
    Registered,
    Resource,
    ResourceBrief,
    ResourceDraft,
    ReviewDraft,
    Rival,
    Statistics,
    Version,
    VersionContent,
    Withdrawal,
)

router = CityRouter(prefix="/api/data-hub/v1/resources", tags=["resources"])
VersionNumber = Annotated[int, Path(ge=1, le=100_000)]


@router.get("", responses=problems(BadCursor))
async def list_resources(
    actor: InsideReader, query: Annotated[InsideFilter, Query()], reading: ReadingInRequest
) -> Page[ResourceBrief]:
    """Search the directory inside government 检索目录: best first where words are given, else what changed last."""
    return await reading.page(query, by=actor)


@router.get("/facets")
async def read_facets(
    actor: InsideReader, query: Annotated[InsideFacets, Query()], reading: ReadingInRequest
) -> Facets:
    """Count the found resources by class, theme, provider, sharing, opening, update cycle and format."""
    return await reading.facets(query, by=actor)


@router.get("/statistics")
async def read_statistics(actor: InsideReader, reading: ReadingInRequest) -> Statistics:
    """Count for each department what it catalogued, shares and opens, and what is late 目录统计."""
    return await reading.statistics(by=actor)


@router.post(
    "",
    status_code=201,
    responses=problems(BadDescription, ResourceExists, DirectoryFull, NotTheProvider, KeyUsedOtherwise, StillRunning),
)
async def draft_resource(
    actor: Steward, body: ResourceDraft, editing: EditingInRequest, once: OnceInRequest
) -> Registered:
    """Begin to describe a resource of one's department 编目; the answer names rivals for one source."""
    return await once(lambda: editing.draft(body, by=actor), Registered)


@router.get("/{code}", responses=problems(NoResource))
async def read_resource(_: InsideReader, row: VisibleResource, reading: ReadingInRequest) -> Resource:
    """Read a resource as its published version describes it (a draft where nothing was published yet)."""
    return await reading.detail(row)


@router.get("/{code}/versions", responses=problems(NoResource))
async def list_versions(actor: InsideReader, row: VisibleResource, reading: ReadingInRequest) -> tuple[Version, ...]:
    """List the versions of a description, newest first 历史版本."""
    return await reading.versions(row, by=actor)


@router.get("/{code}/versions/{number}", responses=problems(NoResource))
async def read_version(
    actor: InsideReader, row: VisibleResource, number: VersionNumber, reading: ReadingInRequest
) -> VersionContent:
    """Read one version of a description."""
    return await reading.version(row, number, by=actor)


@router.get("/{code}/differences", responses=problems(NoResource))
async def read_differences(
    actor: InsideReader, row: VisibleResource, query: Annotated[DifferenceQuery, Query()], reading: ReadingInRequest
) -> Differences:
    """Show what a version changed 版本差异; without numbers the newest against the one published before it."""
    return await reading.differences(row, query, by=actor)


@router.get("/{code}/conflicts", responses=problems(NoResource))
async def read_conflicts(_: InsideReader, row: VisibleResource, reading: ReadingInRequest) -> tuple[Rival, ...]:
    """Show published resources that claim to be the source of the same data 数源冲突."""
    return await reading.conflicts(row)


@router.put("/{code}/draft", responses=problems(NoResource, BadDescription, ResourceStateProblem))
async def rewrite_draft(actor: Steward, row: OwnResource, body: Description, editing: EditingInRequest) -> Registered:
    """Write an open draft anew 修改草稿."""
    return await editing.rewrite(row, body, by=actor)


@router.delete("/{code}/draft", status_code=204, responses=problems(NoResource, ResourceStateProblem))
async def discard_draft(actor: Steward, row: OwnResource, editing: EditingInRequest) -> None:
    """Give an open draft up 放弃草稿; a resource that was never published goes with it."""
    await editing.discard(row, by=actor)


@router.post(
    "/{code}/changes",
    status_code=201,
    responses=problems(NoResource, BadDescription, ResourceStateProblem, KeyUsedOtherwise, StillRunning),
)
async def draft_change(
    actor: Steward, row: OwnResource, body: Description, editing: EditingInRequest, once: OnceInRequest
) -> Registered:
    """Draft a new version of a published resource 目录变更; the published one stands until the new one is."""
    return await once(lambda: editing.change(row, body, by=actor), Registered)


@router.post("/{code}/submissions", responses=problems(NoResource, BadDescription, ResourceStateProblem))
async def submit_draft(actor: Steward, row: OwnResource, editing: EditingInRequest) -> Registered:
    """Send an open draft to review 提交审核."""
    return await editing.submit(row, by=actor)


@router.post(
    "/{code}/reviews",
    responses=problems(
        NoResource, ResourceStateProblem, OwnWork, SourceConflict, BadDescription, BadShape, ShapeInUse, RowsBusy
    ),
)
async def review_resource(
    actor: Reviewer, row: ResourceToReview, body: ReviewDraft, reviewing: ReviewingInRequest
) -> Resource:
    """Publish a description or give it back 审核发布; never by somebody who wrote it."""
    return await reviewing.decide(row, body, by=actor)


@router.post("/{code}/withdrawals", responses=problems(NoResource, ResourceStateProblem))
async def withdraw_resource(
    actor: StewardOrReviewer, row: ResourceInHand, body: Withdrawal, reviewing: ReviewingInRequest
) -> Resource:
    """Withdraw a published resource 撤销; its versions stay readable inside government."""
    return await reviewing.withdraw(row, body, by=actor)
