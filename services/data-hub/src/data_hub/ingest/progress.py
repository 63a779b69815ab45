"""How far the work on a batch is, written on a connection of its own: the batch's transaction shows nothing yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from citykit.work import Work
from data_hub.ingest.domain import Stage

_UPSERT = (
    "insert into ingest_progress (batch, stage, parsed, accepted, quarantined, at) values (%s, %s, %s, %s, %s, now())"
    " on conflict (batch) do update set stage = excluded.stage, parsed = excluded.parsed,"
    " accepted = excluded.accepted, quarantined = excluded.quarantined, at = excluded.at"
)


class Progress:
    """Tells how far a batch is."""

    def __init__(self, connection: AsyncConnection[Any], batch: UUID) -> None:
        self._connection = connection
        self._batch = batch

    async def tell(self, stage: Stage, parsed: int = 0, accepted: int = 0, quarantined: int = 0) -> None:
        """Say it."""
        await self._connection.execute(_UPSERT, (self._batch, stage.value, parsed, accepted, quarantined))


@asynccontextmanager
async def progress_of(work: Work, batch: UUID) -> AsyncIterator[Progress]:
    """The teller of a batch for the length of the block."""
    # It is told a slice, and forgotten at the end: nothing waits for the disk to keep it.
    options = "-c timezone=UTC -c synchronous_commit=off"
    connection = await AsyncConnection.connect(
        work.settings.conninfo, autocommit=True, options=options, application_name="city-ingest"
    )
    try:
        yield Progress(connection, batch)
        await connection.execute("delete from ingest_progress where batch = %s", (batch,))
    finally:
        await connection.close()
