"""Reads of feeds: who may see which, which batches wait to be stated, and the rows of one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import ColumnElement, and_, desc, false, select, true
from sqlalchemy.orm import aliased

from citykit.actors import Actor
from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work
from data_hub.datasets.service import BATCH, ROW_ID, Dataset, Datasets
from data_hub.registries.feeding.domain import RunState
from data_hub.registries.feeding.models import FaultRow, FeedRow, RunRow, SaidRow
from data_hub.registries.feeding.schemas import FaultQuery, Feed, FeedFault, FeedQuery, FeedRun

SUPERVISE = "data-hub.registries.supervise"
Row = tuple[int, dict[str, str | None]]
# Gathering knows nothing of feeds: its batches are asked by their table. A batch whose mended rows came in later has
# more rows than it had when it was stated, and is stated again; what was said of it before is not said again.
_DUE: LiteralString = """
insert into registry_feed_run
  (feed, batch, brought_at, accepted, state, place, registered, changed, unchanged, conflicts, refused, begun_at)
select f.id, b.id, b.completed_at, b.accepted, 'waiting', 0, 0, 0, 0, 0, 0, %(now)s
from registry_feed f
join ingest_batch b on b.resource = f.resource and b.department = f.department
left join registry_feed_run r on r.feed = f.id and r.batch = b.id
where f.ended_at is null and b.state = 'loaded' and b.completed_at is not null
  and (f.with_earlier or b.finished_at > f.made_at) and (r.feed is null or r.accepted <> b.accepted)
order by f.id, b.completed_at, b.id
limit %(most)s
on conflict (feed, batch) do update
  set accepted = excluded.accepted, state = 'waiting', place = 0, refused = 0, finished_at = null, fault = null
  where registry_feed_run.accepted <> excluded.accepted
returning feed, batch
"""
_AT_ONCE = 1_000
_SAY = """
insert into registry_feed_said (feed, subject, batch, said)
select %(feed)s, subject, %(batch)s, said from jsonb_to_recordset(%(rows)s) as r (subject text, said jsonb)
order by subject
on conflict (feed, subject) do update set batch = excluded.batch, said = excluded.said
"""


class LastSaid(NamedTuple):
    """What a feed said last of a record: with which batch, and of each field a keyed hash."""

    batch: UUID
    said: dict[str, str]


async def due(work: Work) -> list[tuple[UUID, UUID]]:
    """Let the batches wait that were loaded and not stated yet; which ones, each with its feed."""
    found = await (await work.driver()).execute(_DUE, {"now": work.clock.now(), "most": _AT_ONCE})
    return [(feed, batch) for feed, batch in await found.fetchall()]


async def next_run(work: Work, feed: UUID) -> RunRow | None:
    """The batch that is next to be stated, the one that came first, held until the transaction ends."""
    found = await work.session.scalars(
        select(RunRow)
        .where(RunRow.feed == feed, RunRow.state == RunState.waiting.value)
        .order_by(RunRow.brought_at, RunRow.batch)
        .limit(1)
        .with_for_update()
    )
    return found.one_or_none()


async def rows_of(
    work: Work, dataset: Dataset, batch: UUID, items: Sequence[str], *, after: int, most: int
) -> list[Row]:
    """Rows that a batch stated last, after a row's number: each its number and the items as text, sealed ones open."""
    sealed = Datasets(work).sealed(dataset)
    shown = [
        sealed.shown(name, sql.Identifier(name))
        if sealed.column(name)
        else sql.SQL("{}::text").format(sql.Identifier(name))
        for name in items
    ]
    text = sql.SQL("select {id}, {shown} from {table} where {batch} = %s and {id} > %s order by {id} limit %s").format(
        id=sql.Identifier(ROW_ID), shown=sql.SQL(", ").join(shown), table=sql.Identifier(dataset.table),
        batch=sql.Identifier(BATCH),
    )  # fmt: skip
    found = await (await work.driver()).execute(text, (batch, after, most))
    return [
        (number, dict(zip(items, map(sealed.text, values), strict=True)))
        for number, *values in await found.fetchall()
    ]  # fmt: skip


async def said_of(work: Work, feed: UUID, subjects: Sequence[str]) -> dict[str, LastSaid]:
    """What a feed said last of these records."""
    row = SaidRow
    found = await work.session.execute(
        select(row.subject, row.batch, row.said).where(row.feed == feed, row.subject.in_(subjects))
    )
    return {subject: LastSaid(batch, said) for subject, batch, said in found}


async def say(work: Work, run: RunRow, said: Mapping[str, Mapping[str, str]]) -> None:
    """Keep what a feed's batch said of records."""
    rows = [{"subject": subject, "said": marks} for subject, marks in said.items()]
    if rows:
        await (await work.driver()).execute(_SAY, {"feed": run.feed, "batch": run.batch, "rows": Jsonb(rows)})


def _seen(by: Actor) -> ColumnElement[bool]:
    if by.may(SUPERVISE):
        return true()
    return FeedRow.department == by.department if by.department is not None else false()


def _with_last() -> Any:
    other = aliased(RunRow)
    last = (
        select(other.batch)
        .where(other.feed == FeedRow.id)
        .order_by(other.brought_at.desc(), other.batch.desc())
        .limit(1)
        .correlate(FeedRow)
        .scalar_subquery()
    )
    return select(FeedRow, RunRow).outerjoin(RunRow, and_(RunRow.feed == FeedRow.id, RunRow.batch == last))


async def feeds(work: Work, query: FeedQuery, by: Actor) -> Page[Feed]:
    """The feeds of one's department, all of them for supervision, newest first, each with its last batch."""
    found = _with_last().where(_seen(by))
    if query.registry is not None:
        found = found.where(FeedRow.registry_name == query.registry.value)
    if not query.ended:
        found = found.where(FeedRow.ended_at.is_(None))
    return await keyset_page(
        work.session, found, keys=(desc(FeedRow.id),), query=query, make=lambda row: Feed.of(row[0], row[1])
    )


async def feed(work: Work, number: UUID, by: Actor) -> tuple[FeedRow, RunRow | None] | None:
    """A feed that the caller may see, with its last batch."""
    found = (await work.session.execute(_with_last().where(_seen(by), FeedRow.id == number))).one_or_none()
    return None if found is None else (found[0], found[1])


async def runs(work: Work, number: UUID, query: PageQuery) -> Page[FeedRun]:
    """The batches of a feed, the one that came last first."""
    found = select(RunRow).where(RunRow.feed == number)
    keys = (desc(RunRow.brought_at), desc(RunRow.batch))
    return await keyset_page(work.session, found, keys=keys, query=query, make=FeedRun.of)


async def faults(work: Work, number: UUID, query: FaultQuery, make: Callable[[FaultRow], FeedFault]) -> Page[FeedFault]:
    """The rows of a feed that were not stated, in the order in which they were refused."""
    found = select(FaultRow).where(FaultRow.feed == number)
    if query.batch is not None:
        found = found.where(FaultRow.batch == query.batch)
    return await keyset_page(work.session, found, keys=(FaultRow.id,), query=query, make=make)


def items_of(fields: Iterable[dict[str, object]]) -> list[str]:
    """The items that a feed reads, each once."""
    return sorted({str(one["item"]) for one in fields})
