"""Which tickets the caller may see or decide: permission is a WHERE clause."""

from sqlalchemy import ColumnElement, false, or_, true

from citykit.actors import Actor
from data_hub.registries.corrections.models import ConflictRow, DisputeRow

DISPUTE, DECIDE = "data-hub.registries.dispute", "data-hub.registries.decide"
SUPERVISE = "data-hub.registries.supervise"


def disputes_of(actor: Actor) -> ColumnElement[bool]:
    """Tickets that one's department raised or decides; all of them for supervision."""
    if actor.may(SUPERVISE):
        return true()
    if actor.department is None:
        return false()
    asked = DisputeRow.asked_department == actor.department if actor.may(DISPUTE) else false()
    return or_(asked, disputes_to_decide(actor))


def disputes_to_decide(actor: Actor) -> ColumnElement[bool]:
    """Tickets that one's department decides."""
    if actor.department is None or not actor.may(DECIDE):
        return false()
    return DisputeRow.source_department == actor.department


def disputes_asked(actor: Actor) -> ColumnElement[bool]:
    """Tickets that the actor raised herself, or that her department raised."""
    mine = DisputeRow.asked_by == actor.reference
    if actor.department is None or not actor.may(DISPUTE):
        return mine
    return or_(mine, DisputeRow.asked_department == actor.department)


def conflicts_of(actor: Actor) -> ColumnElement[bool]:
    """Conflicts that one's department stated or decides; all of them for supervision."""
    if actor.may(SUPERVISE):
        return true()
    if actor.department is None:
        return false()
    stated = ConflictRow.stated_by == actor.department
    return or_(stated, conflicts_to_decide(actor))


def conflicts_to_decide(actor: Actor) -> ColumnElement[bool]:
    """Conflicts that one's department decides."""
    if actor.department is None or not actor.may(DECIDE):
        return false()
    return ConflictRow.source_department == actor.department
