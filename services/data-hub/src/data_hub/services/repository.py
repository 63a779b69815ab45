"""The reads of data services."""

from sqlalchemy import desc, select

from citykit.actors import Actor
from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work
from data_hub.services.models import ExportRow, KeyRow
from data_hub.services.schemas import Export, Key


async def keys(work: Work, query: PageQuery, *, by: Actor) -> Page[Key]:
    """The keys of one's department, newest first."""
    statement = select(KeyRow).where(KeyRow.department == (by.department or ""))
    now = work.clock.now()
    return await keyset_page(
        work.session, statement, keys=(desc(KeyRow.id),), query=query, make=lambda row: Key.of(row, now)
    )


async def exports(work: Work, query: PageQuery, *, by: Actor) -> Page[Export]:
    """The files of one's department, newest first."""
    statement = select(ExportRow).where(ExportRow.department == (by.department or ""))
    return await keyset_page(work.session, statement, keys=(desc(ExportRow.id),), query=query, make=Export.of)
