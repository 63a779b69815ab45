"""Reads of opened data 开放数据读取: who took which rows that everybody may read, on the way into evidence.

A reader waits for nothing: what was answered is noted in memory, and a process writes its notes together, once a second
(`opened_read`, `opened_count`). Each minute they are signed and chained into the stream of their month by the slice of
evidence (`data_hub.sharing.opened`), away from whoever answers readers. A process that is killed loses at most what it
noted in its last second; while the database is down it counts, and no reader gets anything either.

Each reader is written down one by one so often an hour, and all together so often; what comes beyond is counted, and
each reader, resource and action leaves one record in ten minutes. So a flood writes no more than a busy day.

What a door refuses is noted alike, within the same bounds (`opened_doors.py`): under the resource that was meant where
the hub has it, and under one name for all others where not. No text that a reader chose becomes a name.

A note names the resource, the route, its columns and how many rows, never what was asked. A department's person or
program is named as its token says. Everybody else is `anyone` with a hash of the address, keyed anew for each month:
nobody is followed from one month into the next, and a person who reads what is open to all leaves no name.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import structlog
from starlette.requests import Request

from citykit.actors import Actor, ActorKind
from citykit.callers import Allowance, address_bucket, client_address
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.problems import TooManyRequests
from citykit.runtime import Runtime
from citykit.telemetry import current_traceparent
from citykit.work import Work
from data_hub.heads import is_head

log = structlog.get_logger("data_hub.evidence")

EACH_AN_HOUR = 60  # records of one reader
ALL_AN_HOUR = 1200  # records of all readers of a process
HOUR = 3600.0
PAUSE = 1.0  # seconds between two writings
REST = 5.0  # seconds without a try after the database was down
PATIENCE = 2.0  # seconds that the end of a process waits for the last writing
WINDOW = timedelta(minutes=10)  # what is counted within one is told in one record
MOST_APART = 50  # counts of a window that are kept by reader; further ones by resource
MOST_RESOURCES = 200  # counts of a window in all; further ones are one
OTHERS = "others"
UNKNOWN = "unknown"  # the resource of a refusal that meant nothing which the hub has, or was told before anybody looked
ANYONE = "anyone"

_KEEP = """
insert into opened_read (id, read_at, said)
select * from unnest(%(ids)s::uuid[], %(times)s::timestamptz[], %(said)s::jsonb[])
"""
# In the order of the key, so that two processes that count the same wait for each other and never in a circle.
_COUNT = """
insert into opened_count as c (until, reader, resource, action, said, calls, row_count, first_at, last_at)
select * from unnest(%(until)s::timestamptz[], %(reader)s::text[], %(resource)s::text[], %(action)s::text[],
  %(said)s::jsonb[], %(calls)s::bigint[], %(rows)s::bigint[], %(first)s::timestamptz[], %(last)s::timestamptz[])
order by 1, 2, 3, 4
on conflict (until, reader, resource, action) do update set calls = c.calls + excluded.calls,
  row_count = c.row_count + excluded.row_count, first_at = least(c.first_at, excluded.first_at),
  last_at = greatest(c.last_at, excluded.last_at)
"""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: a resource by its code, `layer/<id>`, or `flow/<reference>`; how many rows and which columns left.

    Or what was `refused`, and why: the slug of a problem, or the type of an error of CKAN's.
    """

    resource: str
    action: str
    rows: int
    columns: Sequence[str] = ()
    calls: int = 1  # 0: more rows of a call that is noted already
    refused: str | None = None
    is_counted: bool = False  # never written down alone: what the limit of an address refuses


@dataclass(slots=True)
class _Counted:
    said: Mapping[str, Any]
    first: datetime
    last: datetime
    calls: int = 0
    rows: int = 0


_Noted = tuple[UUID, datetime, dict[str, Any], str]
_Key = tuple[datetime, str, str, str]


