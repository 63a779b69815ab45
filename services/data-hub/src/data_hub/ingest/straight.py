"""Straight into the data set: rows that no rule looks at in the database are written once instead of twice.

That is so where the data set is empty or replaced as a whole, or where neither a key nor a unique item is to be kept.
Twins within the file show in the hashes of its rows, or at the index of the data set. Then nothing of this way stays,
and the batch goes through the temporary table, which tells which rows they are.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg import sql

from data_hub.datasets.service import BATCH, LOADED_AT, Dataset
from data_hub.ingest.checks import Checks, copied
from data_hub.ingest.domain import Merge
from data_hub.ingest.packing import HEAD, instant, packed
from data_hub.ingest.precedence import Precedence
from data_hub.ingest.sealing import Sealer
from data_hub.ingest.staging import Staging, copy_into

if TYPE_CHECKING:
    import polars as pl

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


async def goes_straight(staging: Staging, checks: Checks, merge: Merge, standing: Precedence) -> bool:
    """Whether nothing but the rows themselves can keep a row of this batch out. The row of its data set is locked."""
    if any(rule.kind == "reference" for item in checks.items for rule in item.rules):
        return False
    if merge is Merge.anew:
        return not standing.has_later
    return not checks.unique_sets or not await staging.holds_rows()


class Straight:
    """The rows of one batch as the table of its data set takes them."""

    def __init__(self, dataset: Dataset, sealer: Sealer, batch: UUID, at: datetime) -> None:
        self._table = dataset.table
        self._sealer = sealer
        self._batch = batch
        self._at = at

    @property
    def copy(self) -> sql.Composed:
        """The COPY that fills the table."""
        names = [BATCH, LOADED_AT, *self._sealer.cells]
        return copy_into(self._table, names, is_binary=bool(self._sealer.columns))

    @property
    def head(self) -> bytes:
        """What that COPY reads before the first row."""
        return HEAD if self._sealer.columns else b""

    def block(self, good: pl.DataFrame) -> bytes:
        """A slice of typed rows as that COPY reads it."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        sources = self._sealer.cells.values()
        if self._sealer.columns:
            kinds = {source: self._sealer.kinds[source] for source in sources}
            microseconds = (self._at - _1970) // timedelta(microseconds=1)
            own = (self._batch.bytes, instant(microseconds))
            return packed(good, self._sealer.made(good), kinds, before=own)
        told = (pl.lit(str(self._batch)).alias(BATCH), pl.lit(self._at.isoformat()).alias(LOADED_AT))
        return copied(good.with_columns(*told), [BATCH, LOADED_AT, *sources])
