"""Keys 密钥 of partners: `hsk_<id>_<secret>`. Only a hash of the secret is kept; each call asks anew."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.datasets.service import Datasets
from data_hub.resources.service import Resources
from data_hub.services.errors import BadDates, KeyRefused, KeyState, NoKeyWithoutGrant
from data_hub.services.models import KeyRow
from data_hub.services.schemas import Key, KeyDraft, KeyMade
from data_hub.sharing.service import Evidence, Grants, NotGranted, Outcome, Why

HEADER = "X-Api-Key"
_WRONG = "key-wrong"
HOLDER = "key:"  # no subject of a token begins so
# Who sends a wrong secret has not shown to be the holder: the record names no department.
_PRETENDER = Actor(subject="unproven", kind=ActorKind.client)
_KEY = re.compile(r"hsk_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


class Keys:
    """The acts on keys within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._made: str | None = None

    async def make(self, draft: KeyDraft, *, by: Actor) -> Key:
        """Make a key under a grant of the actor's department; `shown` tells its secret, this once.

        The answer has no secret, since answers are kept for requests that are repeated, and secrets are not.

        Raises NoKeyWithoutGrant, BadDates.
        """
        text = _text(new_id(), secrets.token_urlsafe(32))
        made = await self.adopt(text, draft, by=by)
        self._made = text
        return made

    async def adopt(self, text: str, draft: KeyDraft, *, by: Actor) -> Key:
        """Keep a key whose text was made elsewhere, under a grant of the actor's department.

        Raises KeyRefused for a text that is no key, NoKeyWithoutGrant, BadDates.
        """
        found, now = _KEY.fullmatch(text), self.work.clock.now()
        if found is None:
            raise KeyRefused
        resources, datasets = Resources(self.work), Datasets(self.work)
        if await resources.published(draft.resource) is None and await datasets.of(draft.resource) is None:
            raise NoKeyWithoutGrant(code=Why.none.value)  # of a code of nothing there is no stream
        try:
            grant = await Grants(self.work).policy(
                draft.resource, actor=by, grant=draft.grant_id, action="key.make", spends=False
            )
        except NotGranted as refused:
            raise NoKeyWithoutGrant(code=refused.why.value) from refused
        until = draft.valid_until or grant.valid_until
        if not now < until <= grant.valid_until:
            wrong = FieldError(pointer="/body/valid_until", code="range", message="after now, within the grant")
            await self._refuse(grant.resource, grant.id, by, "key.make", BadDates.slug)
            raise BadDates(errors=[wrong])
        row = KeyRow(
            id=UUID(found[1]), name=draft.name, department=grant.department, resource=grant.resource, grant_id=grant.id,
            secret_hash=_hash(found[2]), former_hash=None, former_until=None, daily_quota_rows=draft.daily_quota_rows,
            valid_until=until, made_by=by.reference, made_at=now, rotated_at=None, revoked_at=None, revoke_reason=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        await self._note(row, "make", by)
        return Key.of(row, now)

    def shown(self, key: Key) -> KeyMade:
        """A key that was just made, with its secret; without it where the request is a repetition."""
        return KeyMade(key=self._made, **key.model_dump())

    async def repeated(self, key: Key, *, by: Actor) -> None:
        """Put on record that a request for a key was sent again; it is answered without the secret."""
        await Evidence(self.work).repeated(resource=key.resource, grant=key.grant_id, actor=by, action="key.make")

    async def rotate(self, row: KeyRow, overlap: timedelta, *, by: Actor) -> KeyMade:
        """Give a key a new secret; the old one is good for `overlap` longer. Raises KeyState."""
        if row.revoked_at is not None:
            await self._refuse(row.resource, row.grant_id, by, "key.rotate", KeyState.slug)
            raise KeyState
        now, secret = self.work.clock.now(), secrets.token_urlsafe(32)
        row.former_hash, row.former_until = row.secret_hash, now + overlap
        row.secret_hash, row.rotated_at = _hash(secret), now
        await self._note(row, "rotate", by)
        return KeyMade(key=_text(row.id, secret), **Key.of(row, now).model_dump())

    async def revoke(self, row: KeyRow, reason: str, *, by: Actor) -> Key:
        """Revoke a key: the next call is refused. Raises KeyState."""
        if row.revoked_at is not None:
            await self._refuse(row.resource, row.grant_id, by, "key.revoke", KeyState.slug)
            raise KeyState
        now = self.work.clock.now()
        row.revoked_at, row.revoke_reason = now, reason
        await self._note(row, "revoke", by)
        return Key.of(row, now)

    async def check(self, text: str, counted: Callable[[], None]) -> KeyRow:
        """The key that a caller sent. Raises KeyRefused, and what `counted` raises, which is called before a refusal.

        A refusal is on record under the grant of the key. A key that nobody ever had has no grant: its refusal stands
        with what the route names (`data_hub.sharing.refusals`). Who sends bad ones again and again fills no table.
        """
        found = _KEY.fullmatch(text)
        row = None if found is None else await self.work.session.scalar(
            select(KeyRow).where(KeyRow.id == UUID(found[1]))
        )  # fmt: skip
        if found is None or row is None:
            counted()
            raise KeyRefused
        why = _why_not(row, found[2], self.work.clock.now())
        if why is not None:
            counted()
            caller = _PRETENDER if why == _WRONG else holder(row)
            await self._refuse(row.resource, row.grant_id, caller, "key.use", why)
            raise KeyRefused
        return row

    async def held_by(self, actor: Actor) -> KeyRow | None:
        """The key that `actor` holds, for what is done later than its call; None for whoever acts without a key.

        Raises KeyRefused, on record under the grant of the key, where it was revoked or ran out.
        """
        if not is_holder(actor):
            return None
        row = await self.work.session.get(KeyRow, UUID(actor.subject.removeprefix(HOLDER)))
        if row is None:
            raise KeyRefused
        if (why := _over(row, self.work.clock.now())) is not None:
            await self._refuse(row.resource, row.grant_id, actor, "key.use", why)
            raise KeyRefused
        return row

    async def _refuse(self, resource: str, grant: UUID, by: Actor, action: str, why: str) -> None:
        """Put a refusal on record under the grant of a key; it undoes the transaction: raise the problem next."""
        await Evidence(self.work).record(
            resource=resource, grant=grant, actor=by, action=action, outcome=Outcome.refused, code=why
        )

    async def _note(self, row: KeyRow, act: str, by: Actor) -> None:
        await Evidence(self.work).record(
            resource=row.resource, grant=row.grant_id, actor=by, action=f"key.{act}", outcome=Outcome.served
        )
        data = {"key": str(row.id), "grant": str(row.grant_id)}
        self.work.audit.note(stream=f"services/{row.resource}", act=f"key-{act}", by=by, data=data)


def holder(row: KeyRow) -> Actor:
    """Who acts with a key: a program of the department that the grant was given to."""
    own = f"{HOLDER}{row.id}"
    return Actor(subject=own, kind=ActorKind.client, name=row.name, department=row.department, client_id=own)


def is_holder(actor: Actor) -> bool:
    """Whether somebody acts with a partner's key."""
    return actor.kind is ActorKind.client and actor.subject.startswith(HOLDER)


def _over(row: KeyRow, now: datetime) -> str | None:
    """Why a key is good no more, whatever its secret; None where it is."""
    if row.revoked_at is not None:
        return "key-revoked"
    return "key-expired" if now >= row.valid_until else None


def _why_not(row: KeyRow, secret: str, now: datetime) -> str | None:
    """Why a secret opens nothing, or None where it is good."""
    given = _hash(secret)
    fits = hmac.compare_digest(given, row.secret_hash)
    fitted = row.former_hash is not None and hmac.compare_digest(given, row.former_hash)
    if not fits and not fitted:
        return _WRONG
    is_former_over = not fits and (row.former_until is None or now >= row.former_until)
    return _over(row, now) or ("key-rotated" if is_former_over else None)


def _hash(secret: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()


def _text(key_id: UUID, secret: str) -> str:
    return f"hsk_{key_id.hex}_{secret}"


async def keys(work: WorkInRequest) -> Keys:
    """The acts, for a handler."""
    return Keys(work)


KeysInRequest = Annotated[Keys, Depends(keys)]
