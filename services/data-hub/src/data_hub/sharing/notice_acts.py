"""What a department does about the notices that it gets: reads them, says what it did, once."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import desc, select

from citykit.actors import Actor
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.sharing.access import notices_of
from data_hub.sharing.delivery_schemas import RecipientNotice, RecipientNoticeFilter
from data_hub.sharing.domain import NoticeKind
from data_hub.sharing.errors import AcknowledgedAlready
from data_hub.sharing.models import NoticeRow


class Notices:
    """Notices within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def page(self, query: RecipientNoticeFilter, *, by: Actor) -> Page[RecipientNotice]:
        """Notices that the actor may see, newest first."""
        statement = select(NoticeRow).where(notices_of(by))
        if query.resource is not None:
            statement = statement.where(NoticeRow.resource == query.resource)
        if query.kind is not None:
            statement = statement.where(NoticeRow.kind == query.kind.value)
        if query.open is not None:
            silent = NoticeRow.acknowledged_at.is_(None)
            statement = statement.where(silent if query.open else ~silent)
        keys = (desc(NoticeRow.told_at), desc(NoticeRow.id))
        return await keyset_page(self._work.session, statement, keys=keys, query=query, make=self.notice)

    async def acknowledge(self, row: NoticeRow, done: str, *, by: Actor) -> RecipientNotice:
        """Say what was done about a notice, which is locked. Raises AcknowledgedAlready (409)."""
        if row.acknowledged_at is not None:
            raise AcknowledgedAlready
        row.acknowledged_at, row.acknowledged_by, row.done = self._work.clock.now(), by.reference, done
        self._work.audit.note(stream=f"sharing-notice/{row.id}", act="acknowledge", by=by, data={"kind": row.kind})
        return self.notice(row)

    def notice(self, row: NoticeRow) -> RecipientNotice:
        """A notice on the wire."""
        same = (
            "id", "resource", "resource_name", "source_department", "department", "subject", "note_en", "data",
            "told_at", "acknowledge_by", "acknowledged_at", "done",
        )  # fmt: skip
        overdue = (
            row.acknowledge_by is not None and (row.acknowledged_at or self._work.clock.now()) > row.acknowledge_by
        )
        return RecipientNotice(
            **{name: getattr(row, name) for name in same}, kind=NoticeKind(row.kind), note=row.note_zh, overdue=overdue
        )


async def notices(work: WorkInRequest) -> Notices:
    """The notices of this request's transaction."""
    return Notices(work)


NoticesInRequest = Annotated[Notices, Depends(notices)]
