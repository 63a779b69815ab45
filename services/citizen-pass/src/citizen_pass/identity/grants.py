"""The token endpoint's grants, and what ends them: introspection's view, revocation, reuse of codes and refresh tokens.

A new grant (device code, token exchange) is a method more and an entry in `GRANTS`; discovery lists what stands there.
"""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from citizen_pass.identity import domain, repository, scopes
from citizen_pass.identity.errors import OAuthError
from citizen_pass.identity.models import ClientRow, CodeRow, FamilyRow, RefreshRow, SessionRow
from citizen_pass.identity.tokens import Bearer, Tokens
from citykit.clock import WallClock
from citykit.work import Work

INTROSPECT = "citizen-pass.tokens.introspect"


class Grants:
    """Gives tokens, and takes them back."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tokens = Tokens(work)

    async def token(self, client: ClientRow, form: dict[str, str]) -> dict[str, Any]:
        """The token response for `form` (RFC 6749 §5.1). Raises OAuthError."""
        kind = form.get("grant_type")
        if kind is None:
            raise OAuthError("invalid_request", "grant_type is missing")
        grant = GRANTS.get(kind)
        if grant is None:
            raise OAuthError("unsupported_grant_type", "this grant is not supported")
        if kind not in client.grant_types:
            raise OAuthError("unauthorized_client", "the client may not use this grant")
        return await grant(self, client, form)

    # ---- authorization code -----------------------------------------------------------------------------------------

    async def by_code(self, client: ClientRow, form: dict[str, str]) -> dict[str, Any]:
        """Redeem a code, once. A second use, also at the same moment, revokes what the first one gave."""
        if "code" not in form:
            raise OAuthError("invalid_request", "code is missing")
        statement = select(CodeRow).where(CodeRow.code_hash == domain.digest(form["code"])).with_for_update()
        code = (await self._work.session.scalars(statement)).first()
        if code is None or code.client_id != client.client_id:
            raise OAuthError("invalid_grant", "the code is not known")
        family = await self._family(code.family_id)
        now = WallClock().now()
        if code.used_at is not None:
            await self._revoke(family, "code used twice")
            raise OAuthError("invalid_grant", "the code was used before")
        code.used_at = now  # spent by any try of its client: a verifier cannot be guessed
        if code.expires_at <= now:
            raise OAuthError("invalid_grant", "the code has expired")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri differs from the authorization request")
        verifier = form.get("code_verifier", "")
        if not domain.is_verifier(verifier) or domain.challenge_of(verifier) != code.code_challenge:
            raise OAuthError("invalid_grant", "code_verifier does not fit")
        return await self._give(client, family, tuple(family.scopes), nonce=code.nonce)

    # ---- refresh ----------------------------------------------------------------------------------------------------

    async def by_refresh(self, client: ClientRow, form: dict[str, str]) -> dict[str, Any]:
        """Exchange a refresh token for new tokens; it is spent by that, and its second use ends the family."""
        if "refresh_token" not in form:
            raise OAuthError("invalid_request", "refresh_token is missing")
        asked = _scope(form)
        token = await self._refresh(form["refresh_token"], lock=True)
        family = await self._family(token.family_id) if token is not None else None
        if token is None or family is None or family.client_id != client.client_id:
            raise OAuthError("invalid_grant", "the refresh token is not known")
        if token.used_at is not None:
            await self._revoke(family, "refresh token used twice")
            raise OAuthError("invalid_grant", "the refresh token was used before")
        now = WallClock().now()
        if family.revoked_at is not None or token.expires_at <= now:
            raise OAuthError("invalid_grant", "the refresh token has ended")
        if asked is not None and not set(asked) <= set(family.scopes):
            raise OAuthError("invalid_scope", "more than was granted")
        token.used_at = now
        return await self._give(client, family, asked or tuple(family.scopes), nonce=None)

    async def _refresh(self, token: str, *, lock: bool = False) -> RefreshRow | None:
        statement = select(RefreshRow).where(RefreshRow.token_hash == domain.digest(token))
        return (await self._work.session.scalars(statement.with_for_update() if lock else statement)).first()

    async def _family(self, family_id: Any) -> FamilyRow:
        """The family, locked: two acts on one family run one after another."""
        statement = select(FamilyRow).where(FamilyRow.id == family_id).with_for_update()
        return (await self._work.session.scalars(statement)).one()

    async def _give(
        self, client: ClientRow, family: FamilyRow, asked: tuple[str, ...], *, nonce: str | None
    ) -> dict[str, Any]:
        """Tokens for what the person still holds of `asked`: an appointment that ended is in no token any more."""
        bearer = await self._bearer(family)
        held = domain.BASE_SCOPES | bearer.office.scopes
        granted = domain.granted_scopes(asked, client.scopes, held)
        if not granted:
            raise OAuthError("invalid_grant", "nothing is left of this grant")
        access = await self._tokens.access_of_person(bearer, client.client_id, granted, family.id)
        answer = token_response(access, granted)
        if "openid" in granted:
            answer["id_token"] = await self._tokens.identity(bearer, client.client_id, access, nonce)
        if "offline_access" in family.scopes and "refresh_token" in client.grant_types:
            answer["refresh_token"] = self._new_refresh(family)
        return answer

    async def _bearer(self, family: FamilyRow) -> Bearer:
        """The person of a family, as she is now. Raises `invalid_grant` where her account or the family has ended."""
        session = self._work.session
        account = await repository.open_account(session, family.subject)
        login = await session.get(SessionRow, family.session_id)
        if account is None or login is None or family.revoked_at is not None:
            raise OAuthError("invalid_grant", "the grant has ended")
        office = await repository.office_of(session, family.subject, self._work.clock.now())
        return Bearer(account, login, office)

    def _new_refresh(self, family: FamilyRow) -> str:
        token, now = secrets.token_urlsafe(32), WallClock().now()
        ends = now + timedelta(days=self._work.settings.refresh_days)
        family.expires_at = ends
        self._work.session.add(
            RefreshRow(token_hash=domain.digest(token), family_id=family.id, issued_at=now, expires_at=ends)
        )
        return token

    async def _revoke(self, family: FamilyRow, why: str) -> None:
        if family.revoked_at is None:
            family.revoked_at, family.revoked_because = WallClock().now(), why
            data = {"client": family.client_id, "why": why}
            stream, by = f"account/{family.subject}", f"client:{family.client_id}"
            self._work.audit.note(stream=stream, act="revoke-tokens", by=by, data=data)
            await self._work.session.flush()

    # ---- client credentials -----------------------------------------------------------------------------------------

    async def by_client(self, client: ClientRow, form: dict[str, str]) -> dict[str, Any]:
        """A token for the client itself; without `scope` it carries all that the client may have."""
        if client.kind != domain.ClientKind.confidential:
            raise OAuthError("unauthorized_client", "a public client cannot act for itself")
        asked = _scope(form) or tuple(client.scopes)
        for scope in asked:
            if not domain.client_may_ask(client.scopes, scope) or scope in domain.OPENID_SCOPES:
                raise OAuthError("invalid_scope", "unknown or not allowed")
            if scope not in client.scopes and not await scopes.is_known(self._work.session, scope):
                raise OAuthError("invalid_scope", "unknown or not allowed")
        return token_response(await self._tokens.access_of_client(client, asked), asked)

    # ---- introspection and revocation -------------------------------------------------------------------------------

    async def introspect(self, client: ClientRow, token: str) -> dict[str, Any]:
        """The state of a token (RFC 7662 §2.2), for its own client or one that may ask about all; else inactive."""
        if client.kind != domain.ClientKind.confidential:
            raise OAuthError("invalid_client", "introspection wants a confidential client", status=401)
        may_all = INTROSPECT in client.scopes
        claims = await self._tokens.read_access(token)
        if claims is not None:
            if not may_all and claims["client_id"] != client.client_id:
                return {"active": False}
            return {"active": True, "token_type": "Bearer"} | claims
        refresh = await self._refresh(token)
        if refresh is None or refresh.used_at is not None:
            return {"active": False}
        family = await self._family(refresh.family_id)
        ended = family.revoked_at is not None or refresh.expires_at <= WallClock().now()
        if ended or not (may_all or family.client_id == client.client_id):
            return {"active": False}
        return {
            "active": True, "client_id": family.client_id, "sub": str(family.subject), "scope": " ".join(family.scopes),
            "exp": _seconds(refresh.expires_at), "iat": _seconds(refresh.issued_at), "iss": self._tokens.issuer,
        }  # fmt: skip

    async def revoke(self, client: ClientRow, token: str) -> None:
        """End a token (RFC 7009): a refresh token with its family, an access token alone. Unknown ones are fine."""
        refresh = await self._refresh(token)
        if refresh is not None:
            family = await self._family(refresh.family_id)
            _own(client, family.client_id)
            await self._revoke(family, "revoked by the client")
            return
        claims = await self._tokens.read_access(token)
        if claims is not None:
            _own(client, claims["client_id"])
            await self._tokens.revoke_access(claims)


GRANTS: dict[str, Callable[[Grants, ClientRow, dict[str, str]], Awaitable[dict[str, Any]]]] = {
    "authorization_code": Grants.by_code,
    "refresh_token": Grants.by_refresh,
    "client_credentials": Grants.by_client,
}


def _own(client: ClientRow, client_id: str) -> None:
    if client.client_id != client_id:
        raise OAuthError("unauthorized_client", "the token was given to another client")


def _scope(form: dict[str, str]) -> tuple[str, ...] | None:
    try:
        return domain.parse_scope(form["scope"]) if "scope" in form else None
    except ValueError as error:
        raise OAuthError("invalid_scope", str(error)) from error


def token_response(access_token: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    """A successful answer of the token endpoint (RFC 6749 §5.1)."""
    return {
        "access_token": access_token, "token_type": "Bearer", "expires_in": domain.ACCESS_TOKEN_SECONDS,
        "scope": " ".join(scopes),
    }  # fmt: skip


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
