"""Evidence 存证: what was asked under which grant, and how it ended, in a chain that shows every later change.

A record is signed when it is made, so it binds the hub from the moment of the call on. It is chained in the database:
the head of its stream moves on under its row lock, in the one statement with which the transaction ends, so that calls
of one grant follow each other for the length of that statement and calls of different grants never wait.

A stream is one grant (`grant/<id>`), or one resource (`resource/<code>`) for calls that no grant covers. A refused call
that names no resource that is there stands in the stream of its month, `refusals/<year>-<month>` (see `refusals`), and
a read of what everybody may read, served or refused, in `opened/<year>-<month>` (see `opened`).
"""

import base64
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from citykit.actors import Actor
from citykit.chain import canonical_text
from citykit.ids import new_id
from citykit.work import Work
from data_hub.sharing.domain import Outcome
from data_hub.sharing.keys import evidence_key
from data_hub.sharing.policy import Grant

REPEATED = "repeated"

# A record's names in canonical order (RFC 8785) are cut in two where the database puts the number that it counts.
_PARTS = """sharing_head as (
  insert into evidence_head as h (stream, seq, prev_hash, hash) values (%(evidence_stream)s::text, 1,
    decode(repeat('00', 32), 'hex'), sha256(decode(repeat('00', 32), 'hex')
      || convert_to(%(evidence_before)s::text || '1' || %(evidence_after)s::text, 'UTF8')))
  on conflict (stream) do update set seq = h.seq + 1, prev_hash = h.hash, hash = sha256(h.hash
      || convert_to(%(evidence_before)s::text || (h.seq + 1)::text || %(evidence_after)s::text, 'UTF8'))
  returning seq, prev_hash, hash
), sharing_evidence as (
  insert into evidence (stream, seq, at, entry, prev_hash, hash)
  select %(evidence_stream)s::text, seq, %(evidence_at)s::timestamptz,
    %(evidence_before)s::text || seq::text || %(evidence_after)s::text, prev_hash, hash from sharing_head
)"""


# With which outcomes the request of this context stands on record until now.
LEFT: ContextVar[set[Outcome]] = ContextVar("evidence_left", default=set())  # noqa: B039 - of no request, read by nobody


class Evidence:
    """Records calls within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def record(
        self,
        *,
        resource: str,
        grant: Grant | UUID | None,
        actor: Actor,
        action: str,
        outcome: Outcome | str,
        code: str | None = None,
        rows: int = 0,
        columns: Sequence[str] = (),
        subject: str | None = None,
        purpose: str | None = None,
    ) -> None:
        """Keep a record of a call: of one that is served with the transaction, of a refused one at once.

        A record of `refused` is for a call that ends with a raised problem, which undoes the transaction. So it undoes
        the transaction itself, everything done and collected in it, writes the record alone on the same connection and
        commits it: whoever calls this with `refused` raises the problem next and does nothing else. No second
        connection is asked for, so a flood of refusals cannot exhaust the pool, nor wait for its own locks.

        `subject` names the person whom the call was about; a keyed hash of it is recorded. `Grants.policy` records its
        own refusals; what is recorded here are calls that were served, and refusals for reasons that a grant does not
        know (a wrong filter, a column that is not granted).
        """
        if Outcome(outcome) is Outcome.refused:
            await _undo(self._work)
        grant_id = grant.id if isinstance(grant, Grant) else grant
        said = {
            "actor": actor.reference, "actor_org": actor.department, "on_behalf_of": actor.on_behalf_of,
            "resource": resource, "grant_id": None if grant_id is None else str(grant_id), "action": action,
            "outcome": Outcome(outcome).value, "code": code, "rows": rows, "columns": list(columns),
            "subject": None if subject is None else self._work.vault.index("evidence-subject", subject).hex(),
            "purpose": purpose or (grant.purpose if isinstance(grant, Grant) else None),
        }  # fmt: skip
        await self.chain(f"resource/{resource}" if grant_id is None else f"grant/{grant_id}", said)
        if Outcome(outcome) is Outcome.refused:
            await self._work.finish()
        LEFT.get().add(Outcome(outcome))

    async def repeated(self, *, resource: str, grant: UUID | None, actor: Actor, action: str) -> None:
        """Keep a record of a repeated request, which is answered what the first one was answered."""
        await self.record(
            resource=resource, grant=grant, actor=actor, action=action, outcome=Outcome.served, code=REPEATED
        )

    async def chain(self, stream: str, said: dict[str, Any]) -> None:
        """Sign what is said and put it at the end of a stream, with the transaction."""
        if any(one.parts is _PARTS for one in self._work.staged):
            await self._work.flush()  # a second record of one transaction is chained after the first
        now, key = self._work.clock.now(), evidence_key(self._work.settings)
        statement = said | {"id": str(new_id()), "stream": stream, "at": instant(now), "key_id": key.key_id}
        signature = base64.b64encode(key.sign(canonical_text(statement))).decode("ascii")
        before, after = split(statement | {"signature": signature})
        values = {
            "evidence_stream": stream, "evidence_at": now, "evidence_before": before, "evidence_after": after
        }  # fmt: skip
        self._work.stage(_PARTS, values)


def split(record: dict[str, Any]) -> tuple[str, str]:
    """The canonical text of a record that has no `seq` yet, cut where the digits of `seq` belong."""
    first = canonical_text({name: value for name, value in record.items() if name < "seq"})
    last = canonical_text({name: value for name, value in record.items() if name > "seq"})
    return f'{first[:-1]},"seq":', f",{last[1:]}"


async def _undo(work: Work) -> None:
    """Take back everything that was done and collected in a transaction."""
    if work.transaction.has_begun:
        await (await work.driver()).rollback()
        await work.session.rollback()
    for collected in (work.events, work.audit, work.access, work.jobs):
        collected.take()
    work.staged.clear()


def instant(moment: datetime) -> str:
    """A time as records write it: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
