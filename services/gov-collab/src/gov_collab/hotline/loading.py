"""The ticket in the path, loaded by what the caller may do with it: what she may not see is not there (404)."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement, select

from citykit.access import Actor, Requirement
from citykit.problems import NotFound
from citykit.work import WorkInRequest
from gov_collab.hotline import access
from gov_collab.hotline.models import TicketRow

Loader = Callable[..., Awaitable[TicketRow]]


def _ticket(requirement: Requirement, limit: Callable[[Actor], ColumnElement[bool]], *, lock: bool) -> Loader:
    async def load(ticket_id: UUID, actor: Annotated[Actor, Depends(requirement)], work: WorkInRequest) -> TicketRow:
        statement = select(TicketRow).where(TicketRow.id == ticket_id, limit(actor))
        row: TicketRow | None = await work.session.scalar(statement.with_for_update() if lock else statement)
        if row is None:
            raise NotFound()
        return row

    return load


_read = _ticket(access.reading, access.visible_to, lock=False)
_read_as_staff = _ticket(access.working, access.works_on, lock=False)
_operate = _ticket(access.operating, access.every_ticket, lock=True)
_handle = _ticket(access.handling, access.in_hand_of, lock=True)
_work_on = _ticket(access.working, access.works_on, lock=True)
_own = _ticket(access.submitting, access.reported_by, lock=True)
_operate_or_own = _ticket(access.operating_or_submitting, access.for_operator_or_citizen, lock=True)

VisibleTicket = Annotated[TicketRow, Depends(_read)]
StaffsTicket = Annotated[TicketRow, Depends(_read_as_staff)]
OperatorsTicket = Annotated[TicketRow, Depends(_operate)]
DepartmentsTicket = Annotated[TicketRow, Depends(_handle)]
TicketAtWork = Annotated[TicketRow, Depends(_work_on)]
OwnTicket = Annotated[TicketRow, Depends(_own)]
OperatorsOrOwnTicket = Annotated[TicketRow, Depends(_operate_or_own)]
