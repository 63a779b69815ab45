"""Mergers over HTTP, for the departments that keep the numbers of persons and firms."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from data_hub.registries.access import Maintainer
from data_hub.registries.errors import RecordMerged, Stale
from data_hub.registries.legal_entities.errors import NoSuchEntity
from data_hub.registries.merging.errors import ChangedSince, MergerUndone, NoSuchMerger, SameRecord
from data_hub.registries.merging.schemas import Merger, MergerDraft, MergerQuery, PartingDraft
from data_hub.registries.merging.service import MergingInRequest
from data_hub.registries.population.errors import NoSuchPerson, PersonExists
from data_hub.registries.sources.errors import NotTheSource, StatedForAnother

router = CityRouter(prefix="/api/data-hub/v1/registries/mergers", tags=["记录合并 Mergers"])
_ONCE = (KeyUsedOtherwise, StillRunning)


@router.post(
    "",
    status_code=201,
    responses=problems(
        NoSuchPerson, NoSuchEntity, RecordMerged, SameRecord, StatedForAnother, Stale, NotTheSource, *_ONCE
    ),
)
async def merge_records(actor: Maintainer, body: MergerDraft, merging: MergingInRequest, once: OnceInRequest) -> Merger:
    """Merge two records of one person or of one firm 合并重复记录; what differs becomes conflicts."""
    return await once(lambda: merging.merge(body, by=actor), Merger)


@router.get("", responses=problems(BadCursor))
async def list_mergers(
    actor: Maintainer, query: Annotated[MergerQuery, Query()], merging: MergingInRequest
) -> Page[Merger]:
    """List mergers, newest first 合并记录查询, undone ones included."""
    return await merging.listed(query, by=actor)


@router.post(
    "/{merger}/partings",
    status_code=201,
    responses=problems(NoSuchMerger, MergerUndone, ChangedSince, PersonExists, StatedForAnother, NotTheSource, *_ONCE),
)
async def part_records(
    actor: Maintainer, merger: UUID, body: PartingDraft, merging: MergingInRequest, once: OnceInRequest
) -> Merger:
    """Undo a merger that was wrong 撤销合并, as long as nothing of the survivor was changed since."""
    return await once(lambda: merging.part(merger, body, by=actor), Merger)
