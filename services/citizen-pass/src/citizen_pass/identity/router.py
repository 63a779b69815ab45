"""The JSON interface of identity: accounts and their real names, client programs, signing keys."""

from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from citizen_pass.identity import domain, errors, repository
from citizen_pass.identity.access import (
    AccountHolder,
    AccountInPath,
    AccountKeeper,
    AccountsInRequest,
    ClientInPath,
    ClientKeeper,
    ClientsInRequest,
    subject_of,
)
from citizen_pass.identity.keys import SigningKeys
from citizen_pass.identity.models import ClientRow
from citizen_pass.identity.schemas import (
    Account,
    AccountDraft,
    AccountFilter,
    Client,
    ClientDraft,
    Consent,
    ConsentList,
    KeyRotation,
    RegisteredClient,
    Session,
    SessionList,
    VerificationDraft,
)
from citykit.access import Actor, anyone, signed_in
from citykit.callers import client_address
from citykit.clock import WallClock
from citykit.mesh import NeighbourUnavailable
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import NotFound, Problem, answer, problems, reads_english
from citykit.routing import CityRouter
from citykit.work import WorkInRequest

router = CityRouter(prefix="/api/citizen-pass/v1", tags=["identity"])

Citizen = Annotated[Actor, Depends(signed_in())]
_WORDS_OF_PURPOSE = "账户管理 Account administration"
_FIELD_WORDS = {
    "username": "用户名 User name",
    "display_name": "显示名称 Display name",
    "masked_name": "脱敏姓名 Name, masked",
}


@router.post(
    "/accounts",
    status_code=201,
    response_model=Account,
    dependencies=[Depends(anyone)],
    responses=problems(errors.UsernameTaken, errors.AccountFault, errors.TooManyTries),
)
async def register(
    request: Request, body: AccountDraft, accounts: AccountsInRequest, work: WorkInRequest
) -> Account | Response:
    """Register an account 注册账户, at assurance level 1. Open to anyone; limited per address and hour.

    A user name is a public handle chosen by the person: it cannot be a telephone, e-mail or identity number, so that a
    taken name (409 `username-taken`) tells nothing about anybody.
    """
    outcome = await accounts.register(body, address=client_address(request, work.settings.trusted_proxies))
    return answer(request, outcome) if isinstance(outcome, Problem) else outcome


@router.get("/accounts", responses=problems(NotFound))
async def find_account(
    actor: AccountKeeper, query: Annotated[AccountFilter, Query()], accounts: AccountsInRequest, work: WorkInRequest
) -> Account:
    """Find an account by its exact user name 按用户名查找账户. The read shows in the person's access log."""
    row = await repository.account_named(work.session, domain.username_of(query.username))
    if row is None:
        raise NotFound()
    work.access.read(
        person=f"sub:{row.subject}", by=actor, action="查找账户 Find an account", purpose=_WORDS_OF_PURPOSE,
        fields=_FIELD_WORDS, said=_FIELD_WORDS,
    )  # fmt: skip
    office = await repository.office_of(work.session, row.subject, work.clock.now())
    return Account.of(row, office)


@router.get("/accounts/me", responses=problems(NotFound))
async def my_account(actor: AccountHolder, accounts: AccountsInRequest) -> Account:
    """The caller's own account 我的账户."""
    found = await accounts.mine(subject_of(actor))
    if found is None:
        raise NotFound()
    return found


@router.post(
    "/accounts/me/verifications",
    status_code=201,
    response_model=Account,
    responses=problems(
        errors.IdentityNotMatched,
        errors.AlreadyVerified,
        errors.PersonBound,
        errors.TooManyTries,
        NeighbourUnavailable,
        NotFound,
    ),
)
async def verify_me(
    request: Request, actor: Citizen, body: VerificationDraft, accounts: AccountsInRequest
) -> Account | Response:
    """Verify the caller's real name 实名认证 against the population registry, and reach assurance level 2.

    Name and number are not kept; the account keeps the registry's reference and a masked name. Tries are limited per
    account and per number and day. 503 `neighbour-unavailable` where the registry is down: nothing has changed then.
    """
    subject_of(actor)
    outcome = await accounts.verify(body, by=actor)
    # A counted failure must be committed, so it is answered and not raised.
    return answer(request, outcome) if isinstance(outcome, Problem) else outcome


