"""What a transaction tells of itself (events, reads of persons, audit entries, jobs), written in one statement.

Each of the four alone would cost a round trip of its own while the transaction holds its locks. Rows go over as JSON,
one value per table, so that the statement is the same however many there are, and stays prepared.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, OperationalError

from citykit.problems import Unavailable

Row = dict[str, Any]

_EVENTS = """events as (
  insert into event_log (id, type, subject, at, data, traceparent)
  select id, type, subject, at, data::jsonb, traceparent from json_to_recordset(%(events)s::json)
    as r(id uuid, type text, subject text, at timestamptz, data text, traceparent text)
)"""
_READS = """reads as (
  insert into personal_access (id, person, at, actor, actor_name, organisation, on_behalf_of, action, fields, purpose,
    legal_basis, words)
  select id, person, at, actor, actor_name, organisation, on_behalf_of, action, fields, purpose, legal_basis, words
  from json_to_recordset(%(reads)s::json) as r(id uuid, person text, at timestamptz, actor text, actor_name text,
    organisation text, on_behalf_of text, action text, fields text[], purpose text, legal_basis text,
    words jsonb)
)"""
# The head of each stream moves on under its row lock, streams in one order, and the entry takes the hash that it got.
_NOTES = """notes as materialized (
  select id, stream, at, actor, act, entry from json_to_recordset(%(notes)s::json)
    as r(id uuid, stream text, at timestamptz, actor text, act text, entry text)
), heads as (
  insert into audit_head as h (stream, seq, hash)
  select stream, 1, sha256(decode(repeat('00', 32), 'hex') || convert_to(entry, 'UTF8')) from notes order by stream
  on conflict (stream) do update set seq = h.seq + 1, hash = sha256(
    h.hash || convert_to((select entry from notes n where n.stream = excluded.stream), 'UTF8'))
  returning h.stream, h.seq, h.hash
), entries as (
  insert into audit_entry (id, stream, seq, at, actor, act, entry, hash)
  select n.id, n.stream, h.seq, n.at, n.actor, n.act, n.entry, h.hash from notes n join heads h using (stream)
)"""
_JOBS = """select procrastinate_defer_jobs_v1(array(
  select row(queue, task, 0, lock, null, arguments, at)::procrastinate_job_to_defer_v1
  from json_to_recordset(%(jobs)s::json) as r(queue text, task text, lock text, arguments jsonb, at timestamptz)
))"""
_TABLES = {"events": _EVENTS, "reads": _READS, "notes": _NOTES}


def _plain(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def text_of(rows: Sequence[Row]) -> str:
    """Rows as the statements of the ledger take them."""
    return json.dumps(rows, default=_plain, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Staged:
    """Changes that need no answer before the commit: the `name as (…)` parts of a WITH, and their values by name."""

    parts: str
    values: Mapping[str, Any]


@cache
def _statement(parts: tuple[str, ...], staged: tuple[str, ...] = ()) -> bytes:
    """The statement that writes these parts of the ledger, after what was staged."""
    tables = ", ".join([*staged, *(_TABLES[part] for part in parts if part in _TABLES)])
    return f"{f'with {tables} ' if tables else ''}{_JOBS if 'jobs' in parts else 'select 1'}".encode()


@cache
def seeing(found: str) -> bytes:
    """The statement that reads rows of persons and writes who read them: no line for a row that is not there.

    `found` is a SELECT whose column `reference` names the person as her access log does.
    """
    logged = f"{_READS.removesuffix(')')} where r.person in (select reference from seen)\n)"  # noqa: S608 - fixed text
    return f"with seen as ({found}), {logged} select * from seen".encode()  # noqa: S608 - the act's own text


def waves(notes: Iterable[Row]) -> list[list[Row]]:
    """Notes in waves of which each names a stream once at most: a chain grows entry by entry, in their order."""
    made: list[list[Row]] = []
    seen: Counter[str] = Counter()
    for note in notes:
        place = seen[note["stream"]]
        seen[note["stream"]] += 1
        if place == len(made):
            made.append([])
        made[place].append(note)
    return made


class Ledger:
    """What a transaction has to write at its end: what was staged, and what it tells of itself."""

    def __init__(
        self,
        *,
        events: Sequence[Row] = (),
        reads: Sequence[Row] = (),
        notes: Sequence[Row] = (),
        jobs: Sequence[Row] = (),
        staged: Sequence[Staged] = (),
    ) -> None:
        first, *self._further = waves(notes) or [[]]
        given = {"events": events, "reads": reads, "notes": first, "jobs": jobs}
        self._values: dict[str, Any] = {name: text_of(rows) for name, rows in given.items() if rows}
        self._statement = _statement(tuple(self._values), tuple(one.parts for one in staged))
        self._is_empty = not self._values and not staged
        for one in staged:
            self._values |= one.values

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self._is_empty

    @property
    def is_one_statement(self) -> bool:
        """Whether all of it is one statement, which is a transaction of its own where none was begun."""
        return not self._further

    async def write(self, connection: AsyncConnection[Any]) -> None:
        """Write it all over `connection`. Raises Unavailable where the database cannot."""
        try:
            await connection.execute(self._statement, self._values, prepare=True)
            for wave in self._further:
                await connection.execute(_statement(("notes",)), {"notes": text_of(wave)}, prepare=True)
        except OperationalError as error:
            raise Unavailable(headers={"Retry-After": "2"}) from error
