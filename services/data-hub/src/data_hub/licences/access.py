"""Who may do what with licences; permission is a WHERE clause."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement, false, or_, select

from citykit.access import Actor, requires
from data_hub.licences.models import AuthorisationRow, BatchRow, IssuerRow, LicenceRow, TypeRow

MAINTAIN = "data-hub.licences.maintain"
ISSUE = "data-hub.licences.issue"
USE = "data-hub.licences.use"
READ = "data-hub.licences.read"
HOLD = "data-hub.licences.hold"  # every account carries it

Maintainer = Annotated[Actor, Depends(requires(MAINTAIN))]
Issuer = Annotated[Actor, Depends(requires(ISSUE))]
User = Annotated[Actor, Depends(requires(USE))]
Reader = Annotated[Actor, Depends(requires(READ))]
IssuerOrReader = Annotated[Actor, Depends(requires(any_of=(ISSUE, READ)))]
Holder = Annotated[Actor, Depends(requires(HOLD, assurance=2))]


def types_of(actor: Actor) -> ColumnElement[bool]:
    """The types that the actor's department issues."""
    return issued_of(actor.department) if actor.department else false()


def issued_of(department: str) -> ColumnElement[bool]:
    """The types that a department issues: as the one that the type names, or as one beside it."""
    beside = select(IssuerRow.type_code).where(
        IssuerRow.type_code == TypeRow.code, IssuerRow.department == department, IssuerRow.ended_at.is_(None)
    )
    return or_(TypeRow.department == department, beside.exists())


def issued_by(actor: Actor) -> ColumnElement[bool]:
    """The licences that the actor's department issued."""
    return LicenceRow.issuer == actor.department if actor.department else false()


def leaves_for(actor: Actor) -> ColumnElement[bool]:
    """The leaves that holders gave to the actor's department."""
    return AuthorisationRow.department == actor.department if actor.department else false()


def batches_of(actor: Actor) -> ColumnElement[bool]:
    """The batches of the actor's department."""
    return BatchRow.department == actor.department if actor.department else false()
