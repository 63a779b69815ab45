"""The resource in the path, by what the caller may do with it: what she may not know of is not there (404)."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement, select, true

from citykit.access import Actor, Requirement
from citykit.work import WorkInRequest
from data_hub.resources import access
from data_hub.resources.errors import NoResource
from data_hub.resources.models import ResourceRow
from data_hub.resources.schemas import ResourceCode

Loader = Callable[..., Awaitable[ResourceRow]]


def _everything(_: Actor) -> ColumnElement[bool]:
    return true()


def _resource(requirement: Requirement, limit: Callable[[Actor], ColumnElement[bool]], *, lock: bool) -> Loader:
    async def load(
        code: ResourceCode, actor: Annotated[Actor, Depends(requirement)], work: WorkInRequest
    ) -> ResourceRow:
        statement = select(ResourceRow).where(ResourceRow.code == code, limit(actor))
        row: ResourceRow | None = await work.session.scalar(statement.with_for_update() if lock else statement)
        if row is None:
            raise NoResource
        return row

    return load


VisibleResource = Annotated[ResourceRow, Depends(_resource(access.reading, access.visible_to, lock=False))]
OwnResource = Annotated[ResourceRow, Depends(_resource(access.cataloguing, access.own, lock=True))]
ResourceToReview = Annotated[ResourceRow, Depends(_resource(access.reviewing, _everything, lock=True))]
ResourceInHand = Annotated[ResourceRow, Depends(_resource(access.working, access.in_hand_of, lock=True))]
