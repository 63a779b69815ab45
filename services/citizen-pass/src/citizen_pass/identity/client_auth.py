"""Which client is calling: by secret, by a signed assertion (RFC 7523), or, for public clients, by name alone."""

import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.util import to_str, urlsafe_b64decode
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request

from citizen_pass.identity.domain import ASSERTION_SECONDS, ClientAuth
from citizen_pass.identity.errors import OAuthError
from citizen_pass.identity.models import AssertionRow, ClientRow
from citizen_pass.identity.oauth import basic_credentials
from citykit.work import Work

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("Ed25519", "ES256", "PS256", "RS256")
_LEEWAY = 30


class ClientAuthentication:
    """Tells which client is behind a request to the token, pushed-request, introspection or revocation endpoint."""

    def __init__(self, work: Work, endpoint: str) -> None:
        self._work = work
        self._audiences = {work.settings.issuer, f"{work.settings.issuer}/token", endpoint}

    async def __call__(self, request: Request, form: dict[str, str]) -> ClientRow:
        """The client. Raises OAuthError `invalid_client` (401), or `invalid_request` for two proofs at once."""
        basic = basic_credentials(request)
        ways = [basic is not None, "client_secret" in form, "client_assertion" in form]
        if sum(ways) > 1:
            raise OAuthError("invalid_request", "more than one way of client authentication")
        if "client_assertion" in form:
            return await self._by_assertion(form)
        if basic is not None:
            if form.get("client_id", basic[0]) != basic[0]:
                raise OAuthError("invalid_request", "client_id differs from the Authorization header")
            return await self._by_secret(*basic, challenge="Basic")
        client_id = form.get("client_id")
        if client_id is None:
            raise _refused("client authentication is missing")
        if "client_secret" in form:
            return await self._by_secret(client_id, form["client_secret"], challenge=None)
        client = await self._client(client_id)
        if client is None or client.auth != ClientAuth.none:
            raise _refused()
        return client

    async def _client(self, client_id: str) -> ClientRow | None:
        statement = select(ClientRow).where(ClientRow.client_id == client_id, ClientRow.suspended_at.is_(None))
        return (await self._work.session.scalars(statement)).first()

    async def _by_secret(self, client_id: str, secret: str, *, challenge: str | None) -> ClientRow:
        client = await self._client(client_id)
        given = self._work.vault.index("client-secret", secret)
        kept = client.secret_hash if client is not None and client.auth == ClientAuth.secret else None
        # Compared in any case, so that an unknown client takes the same path.
        matches = hmac.compare_digest(given, bytes(kept or b"\x00" * 32))
        if client is None or kept is None or not matches:
            raise _refused(challenge=challenge)
        return client

    async def _by_assertion(self, form: dict[str, str]) -> ClientRow:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _refused("client_assertion_type is not known")
        assertion = form["client_assertion"]
        client_id = _unverified_subject(assertion)
        if client_id is None or form.get("client_id", client_id) != client_id:
            raise _refused("client_id and assertion differ")
        client = await self._client(client_id)
        if client is None or client.auth != ClientAuth.private_key_jwt or not client.jwks:
            raise _refused()
        claims = _verified(assertion, client.jwks)
        self._check(claims, client_id)
        await self._spend(client_id, str(claims["jti"]), float(claims["exp"]))
        return client

    def _check(self, claims: dict[str, Any], client_id: str) -> None:
        """The demands of RFC 7523 §3: issuer and subject, audience, a short life, a number."""
        now = time.time()
        expires, issued = _number(claims.get("exp")), _number(claims.get("iat", claims.get("nbf", now)))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise _refused("iss and sub must be the client")
        if not all(isinstance(a, str) for a in audiences) or not self._audiences.intersection(audiences):
            raise _refused("the assertion is for somebody else")
        if expires is None or not now - _LEEWAY < expires <= now + ASSERTION_SECONDS + _LEEWAY:
            raise _refused("the assertion has expired, or lives too long")
        if issued is None or issued > now + _LEEWAY:
            raise _refused("the assertion is not valid yet")
        if not isinstance(claims.get("jti"), str) or not 8 <= len(claims["jti"]) <= 200 or "\x00" in claims["jti"]:
            raise _refused("jti is missing")

    async def _spend(self, client_id: str, jti: str, expires: float) -> None:
        """Use the assertion's number up; a second use is refused, also when both come at one moment."""
        until = datetime.fromtimestamp(expires + _LEEWAY, tz=UTC)
        statement = insert(AssertionRow).values(client_id=client_id, jti=jti, expires_at=until)
        spent = await self._work.session.execute(statement.on_conflict_do_nothing().returning(AssertionRow.jti))
        if spent.scalar_one_or_none() is None:
            raise _refused("the assertion was used before")


def _number(value: Any) -> float | None:
    """A point in time of a claim; None for anything that cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**40:
        return None
    return float(value)


def _refused(description: str = "client authentication failed", challenge: str | None = None) -> OAuthError:
    return OAuthError("invalid_client", description, status=401, challenge=challenge)


def _unverified_subject(assertion: str) -> str | None:
    """Whose key must verify the assertion; nothing else of it is believed before."""
    try:
        claims = json.loads(to_str(urlsafe_b64decode(assertion.split(".")[1].encode("ascii"))))
    except (ValueError, IndexError, UnicodeError, RecursionError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) and "\x00" not in subject else None


def _verified(assertion: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """The claims of an assertion signed with one of the client's keys. Only public-key algorithms are taken."""
    try:
        keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]  # joserfc's own TypedDict
        return jwt.decode(assertion, keys, algorithms=ASSERTION_ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _refused("the assertion's signature does not verify") from error
