"""The app and the version in a path, locked, as far as the caller may see them."""

from typing import Annotated

from fastapi import Depends, Path

from citykit.problems import NotFound
from citykit.work import WorkInRequest
from data_hub.micro_apps import repository
from data_hub.micro_apps.access import Developer, DeveloperOrReviewer, Reviewer, owned_by, visible_to
from data_hub.micro_apps.models import AppRow, VersionRow
from data_hub.micro_apps.schemas import AppId

VersionCode = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def own_app(app_id: AppId, actor: Developer, work: WorkInRequest) -> AppRow:
    """An app of the developer's own department."""
    return _found(await repository.app_row(work, app_id, owned_by(actor)))


async def any_app(app_id: AppId, actor: Reviewer, work: WorkInRequest) -> AppRow:
    """Any app, for a reviewer."""
    return _found(await repository.app_row(work, app_id, visible_to(actor)))


async def seen_app(app_id: AppId, actor: DeveloperOrReviewer, work: WorkInRequest) -> AppRow:
    """An app that the caller may see."""
    return _found(await repository.app_row(work, app_id, visible_to(actor)))


def _found(row: AppRow | None) -> AppRow:
    if row is None:
        raise NotFound
    return row


OwnApp = Annotated[AppRow, Depends(own_app)]
AnyApp = Annotated[AppRow, Depends(any_app)]
SeenApp = Annotated[AppRow, Depends(seen_app)]


async def own_version(app: OwnApp, code: VersionCode, work: WorkInRequest) -> VersionRow:
    """A version of an own app."""
    return _version(await repository.version_row(work, app.app_id, code))


async def any_version(app: AnyApp, code: VersionCode, work: WorkInRequest) -> VersionRow:
    """A version of any app, for a reviewer."""
    return _version(await repository.version_row(work, app.app_id, code))


def _version(row: VersionRow | None) -> VersionRow:
    if row is None:
        raise NotFound
    return row


OwnVersion = Annotated[VersionRow, Depends(own_version)]
AnyVersion = Annotated[VersionRow, Depends(any_version)]
