"""Who may do what with keys, meters and files; which rows each sees; the doors that load a row for an act."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.access import Actor, requires
from citykit.problems import Forbidden, NotFound
from citykit.work import WorkInRequest
from data_hub.services.models import ExportRow, KeyRow
from data_hub.services.views import QUERY

MAINTAIN = "data-hub.services.maintain"

querying, maintaining = requires(QUERY), requires(MAINTAIN)
metering = requires(any_of=(QUERY, MAINTAIN))

Querier = Annotated[Actor, Depends(querying)]
Maintainer = Annotated[Actor, Depends(maintaining)]
MeterReader = Annotated[Actor, Depends(metering)]


async def _of_a_department(actor: Querier) -> Actor:
    """A person or program that belongs to a department: a file is asked for, and fetched, for one."""
    if actor.department is None:
        raise Forbidden
    return actor


Official = Annotated[Actor, Depends(_of_a_department)]


async def _own_key(key_id: UUID, actor: Maintainer, work: WorkInRequest) -> KeyRow:
    statement = select(KeyRow).where(KeyRow.id == key_id, KeyRow.department == (actor.department or ""))
    row = await work.session.scalar(statement.with_for_update())
    if row is None:
        raise NotFound
    return row


async def _own_export(export_id: UUID, actor: Querier, work: WorkInRequest) -> ExportRow:
    statement = select(ExportRow).where(ExportRow.id == export_id, ExportRow.department == (actor.department or ""))
    row = await work.session.scalar(statement)
    if row is None:
        raise NotFound
    return row


OwnKey = Annotated[KeyRow, Depends(_own_key)]
OwnExport = Annotated[ExportRow, Depends(_own_export)]