class OpenedReads:
    """The reads of opened data that one process answered, on their way into the database."""

    def __init__(self, runtime: Runtime, *, each: Allowance | None = None, together: Allowance | None = None) -> None:
        self._runtime = runtime
        self._each = each or Allowance(EACH_AN_HOUR, HOUR)
        self._together = together or Allowance(ALL_AN_HOUR, HOUR)
        self._noted: list[_Noted] = []
        self._counted: dict[_Key, _Counted] = {}
        self._until: datetime | None = None
        self._known = set[tuple[str, ...]]()
        self._met = set[str]()
        self._writer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    @classmethod
    def of(cls, state: Any) -> Self:
        """The notes of a running application."""
        if not hasattr(state, "opened_reads"):
            state.opened_reads = cls(state.city)
            state.city.farewells.append(state.opened_reads.close)
        return state.opened_reads  # type: ignore[no-any-return]  # the state of an application has no types

    def found(self, request: Request, resource: str) -> None:
        """Say which resource a request means: the hub has it, be it opened or not."""
        self._met.add(resource)
        request.state.opened = resource

    def refuse(self, request: Request, action: str, code: str, status: int, meant: str) -> None:
        """Note what a request is refused: under the resource that was found for it.

        Who was refused before anybody looked `meant` a resource, as text; it has that name where this process has found
        it for somebody before.
        """
        resource: str = getattr(request.state, "opened", meant if meant in self._met else UNKNOWN)
        is_counted = status == TooManyRequests.status
        read = Read(resource, action, 0, refused=code, is_counted=is_counted)
        self.note(request, getattr(request.state, "actor", None), read)

    def note(self, request: Request, actor: Actor | None, read: Read) -> None:
        """Note what a request is answered. A question for the head of an answer reads nothing."""
        if is_head(request):
            return
        now, reader = self._runtime.clock.now(), self._reader(request, actor)
        name = str(reader["address"] or reader["actor"])
        said = reader | _told(read) | {"route": getattr(request.scope.get("route"), "path", None)}
        # Rows that follow those of a noted call are counted: one file leaves one record, and its rows none uncounted.
        alone = read.calls and not read.is_counted
        if alone and not self._each.take(name) and not self._together.take(""):
            trace = current_traceparent()
            said["trace"] = None if trace is None else trace[3:35]
            self._noted.append((new_id(), now, said, name))
        else:
            self._count(now, name, said)
        if self._writer is None or self._writer.done():
            # What the request knows of itself is not the writer's: it writes for others as well.
            self._writer = asyncio.create_task(self._write_on(), context=Context())

    def _reader(self, request: Request, actor: Actor | None) -> dict[str, Any]:
        if actor is not None and _is_named(actor):
            return _by(actor)
        address = address_bucket(client_address(request, self._runtime.settings.trusted_proxies))
        month = f"{self._runtime.clock.now().astimezone(CHINA):%Y-%m}"
        return _by(None) | {"address": self._runtime.vault.index("opened-reader", f"{month} {address}").hex()}

    def _count(self, at: datetime, name: str, said: dict[str, Any]) -> None:
        key = self._place(_end_of_window(at), name, said["resource"], _kind(said))
        who = said if key[1] == name else said | _by(None)
        more: dict[str, Any] = {"resource": key[2], "columns": [], "trace": None}
        counted = self._counted.setdefault(key, _Counted(who | more, at, at))
        counted.first, counted.last = min(counted.first, at), max(counted.last, at)
        counted.calls += said["calls"]
        counted.rows += said["rows"]

    def _place(self, until: datetime, name: str, resource: str, action: str) -> _Key:
        """Where a call is counted: by reader and resource, or by resource, or with all others."""
        if until != self._until:
            self._until, self._known = until, set()
        for key, most in (((name, resource, action), MOST_APART), ((OTHERS, resource, action), MOST_RESOURCES)):
            if key in self._known or len(self._known) < most:
                self._known.add(key)
                return (until, *key)
        return (until, OTHERS, OTHERS, action)

    async def _write_on(self) -> None:
        while self._noted or self._counted:
            await asyncio.sleep(PAUSE)
            if not await self.write():
                await asyncio.sleep(REST)

    async def write(self) -> bool:
        """Write what was noted and counted; False where it could not be, and all of it is counted on."""
        async with self._writing:
            noted, self._noted = self._noted, []
            counted, self._counted = self._counted, {}
            try:
                async with self._runtime.open_work() as work:
                    await _keep(work, noted)
                    await _add(work, counted)
            except Exception as error:  # whatever it was, the count is kept
                log.warning("opened_reads_not_written", kind=type(error).__name__, reads=len(noted))
                for _, at, said, name in noted:
                    self._count(at, name, said)
                self._count_on(counted)
                return False
        return True

    def _count_on(self, counted: Mapping[_Key, _Counted]) -> None:
        for key, one in counted.items():
            newer = self._counted.setdefault(key, _Counted(one.said, one.first, one.last))
            newer.first, newer.last = min(one.first, newer.first), max(one.last, newer.last)
            newer.calls += one.calls
            newer.rows += one.rows

    async def close(self) -> None:
        """Write what waits: the process ends."""
        last = asyncio.create_task(self.write())  # after one that may be under way
        await asyncio.wait((last,), timeout=PATIENCE)
        last.cancel()
        if self._writer is not None:
            self._writer.cancel()


