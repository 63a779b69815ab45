"""Batch files 批量文件: asked for under a grant, made by a job, fetched while the grant stands as it stood then."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from psycopg import AsyncConnection, sql
from sqlalchemy import delete, func, select

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import Problem, Unavailable
from citykit.work import Opener, Work, WorkInRequest
from data_hub.datasets import safe_csv
from data_hub.datasets.unreadable import Unreadable, told_as_unreadable
from data_hub.person_reads.service import PersonReads
from data_hub.sharing.domain import Delivery, DeliveryFormat, FileState, Outcome
from data_hub.sharing.errors import FileNotReady, NotGranted
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.grants import Grants
from data_hub.sharing.models import FileChunkRow, FileRow, GrantRow
from data_hub.sharing.policy import Grant
from data_hub.sharing.rows import Seen, persons_told, rows_on_record, rows_under

TASK = "data-hub.sharing.make-file"
KEPT_FOR = timedelta(days=7)
ROWS_AT_ONCE = 5_000
CHUNK_BYTES = 1024 * 1024
MOST_BYTES = 1024 * 1024 * 1024


class TooBig(Exception):
    """The file would be larger than a file may be."""

    slug = "file-too-big"


@dataclass(frozen=True)
class Content:
    """A file that may be fetched: its type, its length, and its bytes piece by piece."""

    media_type: str
    name: str
    size: int
    file_id: UUID
    chunks: int

    async def pieces(self, open_work: Opener) -> AsyncIterator[bytes]:
        """The bytes, each piece read in a transaction of its own: the request's ended before the answer begins."""
        for number in range(1, self.chunks + 1):
            async with open_work() as work:
                yield await _chunk(work, self.file_id, number)


