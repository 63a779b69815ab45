"""The reads of deliveries, and the wire forms of what they find."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import desc, select

from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.sharing.delivery_schemas import BatchFile, ChangedRows, ChangeSubscription
from data_hub.sharing.domain import DeliveryFormat, FileState
from data_hub.sharing.models import FileRow, GrantRow, SubscriptionRow
from data_hub.sharing.subscriptions import Changes


class Deliveries:
    """What can be read of deliveries within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def files(self, grant: GrantRow, query: PageQuery) -> Page[BatchFile]:
        """The files under a grant, newest first."""
        statement = select(FileRow).where(FileRow.grant_id == grant.id)
        keys = (desc(FileRow.asked_at), desc(FileRow.id))
        return await keyset_page(self._work.session, statement, keys=keys, query=query, make=file_document)

    async def subscriptions(self, grant: GrantRow, query: PageQuery) -> Page[ChangeSubscription]:
        """The subscriptions under a grant, newest first."""
        statement = select(SubscriptionRow).where(SubscriptionRow.grant_id == grant.id)
        keys = (desc(SubscriptionRow.made_at), desc(SubscriptionRow.id))
        return await keyset_page(self._work.session, statement, keys=keys, query=query, make=subscription_document)


def file_document(row: FileRow) -> BatchFile:
    """A file on the wire."""
    same = ("id", "grant_id", "asked_at", "made_at", "row_count", "size", "refusal", "kept_until")
    return BatchFile(
        **{name: getattr(row, name) for name in same}, format=DeliveryFormat(row.format), state=FileState(row.state),
        sha256=None if row.sha256 is None else row.sha256.hex(),
    )  # fmt: skip


def subscription_document(row: SubscriptionRow) -> ChangeSubscription:
    """A subscription on the wire."""
    same = ("id", "grant_id", "name", "made_at", "confirmed_at", "ended_at")
    return ChangeSubscription(**{name: getattr(row, name) for name in same}, confirmed_until=row.read_at)


def changes_document(found: Changes) -> str:
    """Rows on the wire, a JSON text of `ChangedRows`: each row as the database wrote it, exact to the last digit."""
    gone = found.reset
    told = ChangedRows(
        items=[], cursor=found.cursor, more=found.more, reset=found.anew or gone is not None,
        reset_at=gone and gone.at, reset_batch=gone and gone.batch,
    ).model_dump_json(exclude={"items"})  # fmt: skip
    return f'{{"items":[{",".join(found.documents)}],{told[1:]}'


async def deliveries(work: WorkInRequest) -> Deliveries:
    """The deliveries of this request's transaction."""
    return Deliveries(work)


DeliveriesInRequest = Annotated[Deliveries, Depends(deliveries)]
