"""Who may see reads of data, and who answers questions about them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from citizen_pass.privacy import repository
from citizen_pass.privacy.errors import NoSuchQuestion
from citizen_pass.privacy.models import QuestionRow
from citizen_pass.privacy.service import Privacy
from citykit.access import Actor, Requirement, requires
from citykit.actors import ActorKind
from citykit.problems import NotFound
from citykit.work import WorkInRequest

Concerned = Annotated[Actor, Depends(Requirement(scopes=("citizen-pass.privacy.read",), kinds=(ActorKind.person,)))]
Reviewer = Annotated[Actor, Depends(requires("citizen-pass.privacy.review"))]


async def _privacy(work: WorkInRequest) -> Privacy:
    return Privacy(work)


async def _subject(actor: Concerned) -> UUID:
    try:
        return UUID(actor.subject)
    except ValueError as error:
        raise NotFound() from error


async def _question(actor: Reviewer, question_id: UUID, work: WorkInRequest) -> QuestionRow:
    row = await repository.question(work.session, question_id)
    if row is None:
        raise NoSuchQuestion()
    return row


PrivacyInRequest = Annotated[Privacy, Depends(_privacy)]
Subject = Annotated[UUID, Depends(_subject)]
QuestionInPath = Annotated[QuestionRow, Depends(_question)]
