"""The way of one batch from its file into the data set: assemble, slice, check, stage, merge. Nothing of it half."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from psycopg import AsyncConnection

from citykit.work import Work
from data_hub.datasets.service import Dataset, Datasets
from data_hub.ingest import binary
from data_hub.ingest.checks import LINE, Checks, copied, twice
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

Substitutes = Mapping[int, dict[str, str | None] | None]


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

    def __init__(self, slices: CsvSlices | JsonSlices, instead: Substitutes) -> None:
        self.items = slices.items
        self.dialect = slices.dialect
        self._slices = slices
        self._instead = instead
        self._line = 0

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
        rows = Rows(await asyncio.to_thread(reader, text.file, contract, ignore_unknown=ignore), instead)
        packed = {"compression": "gzip"} if text.packed else {}
        known = {"encoding": text.encoding, "dialect": rows.dialect | packed | {"bom": text.byte_order_mark}}
        return rows, known
    made = tempfile.NamedTemporaryFile(prefix="ingest-")  # noqa: SIM115 - closed with scratch
    target = raw.scratch.enter_context(made)
    await binary.as_csv(kind, raw.path, Path(target.name), batch.options.get("sheet"), limits)
    rows = Rows(await asyncio.to_thread(CsvSlices, target, contract, ignore_unknown=ignore), instead)
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
        """Stage and check the rows, and merge them unless one bad row keeps all of them out. Raises BatchRefused."""
        standing = await precedence_of(self.work, batch)
        standing.check()
        connection = await self.work.driver()
        sealer = await self._sealer(rows.items)
        staging = Staging(connection, self.dataset, rows.items, sealer)
        checks = Checks(self.contract, rows.items, at)
        await staging.begin()
        keys: dict[str, list[Any]] = {name: [] for name in checks.unique_sets}
        bad = await self._fill(connection, staging, sealer, rows, checks, keys)
        outdated = await self._outdated(staging, standing)
        bad += await self._look_across(staging, checks, keys, merge, bad)
        stale = checks.stale()
        for fault in stale:
            checks.tally.add(fault, 1)
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
        self, connection: AsyncConnection[Any], staging: Staging, sealer: Sealer, rows: Rows | Once, checks: Checks,
        keys: dict[str, list[Any]],
    ) -> list[BadRow]:  # fmt: skip
        """Check slice by slice; while one goes into the table, a thread is at the next."""
        names = [*(item.name for item in rows.items), *sealer.columns]

        def step() -> tuple[bytes, list[BadRow]] | None:
            taken = rows.read()
            if taken is None:
                return None
            for row in taken.bad:
                checks.tally.parsed += 1
                for fault in row.faults:
                    checks.tally.add(fault, 1)
            checked = checks.run(taken.frame, full_width=taken.full_width)
            for name, hashed in checked.keys.items():
                keys[name].append(hashed)
            return copied(sealer.added(checked.good), names), taken.bad + checked.bad

        bad: list[BadRow] = []
        size = 0
        following = asyncio.ensure_future(asyncio.to_thread(step))
        try:
            async with connection.cursor() as cursor, cursor.copy(staging.copy) as copy:
                while (told := await following) is not None:
                    following = asyncio.ensure_future(asyncio.to_thread(step))
                    bad += told[1]
                    size += sum(row.size for row in told[1])
                    self._bounded(len(bad), size)
                    if checks.tally.parsed > self.limits.most_rows:
                        raise BatchRefused("too-many-rows", "行数超过上限", "There are more rows than a batch may have")
                    await copy.write(told[0])
                    parsed = checks.tally.parsed
                    await self.progress.tell(Stage.checking, parsed, parsed - len(bad), len(bad))
        finally:
            await asyncio.gather(following, return_exceptions=True)
        return bad

    def _bounded(self, bad: int, size: int) -> None:
        """Refuse what is more than a machine should hold: so many bad rows, of so many characters."""
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
        self, staging: Staging, checks: Checks, keys: dict[str, list[Any]], merge: Merge, bad: list[BadRow]
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
