"""Who may do what with a request, as types that an endpoint's signature shows."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import Select

from citykit.access import Actor, Requirement, requires
from citykit.actors import ActorKind
from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from enterprise.requests import repository
from enterprise.requests.models import RequestRow
from enterprise.requests.service import Requests

# Only a person asks: her number is what the messages about the request go to.
Asker = Annotated[Actor, Depends(Requirement(scopes=(repository.SUBMIT,), kinds=(ActorKind.person,)))]
Handler = Annotated[Actor, Depends(requires(repository.ANSWER))]
Accepter = Annotated[Actor, Depends(requires(any_of=(repository.ANSWER, repository.SUPERVISE)))]
Supervisor = Annotated[Actor, Depends(requires(repository.SUPERVISE))]
RequestReader = Annotated[Actor, Depends(requires(any_of=(repository.SUBMIT, repository.ANSWER, repository.SUPERVISE)))]


async def requests(work: WorkInRequest) -> Requests:
    """The acts on requests, within this request's transaction."""
    return Requests(work)


RequestsInRequest = Annotated[Requests, Depends(requests)]


async def _one(work: Work, found: Select[RequestRow], request_id: UUID, *, lock: bool) -> RequestRow:
    chosen = found.where(RequestRow.id == request_id)
    row = (await work.session.scalars(chosen.with_for_update() if lock else chosen)).one_or_none()
    if row is None:
        raise NotFound()
    return row


async def readable(request_id: UUID, actor: RequestReader, requests: RequestsInRequest) -> RequestRow:
    """The request of the path, where the caller may see it; NotFound otherwise."""
    firms = await requests.firms.codes_of(actor.subject)
    return await _one(requests.work, repository.visible_to(actor, firms), request_id, lock=False)


async def own(request_id: UUID, actor: Asker, requests: RequestsInRequest) -> RequestRow:
    """The request of the path, locked, where the caller asked it herself or acts for its firm."""
    firms = await requests.firms.codes_of(actor.subject)
    return await _one(requests.work, repository.asked_by(actor, firms), request_id, lock=True)


async def handled(request_id: UUID, actor: Handler, work: WorkInRequest) -> RequestRow:
    """The request of the path, locked, where it lies with the caller's department."""
    return await _one(work, repository.handled_by(actor), request_id, lock=True)


async def acceptable(request_id: UUID, actor: Accepter, work: WorkInRequest) -> RequestRow:
    """The request of the path, locked, for a supervisor and for the department that it was shown to."""
    found = repository.visible_to(actor, ()) if actor.may(repository.SUPERVISE) else repository.handled_by(actor)
    return await _one(work, found, request_id, lock=True)


async def supervised(request_id: UUID, actor: Supervisor, work: WorkInRequest) -> RequestRow:
    """The request of the path, locked, for a supervisor."""
    return await _one(work, repository.visible_to(actor, ()), request_id, lock=True)


ReadableRequest = Annotated[RequestRow, Depends(readable)]
OwnRequest = Annotated[RequestRow, Depends(own)]
HandledRequest = Annotated[RequestRow, Depends(handled)]
AcceptableRequest = Annotated[RequestRow, Depends(acceptable)]
SupervisedRequest = Annotated[RequestRow, Depends(supervised)]
