"""Authorization requests: what a client asks of a person, checked before she sees it (RFC 6749, OIDC Core §3.1)."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from citizen_pass.identity import domain, repository, scopes
from citizen_pass.identity.errors import OAuthError, PageError, RedirectError
from citizen_pass.identity.models import AuthorizationRow, ClientRow, CodeRow, ConsentRow, FamilyRow
from citizen_pass.identity.oauth import with_parameters
from citizen_pass.identity.sessions import Browser
from citizen_pass.identity.tokens import Tokens
from citykit.clock import WallClock
from citykit.work import Work

REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
KEPT = (
    "redirect_uri", "scope", "state", "nonce", "code_challenge", "prompt", "max_age", "acr_values", "login_hint",
    "ui_locales", "claims", "id_token_hint",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A valid authorization request."""

    client: ClientRow
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    state: str | None = None
    nonce: str | None = None
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    wanted_level: int = 0
    needed_level: int = 0
    login_hint: str | None = None
    subject_hint: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)

    def refuse(self, error: str, description: str) -> RedirectError:
        """A refusal that the client hears."""
        return RedirectError(self.redirect_uri, error, description, self.state)


class Requests:
    """Reads, checks and keeps authorization requests."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def client(self, parameters: dict[str, str]) -> ClientRow:
        """The client that asks. Raises PageError: without a known client there is nowhere to answer."""
        client_id = parameters.get("client_id")
        client = await repository.active_client(self._work.session, client_id) if client_id else None
        if client is None:
            raise PageError(("未知的应用", "An application that the city does not know sent you here"))
        return client

    def redirect_uri(self, client: ClientRow, parameters: dict[str, str]) -> str:
        """The redirect URI, exactly as registered. Raises PageError: nobody is ever sent to another one."""
        given = parameters.get("redirect_uri")
        if given is None or not any(domain.redirect_matches(known, given) for known in client.redirect_uris):
            raise PageError(("应用的返回地址未登记", "The return address is not registered for this application"))
        return given

    async def check(self, client: ClientRow, parameters: dict[str, str]) -> Asked:
        """The request in `parameters`. Raises PageError before the redirect URI is known good, RedirectError after."""
        uri, state = self.redirect_uri(client, parameters), parameters.get("state")

        def refuse(error: str, description: str) -> RedirectError:
            return RedirectError(uri, error, description, state)

        unsupported = {"request": "request_not_supported", "registration": "registration_not_supported"}
        for name, error in unsupported.items():
            if name in parameters:
                raise refuse(error, f"{name} is not supported")
        if "response_type" not in parameters:
            raise refuse("invalid_request", "response_type is missing")
        if parameters["response_type"] != "code":
            raise refuse("unsupported_response_type", "only code is supported")
        if "authorization_code" not in client.grant_types:
            raise refuse("unauthorized_client", "the client may not use the authorization code grant")
        if parameters.get("response_mode", "query") != "query":
            raise refuse("invalid_request", "only response_mode=query is supported")
        if parameters.get("code_challenge_method") != "S256" or not domain.is_challenge(
            parameters.get("code_challenge", "")
        ):
            raise refuse("invalid_request", "PKCE with S256 is required (RFC 7636)")
        asked_scopes = await self._scopes(client, parameters, refuse)
        return Asked(
            client=client, redirect_uri=uri, scopes=asked_scopes, code_challenge=parameters["code_challenge"],
            state=state, nonce=parameters.get("nonce"), login_hint=parameters.get("login_hint"),
            prompts=_prompts(parameters, refuse), max_age=_max_age(parameters, refuse),
            wanted_level=_wanted_level(parameters), needed_level=_needed_level(parameters, refuse),
            subject_hint=await self._subject_hint(parameters, refuse),
            parameters={name: parameters[name] for name in KEPT if name in parameters},
        )  # fmt: skip

    async def _scopes(self, client: ClientRow, parameters: dict[str, str], refuse: Any) -> tuple[str, ...]:
        """Every scope must be one of the city's and one that the client may ask for; none is dropped silently."""
        try:
            asked = domain.parse_scope(parameters.get("scope", ""))
        except ValueError as error:
            raise refuse("invalid_scope", str(error)) from error
        if not asked:
            raise refuse("invalid_scope", "scope is missing")
        for scope in asked:
            if not domain.client_may_ask(client.scopes, scope) or not await scopes.is_known(self._work.session, scope):
                raise refuse("invalid_scope", f"unknown or not allowed: {scope[:100]}")
        return asked

    async def _subject_hint(self, parameters: dict[str, str], refuse: Any) -> str | None:
        if "id_token_hint" not in parameters:
            return None
        claims = await Tokens(self._work).read_hint(parameters["id_token_hint"])
        if claims is None:
            raise refuse("invalid_request", "id_token_hint is not an id token of ours")
        return str(claims["sub"])

    # ---- keeping ----------------------------------------------------------------------------------------------------

    async def keep(self, asked: Asked, *, pushed: bool, lifetime: timedelta) -> str:
        """Keep a checked request and answer the handle that finds it; the table holds the handle's hash only."""
        handle, now = secrets.token_urlsafe(32), WallClock().now()
        self._work.session.add(
            AuthorizationRow(
                handle_hash=domain.digest(handle),
                client_id=asked.client.client_id,
                parameters=asked.parameters,
                pushed=pushed,
                created_at=now,
                expires_at=now + lifetime,
            )
        )
        await self._work.session.flush()
        return handle

    async def take_pushed(self, client: ClientRow, request_uri: str) -> dict[str, str]:
        """The parameters that `client` pushed, once. Raises PageError for another's, an old or a used request URI."""
        handle = request_uri.removeprefix(REQUEST_URI)
        taken = await self._work.session.execute(
            delete(AuthorizationRow)
            .where(
                AuthorizationRow.handle_hash == domain.digest(handle),
                AuthorizationRow.client_id == client.client_id,
                AuthorizationRow.pushed,
                AuthorizationRow.expires_at > WallClock().now(),
            )
            .returning(AuthorizationRow.parameters)
        )
        parameters = taken.scalar_one_or_none()
        if parameters is None or not request_uri.startswith(REQUEST_URI):
            raise PageError(
                ("请求已过期，请返回应用重试", "The request has expired; please start again in the application")
            )
        return _revived(parameters, client)

    async def resume(self, handle: str) -> tuple[AuthorizationRow, Asked]:
        """A kept request that the person is answering, locked. Raises PageError where it is old or done."""
        statement = select(AuthorizationRow).where(
            AuthorizationRow.handle_hash == domain.digest(handle),
            AuthorizationRow.pushed.is_(False),
            AuthorizationRow.expires_at > WallClock().now(),
        )
        row = (await self._work.session.scalars(statement.with_for_update())).first()
        client = await repository.active_client(self._work.session, row.client_id) if row is not None else None
        if row is None or client is None:
            raise PageError(
                ("登录请求已过期，请返回应用重试", "This sign-in has expired; please start again in the application")
            )
        return row, await self.check(client, _revived(row.parameters, client))

    async def drop(self, row: AuthorizationRow) -> None:
        """The request is answered."""
        await self._work.session.delete(row)

    # ---- deciding ---------------------------------------------------------------------------------------------------

    def needs_login(self, asked: Asked, row: AuthorizationRow, browser: Browser) -> bool:
        """Whether the person has to sign in (again) before the request can be answered."""
        session, account = browser.session, browser.account
        if session is None or account is None:
            return True
        fresh = session.auth_time >= row.created_at
        if asked.subject_hint is not None and asked.subject_hint != str(account.subject):
            return True
        if fresh:
            return False
        if asked.prompts & {"login", "select_account"}:
            return True
        age = (WallClock().now() - session.auth_time).total_seconds()
        return asked.max_age is not None and age > asked.max_age

    async def wants_step_up(self, asked: Asked, row: AuthorizationRow, browser: Browser) -> bool:
        """Whether a higher level was asked for that a passkey of hers could reach, and she was not asked yet."""
        session, account = browser.session, browser.account
        assert session is not None
        assert account is not None
        level = domain.assurance(verified=account.person is not None, amr=session.amr)
        wanted = max(asked.wanted_level, asked.needed_level)
        if level >= wanted or wanted < 3 or account.person is None or session.auth_time >= row.created_at:
            return False
        return bool(await repository.passkeys_of(self._work.session, account.subject))

    def meets_need(self, asked: Asked, browser: Browser) -> bool:
        """Whether an essential `acr` of the claims parameter is reached."""
        assert browser.session is not None
        assert browser.account is not None
        level = domain.assurance(verified=browser.account.person is not None, amr=browser.session.amr)
        return level >= asked.needed_level

    async def grantable(self, asked: Asked, browser: Browser) -> tuple[str, ...]:
        """Which of the scopes asked for the person holds and may pass on."""
        assert browser.account is not None
        office = await repository.office_of(self._work.session, browser.account.subject, self._work.clock.now())
        return domain.granted_scopes(asked.scopes, asked.client.scopes, domain.BASE_SCOPES | office.scopes)

    async def needs_consent(self, asked: Asked, browser: Browser, granted: tuple[str, ...]) -> bool:
        """Whether the person has to be asked: never for the city's own programs, else unless she allowed it before."""
        assert browser.account is not None
        if "consent" in asked.prompts:
            return True
        if asked.client.first_party:
            return False
        remembered = await repository.consent_to(self._work.session, browser.account.subject, asked.client.client_id)
        return not remembered.issuperset(granted)

    async def remember_consent(self, asked: Asked, subject: UUID, granted: tuple[str, ...]) -> None:
        """Keep what the person allowed, together with what she allowed before."""
        before = await repository.consent_to(self._work.session, subject, asked.client.client_id)
        values = {"scopes": sorted(before.union(granted)), "granted_at": WallClock().now()}
        statement = insert(ConsentRow).values(subject=subject, client_id=asked.client.client_id, **values)
        await self._work.session.execute(
            statement.on_conflict_do_update(index_elements=["subject", "client_id"], set_=values)
        )
        data = {"client": asked.client.client_id, "scopes": list(granted)}
        self._work.audit.note(stream=f"account/{subject}", act="consent", by=f"sub:{subject}", data=data)

    async def issue(self, asked: Asked, browser: Browser, granted: tuple[str, ...]) -> str:
        """Issue a code and answer the address to send the browser to (with `iss`, RFC 9207)."""
        assert browser.session is not None
        code, now = secrets.token_urlsafe(32), WallClock().now()
        family = FamilyRow(
            subject=browser.session.subject,
            client_id=asked.client.client_id,
            session_id=browser.session.id,
            scopes=list(granted),
            created_at=now,
            expires_at=now + timedelta(days=self._work.settings.refresh_days),
        )
        self._work.session.add(family)
        await self._work.session.flush()
        self._work.session.add(
            CodeRow(
                code_hash=domain.digest(code),
                client_id=asked.client.client_id,
                family_id=family.id,
                redirect_uri=asked.redirect_uri,
                code_challenge=asked.code_challenge,
                nonce=asked.nonce,
                expires_at=now + domain.CODE_LIFETIME,
            )
        )
        return with_parameters(
            asked.redirect_uri, {"code": code, "state": asked.state, "iss": self._work.settings.issuer}
        )


