"""The doors of deliveries: a file, a subscription, a notice, with the grant that it stands under."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.problems import NotFound
from citykit.work import WorkInRequest
from data_hub.sharing.access import Applicant, department_of
from data_hub.sharing.models import FileRow, GrantRow, NoticeRow, SubscriptionRow


@dataclass(frozen=True)
class HeldFile:
    """A file of the caller's department, and its grant."""

    row: FileRow
    grant: GrantRow


@dataclass(frozen=True)
class HeldSubscription:
    """A subscription of the caller's department, locked, and its grant."""

    row: SubscriptionRow
    grant: GrantRow


async def _file(file_id: UUID, actor: Applicant, work: WorkInRequest) -> HeldFile:
    found = await work.session.execute(
        select(FileRow, GrantRow)
        .join(GrantRow, GrantRow.id == FileRow.grant_id)
        .where(FileRow.id == file_id, FileRow.department == department_of(actor))
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return HeldFile(row[0], row[1])


async def _subscription(subscription_id: UUID, actor: Applicant, work: WorkInRequest) -> HeldSubscription:
    found = await work.session.execute(
        select(SubscriptionRow, GrantRow)
        .join(GrantRow, GrantRow.id == SubscriptionRow.grant_id)
        .where(SubscriptionRow.id == subscription_id, SubscriptionRow.department == department_of(actor))
        .with_for_update(of=SubscriptionRow)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return HeldSubscription(row[0], row[1])


async def _notice(notice_id: UUID, actor: Applicant, work: WorkInRequest) -> NoticeRow:
    own = NoticeRow.department == department_of(actor)
    row = await work.session.scalar(select(NoticeRow).where(NoticeRow.id == notice_id, own).with_for_update())
    if row is None:
        raise NotFound
    return row


OwnFile = Annotated[HeldFile, Depends(_file)]
OwnSubscription = Annotated[HeldSubscription, Depends(_subscription)]
OwnNotice = Annotated[NoticeRow, Depends(_notice)]
