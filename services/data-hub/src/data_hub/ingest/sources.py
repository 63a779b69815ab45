"""The acts on sources: register, change, pull when it is time, and take in what came."""

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.work import Work, WorkInRequest
from data_hub.adapters.feeds.http import HttpFeed
from data_hub.adapters.feeds.hub import HubFeed
from data_hub.adapters.feeds.port import Feed, FeedBroken, Wanted
from data_hub.adapters.feeds.postgresql import PostgresFeed
from data_hub.datasets.errors import NoDataset
from data_hub.ingest.domain import BatchState, FileFormat, Origin, Plan, SourceKind, SourceState, next_pull
from data_hub.ingest.errors import BadDeclaration, NotTheSource, SourcePaused
from data_hub.ingest.models import BatchRow, SourceRow
from data_hub.ingest.schemas import BatchDraft
from data_hub.ingest.service import Ingest
from data_hub.ingest.source_schemas import SourceChange, SourceDraft
from data_hub.resources.errors import NoResource

PULL_TASK = "data-hub.ingest.pull"
_PART = 8 * 1024 * 1024
_PATIENCE = "set local idle_in_transaction_session_timeout = '1h'"  # a slow source is waited for; no row is locked
_MOST_BYTES = 512 * 1024 * 1024
_FEEDS: dict[SourceKind, Feed] = {
    SourceKind.http: HttpFeed(),
    SourceKind.postgresql: PostgresFeed(),
    SourceKind.data_hub: HubFeed(),
}
_FORMATS = {SourceKind.postgresql: FileFormat.csv, SourceKind.data_hub: FileFormat.ndjson}
_COLUMNS = {"kind", "name", "address", "every_minutes", "daily_at", "secret"}  # of the row; the rest are its options
_REFUSED = (NoResource, NoDataset, NotTheSource, BadDeclaration)


@dataclass(slots=True)
class _Read:
    """From where on a source was read, and up to where: both None where no column says so."""

    since: str | None
    up_to: str | None = None


def _plan(row: SourceRow) -> Plan:
    return Plan(row.every_minutes, row.daily_at)


def _first_pull(now: datetime, told: SourceDraft | SourceChange) -> datetime | None:
    return now if told.every_minutes is not None else next_pull(now, Plan(daily_at=told.daily_at), 0)


