"""Who may do what with keys, meters and files; which rows each sees; the doors that load a row for an act."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import ColumnElement, false, or_, select

from citykit.access import Actor, Requirement, requires
from citykit.problems import Forbidden, NotFound, Unauthenticated
from citykit.work import Work, WorkInRequest
from data_hub import keyless
from data_hub.datasets.service import Datasets
from data_hub.resources.service import Resources
from data_hub.services.models import ExportRow, KeyRow
from data_hub.services.repository import is_of
from data_hub.services.views import QUERY, AskerInRequest
from data_hub.sharing.service import Evidence, Grants, Outcome

_CODE = re.compile(r"[1-3][0-9]{5,10}-[0-9]{6}")
MAINTAIN = "data-hub.services.maintain"
DECIDE = "data-hub.sharing.decide"  # who may revoke a grant may revoke a key under it
OPENED_FILES = "/api/data-hub/v1/catalogue/resources"


class KeyOrToken(Requirement):
    """A partner's key in `X-Api-Key`, whose holder is the actor then, or a token as of any requirement."""

    # FastAPI calls it, and gives what its signature asks for.
    async def __call__(self, request: Request, asker: AskerInRequest) -> Actor:  # type: ignore[override]
        """The holder of the key that was sent, or the actor of the token."""
        if asker.key is None or asker.actor is None:
            return await super().__call__(request)
        request.state.actor = asker.actor
        return asker.actor


class FileAsker(KeyOrToken):
    """The same for whoever asks for a file; told to anybody else is where the file of an opened resource lies."""

    async def __call__(self, request: Request, asker: AskerInRequest) -> Actor:  # type: ignore[override]  # as above
        """The holder of the key that was sent, or the actor of the token."""
        try:
            return await super().__call__(request, asker)
        except Unauthenticated as refused:
            at = f"{OPENED_FILES}/{request.path_params['code']}/rows.csv"
            told = (f"已向社会开放的数据无需登录，文件在 {at}", f"Of opened data everybody gets the file at {at}")
            raise Unauthenticated(refused.detail or told, headers=refused.headers) from refused


querying, maintaining = KeyOrToken(scopes=(QUERY,)), requires(MAINTAIN)
asking_for_file = FileAsker(scopes=(QUERY,))
metering = KeyOrToken(any_of=(QUERY, MAINTAIN))

Querier = Annotated[Actor, Depends(querying)]
Maintainer = Annotated[Actor, Depends(maintaining)]
KeyReader = Annotated[Actor, Depends(requires(any_of=(MAINTAIN, DECIDE)))]
MeterReader = Annotated[Actor, Depends(metering)]


async def _of_a_department(actor: Annotated[Actor, Depends(asking_for_file)]) -> Actor:
    """A person or program that belongs to a department, or acts with a key that it gave out: a file is for one."""
    if actor.department is None:
        raise Forbidden
    return actor


Official = Annotated[Actor, Depends(_of_a_department)]


async def within_allowance(request: Request, asker: AskerInRequest) -> None:
    """Count a question of somebody without a key, and without a token that may query. Raises TooManyRequests."""
    if asker.actor is None:
        keyless.count(request)


async def _key_to_rotate(key_id: UUID, actor: Maintainer, work: WorkInRequest) -> KeyRow:
    row = await work.session.scalar(select(KeyRow).where(KeyRow.id == key_id).with_for_update())
    if row is None or row.department != actor.department:
        raise await _not_found(row, actor, "key.rotate", work)
    return row


def keys_of(actor: Actor) -> ColumnElement[bool]:
    """The keys of the actor's department, and those under grants of its own data for who decides on these."""
    if actor.department is None:
        return false()
    own = KeyRow.department == actor.department if actor.may(MAINTAIN) else false()
    given = KeyRow.grant_id.in_(Grants.given_by(actor.department)) if actor.may(DECIDE) else false()
    return or_(own, given)


async def _key_to_revoke(key_id: UUID, actor: KeyReader, work: WorkInRequest) -> KeyRow:
    row = await work.session.scalar(select(KeyRow).where(KeyRow.id == key_id).with_for_update())
    if row is None or not await work.session.scalar(select(KeyRow.id).where(KeyRow.id == key_id, keys_of(actor))):
        raise await _not_found(row, actor, "key.revoke", work)
    return row


def _own_export(action: str | None = None) -> Callable[..., Awaitable[ExportRow]]:
    async def own(export_id: UUID, actor: Querier, work: WorkInRequest) -> ExportRow:
        row = await work.session.get(ExportRow, export_id)
        if row is None or not is_of(row, actor):
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


KeyToRotate = Annotated[KeyRow, Depends(_key_to_rotate)]
KeyToRevoke = Annotated[KeyRow, Depends(_key_to_revoke)]
OwnExport = Annotated[ExportRow, Depends(_own_export())]
ExportToFetch = Annotated[ExportRow, Depends(_own_export("export.fetch"))]
