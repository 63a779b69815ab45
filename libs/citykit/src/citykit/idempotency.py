"""One act for one `Idempotency-Key`, however often and however parallel it is sent.

The key's row and the act share a transaction: the second request waits for the first one's commit on the unique index
and then answers what the first answered (draft-ietf-httpapi-idempotency-key-header).
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy import text
from starlette.requests import Request

from citykit.problems import Conflict, Invalid
from citykit.work import WorkInRequest

Answer = TypeVar("Answer", bound=BaseModel)


class KeyUsedOtherwise(Invalid):
    """The same Idempotency-Key came before with another request."""

    slug = "idempotency-key-reused"
    title = ("幂等键已用于其他请求", "The idempotency key was used for another request")


class StillRunning(Conflict):
    """The first request with this Idempotency-Key has not ended yet."""

    slug = "idempotency-in-flight"
    title = ("相同请求正在处理", "The same request is being processed")


class Once:
    """Runs an act once for the request's key: `return await once(lambda: tickets.submit(body, by=actor), Ticket)`."""

    def __init__(self, work: WorkInRequest, request: Request, key: str | None) -> None:
        self._work = work
        self._request = request
        self._key = key
        self.is_repeated = False  # whether the answer is the one that an earlier request got

    async def __call__(self, act: Callable[[], Awaitable[Answer]], kind: type[Answer]) -> Answer:
        """The act's answer, or the stored one where the key is known. Without a key the act simply runs.

        Raises 422 `idempotency-key-reused` where the key came with another body or path.
        """
        if self._key is None:
            return await act()
        asked = f"{self._request.method} {self._request.url.path}\n".encode() + await self._request.body()
        fingerprint = hashlib.sha256(asked).digest()
        session = self._work.session
        actor = getattr(self._request.state, "actor", None)
        owner = actor.reference if actor is not None else "anyone"
        mine = await session.scalar(
            text(
                "insert into idempotency_key (owner, key, fingerprint, at) values (:owner, :key, :print, :at)"
                " on conflict do nothing returning true"
            ),
            {"owner": owner, "key": self._key, "print": fingerprint, "at": self._work.clock.now()},
        )
        if mine:
            answer = await act()
            await session.execute(
                text("update idempotency_key set answer = cast(:answer as jsonb) where owner = :owner and key = :key"),
                {"answer": answer.model_dump_json(), "owner": owner, "key": self._key},
            )
            return answer
        row = (
            await session.execute(
                text("select fingerprint, answer::text from idempotency_key where owner = :owner and key = :key"),
                {"owner": owner, "key": self._key},
            )
        ).one()
        if bytes(row.fingerprint) != fingerprint:
            raise KeyUsedOtherwise()
        if row.answer is None:
            raise StillRunning()
        self.is_repeated = True
        return kind.model_validate_json(row.answer)


async def _once(
    work: WorkInRequest,
    request: Request,
    idempotency_key: Annotated[str | None, Header(min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+$")] = None,
) -> Once:
    return Once(work, request, idempotency_key)


OnceInRequest = Annotated[Once, Depends(_once, scope="function")]
