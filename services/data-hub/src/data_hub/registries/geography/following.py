"""Departments that follow a layer: they are told of each version, and say that they mended what they keep."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import delete, desc, select
from sqlalchemy.dialects.postgresql import insert

from citykit.access import Actor
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.dispute_schemas import Following, LayerNotice, LayerNoticeQuery
from data_hub.registries.geography.errors import NoDepartment, NoSuchNotice
from data_hub.registries.geography.models import FollowerRow, NoticeRow


class Followers:
    """Followers and notices within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def follow(self, seen: Seen, *, by: Actor) -> Following:
        """Follow a layer from now on; to say it twice changes nothing. Raises NoDepartment."""
        if by.department is None:
            raise NoDepartment()
        now, key = self._work.clock.now(), (seen.row.id, by.department)
        row = {"layer": key[0], "department": key[1], "made_by": by.reference, "made_at": now}
        done = await self._work.session.execute(
            insert(FollowerRow).values(row).on_conflict_do_nothing().returning(FollowerRow.layer)
        )
        if done.scalar() is not None:
            self._note(seen.row.id, "follow", by)
        return Following.of(await self._work.session.get_one(FollowerRow, key))

    async def unfollow(self, layer: str, *, by: Actor) -> None:
        """Follow a layer no longer."""
        mine = (FollowerRow.layer == layer, FollowerRow.department == (by.department or ""))
        gone = await self._work.session.execute(delete(FollowerRow).where(*mine).returning(FollowerRow.layer))
        if gone.scalar() is not None:
            self._note(layer, "unfollow", by)

    async def notices(self, query: LayerNoticeQuery, *, by: Actor) -> Page[LayerNotice]:
        """The notices to one's department, newest first."""
        found = select(NoticeRow).where(NoticeRow.department == (by.department or ""))
        if query.waiting:
            found = found.where(NoticeRow.acknowledged_at.is_(None))
        return await keyset_page(
            self._work.session, found, keys=(desc(NoticeRow.id), NoticeRow.layer), query=query, make=LayerNotice.of
        )

    async def acknowledge(self, notice: UUID, *, by: Actor) -> LayerNotice:
        """Say that one's department mended what it keeps; twice changes nothing. Raises NoSuchNotice."""
        mine = (NoticeRow.id == notice, NoticeRow.department == (by.department or ""))
        row = await self._work.session.scalar(select(NoticeRow).where(*mine).with_for_update())
        if row is None:
            raise NoSuchNotice()
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = self._work.clock.now(), by.reference
            await self._work.session.flush()
            self._note(row.layer, "acknowledge", by, notice=str(row.id))
        return LayerNotice.of(row)

    def _note(self, layer: str, act: str, by: Actor, **data: str) -> None:
        data |= {"department": by.department or ""}
        self._work.audit.note(stream=f"layer/{layer}", act=act, by=by, data=data)


async def followers(work: WorkInRequest) -> Followers:
    """The followers within this request's transaction."""
    return Followers(work)


FollowersInRequest = Annotated[Followers, Depends(followers)]
