"""Who may read messages: the person whose inbox it is."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from citizen_pass.messages import repository
from citizen_pass.messages.errors import NoSuchMessage
from citizen_pass.messages.models import MessageRow
from citizen_pass.messages.service import Messages
from citykit.access import Actor, Requirement
from citykit.actors import ActorKind
from citykit.problems import NotFound
from citykit.work import WorkInRequest

Reader = Annotated[Actor, Depends(Requirement(scopes=("citizen-pass.messages.read",), kinds=(ActorKind.person,)))]


async def _messages(work: WorkInRequest) -> Messages:
    return Messages(work)


async def _owner(actor: Reader) -> UUID:
    try:
        return UUID(actor.subject)
    except ValueError as error:
        raise NotFound() from error


Owner = Annotated[UUID, Depends(_owner)]


async def _message(owner: Owner, message_id: UUID, work: WorkInRequest) -> MessageRow:
    row = await repository.message(work.session, owner, message_id, lock=True)
    if row is None:
        raise NoSuchMessage()
    return row


MessagesInRequest = Annotated[Messages, Depends(_messages)]
MessageInPath = Annotated[MessageRow, Depends(_message)]
