"""Tokens: access tokens (RFC 9068) and id tokens (OpenID Connect Core §2), made and read back."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import to_str, urlsafe_b64decode
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from citizen_pass.identity import domain
from citizen_pass.identity.keys import ALGORITHM, SigningKeys
from citizen_pass.identity.models import AccountRow, ClientRow, FamilyRow, RevokedTokenRow, SessionRow
from citykit.ids import new_id
from citykit.work import Work


@dataclass(frozen=True)
class Bearer:
    """The person behind tokens: her account, the login they come from, the office she acts in."""

    account: AccountRow
    login: SessionRow
    office: domain.Office

    @property
    def assurance(self) -> int:
        """Her assurance level in this login."""
        return domain.assurance(verified=self.account.person is not None, amr=self.login.amr)


def claims_of_client(client_id: str, scopes: Sequence[str], name: str, owner: str) -> dict[str, Any]:
    """What the access token of a client that acts for itself says (RFC 6749 §4.4).

    Its name and its owner's are what a person reads where the program read her data.
    """
    return {
        "sub": client_id, "kind": "client", "client_id": client_id, "scope": " ".join(scopes),
        "aud": domain.audience(scopes), "name": name, "department_name": owner,
    }  # fmt: skip


def name_of_client(zh: str, en: str) -> str:
    """What a client is called in tokens: Chinese first."""
    return zh if zh == en else f"{zh} {en}"


def signed(kid: str, key: OKPKey, kind: str, issuer: str, claims: dict[str, Any], seconds: int) -> str:
    """A token of ours with these claims, good for `seconds` by the wall clock."""
    now = int(time.time())
    stamped = {"iss": issuer, "iat": now, "exp": now + seconds, "jti": str(new_id())} | claims
    return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": kid}, stamped, key, algorithms=[ALGORITHM])


class Tokens:
    """Makes and reads the provider's tokens. All times are the wall clock's, also where a demonstration moves time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._keys = SigningKeys(work)
        self.issuer: str = work.settings.issuer

    async def access_of_person(self, bearer: Bearer, client_id: str, scopes: Sequence[str], family: UUID) -> str:
        """An access token of a person for the services that `scopes` belong to."""
        claims: dict[str, Any] = {
            "sub": str(bearer.account.subject), "kind": "person", "client_id": client_id, "scope": " ".join(scopes),
            "aud": domain.audience(scopes), "acr": domain.acr(bearer.assurance), "sid": str(bearer.login.id),
            "auth_time": int(bearer.login.auth_time.timestamp()), "gid": str(family),
            # Services write this name where a person's data were read: enough to recognise, no more.
            "name": bearer.account.masked_name or bearer.account.display_name,
        }  # fmt: skip
        if bearer.account.person is not None:
            claims["person"] = str(bearer.account.person)
        if bearer.office.department_code is not None:
            claims |= {
                "department": bearer.office.department_code, "post": bearer.office.post_code,
                "department_name": bearer.office.department_name, "post_name": bearer.office.post_name,
            }  # fmt: skip
        return await self._sign("at+jwt", claims, domain.ACCESS_TOKEN_SECONDS)

    async def access_of_client(self, client: ClientRow, scopes: Sequence[str]) -> str:
        """An access token of a client that acts for itself (RFC 6749 §4.4)."""
        kid, key = await self._keys.current()
        name = name_of_client(client.name_zh, client.name_en)
        claims = claims_of_client(client.client_id, scopes, name, client.owner)
        return signed(kid, key, "at+jwt", self.issuer, claims, domain.ACCESS_TOKEN_SECONDS)

    async def identity(self, bearer: Bearer, client_id: str, access_token: str, nonce: str | None) -> str:
        """The id token that goes with `access_token`."""
        claims: dict[str, Any] = {
            "sub": str(bearer.account.subject), "aud": client_id, "sid": str(bearer.login.id),
            "auth_time": int(bearer.login.auth_time.timestamp()), "acr": domain.acr(bearer.assurance),
            "amr": bearer.login.amr, "at_hash": domain.at_hash(access_token, ALGORITHM),
        }  # fmt: skip
        if nonce is not None:
            claims["nonce"] = nonce
        return await self._sign("JWT", claims, domain.ID_TOKEN_SECONDS)

    async def _sign(self, kind: str, claims: dict[str, Any], seconds: int) -> str:
        kid, key = await self._keys.current()
        return signed(kid, key, kind, self.issuer, claims, seconds)

    async def _read(self, token: str, kind: str) -> dict[str, Any] | None:
        """The claims of a token of ours of this `typ`, whatever its age; None for anything else."""
        header = _header(token)
        if header.get("typ") != kind or header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
            return None
        key = None if "\x00" in header["kid"] else await self._keys.public(header["kid"])
        if key is None:
            return None
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError):
            return None
        return claims if claims.get("iss") == self.issuer else None

    async def read_access(self, token: str) -> dict[str, Any] | None:
        """The claims of a living access token: signature, issuer, expiry, its own revocation and its family's."""
        claims = await self._read(token, "at+jwt")
        if claims is None or claims["exp"] <= time.time():
            return None
        session = self._work.session
        if await session.scalar(select(exists().where(RevokedTokenRow.jti == claims["jti"]))):
            return None
        if claims["kind"] == "person":
            family = await session.get(FamilyRow, UUID(claims["gid"]))
            account = await session.get(AccountRow, UUID(claims["sub"]))
            if family is None or family.revoked_at is not None or account is None or account.closed_at is not None:
                return None
        return claims

    async def read_hint(self, token: str) -> dict[str, Any] | None:
        """The claims of an id token of ours used as a hint; an expired one is a good hint still."""
        return await self._read(token, "JWT")

    async def revoke_access(self, claims: dict[str, Any]) -> None:
        """Revoke one access token; introspection and userinfo refuse it from now on."""
        expires = datetime.fromtimestamp(claims["exp"], tz=UTC)
        row = insert(RevokedTokenRow).values(jti=claims["jti"], expires_at=expires).on_conflict_do_nothing()
        await self._work.session.execute(row)


def _header(token: str) -> dict[str, Any]:
    try:
        header = json.loads(to_str(urlsafe_b64decode(token.split(".", 1)[0].encode("ascii"))))
    except (ValueError, UnicodeError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}
