"""Refusals 拒绝存证: calls that were refused before anything could put them on record, and still leave evidence.

Nobody needs a right, a key or a whole body to be refused, so whoever likes could write here. Therefore a process writes
one after the other, many together, on one connection: a flood fills no pool, and holds the head of a stream no longer
than one statement with its commit. Each caller is written down one by one so often a minute, and all callers together
so often; what comes beyond is counted, and each caller leaves one record a minute that says how often and why. A
database that is down delays the count and never the answer.

A record names the route and never what was asked: no query, no body, no path. Who shows no token that holds is named by
a keyed hash of the address.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import structlog

from citykit.actors import Actor
from citykit.callers import Allowance
from citykit.clock import CHINA
from citykit.problems import TooManyRequests
from citykit.runtime import Runtime
from citykit.work import Work
from data_hub.sharing.domain import Outcome
from data_hub.sharing.evidence import Evidence, instant

log = structlog.get_logger("data_hub.evidence")

Named = Callable[[Work, Mapping[str, str]], Awaitable[str | None]]  # the resource that a path names, where it is there

EACH_A_MINUTE = 120  # records of one caller
ALL_A_MINUTE = 1200  # records of all callers of a process
MOST_WAITING = 500
MOST_AT_ONCE = 50
MOST_COUNTED = 200  # callers that are counted apart from each other in a minute
MINUTE = 60.0
PATIENCE = 2.0  # seconds that an answer waits for its record
REST = 5.0  # seconds without a try after the database was down, or slow
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was refused: the party of a token that holds, else an address, and the key or token that was shown."""

    address: str
    actor: Actor | None = None
    shown: str | None = None  # `token`, `key`, or `key:<id>`; never a secret

    @property
    def name(self) -> str:
        """Whom refusals are counted by."""
        return self.address if self.actor is None else self.actor.reference


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call."""

    caller: Caller
    action: str
    method: str
    route: str
    status: int
    code: str
    trace: str | None
    path: Mapping[str, str] = field(repr=False)
    named: Named


@dataclass(slots=True)
class _Counted:
    caller: Caller | None
    first: datetime
    last: datetime
    codes: Counter[str] = field(default_factory=Counter)


class RefusalBook:
    """The refusals of one process on their way into evidence."""

    def __init__(self, runtime: Runtime, *, each: Allowance | None = None, together: Allowance | None = None) -> None:
        self._runtime = runtime
        self._each = each or Allowance(EACH_A_MINUTE, MINUTE)
        self._together = together or Allowance(ALL_A_MINUTE, MINUTE)
        self._waiting: list[tuple[Refusal, asyncio.Future[None]]] = []
        self._counted: dict[str, _Counted] = {}
        self._writer: asyncio.Task[None] | None = None
        self._minute: asyncio.Task[None] | None = None
        self._rests_until = 0.0

    @classmethod
    def of(cls, state: Any) -> Self:
        """The book of a running application."""
        if not hasattr(state, "refusals"):
            state.refusals = cls(state.city)
            state.city.farewells.append(state.refusals.close)
        return state.refusals  # type: ignore[no-any-return]  # the state of an application has no types

    async def leave(self, refusal: Refusal) -> None:
        """Put a refusal on record before its answer leaves, or count it. Never raises."""
        if not self._is_written(refusal):
            self._count(refusal)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((refusal, done))
        if self._writer is None or self._writer.done():
            # What the request knows of itself is not the writer's: it writes for others as well.
            self._writer = asyncio.create_task(self._write(), context=Context())
        written, _ = await asyncio.wait((done,), timeout=PATIENCE)
        if not written:  # it is written as soon as the database answers; who comes meanwhile does not wait for it
            self._rests_until = time.monotonic() + REST

    def _is_written(self, refusal: Refusal) -> bool:
        """Whether a refusal is written down; what the limit of an address refuses is always counted."""
        return (
            refusal.code != TooManyRequests.slug
            and time.monotonic() >= self._rests_until
            and len(self._waiting) < MOST_WAITING
            and not self._each.take(refusal.caller.name)
            and not self._together.take("")
        )

    def _count(self, refusal: Refusal) -> None:
        now, name = self._runtime.clock.now(), refusal.caller.name
        caller: Caller | None = refusal.caller
        if name not in self._counted and len(self._counted) >= MOST_COUNTED:
            name, caller = OTHERS, None
        counted = self._counted.setdefault(name, _Counted(caller, now, now))
        counted.last = max(now, counted.last)
        counted.codes[refusal.code] += 1
        if self._minute is None or self._minute.done():
            self._minute = asyncio.create_task(self._wait_a_minute(), context=Context())

    async def _wait_a_minute(self) -> None:
        while self._counted:
            await asyncio.sleep(MINUTE)
            await self.end_minute()

    async def end_minute(self) -> None:
        """Write what was counted, one record a caller. What cannot be written is counted on."""
        counted, self._counted = self._counted, {}
        try:
            async with self._runtime.open_work() as work:
                evidence = Evidence(work)
                for one in counted.values():
                    await evidence.chain(_of_month(work), _told(work, one))
        except Exception as error:  # whatever it was, the count is kept
            log.warning("refusals_not_written", kind=type(error).__name__, callers=len(counted))
            for name, one in counted.items():
                newer = self._counted.setdefault(name, _Counted(one.caller, one.first, one.last))
                newer.first, newer.last = min(one.first, newer.first), max(one.last, newer.last)
                newer.codes += one.codes

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                await self._keep([refusal for refusal, _ in batch])
            finally:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)

    async def _keep(self, refusals: Sequence[Refusal]) -> None:
        """Write refusals, the ones of each stream in a transaction of their own: it holds one head at a time."""
        left = list(refusals)
        try:
            for stream, resource, of_stream in await self._by_stream(refusals):
                async with self._runtime.open_work() as work:
                    evidence = Evidence(work)
                    for one in of_stream:
                        await evidence.chain(stream, _said(work, one, resource))
                left = [one for one in left if one not in of_stream]
        except Exception as error:  # whatever it was, the refusals are counted
            log.warning("refusals_not_written", kind=type(error).__name__, refusals=len(left))
            self._rests_until = time.monotonic() + REST
            for one in left:
                self._count(one)

    async def _by_stream(self, refusals: Sequence[Refusal]) -> list[tuple[str, str | None, list[Refusal]]]:
        streams: dict[str, tuple[str | None, list[Refusal]]] = {}
        async with self._runtime.open_work() as work:
            for one in refusals:
                resource = await one.named(work, one.path) if one.path else None
                stream = _of_month(work) if resource is None else f"resource/{resource}"
                streams.setdefault(stream, (resource, []))[1].append(one)
        return [(stream, *told) for stream, told in streams.items()]

    async def close(self) -> None:
        """Write what waits and what was counted: the process ends."""
        if self._minute is not None:
            self._minute.cancel()
        if self._writer is not None:
            await asyncio.wait((self._writer,), timeout=PATIENCE)
        if self._counted:
            last = asyncio.create_task(self.end_minute())
            await asyncio.wait((last,), timeout=PATIENCE)
            last.cancel()


def _of_month(work: Work) -> str:
    return f"refusals/{work.clock.now().astimezone(CHINA):%Y-%m}"


def _said(work: Work, refusal: Refusal, resource: str | None) -> dict[str, Any]:
    """What a record says of a refused call."""
    return _by(work, refusal.caller) | {
        "resource": resource, "action": refusal.action, "code": refusal.code, "method": refusal.method,
        "route": refusal.route, "status": refusal.status, "trace": refusal.trace, "calls": 1,
    }  # fmt: skip


def _told(work: Work, counted: _Counted) -> dict[str, Any]:
    """What a record says of refusals that were counted."""
    return _by(work, counted.caller) | {
        "resource": None, "action": "calls", "code": "counted", "calls": counted.codes.total(),
        "codes": dict(counted.codes), "first_at": instant(counted.first), "last_at": instant(counted.last),
    }  # fmt: skip


def _by(work: Work, caller: Caller | None) -> dict[str, Any]:
    actor = None if caller is None else caller.actor
    is_named = actor is not None or caller is None
    return {
        "actor": "anyone" if actor is None else actor.reference,
        "actor_org": None if actor is None else actor.department,
        "on_behalf_of": None if actor is None else actor.on_behalf_of,
        "address": None if is_named or caller is None else work.vault.index("evidence-address", caller.address).hex(),
        "shown": None if caller is None else caller.shown,
        "grant_id": None, "outcome": Outcome.refused.value, "rows": 0, "columns": [], "subject": None, "purpose": None,
    }  # fmt: skip
