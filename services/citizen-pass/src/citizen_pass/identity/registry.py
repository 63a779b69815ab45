"""Client programs: registered, given new secrets and suspended by administrators; consents withdrawn by persons."""

import secrets
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from citizen_pass.identity import domain, scopes
from citizen_pass.identity.errors import ClientExists, ClientFault
from citizen_pass.identity.models import ClientRow, ConsentRow, FamilyRow
from citizen_pass.identity.schemas import Client, ClientDraft, RegisteredClient
from citykit.actors import Actor
from citykit.clock import WallClock
from citykit.problems import FieldError
from citykit.work import Work


class Clients:
    """The acts on client programs."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def register(self, draft: ClientDraft, *, by: Actor) -> RegisteredClient:
        """Register a client; a confidential one with a secret gets it in the answer, once.

        Raises 409 `client-exists`, 422 `client-fault`.
        """
        faults = self.faults(draft) + await self._unknown_scopes(draft)
        if faults:
            raise ClientFault(
                errors=[FieldError(pointer=f"/body/{at}", code="fault", message=why) for at, why in faults]
            )
        secret = secrets.token_urlsafe(32) if draft.auth == "client_secret" else None
        row = await self.insert(draft, secret)
        if row is None:
            raise ClientExists()
        self._note(row, "register", by)
        return RegisteredClient.with_secret(row, secret)

    async def insert(self, draft: ClientDraft, secret: str | None) -> ClientRow | None:
        """Put a checked client into the table; None where its id is taken."""
        values: dict[str, Any] = draft.model_dump(mode="json") | {"created_at": WallClock().now()}
        if secret is not None:
            values["secret_hash"] = self._work.vault.index("client-secret", secret)
        statement = insert(ClientRow).values(values).on_conflict_do_nothing().returning(ClientRow)
        return (await self._work.session.scalars(statement)).one_or_none()

    async def renew_secret(self, row: ClientRow, *, by: Actor) -> RegisteredClient:
        """Give a client a new secret; the one before is worth nothing from this moment. Raises 422 `client-fault`."""
        if row.auth != domain.ClientAuth.secret:
            raise ClientFault(("该客户端不使用密钥", "This client uses no secret"))
        secret = secrets.token_urlsafe(32)
        row.secret_hash = self._work.vault.index("client-secret", secret)
        self._note(row, "renew-secret", by)
        return RegisteredClient.with_secret(row, secret)

    async def suspend(self, row: ClientRow, *, by: Actor) -> Client:
        """Shut a client out: it gets no token any more, and every grant that persons gave it ends."""
        if row.suspended_at is None:
            row.suspended_at = WallClock().now()
            mine = FamilyRow.client_id == row.client_id
            await self._work.session.execute(
                update(FamilyRow)
                .where(mine, FamilyRow.revoked_at.is_(None))
                .values(revoked_at=row.suspended_at, revoked_because="client suspended")
            )
            self._note(row, "suspend", by)
        return Client.of(row)

    async def reinstate(self, row: ClientRow, *, by: Actor) -> Client:
        """Let a suspended client in again; what ended stays ended."""
        if row.suspended_at is not None:
            row.suspended_at = None
            self._note(row, "reinstate", by)
        return Client.of(row)

    def _note(self, row: ClientRow, act: str, by: Actor) -> None:
        data = {"kind": row.kind, "scopes": list(row.scopes), "redirect_uris": list(row.redirect_uris)}
        self._work.audit.note(stream=f"client/{row.client_id}", act=act, by=by, data=data)

    async def _unknown_scopes(self, draft: ClientDraft) -> list[tuple[str, str]]:
        session = self._work.session
        return [
            (f"scopes/{number}", "the city has no such scope")
            for number, scope in enumerate(draft.scopes)
            if scope != domain.EVERY_SCOPE and not await scopes.is_known(session, scope)
        ]

    def faults(self, draft: ClientDraft) -> list[tuple[str, str]]:
        """What in a registration contradicts itself or a standard, as (field, reason)."""
        own_host = urlsplit(self._work.settings.public_url).hostname or ""
        found = [
            (f"{field}/{number}", "not an address that may be registered (RFC 8252, RFC 9700)")
            for field, uris in (
                ("redirect_uris", draft.redirect_uris),
                ("post_logout_redirect_uris", draft.post_logout_redirect_uris),
            )
            for number, uri in enumerate(uris)
            if not domain.redirect_is_registrable(uri, own_host=own_host)
        ]
        if draft.client_id.startswith(domain.MICRO_APP_PREFIX):
            found.append(
                ("client_id", f"{domain.MICRO_APP_PREFIX} is kept for micro-apps, which the data hub registers")
            )
        public = draft.kind == domain.ClientKind.public
        if public != (draft.auth == domain.ClientAuth.none):
            found.append(("auth", "a public client has no proof of itself, a confidential one needs one"))
        if public and "client_credentials" in draft.grant_types:
            found.append(("grant_types", "a public client cannot act for itself"))
        if ("authorization_code" in draft.grant_types) != bool(draft.redirect_uris):
            found.append(("redirect_uris", "needed for authorization_code, and for nothing else"))
        if "refresh_token" in draft.grant_types and "authorization_code" not in draft.grant_types:
            found.append(("grant_types", "refresh_token goes with authorization_code"))
        if domain.EVERY_SCOPE in draft.scopes and not draft.first_party:
            found.append(("scopes", "* is for first-party clients"))
        if domain.EVERY_SCOPE in draft.scopes and "client_credentials" in draft.grant_types:
            # A person's rights bound what a program gets through her; nothing would bound what it gets for itself.
            found.append(("scopes", "* is not for clients that act for themselves"))
        if (draft.auth == domain.ClientAuth.private_key_jwt) != bool(draft.jwks) or (
            draft.jwks and _key_fault(draft.jwks)
        ):
            found.append(("jwks", "public keys (RFC 7517) go with private_key_jwt: Ed25519, P-256 or RSA"))
        return found


def _key_fault(jwks: dict[str, Any]) -> bool:
    """Whether a key set holds no key, a private or symmetric one, or one that cannot be read."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= 10 or set(jwks) != {"keys"}:
        return True
    if any(not isinstance(key, dict) or key.get("kty") not in {"OKP", "EC", "RSA"} or "d" in key for key in keys):
        return True
    try:
        KeySet.import_key_set({"keys": keys})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return True
    return False


async def client_row(work: Work, client_id: str) -> ClientRow | None:
    """The client to act on, locked."""
    statement = select(ClientRow).where(ClientRow.client_id == client_id).with_for_update()
    return (await work.session.scalars(statement)).first()


async def withdraw_consent(work: Work, subject: UUID, client_id: str) -> bool:
    """Take back what a person allowed a client, with every token that it has of her. False where there was nothing."""
    gone = await work.session.execute(
        delete(ConsentRow)
        .where(ConsentRow.subject == subject, ConsentRow.client_id == client_id)
        .returning(ConsentRow.client_id)
    )
    ended = await work.session.execute(
        update(FamilyRow)
        .where(FamilyRow.subject == subject, FamilyRow.client_id == client_id, FamilyRow.revoked_at.is_(None))
        .values(revoked_at=WallClock().now(), revoked_because="consent withdrawn")
        .returning(FamilyRow.id)
    )
    if gone.scalar_one_or_none() is None and not ended.scalars().all():
        return False
    stream = f"account/{subject}"
    work.audit.note(stream=stream, act="withdraw-consent", by=f"sub:{subject}", data={"client": client_id})
    return True
