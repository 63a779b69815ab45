"""Who may do what with keys, meters and files; which rows each sees; the doors that load a row for an act."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select

from citykit.access import Actor, requires
from citykit.problems import Forbidden, NotFound
from citykit.work import Work, WorkInRequest
from data_hub import keyless
from data_hub.datasets.service import Datasets
from data_hub.resources.service import Resources
from data_hub.services.models import ExportRow, KeyRow
from data_hub.services.views import QUERY, AskerInRequest
from data_hub.sharing.service import Evidence, Outcome

_CODE = re.compile(r"[1-3][0-9]{5,10}-[0-9]{6}")
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


async def within_allowance(request: Request, asker: AskerInRequest) -> None:
    """Count a question of somebody without a key, and without a token that may query. Raises TooManyRequests."""
    if asker.actor is None:
        keyless.count(request)


def _own_key(action: str) -> Callable[..., Awaitable[KeyRow]]:
    async def own(key_id: UUID, actor: Maintainer, work: WorkInRequest) -> KeyRow:
        row = await work.session.scalar(select(KeyRow).where(KeyRow.id == key_id).with_for_update())
        if row is None or row.department != actor.department:
            raise await _not_found(row, actor, action, work)
        return row

    return own


def _own_export(action: str | None = None) -> Callable[..., Awaitable[ExportRow]]:
    async def own(export_id: UUID, actor: Querier, work: WorkInRequest) -> ExportRow:
        row = await work.session.get(ExportRow, export_id)
        if row is None or row.department != actor.department:
            raise await _not_found(row, actor, action, work)
        return row

    return own


async def _not_found(row: KeyRow | ExportRow | None, actor: Actor, action: str | None, work: Work) -> NotFound:
    """What is another department's is not there, and who asked for it is on record with the resource."""
    if row is not None and action is not None:
        await Evidence(work).record(
            resource=row.resource, grant=None, actor=actor, action=action, outcome=Outcome.refused, code=NotFound.slug
        )
    return NotFound()


async def resource_named(work: Work, path: Mapping[str, str]) -> str | None:
    """The resource that a path names, or whose key or file it names, where it is there; None otherwise."""
    if _CODE.fullmatch(code := path.get("code", "")):
        resource = await Resources(work).published(code)
        dataset = await Datasets(work).of(code if resource is None else resource.code)
        return resource.code if resource is not None else None if dataset is None else dataset.resource
    for name, table in (("key_id", KeyRow), ("export_id", ExportRow)):
        try:
            row: KeyRow | ExportRow | None = await work.session.get(table, UUID(path.get(name, "")))
        except ValueError:
            continue
        return None if row is None else row.resource
    return None


KeyToRotate = Annotated[KeyRow, Depends(_own_key("key.rotate"))]
KeyToRevoke = Annotated[KeyRow, Depends(_own_key("key.revoke"))]
OwnExport = Annotated[ExportRow, Depends(_own_export())]
ExportToFetch = Annotated[ExportRow, Depends(_own_export("export.fetch"))]
