"""Feeds over HTTP: the bureau sets and ends them, the department reads what became of its rows."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from citykit.access import Actor, requires
from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page, PageQuery
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from data_hub.datasets.errors import NoDataset
from data_hub.registries.access import Supervisor
from data_hub.registries.feeding.errors import BadFeed, FeedEnded, FeedExists, NoSuchFeed
from data_hub.registries.feeding.schemas import FaultQuery, Feed, FeedDraft, FeedFault, FeedQuery, FeedRun
from data_hub.registries.feeding.service import FeedsInRequest
from data_hub.resources.errors import NoResource, WithdrawnResource

router = CityRouter(prefix="/api/data-hub/v1/registries/feeds", tags=["基础库供数 Feeds"])
# Who states or decides values for one's department, and who supervises all of them.
Feeder = Annotated[
    Actor,
    Depends(
        requires(any_of=("data-hub.registries.maintain", "data-hub.registries.decide", "data-hub.registries.supervise"))
    ),
]


@router.post(
    "",
    status_code=201,
    responses=problems(NoResource, WithdrawnResource, NoDataset, BadFeed, FeedExists, KeyUsedOtherwise, StillRunning),
)
async def set_feed(actor: Supervisor, body: FeedDraft, feeds: FeedsInRequest, once: OnceInRequest) -> Feed:
    """Let a gathered resource feed a registry 设定供数关系: which item says which field.

    Its batches are stated in the name of its source department from now on, within a minute after they are loaded.
    """
    return await once(lambda: feeds.set(body, by=actor), Feed)


@router.get("", responses=problems(BadCursor))
async def list_feeds(actor: Feeder, query: Annotated[FeedQuery, Query()], feeds: FeedsInRequest) -> Page[Feed]:
    """List the feeds of one's department, all for supervision, with their last batch 供数关系清单."""
    return await feeds.listed(query, by=actor)


@router.get("/{feed}", responses=problems(NoSuchFeed))
async def read_feed(actor: Feeder, feed: UUID, feeds: FeedsInRequest) -> Feed:
    """Read a feed with what became of its last batch 查看供数关系."""
    return await feeds.one(feed, by=actor)


@router.get("/{feed}/batches", responses=problems(NoSuchFeed, BadCursor))
async def list_fed_batches(
    actor: Feeder, feed: UUID, query: Annotated[PageQuery, Query()], feeds: FeedsInRequest
) -> Page[FeedRun]:
    """List the batches of a feed and what became of their rows 供数批次: registered, changed, in conflict, refused."""
    return await feeds.runs(feed, query, by=actor)


@router.get("/{feed}/faults", responses=problems(NoSuchFeed, BadCursor))
async def list_feed_faults(
    actor: Feeder, feed: UUID, query: Annotated[FaultQuery, Query()], feeds: FeedsInRequest
) -> Page[FeedFault]:
    """List the rows that the registry refused, masked, with the reason 供数差错; each leaves a line in access logs."""
    return await feeds.faults(feed, query, by=actor)


@router.post("/{feed}/ends", responses=problems(NoSuchFeed, FeedEnded))
async def end_feed(actor: Supervisor, feed: UUID, feeds: FeedsInRequest) -> Feed:
    """Let the resource feed the registry no more 终止供数关系; what was stated stays."""
    return await feeds.end(feed, by=actor)
