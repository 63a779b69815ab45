"""Seals 封存: each minute what was recorded since is put under signed Merkle roots, and those under one root to stamp.

A seal covers the new records of one stream, in a row; its statement names the last hash of the chain and the root over
the records' texts (RFC 6962). One more tree stands over the statements of a round, and its root is what a time-stamp
authority stamps: one stamp a minute, however many grants were used. A chain that does not hold is never sealed.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from citykit.chain import GENESIS, canonical_text, verify
from citykit.ids import new_id
from citykit.work import Work
from data_hub.sharing import merkle
from data_hub.sharing.evidence import instant
from data_hub.sharing.evidence_models import SealRow, StampRow
from data_hub.sharing.keys import EvidenceKey, evidence_key

log = structlog.get_logger("data_hub.evidence")

MOST_STREAMS = 500
MOST_RECORDS = 4096
SELF = "service:data-hub"

_DUE = """
select h.stream, coalesce(s.number, 0), coalesce(s.last_seq, 0), s.statement from evidence_head h
left join lateral (select number, last_seq, statement, sealed_at from evidence_seal
  where stream = h.stream order by number desc limit 1) s on true
where h.seq > coalesce(s.last_seq, 0) order by s.sealed_at nulls first, h.stream limit %s
"""
_RECORDS = "select seq, entry, hash from evidence where stream = %s and seq > %s order by seq limit %s"
_BEFORE = "select hash from evidence where stream = %s and seq = %s"
_KEEP_KEY = """
insert into evidence_key (key_id, public, first_used_at) values (%s, %s, %s) on conflict (key_id) do nothing
"""
_TOLD = "select exists (select from audit_head where stream = %s)"


@dataclass(frozen=True)
class _Due:
    stream: str
    number: int
    last_seq: int
    before: str | None  # the statement of the seal before


@dataclass(frozen=True)
class Round:
    """What a round did: how many seals it made, and whether records may be left that it had no room for."""

    seals: int
    more: bool


class Sealing:
    """Seals what was recorded, within one transaction. One round runs at a time: its job holds a lock."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._key = evidence_key(work.settings)

    async def round(self) -> Round:
        """Seal the new records of each stream, those first that waited longest."""
        await keep_key(self._work)
        connection = await self._work.driver()
        due = [_Due(*row) for row in await (await connection.execute(_DUE, (MOST_STREAMS,))).fetchall()]
        made = [seal for one in due if (seal := await self._seal(one)) is not None]
        if not made:
            return Round(0, False)
        leaves = [merkle.leaf(seal.statement.encode()) for seal in made]
        stamp = StampRow(
            id=new_id(), root=merkle.root(leaves), seals=len(made), made_at=self._work.clock.now(), tries=0,
            fault=None, stamped_at=None, token=None, authority=None, late=False,
        )  # fmt: skip
        self._work.session.add(stamp)
        await self._work.session.flush()
        for position, (seal, path) in enumerate(zip(made, merkle.paths(leaves), strict=True)):
            seal.stamp_id, seal.position, seal.path = stamp.id, position, path
            self._work.session.add(seal)
        await self._work.session.flush()
        is_full = any(seal.last_seq - seal.first_seq + 1 == MOST_RECORDS for seal in made)
        return Round(len(made), is_full or len(made) == MOST_STREAMS)

    async def _seal(self, due: _Due) -> SealRow | None:
        connection = await self._work.driver()
        found = await connection.execute(_RECORDS, (due.stream, due.last_seq, MOST_RECORDS))
        rows = list(await found.fetchall())
        before = await (await connection.execute(_BEFORE, (due.stream, due.last_seq))).fetchone()
        after = GENESIS if due.last_seq == 0 else bytes(before[0]) if before else b""
        in_a_row = [seq for seq, _, _ in rows] == list(range(due.last_seq + 1, due.last_seq + 1 + len(rows)))
        if not rows or not in_a_row or not after or await asyncio.to_thread(_is_broken, rows, after):
            await self._cry_out(due)
            return None
        now = self._work.clock.now()
        return await asyncio.to_thread(_sealed, due, rows, self._key, now)

    async def _cry_out(self, due: _Due) -> None:
        """Say once, in the audit trail, that a stream does not hold."""
        log.error("evidence_broken", stream=due.stream, after=due.last_seq)
        stream = f"evidence-broken/{due.stream}"
        told = await (await (await self._work.driver()).execute(_TOLD, (stream,))).fetchone()
        if told is None or not told[0]:
            data = {"stream": due.stream, "after_seq": due.last_seq}
            self._work.audit.note(stream=stream, act="broken", by=SELF, data=data)


async def keep_key(work: Work) -> None:
    """Keep the public half of the key that signs now."""
    key = evidence_key(work.settings)
    await (await work.driver()).execute(_KEEP_KEY, (key.key_id, key.public, work.clock.now()))


def _is_broken(rows: list[tuple[Any, ...]], after: bytes) -> bool:
    return verify(((entry.encode(), bytes(hashed)) for _, entry, hashed in rows), after=after) is not None


def _sealed(due: _Due, rows: list[tuple[Any, ...]], key: EvidenceKey, now: datetime) -> SealRow:
    root = merkle.root([merkle.leaf(entry.encode()) for _, entry, _ in rows])
    statement = canonical_text(
        {
            "at": instant(now), "first_seq": rows[0][0], "hash": bytes(rows[-1][2]).hex(), "key_id": key.key_id,
            "last_seq": rows[-1][0], "number": due.number + 1,
            "previous": None if due.before is None else merkle.leaf(due.before.encode()).hex(), "root": root.hex(),
            "stream": due.stream,
        }
    )  # fmt: skip
    return SealRow(
        stream=due.stream, number=due.number + 1, first_seq=rows[0][0], last_seq=rows[-1][0], statement=statement,
        key_id=key.key_id, signature=key.sign(statement), sealed_at=now,
    )  # fmt: skip
