"""Who may do what with accounts and clients, as types that an endpoint's signature shows."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from citizen_pass.identity import repository
from citizen_pass.identity.errors import NoSuchClient
from citizen_pass.identity.models import AccountRow, ClientRow
from citizen_pass.identity.registry import Clients, client_row
from citizen_pass.identity.schemas import ClientId
from citizen_pass.identity.service import Accounts
from citykit.access import Actor, Requirement, requires
from citykit.actors import ActorKind
from citykit.problems import NotFound
from citykit.work import WorkInRequest


def person_with(*scopes: str) -> Requirement:
    """A person whose token carries `scopes`; a client acting for itself has no account."""
    return Requirement(scopes=scopes, kinds=(ActorKind.person,))


AccountHolder = Annotated[Actor, Depends(person_with("citizen-pass.account.read"))]
AccountKeeper = Annotated[Actor, Depends(requires("citizen-pass.accounts.maintain"))]
ClientKeeper = Annotated[Actor, Depends(requires("citizen-pass.clients.maintain"))]


def subject_of(actor: Actor) -> UUID:
    """The account id of a person's token. Raises NotFound for a token that names none of our accounts."""
    try:
        return UUID(actor.subject)
    except ValueError as error:
        raise NotFound() from error


async def _accounts(work: WorkInRequest) -> Accounts:
    return Accounts(work)


async def _clients(work: WorkInRequest) -> Clients:
    return Clients(work)


async def _client(actor: ClientKeeper, client_id: ClientId, work: WorkInRequest) -> ClientRow:
    row = await client_row(work, client_id)
    if row is None:
        raise NoSuchClient()
    return row


async def _account(actor: AccountKeeper, subject: UUID, work: WorkInRequest) -> AccountRow:
    row = await repository.open_account(work.session, subject, lock=True)
    if row is None:
        raise NotFound()
    return row


AccountsInRequest = Annotated[Accounts, Depends(_accounts)]
ClientsInRequest = Annotated[Clients, Depends(_clients)]
ClientInPath = Annotated[ClientRow, Depends(_client)]
AccountInPath = Annotated[AccountRow, Depends(_account)]
