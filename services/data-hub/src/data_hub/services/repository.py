"""The reads of data services."""

from sqlalchemy import ColumnElement, desc, select

from citykit.actors import Actor
from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work
from data_hub.services.keys import HOLDER, is_holder
from data_hub.services.models import ExportRow, KeyRow
from data_hub.services.schemas import Export, Key


async def keys(work: Work, query: PageQuery, seen: ColumnElement[bool]) -> Page[Key]:
    """The keys that the caller may see, newest first."""
    statement = select(KeyRow).where(seen)
    now = work.clock.now()
    return await keyset_page(
        work.session, statement, keys=(desc(KeyRow.id),), query=query, make=lambda row: Key.of(row, now)
    )


async def exports(work: Work, query: PageQuery, *, by: Actor) -> Page[Export]:
    """The files that one's department asked for, or one's key did, newest first."""
    by_key = ExportRow.asked_by["subject"].astext
    whose = by_key == by.subject if is_holder(by) else by_key.not_like(f"{HOLDER}%")
    statement = select(ExportRow).where(ExportRow.department == (by.department or ""), whose)
    return await keyset_page(work.session, statement, keys=(desc(ExportRow.id),), query=query, make=Export.of)


def is_of(row: ExportRow, actor: Actor) -> bool:
    """Whether a file is the actor's: its department's, or its own where it acts with a key. None is both."""
    by = str(row.asked_by["subject"])
    whose = by == actor.subject if is_holder(actor) else not by.startswith(HOLDER)
    return whose and row.department == actor.department
