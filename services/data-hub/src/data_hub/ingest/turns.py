"""The turn of one batch at its data set: begun alone, ended whatever happens, so that the next batch has its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from citykit.work import Work
from data_hub.datasets.errors import NoDataset
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.service import Dataset, Datasets
from data_hub.ingest.contract import Contract
from data_hub.ingest.domain import BatchState
from data_hub.ingest.lineage import Lineage
from data_hub.ingest.models import BatchRow, ProgressRow
from data_hub.ingest.service import Ingest
from data_hub.resources.errors import NoResource

log = structlog.get_logger("data_hub.ingest")
_PATIENCE = "set local statement_timeout = '30min'; set local idle_in_transaction_session_timeout = '30min'"
OUR_FAULT = {
    "code": "unexpected",
    "zh": "系统故障，请重新提交该批次",
    "en": "A fault of ours: complete the batch again",
}
_TOO_LONG = {
    "code": "too-long",
    "zh": "处理超时，请拆分为较小的批次",
    "en": "It took too long: bring it in smaller batches",
}
_WITHDRAWN = {
    "code": "withdrawn",
    "zh": "该资源已撤销或不再归集数据",
    "en": "The resource was withdrawn, or has no rows of its own any more",
}


async def begin(
    work: Work, batch: str, *, withdrawn: BatchState = BatchState.refused
) -> tuple[BatchRow, Contract, Dataset] | None:
    """The batch with its contract, alone on its data set; None where it is done already.

    So it is where the resource gathers nothing any more: the batch is `withdrawn` then.
    """
    await (await work.driver()).execute(_PATIENCE)
    row = await work.session.get(BatchRow, UUID(batch))
    if row is None:
        return None
    await work.session.execute(select(DatasetRow.id).where(DatasetRow.resource == row.resource).with_for_update())
    await work.session.refresh(row)
    if row.state != BatchState.queued:
        return None
    try:
        contract, dataset = await Ingest(work).contract(row.resource)
    except (NoResource, NoDataset):
        row.state, row.fault = withdrawn.value, _WITHDRAWN
        row.finished_at = row.finished_at if withdrawn is BatchState.loaded else work.clock.now()
        return None
    return row, contract, dataset


def passes(error: BaseException) -> bool:
    """Whether the database was down or busy: the same again goes well, a little later."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.InterfaceError):
        return True
    if not isinstance(cause, psycopg.OperationalError) or isinstance(cause, psycopg.errors.QueryCanceled):
        return False
    return not (cause.sqlstate or "").startswith("54")  # the limits of the database itself stay


@asynccontextmanager
async def turn(work: Work, batch: str, *, failed: BatchState) -> AsyncIterator[None]:
    """The block is the turn of a batch. What would go wrong for ever undoes all of it, and ends the batch as `failed`.

    What passes is raised, and the job comes again; so is what ends a batch that nobody else can know of yet.
    """
    try:
        yield
        await work.flush()
    except Exception as error:
        if passes(error) or (await work.driver()).closed:
            raise
        log.exception("batch_failed", batch=batch)
        await _undo(work)
        if not await _give_up(work, UUID(batch), failed, _told(error)):
            raise


async def _undo(work: Work) -> None:
    """Take back all that was done and collected; the work goes on with a new transaction."""
    await work.session.rollback()
    await (await work.driver()).rollback()
    for collected in (work.events, work.access, work.audit, work.jobs):
        collected.take()
    work.staged.clear()


async def _give_up(work: Work, batch: UUID, state: BatchState, fault: dict[str, Any]) -> bool:
    row = await work.session.get(BatchRow, batch, with_for_update=True, populate_existing=True)
    if row is None:  # it was made in what is undone
        return False
    if row.state != BatchState.queued:
        return True
    row.state, row.fault = state.value, fault
    if state is BatchState.failed:
        row.finished_at = work.clock.now()
    await work.session.execute(delete(ProgressRow).where(ProgressRow.batch == batch))
    dataset = await Datasets(work).of(row.resource)
    if dataset is not None:
        await Lineage(work).tell(row, dataset, "FAIL", work.clock.now())
    return True


def _told(error: Exception) -> dict[str, Any]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.errors.QueryCanceled):
        return _TOO_LONG
    return OUR_FAULT | ({"sqlstate": cause.sqlstate} if isinstance(cause, psycopg.Error) and cause.sqlstate else {})