class Sources:
    """The sources that are pulled, within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def register(self, resource: str, draft: SourceDraft, *, by: Actor) -> SourceRow:
        """Register a source. Raises NoResource, NoDataset, NotTheSource, BadDeclaration."""
        await Ingest(self.work).allowed(resource, draft.merge, by=by)
        made, now = new_id(), self.work.clock.now()
        options = draft.model_dump(mode="json", exclude=_COLUMNS)
        row = SourceRow(
            id=made, resource=resource, department=by.department, kind=draft.kind.value, name=draft.name,
            address=draft.address, sealed=self._sealed(made, draft.secret), options=options,
            every_minutes=draft.every_minutes, daily_at=draft.daily_at, state=SourceState.active.value,
            next_at=_first_pull(now, draft), failures=0, made_by=by.reference, made_at=now,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self._note("register-source", row, by)
        return row

    def change(self, row: SourceRow, change: SourceChange, *, by: Actor) -> None:
        """Change when a source is pulled, whether, and with which secret."""
        row.every_minutes, row.daily_at, row.state = change.every_minutes, change.daily_at, change.state.value
        if change.anew:
            row.since = row.since_next = None
        if change.secret is not None:
            row.sealed = self._sealed(row.id, change.secret)
        row.failures = 0
        row.next_at = _first_pull(self.work.clock.now(), change) if change.state is SourceState.active else None
        self._note("change-source", row, by)

    def ask(self, row: SourceRow, *, by: Actor) -> None:
        """Pull now. Raises SourcePaused."""
        if row.state != SourceState.active:
            raise SourcePaused
        self._note("pull-source", row, by)
        self._defer(row)

    def _defer(self, row: SourceRow) -> None:
        self.work.jobs.defer(PULL_TASK, lock=f"ingest/source/{row.id}", source=str(row.id))

    def _note(self, act: str, row: SourceRow, by: Actor) -> None:
        self.work.audit.note(stream=f"ingest/{row.resource}", act=act, by=by, data={"source": str(row.id)})

    def _sealed(self, source: UUID, secret: str | None) -> bytes | None:
        return None if secret is None else self.work.vault.seal(secret, f"ingest/source/{source}")

    async def due(self) -> None:
        """Queue the sources whose time has come."""
        now = self.work.clock.now()
        rows = await self.work.session.scalars(
            select(SourceRow)
            .where(SourceRow.next_at <= now, SourceRow.state == SourceState.active)
            .order_by(SourceRow.next_at)
            .limit(200)
            .with_for_update(skip_locked=True)
        )
        for row in rows:
            row.next_at = next_pull(now, _plan(row), row.failures)
            self._defer(row)

    async def pull(self, source: UUID) -> None:
        """Fetch all of a source, and only then make a batch of it: a source that breaks off leaves nothing behind."""
        row = await self.work.session.get(SourceRow, source)
        if row is None or row.state != SourceState.active:
            return
        await (await self.work.driver()).execute(_PATIENCE)
        with tempfile.TemporaryFile(prefix="pull-") as file:
            fault: Exception | None = None
            read = _Read(await self._read_up_to(row))
            try:
                read.up_to = await self._fetch(row, read.since, file)
                if file.tell() == 0 and read.up_to is None:
                    raise FeedBroken("empty", "数据源返回空内容", "The source answered with nothing")
            except (FeedBroken, *_REFUSED) as broken:
                fault = broken
            # A slow source is waited for without a lock: whoever paused it meanwhile, or changed its plan, is obeyed.
            await self.work.session.refresh(row, with_for_update=True)
            if row.state == SourceState.active:
                await self._end(row, file, read, fault)

    async def _read_up_to(self, row: SourceRow) -> str | None:
        """From where on a source is read: after what is in the data set, not after what a refused batch held."""
        if row.since_next is None or row.last_batch is None:
            return row.since
        batch = await self.work.session.get_one(BatchRow, row.last_batch)
        return row.since_next if batch.state in {BatchState.loaded, BatchState.repeated} else row.since

    async def _end(self, row: SourceRow, file: IO[bytes], read: "_Read", fault: Exception | None) -> None:
        """Make a batch of what was fetched, or say what came between."""
        row.last_at = self.work.clock.now()
        try:
            if fault is not None:
                raise fault
            if file.tell():
                row.last_batch = await self._take_in(row, file)
                row.since, row.since_next = read.since, read.up_to
        except FeedBroken as broken:
            row.last_fault, row.failures = broken.document(), row.failures + 1
            row.next_at = next_pull(row.last_at, _plan(row), row.failures, broken.again_in)
        except _REFUSED as refused:
            zh, en = refused.title
            row.last_fault, row.failures = {"code": refused.slug, "zh": zh, "en": en}, row.failures + 1
        else:
            row.last_fault, row.failures = None, 0
            if row.daily_at is not None:
                row.next_at = next_pull(row.last_at, _plan(row), row.failures)

    async def _fetch(self, row: SourceRow, since: str | None, into: IO[bytes]) -> str | None:
        settings = self.work.settings
        contract, _ = await Ingest(self.work).contract(row.resource)
        secret = None if row.sealed is None else self.work.vault.open(row.sealed, f"ingest/source/{row.id}")
        wanted = Wanted(
            address=row.address, secret=secret, options=row.options, networks=settings.pull_networks,
            known=tuple((item.name, item.title) for item in contract.items), most_bytes=_MOST_BYTES,
            seconds=settings.pull_seconds, since=since,
        )  # fmt: skip
        try:
            async with asyncio.timeout(settings.pull_seconds):
                return await _FEEDS[SourceKind(row.kind)].fetch(wanted, into)
        except TimeoutError:
            raise FeedBroken("too-slow", "数据源在限定时间内没有传完", "The source did not end in time") from None

    async def _take_in(self, row: SourceRow, file: IO[bytes]) -> UUID:
        """The file as a batch of the department that registered the source."""
        ingest = Ingest(self.work)
        hand = Actor(subject="data-hub", kind=ActorKind.service, department=row.department)
        told: dict[str, Any] = {
            name: row.options[name] for name in ("mode", "merge", "format", "encoding", "ignore_unknown", "sheet")
        }
        kind = SourceKind(row.kind)
        told |= {"format": _FORMATS.get(kind, told["format"])}
        if kind is SourceKind.data_hub:
            told["ignore_unknown"] = True
        draft = BatchDraft.model_validate(told)
        batch = await ingest.open(row.resource, draft, by=hand, origin=Origin.pull, source=row.id)
        file.seek(0)
        number = 0
        while content := file.read(_PART):
            number += 1
            digest = await asyncio.to_thread(hashlib.sha256, content)
            await ingest.take(batch, number, content, digest.hexdigest())
        await ingest.complete(batch, by=hand)
        return batch.id


async def sources(work: WorkInRequest) -> Sources:
    """The acts, for a handler."""
    return Sources(work)


SourcesInRequest = Annotated[Sources, Depends(sources)]