@router.get("/accounts/me/sessions")
async def my_sessions(actor: AccountHolder, work: WorkInRequest) -> SessionList:
    """Where the caller is signed in 登录设备. They are ended on the account page."""
    rows = await repository.sessions_of(work.session, subject_of(actor), WallClock().now())
    return SessionList(items=[Session.of(row, actor.session_id) for row in rows])


@router.get("/accounts/me/consents")
async def my_consents(request: Request, actor: AccountHolder, work: WorkInRequest) -> ConsentList:
    """What the caller allowed which program 已授权的应用. Consents are withdrawn on the account page."""
    english = reads_english(request.headers.get("accept-language"))
    rows = await repository.consents_of(work.session, subject_of(actor))
    return ConsentList(
        items=[
            Consent(
                client_id=client.client_id,
                client_name=client.name_en if english else client.name_zh,
                scopes=consent.scopes,
                granted_at=consent.granted_at,
            )
            for consent, client in rows
        ]
    )


@router.post("/accounts/{subject}/closures", status_code=201, responses=problems(NotFound))
async def close_account(actor: AccountKeeper, account: AccountInPath, accounts: AccountsInRequest) -> Account:
    """Close an account 停用账户: its sessions and tokens end, and nobody signs in to it again."""
    return await accounts.close(account, by=actor)


@router.get("/clients")
async def list_clients(actor: ClientKeeper, query: Annotated[PageQuery, Query()], work: WorkInRequest) -> Page[Client]:
    """The registered client programs 客户端, by id."""
    return await keyset_page(work.session, select(ClientRow), keys=(ClientRow.client_id,), query=query, make=Client.of)


@router.post("/clients", status_code=201, responses=problems(errors.ClientExists, errors.ClientFault))
async def register_client(actor: ClientKeeper, body: ClientDraft, clients: ClientsInRequest) -> RegisteredClient:
    """Register a client program 登记客户端. Its secret is in this answer and nowhere else."""
    return await clients.register(body, by=actor)


@router.get("/clients/{client_id}", responses=problems(errors.NoSuchClient))
async def read_client(actor: ClientKeeper, client: ClientInPath) -> Client:
    """One client program."""
    return Client.of(client)


@router.post(
    "/clients/{client_id}/secrets", status_code=201, responses=problems(errors.NoSuchClient, errors.ClientFault)
)
async def renew_client_secret(actor: ClientKeeper, client: ClientInPath, clients: ClientsInRequest) -> RegisteredClient:
    """Give a client a new secret 更换密钥; the old one ends at once."""
    return await clients.renew_secret(client, by=actor)


@router.post("/clients/{client_id}/suspensions", status_code=201, responses=problems(errors.NoSuchClient))
async def suspend_client(actor: ClientKeeper, client: ClientInPath, clients: ClientsInRequest) -> Client:
    """Shut a client out 停用客户端: no new token, and all that persons granted it ends."""
    return await clients.suspend(client, by=actor)


@router.post("/clients/{client_id}/reinstatements", status_code=201, responses=problems(errors.NoSuchClient))
async def reinstate_client(actor: ClientKeeper, client: ClientInPath, clients: ClientsInRequest) -> Client:
    """Let a suspended client in again 恢复客户端."""
    return await clients.reinstate(client, by=actor)


@router.post("/signing-keys/rotations", status_code=201)
async def rotate_keys(actor: ClientKeeper, work: WorkInRequest) -> KeyRotation:
    """Rotate the signing keys 轮换签名密钥: the published next key signs, a new next one is published."""
    return KeyRotation.now(await SigningKeys(work).rotate(by=actor), WallClock().now())
