"""Who may do what with micro-apps; permission is a WHERE clause."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement, false, true

from citykit.access import Actor, Requirement, requires
from citykit.actors import ActorKind
from data_hub.micro_apps.models import AppRow

REGISTER = "data-hub.micro-apps.register"
REVIEW = "data-hub.micro-apps.review"

Developer = Annotated[Actor, Depends(requires(REGISTER))]
Reviewer = Annotated[Actor, Depends(requires(REVIEW))]
# A program may make and upload versions. Who answers for one, and who decided on it, is a person with a name.
Submitter = Annotated[Actor, Depends(Requirement(scopes=(REGISTER,), kinds=(ActorKind.person,)))]
Decider = Annotated[Actor, Depends(Requirement(scopes=(REVIEW,), kinds=(ActorKind.person,)))]
DeveloperOrReviewer = Annotated[Actor, Depends(requires(any_of=(REGISTER, REVIEW)))]


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """All apps for reviewers, those of one's own department for developers."""
    if actor.may(REVIEW):
        return true()
    return owned_by(actor)


def owned_by(actor: Actor) -> ColumnElement[bool]:
    """The apps of the actor's own department."""
    return AppRow.department == actor.department if actor.department else false()
