"""The reads of micro-apps, each one starting from what the caller may see."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, desc, select

from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.micro_apps.domain import AppState
from data_hub.micro_apps.models import AppRow, FileRow, VersionRow
from data_hub.micro_apps.schemas import App, AppFilter, StoreApp, StoreFilter


@dataclass(frozen=True)
class ServedFile:
    """A file of the version that is live, and the state its app is in."""

    state: AppState
    sha256: str | None
    content: bytes | None


async def app_row(work: Work, app_id: str, seen: ColumnElement[bool]) -> AppRow | None:
    """The app to act on, locked; None where there is none or the caller may not see it."""
    statement = select(AppRow).where(AppRow.app_id == app_id, seen).with_for_update()
    return (await work.session.scalars(statement)).first()


async def version_row(work: Work, app_id: str, code: int) -> VersionRow | None:
    """The version to act on, locked."""
    statement = select(VersionRow).where(VersionRow.app_id == app_id, VersionRow.code == code).with_for_update()
    return (await work.session.scalars(statement)).first()


async def versions_of(work: Work, app_id: str) -> list[VersionRow]:
    """All versions of an app, newest first."""
    statement = select(VersionRow).where(VersionRow.app_id == app_id).order_by(desc(VersionRow.code))
    return list(await work.session.scalars(statement))


async def files_of(work: Work, app_id: str, code: int) -> list[str]:
    """The paths of the uploaded files of a version."""
    statement = select(FileRow.path).where(FileRow.app_id == app_id, FileRow.code == code).order_by(FileRow.path)
    return list(await work.session.scalars(statement))


async def apps(work: Work, query: AppFilter, seen: ColumnElement[bool]) -> Page[App]:
    """The apps that the caller may see, newest first."""
    statement: Select[AppRow] = select(AppRow).where(seen)
    if query.state is not None:
        statement = statement.where(AppRow.state == query.state)
    keys = (desc(AppRow.registered_at), desc(AppRow.app_id))
    return await keyset_page(work.session, statement, keys=keys, query=query, make=App.of)


async def store(work: Work, query: StoreFilter) -> Page[StoreApp]:
    """The apps that run on the city, by name, each with what its live version says of itself."""
    live = (VersionRow.app_id == AppRow.app_id) & (VersionRow.code == AppRow.live_code)
    statement = select(AppRow, VersionRow.manifest).join(VersionRow, live).where(AppRow.state == AppState.published)
    keys = (AppRow.name_zh, AppRow.app_id)
    return await keyset_page(work.session, statement, keys=keys, query=query, make=lambda row: StoreApp.told(*row))


async def opened(work: Work, app_id: str) -> AppRow | None:
    """An app as somebody opens it; None where there is none, or no version was live yet."""
    statement = select(AppRow).where(AppRow.app_id == app_id, AppRow.live_code.is_not(None))
    return (await work.session.scalars(statement)).first()


async def served(work: Work, app_id: str, path: str) -> ServedFile | None:
    """A file of the live version; None where there is no such app."""
    statement = (
        select(AppRow.state, FileRow.sha256, FileRow.content)
        .outerjoin(
            FileRow,
            (FileRow.app_id == AppRow.app_id) & (FileRow.code == AppRow.live_code) & (FileRow.path == path),
        )
        .where(AppRow.app_id == app_id)
    )
    row = (await work.session.execute(statement)).first()
    return None if row is None else ServedFile(AppState(row.state), row.sha256, row.content)
