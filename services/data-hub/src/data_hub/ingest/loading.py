"""The way of one batch from its file into the data set: assemble, slice, check, and write. Nothing of it half.

It is written straight into the data set where no rule has to look at more than its own rows, else staged and merged.
"""

import asyncio
import hashlib
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import psycopg

from citykit.work import Work
from data_hub.datasets.service import Dataset, Datasets
from data_hub.ingest import binary
from data_hub.ingest.checks import LINE, Checks, twice
from data_hub.ingest.contract import Contract, Item
from data_hub.ingest.domain import BadRow, BatchRefused, Encoding, FileFormat, Merge, Mode, RowFault, Stage, Tally
from data_hub.ingest.files import read_text
from data_hub.ingest.limits import Limits
from data_hub.ingest.models import BatchRow
from data_hub.ingest.ndjson import JsonSlices
from data_hub.ingest.parts import came
from data_hub.ingest.precedence import Precedence, Why, precedence_of
from data_hub.ingest.progress import Progress
from data_hub.ingest.sealing import Sealer, Target
from data_hub.ingest.slices import ROW, CsvSlices, Slice, kept_rows
from data_hub.ingest.staging import Staging
from data_hub.ingest.straight import Straight, goes_straight

Substitutes = Mapping[int, dict[str, str | None] | None]
Hashes = dict[str, list[Any]]  # slices of what must be unique, by the name of the rule
_TURN, _SHORT_TURN = sys.getswitchinterval(), 0.0003  # seconds that a thread works before it hands over