def error_address(refused: RedirectError, issuer: str) -> str:
    """Where the browser goes with a refusal."""
    answer = {"error": refused.error, "error_description": refused.description, "state": refused.state, "iss": issuer}
    return with_parameters(refused.redirect_uri, answer)


def as_oauth_error(refused: PageError | RedirectError) -> OAuthError:
    """The same refusal at the pushed-request endpoint, which answers the client directly (RFC 9126 §2.3)."""
    if isinstance(refused, RedirectError):
        return OAuthError(refused.error, refused.description)
    return OAuthError("invalid_request", refused.said[1])


def _revived(parameters: dict[str, str], client: ClientRow) -> dict[str, str]:
    """Kept parameters together with those that have one possible value and were not kept."""
    fixed = {"client_id": client.client_id, "response_type": "code", "code_challenge_method": "S256"}
    return parameters | fixed


def _prompts(parameters: dict[str, str], refuse: Any) -> frozenset[str]:
    prompts = frozenset(parameters.get("prompt", "").split())
    if not prompts <= PROMPTS:
        raise refuse("invalid_request", "prompt is not known")
    if "none" in prompts and len(prompts) > 1:
        raise refuse("invalid_request", "prompt=none goes with nothing else")
    return prompts


def _max_age(parameters: dict[str, str], refuse: Any) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise refuse("invalid_request", "max_age must be a number of seconds")
    return int(text)


def _wanted_level(parameters: dict[str, str]) -> int:
    """The lowest level that satisfies `acr_values`, a wish (OIDC Core §3.1.2.1); 0 where none is known."""
    levels = [level for value in parameters.get("acr_values", "").split() if (level := domain.level_of(value))]
    return min(levels, default=0)


def _needed_level(parameters: dict[str, str], refuse: Any) -> int:
    """The level that the `claims` parameter makes essential (OIDC Core §5.5.1.1); 0 where it makes none."""
    if "claims" not in parameters:
        return 0
    try:
        claims = json.loads(parameters["claims"])
        acr = (claims.get("id_token") or {}).get("acr") or {}
        if not acr.get("essential"):
            return 0
        values = acr.get("values") or [acr.get("value")]
        levels = [level for value in values if isinstance(value, str) and (level := domain.level_of(value))]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise refuse("invalid_request", "claims cannot be read") from error
    return min(levels, default=4)  # an essential level that we do not know cannot be met
