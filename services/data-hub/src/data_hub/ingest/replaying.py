"""Mended rows of a row-by-row batch come in, by the same rules; what is still bad waits, what is too late says so."""

from collections import Counter

import psycopg
from sqlalchemy import update

from citykit.work import Work
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.service import Dataset
from data_hub.ingest.contract import Contract
from data_hub.ingest.domain import BatchRefused, BatchState, Merge, Mode, RowState
from data_hub.ingest.limits import Limits
from data_hub.ingest.lineage import Lineage
from data_hub.ingest.loading import Loaded, Loading, Once
from data_hub.ingest.models import BatchRow, QuarantineRow
from data_hub.ingest.precedence import Why, precedence_of
from data_hub.ingest.progress import progress_of
from data_hub.ingest.quarantine import Quarantine, again, outdated
from data_hub.ingest.tickets import Tickets
from data_hub.ingest.turns import OUR_FAULT, begin, turn


async def replay(work: Work, batch: str) -> None:
    """Bring the mended rows of a batch in."""
    async with turn(work, batch, failed=BatchState.loaded):
        begun = await begin(work, batch, withdrawn=BatchState.loaded)
        if begun is None:
            return
        row, contract, dataset = begun
        row.state, row.fault = BatchState.loaded.value, None
        if (await precedence_of(work, row)).is_replaced:
            settled = await Quarantine(work).outdate_all(row, contract)
            row.quarantined = max(0, row.quarantined - settled)
            await Tickets(work).settle(row.resource)
            return
        await _play(work, row, contract, dataset)


async def _play(work: Work, row: BatchRow, contract: Contract, dataset: Dataset) -> None:
    mended = await Quarantine(work).of_batch(row.id, RowState.mended, to_act=True)
    try:
        done = await _run(work, row, contract, dataset, mended)
    except (BatchRefused, psycopg.DataError, psycopg.IntegrityError) as refused:
        row.fault = refused.document() if isinstance(refused, BatchRefused) else OUR_FAULT
        return
    _played(work, row, mended, done, contract)
    await work.session.execute(
        update(DatasetRow)
        .where(DatasetRow.resource == row.resource)
        .values(row_count=DatasetRow.row_count + done.inserted, refreshed_at=work.clock.now())
    )
    await work.session.flush()
    still = Counter(fault for bad in done.bad for fault in bad.faults)
    await Tickets(work).raise_for(row, still)
    await Tickets(work).settle(row.resource, still)
    await Lineage(work).tell(row, dataset, "COMPLETE", work.clock.now())


async def _run(work: Work, row: BatchRow, contract: Contract, dataset: Dataset, mended: list[QuarantineRow]) -> Loaded:
    texts = [(one.line, Quarantine(work).values_of(one)) for one in mended]
    names = {name for _, values in texts for name in values}
    once = Once(texts, [item for item in contract.items if item.name in names or item.required])
    merge = Merge.append if Merge(row.merge) is not Merge.merge else Merge.merge
    connection = await work.driver()
    await work.flush()
    async with progress_of(work, row.id) as progress, connection.transaction():
        loading = Loading(work, dataset, contract, progress, Limits())
        return await loading.run(once, row, mode=Mode.row_by_row, merge=merge, at=work.clock.now())


def _played(work: Work, row: BatchRow, mended: list[QuarantineRow], done: Loaded, contract: Contract) -> None:
    still = {bad.line: bad for bad in done.bad}
    late = {bad.line for bad in done.outdated}
    for one in mended:
        if one.line in still:
            again(one, still[one.line], contract)
        elif one.line in late:
            outdated(one, Why.newer, contract, work.clock.now())
        else:
            one.state, one.settled_at = RowState.loaded.value, work.clock.now()
    row.accepted += done.accepted
    row.quarantined = max(0, row.quarantined - done.accepted - len(late))
    row.inserted += done.inserted
    row.changed += done.changed
