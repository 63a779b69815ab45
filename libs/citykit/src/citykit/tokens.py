"""Tokens: verified here, without asking anybody, so that a city whose identity service is down goes on working.

Two issuers are known: the city's OpenID provider, whose tokens (RFC 9068, `typ: at+jwt`) speak for persons and clients,
and the services themselves, which sign short tokens (`typ: mesh+jwt`) with their own keys for calls to one another.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from joserfc.util import to_str, urlsafe_b64decode

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import Unauthenticated, Unavailable
from citykit.settings import ServiceSettings

log = structlog.get_logger("citykit.tokens")

ALGORITHM = "Ed25519"
LEEWAY_SECONDS = 5
_REFETCH_AFTER_SECONDS = 10
_CACHE_SIZE = 10_000

KeySource = Callable[[], Awaitable[dict[str, Any]]]
Keep = Callable[[dict[str, Any]], Awaitable[None]]


def _invalid(why: str) -> Unauthenticated:
    return Unauthenticated(headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{why}"'})


def _header(token: str) -> dict[str, Any]:
    try:
        header = json.loads(to_str(urlsafe_b64decode(token.split(".", 1)[0].encode("ascii"))))
    except (ValueError, UnicodeError) as error:
        raise _invalid("not a token") from error
    if not isinstance(header, dict):
        raise _invalid("not a token")
    return header


class IssuerKeys:
    """The public keys of the OpenID provider: fetched once, kept while it is down, fetched anew for an unknown key."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._keys: KeySet | None = None
        self._ids: frozenset[str] = frozenset()
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def containing(self, key_id: str) -> KeySet:
        """The key set, fetched anew where `key_id` is not in it. Raises Unavailable where none was ever had."""
        if key_id not in self._ids:
            async with self._asking:  # who comes while somebody asks waits for the same answer
                if key_id not in self._ids and time.monotonic() - self._asked_at > _REFETCH_AFTER_SECONDS:
                    await self._ask()
        if self._keys is None:
            raise Unavailable(("暂时无法验证登录凭证", "Tokens cannot be verified at the moment"))
        return self._keys

    async def _ask(self) -> None:
        self._asked_at = time.monotonic()
        try:
            document = await self._source()
            self._keys = KeySet.import_key_set(document)  # type: ignore[arg-type]  # joserfc's own TypedDict
            self._ids = frozenset(str(key.get("kid")) for key in document["keys"])
        except (httpx.HTTPError, KeyError, ValueError, JoseError) as error:
            log.warning("issuer_keys_unavailable", kind=type(error).__name__)
            self._asked_at = time.monotonic() - _REFETCH_AFTER_SECONDS + 1

    async def prime(self) -> None:
        """Have keys before the first token comes: try until the provider, or what was kept of it, answers."""
        while self._keys is None:
            with contextlib.suppress(Exception):  # whatever is down now, the next round tries again
                await self.containing("")
            await asyncio.sleep(_REFETCH_AFTER_SECONDS / 5)

    def forget(self) -> None:
        """Ask anew at the next unknown key, at once."""
        self._asked_at = float("-inf")