class Files:
    """Batch files within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def ask(self, held: GrantRow, kind: DeliveryFormat, *, by: Actor) -> FileRow:
        """Ask for a file. Raises NotGranted, QuotaUsed, NoRows, NothingToShare, BadRowFilter."""
        grant = await Grants(self._work).policy(
            held.resource, actor=by, delivery=Delivery.file, grant=held.id, action="file.ask"
        )
        await rows_on_record(self._work, grant, actor=by, action="file.ask")
        row = FileRow(
            id=new_id(), grant_id=grant.id, department=grant.department, format=kind.value,
            state=FileState.asked.value, asked_by=_kept(by), asked_at=self._work.clock.now(), made_at=None,
            grant_version=None, row_count=None, size=None, sha256=None, refusal=None, kept_until=None,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        self._work.jobs.defer(TASK, lock=f"sharing-file/{grant.id}", file=str(row.id))
        await self._record(grant, by, "file.ask", 0, grant.columns)
        return row

    async def make(self, file_id: UUID) -> None:
        """Make a file that was asked for, or note why it may not or cannot be made.

        What the database cannot do for the moment comes again; what it says of the rows or the statement does not: the
        file ends, and the next of the grant is made.
        """
        row = await self._work.session.get(FileRow, file_id, with_for_update=True)
        if row is None or row.state != FileState.asked.value:
            return
        held = await self._work.session.get_one(GrantRow, row.grant_id)
        actor, resource, grant = _actor(row.asked_by), held.resource, held.id
        try:
            with told_as_unreadable():
                await self._make(row, resource, actor)
                await self._work.flush()
        except Unavailable:
            raise
        except (Problem, TooBig, Unreadable) as refused:
            # A refusal by the policy is on record, and what was done until then undone: the row is fetched anew.
            if not isinstance(refused, NotGranted):
                await self._refuse(resource, grant, actor, refused.slug)
            row = await self._work.session.get_one(FileRow, file_id, with_for_update=True)
            row.state = FileState.refused.value
            row.refusal = refused.why.value if isinstance(refused, NotGranted) else refused.slug[:24]

    async def _make(self, row: FileRow, resource: str, actor: Actor) -> None:
        policy = Grants(self._work)
        grant = await policy.policy(
            resource, actor=actor, delivery=Delivery.file, grant=row.grant_id, action="file.make"
        )
        seen = await rows_under(self._work, grant)
        told = persons_told(self._work, grant, seen, actor=actor, action="共享文件 Rows written into a shared file")
        count, size, digest = await self._write(row.id, seen, DeliveryFormat(row.format), told)
        await policy.charge(grant, count, actor=actor, action="file.make")
        now = self._work.clock.now()
        row.state, row.made_at, row.kept_until = FileState.made.value, now, now + KEPT_FOR
        row.grant_version, row.row_count, row.size, row.sha256 = grant.version, count, size, digest
        await self._record(grant, actor, "file.make", count, seen.names)

    async def _write(
        self, file_id: UUID, seen: Seen, kind: DeliveryFormat, told: PersonReads
    ) -> tuple[int, int, bytes]:  # fmt: skip
        """Write the rows in chunks beside the file; how many rows and bytes, and their SHA-256."""
        connection, digest = await self._work.driver(), hashlib.sha256()
        number, size, count, waiting = 0, 0, 0, bytearray()
        async for rows, piece in _pieces(connection, seen, kind, told):
            waiting += piece
            count += rows
            if len(waiting) >= CHUNK_BYTES:
                size, number = size + len(waiting), number + 1
                await _keep(self._work, file_id, number, bytes(waiting), digest.update)
                waiting.clear()
            if size > MOST_BYTES:
                raise TooBig
        if waiting:
            size, number = size + len(waiting), number + 1
            await _keep(self._work, file_id, number, bytes(waiting), digest.update)
        return count, size, digest.digest()

    async def fetch(self, row: FileRow, held: GrantRow, *, by: Actor) -> Content:
        """The content of a file, under the grant as it is now: a change since makes the file one of the past.

        So does the end of the resource or of its being shared, at once. Raises NotGranted, QuotaUsed; NoRows (404);
        FileNotReady (409).
        """
        grant = await Grants(self._work).policy(
            held.resource, actor=by, delivery=Delivery.file, grant=held.id, action="file.fetch", spends=False
        )
        await rows_on_record(self._work, grant, actor=by, action="file.fetch")
        if row.state != FileState.made.value:
            await self._refuse(grant.resource, grant.id, by, "file-not-ready", action="file.fetch")
            raise FileNotReady
        if row.grant_version != grant.version:
            zh, en = "授权已变更,请重新申请生成文件", "The grant has changed since: ask for the file anew"
            await self._refuse(grant.resource, grant.id, by, "file-outdated", action="file.fetch")
            raise FileNotReady((zh, en))
        await self._record(grant, by, "file.fetch", row.row_count or 0, grant.columns)
        counted = select(func.count()).where(FileChunkRow.file_id == row.id)
        chunks = await self._work.session.scalar(counted) or 0
        media_type = "text/csv; charset=utf-8" if row.format == DeliveryFormat.csv.value else "application/x-ndjson"
        return Content(media_type, f"{grant.resource}-{row.id}.{row.format}", row.size or 0, row.id, chunks)

    async def clear(self) -> int:
        """Take away the content of files that were kept long enough, or whose grant has run out; how many."""
        now = self._work.clock.now()
        old = select(FileRow).join(GrantRow, GrantRow.id == FileRow.grant_id).where(
            FileRow.state == FileState.made.value,
            (FileRow.kept_until < now) | (GrantRow.valid_until < now) | (GrantRow.state == "revoked"),
        )  # fmt: skip
        found = list(await self._work.session.scalars(old.limit(100).with_for_update(of=FileRow, skip_locked=True)))
        for row in found:
            await self._work.session.execute(delete(FileChunkRow).where(FileChunkRow.file_id == row.id))
            row.state = FileState.gone.value
        return len(found)

    async def _record(self, grant: Grant, actor: Actor, action: str, rows: int, columns: Sequence[str]) -> None:
        await Evidence(self._work).record(
            resource=grant.resource, grant=grant, actor=actor, action=action, outcome=Outcome.served, rows=rows,
            columns=columns,
        )  # fmt: skip

    async def _refuse(
        self, resource: str, grant: UUID, actor: Actor, code: str, *, action: str = "file.make"
    ) -> None:  # fmt: skip
        await Evidence(self._work).record(
            resource=resource, grant=grant, actor=actor, action=action, outcome=Outcome.refused, code=code
        )


async def _pieces(
    connection: AsyncConnection[Any], seen: Seen, kind: DeliveryFormat, told: PersonReads
) -> AsyncIterator[tuple[int, bytes]]:  # fmt: skip
    """The rows of a file as bytes, some thousand rows at a time."""
    text, values = seen.as_texts() if kind is DeliveryFormat.csv else seen.as_documents()
    if kind is DeliveryFormat.csv:
        yield 0, safe_csv.header(seen.columns).encode()
    async with connection.cursor(name="sharing_file") as cursor:
        await cursor.execute(text, values)
        while rows := await cursor.fetchmany(ROWS_AT_ONCE):
            await told.note(whose for whose, *_ in rows)
            yield len(rows), await asyncio.to_thread(_bytes, [row[1:] for row in rows], seen, kind)


def _bytes(rows: list[tuple[Any, ...]], seen: Seen, kind: DeliveryFormat) -> bytes:
    if kind is DeliveryFormat.csv:
        opened = [tuple(seen.sealed.text(one) for one in row) for row in rows] if seen.sealed else rows
        return safe_csv.lines(opened, seen.columns).encode()
    return seen.sealed.opened("".join(f"{document}\n" for (document,) in rows)).encode()


_KEEP = sql.SQL("insert into sharing_file_chunk (file_id, number, content, sealed) values (%s, %s, %s, true)")


async def _keep(work: Work, file_id: UUID, number: int, content: bytes, digest: Callable[[bytes], None]) -> None:
    await asyncio.to_thread(digest, content)
    sealed = await asyncio.to_thread(work.vault.seal_bytes, content, _place(file_id, number))
    await (await work.driver()).execute(_KEEP, (file_id, number, sealed))


async def _chunk(work: Work, file_id: UUID, number: int) -> bytes:
    statement = "select content, sealed from sharing_file_chunk where file_id = %s and number = %s"
    row = await (await (await work.driver()).execute(statement, (file_id, number), binary=True)).fetchone()
    if row is None or not row[1]:
        return b"" if row is None else bytes(row[0])
    return await asyncio.to_thread(work.vault.open_bytes, bytes(row[0]), _place(file_id, number))


def _place(file_id: UUID, number: int) -> str:
    return f"sharing/file/{file_id}/{number}"


def _kept(actor: Actor) -> dict[str, Any]:
    names = ("subject", "name", "department", "department_name", "post", "post_name", "on_behalf_of", "client_id")
    return {"kind": actor.kind.value} | {name: getattr(actor, name) for name in names}


def _actor(kept: dict[str, Any]) -> Actor:
    return Actor(**(kept | {"kind": ActorKind(kept["kind"])}))


async def files(work: WorkInRequest) -> Files:
    """The batch files of this request's transaction."""
    return Files(work)


FilesInRequest = Annotated[Files, Depends(files)]
