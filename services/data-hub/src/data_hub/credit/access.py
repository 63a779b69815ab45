"""Who may do what with credit records; permission is a WHERE clause."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement, false

from citykit.access import Actor, requires, signed_in
from data_hub.credit.models import DisputeRow, RecallRow, RecordRow, RepairRow

RECORD = "data-hub.credit.record"
REPAIR = "data-hub.credit.repair"
READ = "data-hub.credit.read"
MAINTAIN = "data-hub.credit.maintain"

Recorder = Annotated[Actor, Depends(requires(RECORD))]
Decider = Annotated[Actor, Depends(requires(REPAIR))]
Maintainer = Annotated[Actor, Depends(requires(MAINTAIN))]
Reader = Annotated[Actor, Depends(requires(READ))]
Representative = Annotated[Actor, Depends(signed_in(assurance=2))]


def recorded_by(actor: Actor) -> ColumnElement[bool]:
    """The records of the actor's own department."""
    return RecordRow.department == actor.department if actor.department else false()


def repairs_of(actor: Actor) -> ColumnElement[bool]:
    """The applications that the actor's department decides."""
    return RepairRow.department == actor.department if actor.department else false()


def disputes_of(actor: Actor) -> ColumnElement[bool]:
    """The disputes that the actor's department decides."""
    return DisputeRow.department == actor.department if actor.department else false()


def recalls_of(actor: Actor) -> ColumnElement[bool]:
    """The recalls that the actor's department was sent."""
    return RecallRow.department == actor.department if actor.department else false()