class TokenVerifier:
    """Turns the bytes of a bearer token into an `Actor`, remembering verified tokens until they expire."""

    def __init__(self, *, audience: str, issuer: str, issuer_keys: IssuerKeys, mesh_keys: dict[str, Any]) -> None:
        self._audience = audience
        self._issuer = issuer
        self._issuer_keys = issuer_keys
        self._mesh_keys = KeySet.import_key_set(mesh_keys)  # type: ignore[arg-type]  # joserfc's own TypedDict
        self._verified: dict[str, tuple[float, Actor]] = {}

    async def prime(self) -> None:
        """Have the issuer's keys before the first token comes."""
        await self._issuer_keys.prime()

    async def verify(self, token: str) -> Actor:
        """The actor behind `token`. Raises Unauthenticated (401) and, without any key, Unavailable (503)."""
        known = self._verified.get(token)
        if known is not None:
            if known[0] > time.time():
                return known[1]
            del self._verified[token]
        header = _header(token)
        if header.get("typ") == "mesh+jwt":
            claims = self._decode(token, self._mesh_keys)
            actor = self._service(claims, header)
        elif header.get("typ") == "at+jwt":
            claims = self._decode(token, await self._issuer_keys.containing(str(header.get("kid"))))
            actor = self._party(claims)
        else:
            raise _invalid("not an access token")
        if len(self._verified) >= _CACHE_SIZE:
            self._verified.clear()
        self._verified[token] = (float(claims["exp"]), actor)
        return actor

    def forget(self, *, subject: str | None = None, session_id: str | None = None) -> None:
        """Drop remembered tokens of a subject or session; all of them where neither is named."""
        kept = {
            token: entry
            for token, entry in self._verified.items()
            if (subject or session_id)
            and entry[1].subject != subject
            and (session_id is None or entry[1].session_id != session_id)
        }
        self._verified = kept

    def _decode(self, token: str, keys: KeySet) -> dict[str, Any]:
        try:
            claims = jwt.decode(token, keys, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise _invalid("signature") from error
        now = time.time()
        expires, not_before = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
        if not isinstance(expires, int | float) or expires + LEEWAY_SECONDS <= now:
            raise _invalid("expired")
        if not isinstance(not_before, int | float) or not_before > now + LEEWAY_SECONDS:
            raise _invalid("not yet valid")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise _invalid("audience")
        if not isinstance(claims.get("sub"), str):
            raise _invalid("subject")
        return claims

    def _service(self, claims: dict[str, Any], header: dict[str, Any]) -> Actor:
        if claims.get("iss") != header.get("kid") or claims["sub"] != claims.get("iss"):
            raise _invalid("issuer")  # a service may speak for itself alone
        return Actor(
            subject=claims["sub"],
            kind=ActorKind.service,
            client_id=claims["sub"],
            on_behalf_of=claims.get("on_behalf_of"),
        )

    def _party(self, claims: dict[str, Any]) -> Actor:
        if claims.get("iss") != self._issuer:
            raise _invalid("issuer")
        kind = ActorKind.client if claims.get("kind") == "client" else ActorKind.person
        return Actor(
            subject=claims["sub"],
            kind=kind,
            scopes=frozenset(str(claims.get("scope", "")).split()),
            name=claims.get("name"),
            department=claims.get("department"),
            post=claims.get("post"),
            assurance={"l1": 1, "l2": 2, "l3": 3}.get(str(claims.get("acr")), 0),
            person=claims.get("person"),
            client_id=claims.get("client_id"),
            session_id=claims.get("sid"),
            department_name=claims.get("department_name"),
            post_name=claims.get("post_name"),
        )


class MeshSigner:
    """Signs this service's tokens for calls to its neighbours, with a key that never leaves it."""

    lifetime_seconds = 60

    def __init__(self, service: str, private_key: dict[str, Any]) -> None:
        self._service = service
        self._key = OKPKey.import_key(private_key)
        self._kept: dict[tuple[str, str | None], tuple[float, str]] = {}

    def token(self, audience: str, on_behalf_of: str | None = None) -> str:
        """A token for `audience`, reused while it has half its life left."""
        now = time.time()
        kept = self._kept.get((audience, on_behalf_of))
        if kept is not None and kept[0] > now + self.lifetime_seconds / 2:
            return kept[1]
        claims: dict[str, Any] = {
            "iss": self._service, "sub": self._service, "aud": audience, "jti": str(new_id()),
            "iat": int(now), "exp": int(now) + self.lifetime_seconds,
        }  # fmt: skip
        if on_behalf_of is not None:
            claims["on_behalf_of"] = on_behalf_of
        token = jwt.encode(
            {"alg": ALGORITHM, "typ": "mesh+jwt", "kid": self._service}, claims, self._key, algorithms=[ALGORITHM]
        )
        if len(self._kept) > 1000:
            self._kept.clear()
        self._kept[(audience, on_behalf_of)] = (float(claims["exp"]), token)
        return token


def keys_from_url(url: str, client: httpx.AsyncClient) -> KeySource:
    """Where the provider's keys come from: its JWKS endpoint."""

    async def fetch() -> dict[str, Any]:
        response = await client.get(url, timeout=3)
        response.raise_for_status()
        document = response.json()
        if not isinstance(document, dict):
            raise ValueError("not a key set")
        return document

    return fetch


def keys_kept(source: KeySource, keep: Keep, kept: KeySource) -> KeySource:
    """`source`, whose last answer is kept: a process that starts while the provider is down still knows its keys."""

    async def fetch() -> dict[str, Any]:
        try:
            document = await source()
        except (httpx.HTTPError, ValueError):
            return await kept()
        await keep(document)
        return document

    return fetch


def verifier_for(service: str, settings: ServiceSettings, source: KeySource) -> TokenVerifier:
    """The verifier of a service: its own name is the audience."""
    return TokenVerifier(
        audience=service,
        issuer=settings.token_issuer,
        issuer_keys=IssuerKeys(source),
        mesh_keys=json.loads(settings.secret("mesh_keys.json")),
    )
