"""Jobs of feeding: find the batches that were loaded, and state their rows a thousand at a time."""

from uuid import UUID

from sqlalchemy import delete, tuple_

from citykit.service import Task
from citykit.work import Work
from data_hub.datasets.service import Datasets
from data_hub.registries.feeding import repository
from data_hub.registries.feeding.domain import RunState
from data_hub.registries.feeding.models import FaultRow, FeedRow, RunRow
from data_hub.registries.feeding.stating import Stating

FEED_TASK = "data-hub.registries.feed"
ROWS_AT_ONCE = 1_000
_ITEM_GONE = "资源已没有供数所用的数据项，请重新设定 The items that the feed reads are gone: set it anew"


async def find_batches(work: Work) -> None:
    """Let batches wait that were loaded since, and mended rows that came in later; their feeds go on."""
    found = await repository.due(work)
    if found:  # what was refused is looked at again, and refused again where it is as it was
        await work.session.execute(delete(FaultRow).where(tuple_(FaultRow.feed, FaultRow.batch).in_(found)))
    for feed in sorted({feed for feed, _ in found}):
        _go_on(work, feed)


async def feed_registry(work: Work, feed: str) -> None:
    """State the next rows of a feed, and go on until none is left.

    What is stated and how far that is are written in one transaction: a job that dies goes on where it stopped.
    """
    row = await work.session.get(FeedRow, UUID(feed))
    if row is None or row.ended_at is not None:
        return
    run = await repository.next_run(work, row.id)
    if run is not None:
        await _state_some(work, row, run)
        _go_on(work, row.id)


async def _state_some(work: Work, feed: FeedRow, run: RunRow) -> None:
    dataset = await Datasets(work).of(feed.resource)
    items = repository.items_of(feed.fields)
    if dataset is None or any(dataset.shape.column(item) is None for item in items):
        _end(work, run, RunState.failed)
        run.fault = _ITEM_GONE
        return
    rows = await repository.rows_of(work, dataset, run.batch, items, after=run.place, most=ROWS_AT_ONCE)
    if rows:
        await Stating(work, feed, run).state(rows)
    if len(rows) < ROWS_AT_ONCE:
        _end(work, run, RunState.done)


def _end(work: Work, run: RunRow, state: RunState) -> None:
    run.state, run.finished_at = state.value, work.clock.now()


def _go_on(work: Work, feed: UUID) -> None:
    work.jobs.defer(FEED_TASK, lock=f"registry-feed/{feed}", feed=str(feed))


TASKS = (
    Task("data-hub.registries.find-batches", find_batches, every="* * * * *"),
    Task(FEED_TASK, feed_registry),
)
