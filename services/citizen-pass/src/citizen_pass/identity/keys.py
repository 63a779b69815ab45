"""The provider's signing keys: Ed25519 (RFC 8037), sealed in the database, published before they are used.

Three states: `next` (published, not used), `current` (signs), `retired` (published while a token of it may live).
A rotation moves each one on, so a verifier that caches the key set has seen a key long before its first token.
"""

from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import OKPKey
from sqlalchemy import delete, select, text

from citizen_pass.identity.models import SigningKeyRow
from citykit.actors import Actor
from citykit.clock import WallClock
from citykit.ids import new_id
from citykit.vault import Vault
from citykit.work import Work

ALGORITHM = "Ed25519"
KEPT_AFTER_RETIREMENT = timedelta(days=7)  # id tokens come back as hints for a while
_opened: dict[str, OKPKey] = {}


def opened(vault: Vault, kid: str, sealed: bytes) -> OKPKey:
    """The private key behind `sealed`, kept open for the next token."""
    key = _opened.get(kid)
    if key is None:
        key = OKPKey.import_key(_parse(vault.open(sealed, f"signing-key/{kid}")))
        if len(_opened) > 8:
            _opened.clear()
        _opened[kid] = key
    return key


class SigningKeys:
    """The acts and reads on signing keys."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def current(self) -> tuple[str, OKPKey]:
        """The id and the private key that sign now; the first call of a city makes its first keys."""
        statement = select(SigningKeyRow.kid, SigningKeyRow.private_sealed).where(SigningKeyRow.state == "current")
        row = (await self._work.session.execute(statement)).first()
        if row is None:
            await self._make_first()
            row = (await self._work.session.execute(statement)).one()
        return row.kid, opened(self._work.vault, row.kid, row.private_sealed)

    async def public(self, kid: str) -> OKPKey | None:
        """The public key called `kid`, whatever its state; None where there is none."""
        document = await self._work.session.scalar(select(SigningKeyRow.public).where(SigningKeyRow.kid == kid))
        return None if document is None else OKPKey.import_key(document)

    async def key_set(self) -> dict[str, Any]:
        """The JWK set (RFC 7517 §5) of all published keys, the current one first."""
        await self.current()
        rows = await self._work.session.execute(select(SigningKeyRow.state, SigningKeyRow.public))
        rank = {"current": 0, "next": 1, "retired": 2}
        return {"keys": [row.public for row in sorted(rows, key=lambda row: (rank[row.state], row.public["kid"]))]}

    async def rotate(self, *, by: Actor | str) -> str:
        """Retire the current key, use the next one, publish a new next one. Returns the id that signs from now on."""
        session, now = self._work.session, WallClock().now()
        await self.current()
        await self._lock()
        rows = {
            r.state: r for r in await session.scalars(select(SigningKeyRow).where(SigningKeyRow.state != "retired"))
        }
        current, following = rows["current"], rows["next"]
        current.state, current.retired_at = "retired", now
        await session.flush()
        following.state, following.current_since = "current", now
        await session.flush()
        self._add("next", now)
        gone = SigningKeyRow.retired_at < now - KEPT_AFTER_RETIREMENT
        await session.execute(delete(SigningKeyRow).where(SigningKeyRow.state == "retired", gone))
        self._work.audit.note(
            stream="signing-keys", act="rotate", by=by, data={"from": current.kid, "to": following.kid}
        )
        return following.kid

    async def is_old(self) -> bool:
        """Whether the current key has signed for as long as the settings allow."""
        since = await self._work.session.scalar(
            select(SigningKeyRow.current_since).where(SigningKeyRow.state == "current")
        )
        lifetime = timedelta(days=self._work.settings.signing_key_days)
        return since is not None and WallClock().now() - since >= lifetime

    async def _lock(self) -> None:
        await self._work.session.execute(text("select pg_advisory_xact_lock(hashtext('citizen-pass/signing-keys'))"))

    async def _make_first(self) -> None:
        """Make the first two keys; whoever comes second finds them made."""
        await self._lock()
        made = await self._work.session.scalar(select(SigningKeyRow.kid).where(SigningKeyRow.state == "current"))
        if made is None:
            now = WallClock().now()
            self._add("current", now)
            self._add("next", now)
            await self._work.session.flush()

    def _add(self, state: str, now: datetime) -> None:
        kid = str(new_id())
        key = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": ALGORITHM})
        self._work.session.add(
            SigningKeyRow(
                kid=kid,
                public=key.as_dict(private=False),
                private_sealed=self._work.vault.seal(_text(key), f"signing-key/{kid}"),
                state=state,
                created_at=now,
                current_since=now if state == "current" else None,
            )
        )


def _text(key: OKPKey) -> str:
    document = key.as_dict(private=True)
    return f"{document['kid']} {document['x']} {document['d']}"


def _parse(text_form: str) -> dict[str, str | list[str]]:
    kid, x, d = text_form.split(" ")
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "d": d}