@contextmanager
def _short_turns() -> Iterator[None]:
    """Threads that work in turn hand over soon.

    The thread that seals would else keep the one that writes waiting for 5 ms whenever the database has taken the some
    hundred kilobytes that a socket holds: the database then stands idle for half of the time.
    """
    sys.setswitchinterval(_SHORT_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(_TURN)


@dataclass
class Loaded:
    """What became of a batch."""

    items: list[Item]
    tally: Tally
    bad: list[BadRow]
    outdated: list[BadRow]  # a later batch brought their keys anew
    stale: list[RowFault]
    merged: bool
    kept: int = 0  # rows of later batches that stay where a table is loaded anew
    accepted: int = 0
    inserted: int = 0
    changed: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """The file of a batch as it came, put together."""

    file: IO[bytes]
    path: Path
    sha256: str
    scratch: ExitStack  # closes what reading the file needs besides


@asynccontextmanager
async def assembled(work: Work, batch: BatchRow) -> AsyncIterator[Raw]:
    """The parts of a batch as one file. Raises BatchRefused where it is not the file that was promised."""
    connection = await work.driver()
    found = await connection.execute("select number from ingest_part where batch = %s order by number", (batch.id,))
    numbers = [number for (number,) in await found.fetchall()]
    with ExitStack() as scratch:
        file = scratch.enter_context(tempfile.NamedTemporaryFile(prefix="ingest-"))
        digest = hashlib.sha256()
        for number in numbers:
            row = await (
                await connection.execute(
                    "select content from ingest_part where batch = %s and number = %s", (batch.id, number), binary=True
                )
            ).fetchone()
            content = await came(work.vault, batch.id, number, b"" if row is None else row[0], sealed=batch.sealed)
            await asyncio.to_thread(digest.update, content)
            await asyncio.to_thread(file.write, content)
        file.flush()
        if batch.expected_sha256 not in (None, digest.hexdigest()):
            zh, en = "文件的 SHA-256 与声明不符", "The file does not have the SHA-256 that was declared"
            raise BatchRefused("digest", zh, en)
        yield Raw(file, Path(file.name), digest.hexdigest(), scratch)


class Rows:
    """The slices of a file, with the rows of quarantine in the place of those that came."""

    def __init__(self, begin: Callable[[], CsvSlices | JsonSlices], instead: Substitutes) -> None:
        self._begin = begin
        self._slices = begin()
        self.items = self._slices.items
        self.dialect = self._slices.dialect
        self._instead = instead
        self._line = 0

    def again(self) -> Self:
        """The same rows from the first on."""
        return type(self)(self._begin, self._instead)

    def read(self) -> Slice | None:
        """The next slice."""
        import polars as pl  # noqa: PLC0415 - heavy, and most processes never need it

        taken = self._slices.read()
        if taken is None or not self._instead:
            return taken
        first, self._line = self._line, self._line + taken.size
        here = {line: row for line, row in self._instead.items() if first < line <= self._line}
        frame = taken.frame.filter(~pl.col(LINE).is_in(list(here)))
        mended = kept_rows([(line, row) for line, row in here.items() if row is not None], self.items)
        bad = [row for row in taken.bad if row.line not in here]
        whole = pl.concat([frame, mended.select(frame.columns)])
        return Slice(whole, bad, taken.size, full_width=True)


class Once:
    """Rows of quarantine as a slice of their own."""

    def __init__(self, rows: list[tuple[int, dict[str, str | None]]], items: list[Item]) -> None:
        self.items = items
        self.dialect: dict[str, Any] = {}
        self._rows: list[tuple[int, dict[str, str | None]]] | None = rows

    def read(self) -> Slice | None:
        """The rows, once."""
        rows, self._rows = self._rows, None
        return None if rows is None else Slice(kept_rows(rows, self.items), [], len(rows), full_width=True)


async def opened(raw: Raw, batch: BatchRow, contract: Contract, limits: Limits, instead: Substitutes) -> tuple[
    Rows, dict[str, Any]
]:  # fmt: skip
    """The rows of a file, and what is known of it."""
    kind, ignore = FileFormat(batch.format), bool(batch.options.get("ignore_unknown"))
    if kind in (FileFormat.csv, FileFormat.ndjson):
        text = await asyncio.to_thread(read_text, raw.file, Encoding(batch.options["encoding"]), limits, raw.scratch)
        reader = JsonSlices if kind is FileFormat.ndjson else CsvSlices
        slices = partial(reader, text.file, contract, ignore_unknown=ignore)
        rows = await asyncio.to_thread(Rows, slices, instead)
        packed = {"compression": "gzip"} if text.packed else {}
        known = {"encoding": text.encoding, "dialect": rows.dialect | packed | {"bom": text.byte_order_mark}}
        return rows, known
    made = tempfile.NamedTemporaryFile(prefix="ingest-")  # noqa: SIM115 - closed with scratch
    target = raw.scratch.enter_context(made)
    await binary.as_csv(kind, raw.path, Path(target.name), batch.options.get("sheet"), limits)
    rows = await asyncio.to_thread(Rows, partial(CsvSlices, target, contract, ignore_unknown=ignore), instead)
    return rows, {"encoding": None, "dialect": {"header": rows.dialect["header"]}}


class Loading:
    """One run of a batch."""

    def __init__(self, work: Work, dataset: Dataset, contract: Contract, progress: Progress, limits: Limits) -> None:
        self.work = work
        self.dataset = dataset
        self.contract = contract
        self.progress = progress
        self.limits = limits

    async def run(self, rows: Rows | Once, batch: BatchRow, *, mode: Mode, merge: Merge, at: datetime) -> Loaded:
        """Check the rows, and bring them in unless one bad row keeps all of them out. Raises BatchRefused."""
        standing = await precedence_of(self.work, batch)
        standing.check()
        sealer = await self._sealer(rows.items)
        staging = Staging(await self.work.driver(), self.dataset, rows.items, sealer)
        checks = Checks(self.contract, rows.items, at)
        if isinstance(rows, Rows) and await goes_straight(staging, checks, merge, standing):
            way = Straight(self.dataset, sealer, batch.id, at)
            before = partial(staging.clear, standing, batch.id, at) if merge is Merge.anew else None
            if (done := await self._run_straight(way, rows, checks, mode, before)) is not None:
                return done
            rows, checks = await asyncio.to_thread(rows.again), Checks(self.contract, rows.items, at)
        await staging.begin()
        keys: Hashes = {name: [] for name in checks.unique_sets}
        bad = await self._fill(staging, rows, checks, keys)
        outdated = await self._outdated(staging, standing)
        bad += await self._look_across(staging, checks, keys, merge, bad)
        stale = self._stale(checks)
        good = checks.tally.parsed - len(bad) - len(outdated)
        await self.progress.tell(Stage.merging, checks.tally.parsed, good, len(bad))
        done = Loaded(rows.items, checks.tally, bad, outdated, stale, merged=False)
        if mode is Mode.all_or_nothing and (bad or stale):
            return done
        if merge is Merge.anew:
            done.kept = await staging.clear(standing, batch.id, at)
        elif merge is Merge.merge:
            await staging.confirm(standing, batch.id)
        done.inserted, done.changed = await staging.merge(merge, batch.id, at)
        done.accepted, done.merged = good, True
        return done

    async def _run_straight(
        self, way: Straight, rows: Rows, checks: Checks, mode: Mode, before: Callable[[], Awaitable[object]] | None
    ) -> Loaded | None:
        """Write the rows where they belong, as they are checked; None, and nothing written, where there are twins."""
        keys: Hashes = {name: [] for name in checks.unique_sets}
        done: Loaded | None = None
        try:
            async with (await self.work.driver()).transaction() as savepoint:
                if before is not None:
                    await before()
                bad = await self._fill(way, rows, checks, keys, whole=mode is Mode.all_or_nothing)
                for hashes in keys.values():
                    if await asyncio.to_thread(twice, hashes):
                        raise psycopg.Rollback(savepoint)
                stale = self._stale(checks)
                good = checks.tally.parsed - len(bad)
                await self.progress.tell(Stage.merging, checks.tally.parsed, good, len(bad))
                done = Loaded(rows.items, checks.tally, bad, [], stale, merged=False)
                if mode is Mode.all_or_nothing and (bad or stale):
                    raise psycopg.Rollback(savepoint)
                done.accepted, done.inserted, done.merged = good, good, True
        except psycopg.errors.UniqueViolation:
            return None
        return done

    async def _outdated(self, staging: Staging, standing: Precedence) -> list[BadRow]:
        """The rows that a later batch brought anew: they stay out."""
        lines = await staging.outdated(standing)
        if len(lines) > self.limits.most_bad_rows:
            raise BatchRefused(
                "outdated", f"后来的批次已带来其中{len(lines)}行的新数据，请作为新批次重新提交",
                f"Later batches brought {len(lines)} of the rows anew: bring the data as a new batch",
            )  # fmt: skip
        fault = RowFault(self.contract.key[0] if self.contract.key else ROW, Why.newer)
        return await self._take_out(staging, {line: [fault] for line in lines}, [])

    async def _fill(
        self, way: Straight | Staging, rows: Rows | Once, checks: Checks, keys: Hashes, *, whole: bool = False
    ) -> list[BadRow]:
        """Check slice by slice; while one goes into the table, a thread is at the next.

        Where a batch comes in `whole` or not at all, nothing is written any more once a row is bad.
        """
        bad: list[BadRow] = []
        size = 0

        def step() -> tuple[bytes, list[BadRow]] | None:
            taken = rows.read()
            if taken is None:
                return None
            checks.tally.unread(taken.bad)
            checked = checks.run(taken.frame, full_width=taken.full_width)
            for name, hashed in checked.keys.items():
                keys[name].append(hashed)
            found = taken.bad + checked.bad
            return b"" if whole and (bad or found) else way.block(checked.good), found

        following = asyncio.ensure_future(asyncio.to_thread(step))
        try:
            with _short_turns():
                async with (await self.work.driver()).cursor() as cursor, cursor.copy(way.copy) as copy:
                    await copy.write(way.head)
                    while (told := await following) is not None:
                        following = asyncio.ensure_future(asyncio.to_thread(step))
                        bad += told[1]
                        size += sum(row.size for row in told[1])
                        self._bounded(len(bad), size, checks.tally.parsed)
                        await copy.write(told[0])
                        parsed = checks.tally.parsed
                        await self.progress.tell(Stage.checking, parsed, parsed - len(bad), len(bad))
        finally:
            await asyncio.gather(following, return_exceptions=True)
        return bad

    def _stale(self, checks: Checks) -> list[RowFault]:
        stale = checks.stale()
        for fault in stale:
            checks.tally.add(fault, 1)
        return stale

    def _bounded(self, bad: int, size: int, parsed: int = 0) -> None:
        """Refuse what is more than a machine should hold: so many rows, so many bad ones, of so many characters."""
        if parsed > self.limits.most_rows:
            raise BatchRefused("too-many-rows", "行数超过上限", "There are more rows than a batch may have")
        if size > self.limits.most_bad_characters:
            most = self.limits.most_bad_characters >> 20
            raise BatchRefused(
                "too-large-bad-rows", f"不合格行的内容超过{most}M字符，请核对文件与目录是否一致",
                f"The bad rows are longer than {most} million characters: is it the right file?",
            )  # fmt: skip
        if bad > self.limits.most_bad_rows:
            raise BatchRefused(
                "too-many-bad-rows", f"不合格行超过{self.limits.most_bad_rows}行，请核对文件与目录是否一致",
                f"More than {self.limits.most_bad_rows} rows are bad: is it the right file?",
            )  # fmt: skip

    async def _look_across(
        self, staging: Staging, checks: Checks, keys: Hashes, merge: Merge, bad: list[BadRow]
    ) -> list[BadRow]:
        """The rules that look at more than one row: unique values, references to other data sets."""
        found: dict[int, list[RowFault]] = {}

        def note(lines: list[int], fault: RowFault) -> None:
            if lines:
                checks.tally.add(fault, len(lines))
            for line in lines:
                found.setdefault(line, []).append(fault)

        settled = False
        for name, columns in checks.unique_sets.items():
            fault = RowFault(columns[0] if name == "_key" else name, "unique")
            if among := await asyncio.to_thread(twice, keys[name]):
                note(await staging.twins(columns, among), fault)
            is_key = name == "_key"
            if merge is not Merge.anew and (merge is Merge.append or not is_key):
                if not settled:
                    await staging.settle()
                    settled = True
                note(await staging.known(columns, own_key=not is_key and merge is Merge.merge), fault)
        for item in checks.items:
            for rule in item.rules:
                if rule.kind == "reference":
                    other = await self._referred(item, rule.resource, rule.item)
                    note(await staging.strangers(item.name, other, rule.item), RowFault(item.name, "reference"))
        return await self._take_out(staging, found, bad)

    async def _take_out(self, staging: Staging, faults: dict[int, list[RowFault]], bad: list[BadRow]) -> list[BadRow]:
        """Rows out of the table to those that are bad already, looked at before they are fetched."""
        if not faults:
            return []
        size = await staging.size_of(list(faults)) + sum(row.size for row in bad)
        self._bounded(len(bad) + len(faults), size)
        return await staging.take_out(faults)

    async def _sealer(self, items: list[Item]) -> Sealer:
        """What seals the batch, and hashes what it refers to where that lies sealed. Raises BatchRefused."""
        sealer = Sealer(self.work.vault, self.dataset, items)
        for item in items:
            for rule in item.rules:
                if rule.kind == "reference":
                    other = (await self._referred(item, rule.resource, rule.item)).shape.column(rule.item)
                    if other is not None and other.is_sealed:
                        sealer.targets[item.name] = Target(rule.resource, other)
        return sealer

    async def _referred(self, item: Item, resource: str, column: str) -> Dataset:
        other = await Datasets(self.work).of(resource)
        found = None if other is None else other.shape.column(column)
        if found is not None and found.is_sealed and not found.is_findable:
            zh, en = (
                f"{resource}.{column} 加密保存且不可按值查找，不能被引用",
                f"{resource}.{column} is sealed and not found by value: nothing can refer to it",
            )
            raise BatchRefused("reference", zh, en)
        if other is None or found is None:
            zh, en = (
                f"{item.name} 引用的 {resource}.{column} 没有数据",
                f"{item.name} refers to {resource}.{column}: no rows",
            )
            raise BatchRefused("reference", zh, en)
        return other
