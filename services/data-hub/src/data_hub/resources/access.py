"""Who may do what in the directory."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement, and_, false, or_, true

from citykit.access import Actor, requires
from data_hub.resources.domain import State
from data_hub.resources.models import ResourceRow

CATALOGUE = "data-hub.resources.catalogue"
REVIEW = "data-hub.resources.review"
READ = "data-hub.resources.read"

cataloguing = requires(CATALOGUE)
reviewing = requires(REVIEW)
working = requires(any_of=(CATALOGUE, REVIEW))
reading = requires(any_of=(READ, CATALOGUE, REVIEW))

Steward = Annotated[Actor, Depends(cataloguing)]
Reviewer = Annotated[Actor, Depends(reviewing)]
StewardOrReviewer = Annotated[Actor, Depends(working)]
InsideReader = Annotated[Actor, Depends(reading)]


def is_steward_of(actor: Actor, provider: str) -> bool:
    """Whether the actor describes the resources of this department."""
    return actor.may(CATALOGUE) and actor.department == provider


def sees_drafts(actor: Actor, provider: str) -> bool:
    """Whether the actor sees what this department has not published yet."""
    return actor.may(REVIEW) or is_steward_of(actor, provider)


def own(actor: Actor) -> ColumnElement[bool]:
    """Resources that the actor's department provides."""
    if not actor.may(CATALOGUE) or actor.department is None:
        return false()
    return ResourceRow.provider == actor.department


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Resources that the actor may know of: what is or was published, drafts of her department, all for reviewers."""
    if actor.may(REVIEW):
        return true()
    told = or_(ResourceRow.state == State.published.value, ResourceRow.state == State.withdrawn.value)
    return or_(told, own(actor))


def in_hand_of(actor: Actor) -> ColumnElement[bool]:
    """Resources that the actor may withdraw: her department's own, all for reviewers."""
    return true() if actor.may(REVIEW) else and_(own(actor), true())
