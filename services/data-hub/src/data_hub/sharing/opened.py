"""Evidence of opened data 开放数据存证: reads of what everybody may read, and refusals, in the chain of their month.

Whoever answered a reader noted the call (`data_hub.opened_reads`); here it is signed, at most a minute later, away from
all readers. What was counted follows when its ten minutes are over, one record for each reader, resource and action,
of refusals for each reason as well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from citykit.clock import CHINA
from citykit.work import Work
from data_hub.sharing.domain import Outcome
from data_hub.sharing.evidence import Evidence, instant

MOST_AT_ONCE = 500  # records of a round: as long is the head of the month's stream held
COUNTED = "counted"

# Oldest first, which is how they are chained; two rounds never run at once.
_READS = """
with taken as (delete from opened_read where id in (select id from opened_read order by id limit %s)
  returning id, read_at, said)
select read_at, said from taken order by id
"""
_COUNTS = """
with taken as (delete from opened_count where (until, reader, resource, action) in (
    select until, reader, resource, action from opened_count where until <= %s order by 1, 2, 3, 4 limit %s)
  returning *)
select said, calls, row_count, first_at, last_at from taken order by until, reader, resource, action
"""


class OpenedEvidence:
    """Signs what was noted of readers of opened data, within one transaction. Its job holds a lock."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def round(self) -> bool:
        """Sign what waits; whether more may wait than a round has room for."""
        connection = await self._work.driver()
        reads = await (await connection.execute(_READS, (MOST_AT_ONCE,))).fetchall()
        for read_at, said in reads:
            code = said.pop("refused", None)
            await self._chain(read_at, said | {"code": code, "read_at": instant(read_at)}, _outcome(code))
        room = MOST_AT_ONCE - len(reads)
        counts = await (await connection.execute(_COUNTS, (self._work.clock.now(), room))).fetchall()
        for one in counts:
            await self._chain(one[3], _summed(one), _outcome(one[0].get("refused")))
        return len(reads) + len(counts) == MOST_AT_ONCE

    async def _chain(self, at: datetime, said: dict[str, Any], outcome: Outcome) -> None:
        more = {"grant_id": None, "outcome": outcome.value, "subject": None, "purpose": None}
        await Evidence(self._work).chain(f"opened/{at.astimezone(CHINA):%Y-%m}", said | more)


def _summed(counted: Sequence[Any]) -> dict[str, Any]:
    """What a record says of calls that were counted; of refusals also why, in the words of all counted refusals."""
    said, calls, rows, first, last = counted
    told = {name: value for name, value in said.items() if name != "refused"}
    if "refused" in said:
        told["codes"] = {said["refused"]: calls}
    return told | {
        "code": COUNTED, "calls": calls, "rows": rows, "first_at": instant(first), "last_at": instant(last)
    }  # fmt: skip


def _outcome(refused: str | None) -> Outcome:
    return Outcome.served if refused is None else Outcome.refused
