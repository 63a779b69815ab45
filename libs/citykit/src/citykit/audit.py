"""The audit trail: who did what, chained by hashes, so that a deleted or changed line shows.

One chain per stream (an aggregate, as `case/<id>`), never one global lock. The chain is that of `citykit.chain`:
h_n = SHA-256(h_(n-1) ‖ RFC 8785 JSON of the entry), h_0 = 32 zero bytes. Entries hold references, no personal data.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from fastapi import Query as QueryParameter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.access import requires
from citykit.actors import Actor
from citykit.chain import canonical_text, verify
from citykit.clock import CHINA, Clock
from citykit.ids import new_id
from citykit.ledger import Row
from citykit.pages import Page, PageQuery, cursor_values, next_cursor
from citykit.wire import Instant, Query, Wire


class AuditTrail:
    """Collects a transaction's audit entries and chains them just before the commit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Row] = []

    def note(self, *, stream: str, act: str, by: Actor | str, data: dict[str, Any] | None = None) -> None:
        """Keep an entry for the commit: `by` did `act` to what `stream` names.

        `data` is JSON without personal data. Raises CanonicalizationError where it is not JSON (a UUID, a datetime).
        """
        actor = by if isinstance(by, str) else by.reference
        now = self._clock.now()
        at = now.astimezone(CHINA).isoformat(timespec="milliseconds")
        entry = canonical_text({"act": act, "actor": actor, "at": at, "data": data or {}, "stream": stream})
        self._waiting.append({"id": new_id(), "stream": stream, "at": now, "actor": actor, "act": act, "entry": entry})

    def take(self) -> list[Row]:
        """Hand over what was noted, as rows to chain."""
        waiting, self._waiting = self._waiting, []
        return waiting


class AuditEntry(Wire):
    """A line of the audit trail; `entry` is the exact text that was hashed, `hash` the chain's value after it (hex)."""

    id: UUID
    stream: str
    seq: int
    at: Instant
    actor: str
    act: str
    entry: str
    hash: str


class AuditFilter(PageQuery):
    """Which entries: of one stream (oldest first within it) or all (newest first)."""

    stream: Annotated[str | None, QueryParameter(max_length=200)] = None


def auditor_of(service: str) -> Any:
    """The dependency of the audit page: who carries `<service>.audit.read`."""
    return Depends(requires(f"{service}.audit.read"))


async def entries(session: AsyncSession, query: AuditFilter) -> Page[AuditEntry]:
    """A page of audit entries, newest first by id, or one stream in its order."""
    after = cursor_values(query, (UUID,) if query.stream is None else (int,))
    if query.stream is None:
        where, order = ("id < :after" if after else "true"), "id desc"
    else:
        where, order = "stream = :stream" + (" and seq > :after" if after else ""), "seq"
    rows = (
        (
            await session.execute(
                text(
                    "select id, stream, seq, at, actor, act, entry, encode(hash, 'hex') as hash from audit_entry"  # noqa: S608 - fixed texts
                    f" where {where} order by {order} limit :limit"
                ),
                {"limit": query.limit + 1, "stream": query.stream} | ({"after": after[0]} if after else {}),
            )
        )
        .mappings()
        .all()
    )
    items = [AuditEntry(**row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    last = items[-1] if items else None
    key = (last.seq if query.stream is not None else last.id) if last else None
    return Page[AuditEntry](items=items, next=next_cursor((key,)) if more else None)


class StreamQuery(Query):
    """Which stream to verify."""

    stream: Annotated[str, QueryParameter(min_length=1, max_length=200)]


class ChainVerdict(Wire):
    """Whether a stream's chain holds; `broken_at` is the first entry (its `seq`) that does not fit."""

    stream: str
    entries: int
    intact: bool
    broken_at: int | None
    fault: str | None


async def verdict(session: AsyncSession, stream: str) -> ChainVerdict:
    """Recompute the chain of `stream` from its first entry to its head."""
    rows = await session.execute(
        text("select entry, hash from audit_entry where stream = :stream order by seq"), {"stream": stream}
    )
    chained = [(row.entry.encode(), bytes(row.hash)) for row in rows]
    head = await session.scalar(text("select hash from audit_head where stream = :stream"), {"stream": stream})
    broken = verify(chained, head=None if head is None else bytes(head))
    return ChainVerdict(
        stream=stream,
        entries=len(chained),
        intact=broken is None,
        broken_at=broken.position if broken else None,
        fault=broken.fault.value if broken else None,
    )
