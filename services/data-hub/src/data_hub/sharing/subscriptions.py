"""Subscriptions 变更订阅: a recipient reads what came since she last confirmed, and is told when there is more.

The order is that of arrival: loads of a data set follow each other, and a row that is stated anew comes again. Nothing
moves on until the reader confirms, so that a reader that fails reads the same again; rows are counted at each reading.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from psycopg import sql
from sqlalchemy import exists, select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.pages import PageQuery, cursor_values, next_cursor
from citykit.work import Work, WorkInRequest
from data_hub.datasets.service import LOADED_AT, ROW_ID, Datasets
from data_hub.sharing.domain import Delivery, GrantState, NoticeKind, Outcome
from data_hub.sharing.errors import CursorNotRead, SubscriptionEnded, SubscriptionExists
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.grants import Grants
from data_hub.sharing.models import GrantRow, NoticeRow, SubscriptionRow
from data_hub.sharing.rows import Seen, persons_told, rows_on_record

TOLD_AT_ONCE = 500
_CURSOR = (datetime, int)


@dataclass(frozen=True)
class Changes:
    """Rows that came, each a JSON text, and the cursor to confirm once they are kept; None where nothing came."""

    documents: list[str]
    cursor: str | None
    more: bool


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
            raise SubscriptionExists
        await self._order(seen)
        row = SubscriptionRow(
            id=new_id(), grant_id=grant.id, department=grant.department, name=name, made_by=by.reference,
            made_at=self._work.clock.now(), read_at=None, read_id=0, confirmed_at=None, told_until=None, ended_at=None,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        return row

    async def read(self, row: SubscriptionRow, held: GrantRow, limit: int, *, by: Actor) -> Changes:
        """The rows that came after the confirmed ones. Raises as `subscribe`, and SubscriptionEnded (409)."""
        if row.ended_at is not None:
            raise SubscriptionEnded
        policy = Grants(self._work)
        grant = await policy.policy(
            held.resource, actor=by, delivery=Delivery.subscription, grant=held.id, action="changes"
        )
        seen = await rows_on_record(self._work, grant, actor=by, action="changes")
        most = limit if grant.rows_left is None else min(limit, grant.rows_left)
        after = None if row.read_at is None else (row.read_at, row.read_id)
        found = await self._arrived(seen, after, most + 1)
        given = found[:most]
        await policy.charge(grant, len(given), actor=by, action="changes")
        await Evidence(self._work).record(
            resource=grant.resource, grant=grant, actor=by, action="changes", outcome=Outcome.served,
            rows=len(given), columns=seen.names,
        )  # fmt: skip
        told = persons_told(self._work, grant, seen, actor=by, action="订阅取数 Changed rows read by subscription")
        await told.note(whose for *_, whose in given)
        cursor = next_cursor((given[-1][0].astimezone(CHINA), given[-1][1])) if given else None
        return Changes([document for _, _, document, _ in given], cursor, len(found) > most)

    async def confirm(self, row: SubscriptionRow, cursor: str) -> SubscriptionRow:
        """Move on behind the rows that a cursor names. Raises BadCursor (400); SubscriptionEnded, CursorNotRead."""
        at, number = cursor_values(PageQuery(after=cursor), _CURSOR) or (None, 0)
        if row.ended_at is not None:
            raise SubscriptionEnded
        now = self._work.clock.now()
        if at is None or at > now or (row.read_at is not None and (at, number) < (row.read_at, row.read_id)):
            raise CursorNotRead
        row.read_at, row.read_id, row.confirmed_at = at, number, now
        return row

    async def end(self, row: SubscriptionRow) -> SubscriptionRow:
        """End a subscription. Raises SubscriptionEnded (409)."""
        if row.ended_at is not None:
            raise SubscriptionEnded
        row.ended_at = self._work.clock.now()
        return row

    async def tell(self) -> int:
        """Leave a notice where rows came since the last one, once until they are confirmed; how many were left."""
        live = (
            select(SubscriptionRow, GrantRow)
            .join(GrantRow, GrantRow.id == SubscriptionRow.grant_id)
            .where(
                SubscriptionRow.ended_at.is_(None),
                GrantRow.state == GrantState.active.value,
                GrantRow.valid_until > self._work.clock.now(),
            )
            .limit(TOLD_AT_ONCE)
            .with_for_update(of=SubscriptionRow, skip_locked=True)
        )
        told = 0
        for row, grant in (await self._work.session.execute(live)).all():
            newest = await self._newest(grant.resource)
            known = max((at for at in (row.read_at, row.told_until) if at is not None), default=None)
            if newest is not None and (known is None or newest > known):
                self._leave_notice(row, grant)
                row.told_until, told = newest, told + 1
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
        return None if row is None else row[0]

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


async def subscriptions(work: WorkInRequest) -> Subscriptions:
    """The subscriptions of this request's transaction."""
    return Subscriptions(work)


SubscriptionsInRequest = Annotated[Subscriptions, Depends(subscriptions)]
