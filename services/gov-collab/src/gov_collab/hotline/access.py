"""Who may do what with tickets, and which rows each may see: permission is a WHERE clause."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement, false, or_, true

from citykit.access import Actor, Requirement, requires
from citykit.actors import ActorKind
from gov_collab.hotline.models import TicketRow

OPERATE = "gov-collab.hotline.operate"
HANDLE = "gov-collab.hotline.handle"
SUBMIT = "gov-collab.hotline.submit"

_PERSON = (ActorKind.person,)
operating = requires(OPERATE)
handling = requires(HANDLE)
submitting = Requirement(scopes=(SUBMIT,), kinds=_PERSON)
reading = requires(any_of=(OPERATE, HANDLE, SUBMIT))

working = requires(any_of=(OPERATE, HANDLE))
operating_or_submitting = requires(any_of=(OPERATE, SUBMIT))

Operator = Annotated[Actor, Depends(operating)]
DepartmentHand = Annotated[Actor, Depends(handling)]
Citizen = Annotated[Actor, Depends(submitting)]
StaffOrCitizen = Annotated[Actor, Depends(reading)]
Staff = Annotated[Actor, Depends(working)]
OperatorOrCitizen = Annotated[Actor, Depends(operating_or_submitting)]
Maintainer = Annotated[Actor, Depends(requires("gov-collab.organisations.maintain"))]


def every_ticket(_: Actor) -> ColumnElement[bool]:
    """All tickets: for operators."""
    return true()


def in_hand_of(actor: Actor) -> ColumnElement[bool]:
    """The tickets that lie with the actor's department."""
    if actor.department is None:
        return false()
    return TicketRow.department_code == actor.department


def reported_by(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the actor has sent in herself."""
    subject = _account(actor)
    return false() if subject is None else TicketRow.citizen == subject


def works_on(actor: Actor) -> ColumnElement[bool]:
    """The tickets that the actor may see as staff."""
    if actor.may(OPERATE):
        return every_ticket(actor)
    return in_hand_of(actor) if actor.may(HANDLE) else false()


def for_operator_or_citizen(actor: Actor) -> ColumnElement[bool]:
    """All tickets for operators, her own for a citizen."""
    return every_ticket(actor) if actor.may(OPERATE) else reported_by(actor)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Every ticket that the actor may see, as staff or as the one who sent it in."""
    return or_(works_on(actor), reported_by(actor) if actor.may(SUBMIT) else false())


def is_own(ticket: TicketRow, actor: Actor) -> bool:
    """Whether the actor has sent the ticket in herself: she sees it as a citizen, whatever post she serves in."""
    return ticket.citizen is not None and ticket.citizen == _account(actor)


def _account(actor: Actor) -> UUID | None:
    if actor.kind is not ActorKind.person:
        return None
    try:
        return UUID(actor.subject)
    except ValueError:
        return None
