"""Keys 密钥 of partners: `hsk_<id>_<secret>`. Only a hash of the secret is kept; each call asks anew."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.services.errors import BadDates, KeyRefused, KeyState, NoKeyWithoutGrant
from data_hub.services.models import KeyRow
from data_hub.services.schemas import Key, KeyDraft, KeyMade
from data_hub.sharing.service import Grants, NotGranted

HEADER = "X-Api-Key"
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
        now = self.work.clock.now()
        try:
            grant = await Grants(self.work).policy(
                draft.resource, actor=by, grant=draft.grant_id, action="key.make", spends=False
            )
        except NotGranted as refused:
            raise NoKeyWithoutGrant(code=refused.why.value) from refused
        until = draft.valid_until or grant.valid_until
        if not now < until <= grant.valid_until:
            wrong = FieldError(pointer="/body/valid_until", code="range", message="after now, within the grant")
            raise BadDates(errors=[wrong])
        secret = secrets.token_urlsafe(32)
        row = KeyRow(
            id=new_id(), name=draft.name, department=grant.department, resource=grant.resource, grant_id=grant.id,
            secret_hash=_hash(secret), former_hash=None, former_until=None, daily_quota_rows=draft.daily_quota_rows,
            valid_until=until, made_by=by.reference, made_at=now, rotated_at=None, revoked_at=None, revoke_reason=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self._note(row, "make", by)
        self._made = _text(row.id, secret)
        return Key.of(row, now)

    def shown(self, key: Key) -> KeyMade:
        """A key that was just made, with its secret; without it where the request is a repetition."""
        return KeyMade(key=self._made, **key.model_dump())

    async def rotate(self, row: KeyRow, overlap: timedelta, *, by: Actor) -> KeyMade:
        """Give a key a new secret; the old one is good for `overlap` longer. Raises KeyState."""
        if row.revoked_at is not None:
            raise KeyState
        now, secret = self.work.clock.now(), secrets.token_urlsafe(32)
        row.former_hash, row.former_until = row.secret_hash, now + overlap
        row.secret_hash, row.rotated_at = _hash(secret), now
        self._note(row, "rotate", by)
        return KeyMade(key=_text(row.id, secret), **Key.of(row, now).model_dump())

    async def revoke(self, row: KeyRow, reason: str, *, by: Actor) -> Key:
        """Revoke a key: the next call is refused. Raises KeyState."""
        if row.revoked_at is not None:
            raise KeyState
        now = self.work.clock.now()
        row.revoked_at, row.revoke_reason = now, reason
        self._note(row, "revoke", by)
        return Key.of(row, now)

    async def check(self, text: str) -> KeyRow:
        """The key that a caller sent. Raises KeyRefused."""
        found = _KEY.fullmatch(text)
        row = None if found is None else await self.work.session.scalar(
            select(KeyRow).where(KeyRow.id == UUID(found[1]))
        )  # fmt: skip
        if found is None or row is None or not _good(row, found[2], self.work.clock.now()):
            raise KeyRefused
        return row

    def _note(self, row: KeyRow, act: str, by: Actor) -> None:
        data = {"key": str(row.id), "grant": str(row.grant_id)}
        self.work.audit.note(stream=f"services/{row.resource}", act=f"key-{act}", by=by, data=data)


def holder(row: KeyRow) -> Actor:
    """Who acts with a key: a program of the department that the grant was given to."""
    return Actor(subject=f"key:{row.id}", kind=ActorKind.client, department=row.department, client_id=f"key:{row.id}")


def _good(row: KeyRow, secret: str, now: datetime) -> bool:
    given = _hash(secret)
    fits = hmac.compare_digest(given, row.secret_hash)
    if row.former_hash is not None and row.former_until is not None and now < row.former_until:
        fits = fits or hmac.compare_digest(given, row.former_hash)
    return fits and row.revoked_at is None and now < row.valid_until


def _hash(secret: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()


def _text(key_id: UUID, secret: str) -> str:
    return f"hsk_{key_id.hex}_{secret}"


async def keys(work: WorkInRequest) -> Keys:
    """The acts, for a handler."""
    return Keys(work)


KeysInRequest = Annotated[Keys, Depends(keys)]
