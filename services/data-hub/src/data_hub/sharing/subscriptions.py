"""Subscriptions 变更订阅: a recipient reads what came since she last confirmed, and is told when there is more.

The order is that of arrival: loads of a data set follow each other, and a row that is stated anew comes again. Nothing
moves on until the reader confirms, so that a reader that fails reads the same again; rows are counted at each reading.

A load that replaces the whole table has a place of its own in that order. Whoever has confirmed less than it is told
before its rows that all that came before is gone: the copy that she kept is to be emptied then. So is whoever has
confirmed under a grant that showed other columns or rows than it does now: she begins anew, under the grant as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from psycopg import sql
from sqlalchemy import ColumnElement, desc, exists, select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.pages import PageQuery, cursor_values, next_cursor
from citykit.problems import BadCursor, Problem
from citykit.work import Work, WorkInRequest
from data_hub.datasets.service import LOADED_AT, ROW_ID, Datasets, Replaced
from data_hub.sharing.domain import Delivery, GrantState, NoticeKind, Outcome
from data_hub.sharing.errors import CursorNotRead, SubscriptionEnded, SubscriptionExists
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.grants import Grants
from data_hub.sharing.models import GrantRow, GrantVersionRow, NoticeRow, SubscriptionRow
from data_hub.sharing.rows import Seen, persons_told, rows_on_record

TOLD_AT_ONCE = 500
NIL = UUID(int=0)
_CURSOR = (datetime, int, int)  # a place in the order of arrival, and the version of the grant it was read under
_BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), 0)  # a place before all rows


@dataclass(frozen=True)
class Changes:
    """Rows that came, each a JSON text, and the cursor to confirm once they are kept; None where nothing came.

    `reset` is the load that took away all that came before these rows, where the reader has not confirmed that. `anew`
    says that the grant shows something else than what she confirmed, so that she begins from the beginning.
    """

    documents: list[str]
    cursor: str | None
    more: bool
    reset: Replaced | None = None
    anew: bool = False


class Subscriptions:
    """Subscriptions within one transaction; every one handed in is locked for it."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def subscribe(self, held: GrantRow, name: str, *, by: Actor) -> SubscriptionRow:
        """Begin a subscription with all rows that there are.

        Raises NotGranted, QuotaUsed; SubscriptionExists (409); NoRows, NothingToShare, BadRowFilter.
        """
        grant = await Grants(self._work).policy(
            held.resource, actor=by, delivery=Delivery.subscription, grant=held.id, action="subscribe", spends=False
        )
        seen = await rows_on_record(self._work, grant, actor=by, action="subscribe")
        taken = exists().where(SubscriptionRow.grant_id == held.id, SubscriptionRow.name == name)
        if await self._work.session.scalar(select(taken)):
            raise await self._refused(SubscriptionExists(), held, by, "subscribe")
        await self._order(seen)
        row = SubscriptionRow(
            id=new_id(), grant_id=grant.id, department=grant.department, name=name, made_by=by.reference,
            made_at=self._work.clock.now(), read_at=None, read_id=0, confirmed_at=None, told_until=None, ended_at=None,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        await self._served(held, by, "subscribe")
        return row

    async def read(self, row: SubscriptionRow, held: GrantRow, limit: int, *, by: Actor) -> Changes:
        """What came after what was confirmed. Raises as `subscribe`, and SubscriptionEnded (409)."""
        if row.ended_at is not None:
            raise await self._refused(SubscriptionEnded(), held, by, "changes")
        policy = Grants(self._work)
        grant = await policy.policy(
            held.resource, actor=by, delivery=Delivery.subscription, grant=held.id, action="changes"
        )
        seen = await rows_on_record(self._work, grant, actor=by, action="changes")
        most = limit if grant.rows_left is None else min(limit, grant.rows_left)
        anew = await self._is_anew(row)
        after = None if anew or row.read_at is None else (row.read_at, row.read_id)
        reset = seen.dataset.replaced
        if reset is not None and after is not None and after >= (reset.at, reset.place):
            reset = None
        after = after if reset is None else (reset.at, reset.place)
        found = await self._arrived(seen, after, most + 1)
        given = found[:most]
        await policy.charge(grant, len(given), actor=by, action="changes")
        await Evidence(self._work).record(
            resource=grant.resource, grant=grant, actor=by, action="changes", outcome=Outcome.served,
            rows=len(given), columns=seen.names,
        )  # fmt: skip
        told = persons_told(self._work, grant, seen, actor=by, action="订阅取数 Changed rows read by subscription")
        await told.note(whose for *_, whose in given)
        nothing = after if reset is not None else _BEGINNING if anew else None
        last = (given[-1][0], given[-1][1]) if given else nothing
        cursor = None if last is None else next_cursor((last[0].astimezone(CHINA), last[1], grant.version))
        documents = [seen.sealed.opened(document) for _, _, document, _ in given]
        return Changes(documents, cursor, len(found) > most, reset, anew)

    async def confirm(self, row: SubscriptionRow, held: GrantRow, cursor: str, *, by: Actor) -> SubscriptionRow:
        """Move on behind the rows that a cursor names. Raises BadCursor (400); SubscriptionEnded, CursorNotRead."""
        try:
            at, number, version = cursor_values(PageQuery(after=cursor), _CURSOR) or (None, 0, 0)
        except BadCursor as wrong:
            raise await self._refused(wrong, held, by, "changes.confirm") from wrong
        if row.ended_at is not None:
            raise await self._refused(SubscriptionEnded(), held, by, "changes.confirm")
        now = self._work.clock.now()
        # Whoever changes the grant waits until this is said, so that it was said under what the grant shows.
        await self._work.session.execute(select(GrantRow.id).where(GrantRow.id == held.id).with_for_update(read=True))
        known = None if row.read_at is None or await self._is_anew(row) else (row.read_at, row.read_id)
        unread = at is None or at > now or (known is not None and (at, number) < known)
        if unread or not await self._shows_the_same(held.id, GrantVersionRow.version <= version):
            raise await self._refused(CursorNotRead(), held, by, "changes.confirm")
        row.read_at, row.read_id, row.confirmed_at = at, number, now
        await self._served(held, by, "changes.confirm")
        return row

    async def _is_anew(self, row: SubscriptionRow) -> bool:
        """Whether the grant shows other columns or rows than when the reader confirmed last."""
        if row.confirmed_at is None:
            return False
        return not await self._shows_the_same(row.grant_id, GrantVersionRow.at <= row.confirmed_at)

    async def _shows_the_same(self, grant: UUID, until: ColumnElement[bool]) -> bool:
        """Whether the grant shows the same columns and rows as in the last of its versions `until` then."""
        newest = select(GrantVersionRow.policy).where(GrantVersionRow.grant_id == grant)
        newest = newest.order_by(desc(GrantVersionRow.version)).limit(1)
        then, now = [await self._work.session.scalar(one) for one in (newest.where(until), newest)]
        return then is None or now is None or all(then[part] == now[part] for part in ("columns", "row_filter"))

    async def end(self, row: SubscriptionRow, held: GrantRow, *, by: Actor) -> SubscriptionRow:
        """End a subscription. Raises SubscriptionEnded (409)."""
        if row.ended_at is not None:
            raise await self._refused(SubscriptionEnded(), held, by, "subscription.end")
        row.ended_at = self._work.clock.now()
        await self._served(held, by, "subscription.end")
        return row

    async def _served(self, held: GrantRow, by: Actor, action: str) -> None:
        await Evidence(self._work).record(
            resource=held.resource, grant=held.id, actor=by, action=action, outcome=Outcome.served
        )

    async def _refused(self, problem: Problem, held: GrantRow, by: Actor, action: str) -> Problem:
        """The problem, on record; the transaction is undone: raise it next."""
        await Evidence(self._work).record(
            resource=held.resource, grant=held.id, actor=by, action=action, outcome=Outcome.refused, code=problem.slug
        )
        return problem

    async def tell(self) -> int:
        """Leave a notice where rows came since the last one, once until they are confirmed; how many were left.

        Every subscription is looked at, some at a time; only those that are told are locked, and one that its reader
        holds at that moment is told the next time.
        """
        told, last, newest = 0, NIL, dict[str, datetime | None]()
        while found := await self._live(last):
            behind = []
            for one, read_at, told_until, resource in found:
                if resource not in newest:
                    newest[resource] = await self._newest(resource)
                if _is_behind(newest[resource], read_at, told_until):
                    behind.append(one)
            told, last = told + await self._tell(behind, newest), found[-1][0]
        return told

    async def _live(self, after: UUID) -> list[tuple[UUID, datetime | None, datetime | None, str]]:
        """Some subscriptions that are read: which, up to when they were confirmed and told, of what."""
        live = (
            select(SubscriptionRow.id, SubscriptionRow.read_at, SubscriptionRow.told_until, GrantRow.resource)
            .join(GrantRow, GrantRow.id == SubscriptionRow.grant_id)
            .where(
                SubscriptionRow.id > after,
                SubscriptionRow.ended_at.is_(None),
                GrantRow.state == GrantState.active.value,
                GrantRow.valid_until > self._work.clock.now(),
            )
            .order_by(SubscriptionRow.id)
            .limit(TOLD_AT_ONCE)
        )
        found = (await self._work.session.execute(live)).all()
        return [(one, read_at, told_until, resource) for one, read_at, told_until, resource in found]

    async def _tell(self, which: Sequence[UUID], newest: Mapping[str, datetime | None]) -> int:
        if not which:
            return 0
        rows = (
            select(SubscriptionRow, GrantRow)
            .join(GrantRow, GrantRow.id == SubscriptionRow.grant_id)
            .where(SubscriptionRow.id.in_(which), SubscriptionRow.ended_at.is_(None))
            .order_by(SubscriptionRow.id)
            .with_for_update(of=SubscriptionRow, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        told = 0
        for row, grant in (await self._work.session.execute(rows)).all():
            if _is_behind(newest[grant.resource], row.read_at, row.told_until):
                self._leave_notice(row, grant)
                row.told_until, told = newest[grant.resource], told + 1
        await self._work.session.flush()
        return told

    def _leave_notice(self, row: SubscriptionRow, grant: GrantRow) -> None:
        self._work.session.add(
            NoticeRow(
                id=new_id(), resource=grant.resource, resource_name=grant.resource_name,
                source_department=grant.source_department, department=grant.department, kind=NoticeKind.change.value,
                subject=row.name, note_zh="订阅的数据有更新", note_en="Rows that you subscribed to have come",
                data={"subscription": str(row.id)}, told_at=self._work.clock.now(), acknowledge_by=None,
                acknowledged_at=None, acknowledged_by=None, done=None, alarmed_at=None,
            )
        )  # fmt: skip

    async def _newest(self, resource: str) -> datetime | None:
        dataset = await Datasets(self._work).of(resource)
        if dataset is None:
            return None
        statement = sql.SQL("select max({}) from {}").format(sql.Identifier(LOADED_AT), sql.Identifier(dataset.table))
        row = await (await (await self._work.driver()).execute(statement)).fetchone()
        came = None if row is None else row[0]
        gone = None if dataset.replaced is None else dataset.replaced.at
        return max((at for at in (came, gone) if at is not None), default=None)

    async def _arrived(self, seen: Seen, after: tuple[datetime, int] | None, limit: int) -> list[tuple[Any, ...]]:
        text, values = seen.arrived(after, limit)
        return list(await (await (await self._work.driver()).execute(text, values)).fetchall())

    async def _order(self, seen: Seen) -> None:
        """An index in the order of arrival, made where the first reader wants it: most data sets have none."""
        statement = sql.SQL("create index if not exists {} on {} ({}, {})").format(
            sql.Identifier(f"{seen.dataset.table}_came"), sql.Identifier(seen.dataset.table),
            sql.Identifier(LOADED_AT), sql.Identifier(ROW_ID),
        )  # fmt: skip
        await (await self._work.driver()).execute(statement)


def _is_behind(newest: datetime | None, *known: datetime | None) -> bool:
    """Whether something came after all that a reader confirmed and was told of."""
    return newest is not None and all(at is None or newest > at for at in known)


async def subscriptions(work: WorkInRequest) -> Subscriptions:
    """The subscriptions of this request's transaction."""
    return Subscriptions(work)


SubscriptionsInRequest = Annotated[Subscriptions, Depends(subscriptions)]
