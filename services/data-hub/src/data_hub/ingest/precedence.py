"""Which batch has the last word: data is as old as the moment when its department brought it, not as its loading.

A row that is mended after weeks, or a batch that a fault held up, comes in beside what was brought meanwhile and never
over it; nothing comes into a table that a later batch loaded anew.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString

from citykit.work import Work
from data_hub.ingest.domain import BatchRefused
from data_hub.ingest.models import BatchRow


class Why(StrEnum):
    """Why a row does not come in any more."""

    newer = "newer"  # 后来的批次已带来该行
    replaced = "replaced"  # 后来的批次已全量替换


REASONS = {
    Why.newer: (
        "后来的批次已带来该行的新数据，此行不再入库",
        "A later batch brought this row anew: this one stays out",
    ),
    Why.replaced: (
        "后来的批次已全量替换该数据集，此行不再入库",
        "A later batch loaded the whole table anew: this row stays out",
    ),
}
_LATER: LiteralString = (
    # A row-by-row batch whose mended rows wait to be played again is in, though it stands in the queue.
    "select count(*), count(*) filter (where merge = 'replace') from ingest_batch where resource = %s and id <> %s"
    " and completed_at > %s and (state = 'loaded' or (state = 'queued' and mode = 'row-by-row'"
    " and finished_at is not null))"
)
_WAITED_FOR: LiteralString = (
    "select max(completed_at) from ingest_batch where resource = %s and id <> %s and completed_at < %s"
    " and quarantined > 0"
)


@dataclass(frozen=True)
class Precedence:
    """How a batch stands to the others of its resource.

    `moment` is when it was brought; `held` the moment of the newest batch before it of which rows may still come in.
    """

    moment: datetime
    has_later: bool = False
    is_replaced: bool = False
    held: datetime | None = None

    def check(self) -> None:
        """Raise BatchRefused where a later batch loaded the table anew."""
        if self.is_replaced:
            zh, en = "后来的批次已全量替换该数据集，本批次不再入库", "A later batch loaded the whole table anew"
            raise BatchRefused("replaced", zh, en)


async def precedence_of(work: Work, batch: BatchRow) -> Precedence:
    """How a batch stands; the row of its data set is locked."""
    await work.flush()
    moment = batch.completed_at or work.clock.now()
    later, anew = await _one(work, _LATER, batch, moment)
    (held,) = await _one(work, _WAITED_FOR, batch, moment)
    return Precedence(moment, bool(later), bool(anew), held)


async def _one(work: Work, statement: LiteralString, batch: BatchRow, moment: datetime) -> tuple[Any, ...]:
    found = await (await work.driver()).execute(statement, (batch.resource, batch.id, moment))
    row = await found.fetchone()
    assert row is not None  # an aggregate always has a row
    return tuple(row)