async def keep(work: Work, actor: Actor, read: Read) -> None:
    """Keep a read with the transaction that answers it: of a file that a department asked for, and fetches."""
    said = _by(actor) | _told(read) | {"route": None, "trace": None}
    await _keep(work, [(new_id(), work.clock.now(), said, actor.reference)])


async def _keep(work: Work, noted: Sequence[_Noted]) -> None:
    if noted:
        ids, times, said, _ = zip(*noted, strict=True)
        values = {"ids": list(ids), "times": list(times), "said": [json.dumps(one) for one in said]}
        await (await work.driver()).execute(_KEEP, values, prepare=True)


async def _add(work: Work, counted: Mapping[_Key, _Counted]) -> None:
    if counted:
        until, reader, resource, action = zip(*counted, strict=True)
        values = {
            "until": list(until), "reader": list(reader), "resource": list(resource), "action": list(action),
            "said": [json.dumps(one.said) for one in counted.values()],
            "calls": [one.calls for one in counted.values()], "rows": [one.rows for one in counted.values()],
            "first": [one.first for one in counted.values()], "last": [one.last for one in counted.values()],
        }  # fmt: skip
        await (await work.driver()).execute(_COUNT, values, prepare=True)


def _is_named(actor: Actor) -> bool:
    """Whether a token speaks for a department, a program or a service, and not for a person on her own."""
    return actor.department is not None or actor.kind is not ActorKind.person


def _by(actor: Actor | None) -> dict[str, Any]:
    named = actor if actor is not None and _is_named(actor) else None
    return {
        "actor": ANYONE if named is None else named.reference,
        "actor_org": None if named is None else named.department,
        "on_behalf_of": None if named is None else named.on_behalf_of, "address": None,
    }  # fmt: skip


def _told(read: Read) -> dict[str, Any]:
    return {
        "resource": read.resource, "action": read.action, "rows": read.rows, "columns": list(read.columns),
        "calls": read.calls,
    } | ({} if read.refused is None else {"refused": read.refused})  # fmt: skip


def _kind(said: Mapping[str, Any]) -> str:
    """What is counted together: reads by their action, refusals by their reason as well."""
    return f"{said['action']} {said['refused']}" if "refused" in said else str(said["action"])


def _end_of_window(at: datetime) -> datetime:
    """When the window of a moment is over: ten minutes each, from the full hour on."""
    return at - timedelta(minutes=at.minute % 10, seconds=at.second, microseconds=at.microsecond) + WINDOW
