"""The doors of deliveries: a file, a subscription, a notice, with the grant that it stands under."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor
from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.sharing.access import Applicant, department_of
from data_hub.sharing.domain import Outcome
from data_hub.sharing.evidence import Evidence
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


def _grant(action: str) -> Callable[..., Awaitable[GrantRow]]:
    async def held(grant_id: UUID, actor: Applicant, work: WorkInRequest) -> GrantRow:
        row = await work.session.get(GrantRow, grant_id)
        await _only_its_department(row, actor, action, work)
        assert row is not None
        return row

    return held


def _file(action: str | None = None) -> Callable[..., Awaitable[HeldFile]]:
    async def held(file_id: UUID, actor: Applicant, work: WorkInRequest) -> HeldFile:
        found = await work.session.execute(
            select(FileRow, GrantRow).join(GrantRow, GrantRow.id == FileRow.grant_id).where(FileRow.id == file_id)
        )
        row = found.one_or_none()
        await _only_its_department(None if row is None else row[1], actor, action, work)
        assert row is not None
        return HeldFile(row[0], row[1])

    return held


def _subscription(action: str) -> Callable[..., Awaitable[HeldSubscription]]:
    async def held(subscription_id: UUID, actor: Applicant, work: WorkInRequest) -> HeldSubscription:
        found = await work.session.execute(
            select(SubscriptionRow, GrantRow)
            .join(GrantRow, GrantRow.id == SubscriptionRow.grant_id)
            .where(SubscriptionRow.id == subscription_id)
            .with_for_update(of=SubscriptionRow)
        )
        row = found.one_or_none()
        await _only_its_department(None if row is None else row[1], actor, action, work)
        assert row is not None
        return HeldSubscription(row[0], row[1])

    return held


async def _only_its_department(grant: GrantRow | None, actor: Actor, action: str | None, work: Work) -> None:
    """Let nobody pass but the department that holds a grant; another's call is on record with the resource.

    Raises NoDepartment, NotFound: what is another's is not there.
    """
    if grant is not None and grant.department == department_of(actor):
        return
    if grant is not None and action is not None:
        await Evidence(work).record(
            resource=grant.resource, grant=None, actor=actor, action=action, outcome=Outcome.refused,
            code=NotFound.slug,
        )  # fmt: skip
    raise NotFound


async def _notice(notice_id: UUID, actor: Applicant, work: WorkInRequest) -> NoticeRow:
    own = NoticeRow.department == department_of(actor)
    row = await work.session.scalar(select(NoticeRow).where(NoticeRow.id == notice_id, own).with_for_update())
    if row is None:
        raise NotFound
    return row


async def resource_named(work: Work, path: Mapping[str, str]) -> str | None:
    """The resource whose grant, file, subscription or notice a path names, where it is there; None otherwise."""
    of_grant = select(GrantRow.resource)
    statements = {
        "grant_id": lambda one: of_grant.where(GrantRow.id == one),
        "file_id": lambda one: of_grant.join(FileRow, FileRow.grant_id == GrantRow.id).where(FileRow.id == one),
        "subscription_id": lambda one: of_grant.join(
            SubscriptionRow, SubscriptionRow.grant_id == GrantRow.id
        ).where(SubscriptionRow.id == one),
        "notice_id": lambda one: select(NoticeRow.resource).where(NoticeRow.id == one),
    }  # fmt: skip
    for name, text in path.items():
        if name in statements and (one := as_uuid(text)) is not None:
            found: str | None = await work.session.scalar(statements[name](one))
            return found
    return None


def as_uuid(text: str) -> UUID | None:
    """An identifier as it stands in a path, None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


GrantForFile = Annotated[GrantRow, Depends(_grant("file.ask"))]
GrantToSubscribe = Annotated[GrantRow, Depends(_grant("subscribe"))]
OwnFile = Annotated[HeldFile, Depends(_file())]
FileToFetch = Annotated[HeldFile, Depends(_file("file.fetch"))]
SubscriptionToRead = Annotated[HeldSubscription, Depends(_subscription("changes"))]
SubscriptionToConfirm = Annotated[HeldSubscription, Depends(_subscription("changes.confirm"))]
SubscriptionToEnd = Annotated[HeldSubscription, Depends(_subscription("subscription.end"))]
OwnNotice = Annotated[NoticeRow, Depends(_notice)]
