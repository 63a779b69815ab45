"""Jobs of gathering: load a batch, replay mended rows, forget raw files whose time is over."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from citykit.jobs import Task
from citykit.work import Work
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.service import Dataset
from data_hub.ingest.contract import Contract
from data_hub.ingest.domain import BatchRefused, BatchState, Merge, Mode, RowState, Stage
from data_hub.ingest.limits import Limits
from data_hub.ingest.lineage import EMIT_TASK, Lineage
from data_hub.ingest.loading import Loaded, Loading, assembled, opened
from data_hub.ingest.models import BatchRow, OutcomeRow, PartRow, QuarantineRow
from data_hub.ingest.precedence import Why
from data_hub.ingest.progress import Progress, progress_of
from data_hub.ingest.quarantine import Quarantine
from data_hub.ingest.replaying import replay
from data_hub.ingest.service import LOAD_TASK, REPLAY_TASK
from data_hub.ingest.sources import PULL_TASK, Sources
from data_hub.ingest.tickets import Tickets
from data_hub.ingest.turns import begin, turn
from data_hub.sharing.service import NoticeKind, Recipients

KEEP_DAYS = 180


async def load(work: Work, batch: str) -> None:
    """Bring a batch into its data set, or leave the data set as it is and say why."""
    async with turn(work, batch, failed=BatchState.failed):
        begun = await begin(work, batch)
        if begun is not None:
            await _load(work, *begun)


async def _load(work: Work, row: BatchRow, contract: Contract, dataset: Dataset) -> None:
    await Lineage(work).tell(row, dataset, "START", work.clock.now())
    connection = await work.driver()
    done: Loaded | None = None
    facts: dict[str, Any] = {}  # known of the file, whatever becomes of it: written outside of what is rolled back
    async with progress_of(work, row.id) as progress:
        await progress.tell(Stage.assembling)
        try:
            async with connection.transaction():
                done = await _run(work, row, contract, dataset, progress, facts)
        except BatchRefused as refused:
            row.state, row.fault = BatchState.refused.value, refused.document()
            if refused.code == Why.replaced:
                await Quarantine(work).outdate_all(row, contract)
                facts["quarantined"] = 0
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded) as error:
            told = {"code": "unstorable", "zh": "数据库无法保存其中的值", "en": "The database cannot keep a value"}
            row.state, row.fault = BatchState.refused.value, told | {"sqlstate": error.sqlstate}
        row.finished_at = work.clock.now()
        for name, value in facts.items():
            setattr(row, name, value)
        if row.state == BatchState.repeated:  # it was delivered, and nothing of it is new
            await work.session.execute(
                update(DatasetRow).where(DatasetRow.resource == row.resource).values(refreshed_at=work.clock.now())
            )
        if done is not None:
            await _finish(work, row, done, contract)
        kind = "COMPLETE" if row.state in (BatchState.loaded, BatchState.repeated) else "FAIL"
        await Lineage(work).tell(row, dataset, kind, work.clock.now())
        await work.flush()


async def _run(
    work: Work, row: BatchRow, contract: Contract, dataset: Dataset, progress: Progress, facts: dict[str, Any]
) -> Loaded | None:
    limits = Limits()
    async with assembled(work, row) as raw:
        facts |= {"sha256": raw.sha256, "contract": contract.digest}
        if repeated := await _repeats(work, row, facts):
            facts |= {"state": BatchState.repeated.value, "repeats": repeated}
            return None
        quarantine = Quarantine(work)
        settled = await quarantine.of_batch(
            row.id, RowState.mended, RowState.discarded, RowState.superseded, to_act=True
        )  # fmt: skip
        instead = {
            one.line: quarantine.values_of(one) if one.state == RowState.mended else None for one in settled
        }  # fmt: skip
        rows, known = await opened(raw, row, contract, limits, instead)
        facts |= known
        loading = Loading(work, dataset, contract, progress, limits)
        return await loading.run(rows, row, mode=Mode(row.mode), merge=Merge(row.merge), at=work.clock.now())


async def _repeats(work: Work, row: BatchRow, facts: dict[str, Any]) -> UUID | None:
    """The last batch of the resource, where it was this very file under the same terms."""
    last = await work.session.scalar(
        select(BatchRow)
        .where(BatchRow.resource == row.resource, BatchRow.state == BatchState.loaded, BatchRow.id != row.id)
        .order_by(BatchRow.finished_at.desc())
        .limit(1)
    )
    if last is None or row.corrects is not None:
        return None
    same = facts | {name: getattr(row, name) for name in ("mode", "merge", "format", "options")}
    if any(getattr(last, name) != value for name, value in same.items()):
        return None
    return last.id


async def _finish(work: Work, row: BatchRow, done: Loaded, contract: Contract) -> None:
    """Write down what became of a batch: rows, outcomes of rules, quarantine, tickets, notices."""
    row.parsed, row.accepted, row.quarantined = done.tally.parsed, done.accepted, len(done.bad)
    row.inserted, row.changed, row.converted = done.inserted, done.changed, done.tally.converted
    row.state = BatchState.loaded.value if done.merged else BatchState.refused.value
    row.fault = None if done.merged else _rows_refused(done)
    await work.session.flush()
    quarantine, tickets = Quarantine(work), Tickets(work)
    if done.merged:
        await _refresh(work, row, done)
        await quarantine.outdate(row, done.outdated, contract)
        await work.session.flush()
        await _mended(work, row)
    await quarantine.keep(row, done.bad, contract)
    await _outcomes(work, row, done)
    await tickets.raise_for(row, done.tally.failed)
    if done.merged and row.corrects is not None:
        await quarantine.supersede(row.corrects)
    if done.tally.failed:
        await _tell(work, row, done)
    await tickets.settle(row.resource, done.tally.failed)


def _rows_refused(done: Loaded) -> dict[str, str]:
    if done.bad:
        count = len(done.bad)
        return {
            "code": "bad-rows",
            "zh": f"{count}行不合格，整批未入库",
            "en": f"{count} rows are bad: none was loaded",
        }
    return {"code": "stale", "zh": "数据已过时效，整批未入库", "en": "The data is stale: none of it was loaded"}


async def _refresh(work: Work, row: BatchRow, done: Loaded) -> None:
    count = done.inserted + done.kept if row.merge == Merge.anew else DatasetRow.row_count + done.inserted
    await work.session.execute(
        update(DatasetRow)
        .where(DatasetRow.resource == row.resource)
        .values(row_count=count, refreshed_at=work.clock.now())
    )


async def _mended(work: Work, row: BatchRow) -> None:
    """The mended rows of a whole batch came in with it."""
    await work.session.execute(
        update(QuarantineRow)
        .where(QuarantineRow.batch == row.id, QuarantineRow.state == RowState.mended)
        .values(state=RowState.loaded.value, settled_at=work.clock.now())
    )


async def _outcomes(work: Work, row: BatchRow, done: Loaded) -> None:
    told = {(fault.column, fault.rule): rows for fault, rows in done.tally.failed.items()}
    for item in done.items:
        rules = ["required"] if item.required else []
        rules += [] if item.is_text else ["type"]
        rules += [rule.kind for rule in item.rules]
        for rule in rules:
            told.setdefault((item.name, rule), 0)
    values = [
        {"batch": row.id, "column_name": column, "rule": rule, "checked": done.tally.parsed, "failed": failed}
        for (column, rule), failed in told.items()
    ]
    await work.session.execute(delete(OutcomeRow).where(OutcomeRow.batch == row.id))
    if values:
        await work.session.execute(insert(OutcomeRow).values(values))


async def _tell(work: Work, row: BatchRow, done: Loaded) -> None:
    """Those who receive the data learn that rows of it were bad."""
    rules = sorted({f"{fault.column}/{fault.rule}" for fault in done.tally.failed})
    note = (
        f"数据资源 {row.resource} 的一个批次有 {len(done.bad)} 行未通过质量规则",
        f"{len(done.bad)} rows of a batch of {row.resource} broke a quality rule",
    )
    await Recipients(work).tell(
        row.resource, kind=NoticeKind.quality, subject=None, note=note,
        data={"batch": str(row.id), "rows": len(done.bad), "rules": rules},
    )  # fmt: skip


async def forget(work: Work) -> None:
    """Let raw files go whose time is over, and the personal values of settled rows.

    A file's SHA-256, encoding and dialect stay with its batch; what is still in quarantine keeps all it needs.
    """
    limit = work.clock.now() - timedelta(days=KEEP_DAYS)
    over = select(BatchRow.id).where(BatchRow.finished_at < limit, BatchRow.state != BatchState.queued)
    await work.session.execute(delete(PartRow).where(PartRow.batch.in_(over)))
    await work.session.execute(
        update(QuarantineRow)
        .where(QuarantineRow.settled_at < limit, QuarantineRow.sealed.is_not(None))
        .values(sealed=None)
    )


async def due(work: Work) -> None:
    """Queue the sources whose time has come."""
    await Sources(work).due()


async def pull(work: Work, source: str) -> None:
    """Pull a source."""
    await Sources(work).pull(UUID(source))


async def emit(work: Work, event: str) -> None:
    """Send a lineage event to its receiver; one that is down gets it later."""
    await Lineage(work).emit(UUID(event))


TASKS = (
    Task(LOAD_TASK, load),
    Task(REPLAY_TASK, replay),
    Task("data-hub.ingest.due", due, every="* * * * *"),
    Task(PULL_TASK, pull),
    Task(EMIT_TASK, emit),
    Task("data-hub.ingest.forget", forget, every="23 3 * * *"),
)
