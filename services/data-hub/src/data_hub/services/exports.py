"""Files of rows 数据导出: asked for with a question, made by a job, fetched while the view stands as it stood then."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Depends
from sqlalchemy import delete, func, select

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import Problem, Unavailable
from citykit.vault import Vault
from citykit.work import Opener, Work, WorkInRequest
from data_hub.datasets.sealed import Sealed
from data_hub.datasets.unreadable import Unreadable, told_as_unreadable
from data_hub.services import files, metering
from data_hub.services.compiler import Compiler
from data_hub.services.domain import (
    MOST_EXPORTED,
    MOST_ROWS,
    RESERVED,
    BadQuestion,
    Columns,
    Question,
    SealedColumns,
    question,
)
from data_hub.services.errors import ExportNotReady, ExportTooBig, KeyQuotaUsed, TooCostly
from data_hub.services.file_kinds import ExportFormat, ExportState
from data_hub.services.models import ExportPartRow, ExportRow
from data_hub.services.schemas import Export, ExportDraft
from data_hub.services.service import Rows, columns_of
from data_hub.services.views import View
from data_hub.sharing.service import Evidence, Outcome

TASK = "data-hub.services.make-export"
KEPT_FOR = timedelta(days=3)
PART_BYTES = 1024 * 1024
PATIENCE_MS = 60_000
_OF_PAGES = RESERVED - {"select", "order"}  # a file holds all rows that are found, under the grant of its request


@dataclass(frozen=True)
class Content:
    """A file that may be fetched."""

    media_type: str
    name: str
    size: int
    export_id: UUID
    parts: int

    async def pieces(self, open_work: Opener) -> AsyncIterator[bytes]:
        """The bytes, each piece read in a transaction of its own: the request's ended before the answer begins."""
        for number in range(1, self.parts + 1):
            async with open_work() as work:
                row = await work.session.get(ExportPartRow, (self.export_id, number))
                yield b"" if row is None else await asyncio.to_thread(_opened, work.vault, row)


class Exports:
    """Files of rows within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.rows = Rows(work)

    async def ask(self, code: str, draft: ExportDraft, *, by: Actor) -> Export:
        """Ask for a file. Raises what `Views.of` raises, KeyRefused, QuestionRefused."""
        asker = await self.rows.views.asker(by)
        view = await self.rows.views.of(code, asker, grant=draft.grant_id, action="export.ask")
        asked = await self._read(view, draft.question, "export.ask")
        row = ExportRow(
            id=new_id(), resource=view.code, department=by.department or "",
            grant_id=view.grant.id if view.grant else None, grant_version=None, question=draft.question,
            format=draft.format.value, state=ExportState.asked.value, refusal=None, asked_by=_kept(by),
            asked_at=self.work.clock.now(), made_at=None, kept_until=None, row_count=None, size=None, sha256=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self.work.jobs.defer(TASK, lock=f"services-export/{row.department}", export=str(row.id))
        await self.rows.views.served(view, 0, columns_of(asked), "export.ask", spends=False)
        return Export.of(row)

    async def repeated(self, answer: Export, *, by: Actor) -> None:
        """Put on record that a request was sent again, and answered as before."""
        row = await self.work.session.get(ExportRow, answer.id)
        await Evidence(self.work).repeated(
            resource=answer.resource, grant=None if row is None else row.grant_id, actor=by, action="export.ask"
        )

    async def make(self, export_id: UUID) -> None:
        """Make a file that was asked for, or note why it may not or cannot be made.

        What the database cannot do for the moment comes again; what it says of the rows or the statement does not: the
        file ends, and the next of the department is made.
        """
        row = await self._asked(export_id)
        if row is None:
            return
        resource, grant, actor = row.resource, row.grant_id, _actor(row.asked_by)
        try:
            with told_as_unreadable():
                await self._make(row)
                await self.work.flush()
        except Unavailable:
            raise
        except (Problem, Unreadable) as refused:
            if isinstance(refused, Unreadable):
                await Evidence(self.work).record(
                    resource=resource, grant=grant, actor=actor, action="export.make", outcome=Outcome.refused,
                    code=refused.slug,
                )  # fmt: skip
            # What was done until then may be undone, and its evidence committed: nothing of it may stay, either way.
            await self.work.session.rollback()
            again = await self._asked(export_id)
            if again is not None:
                again.state, again.refusal = ExportState.refused.value, refused.slug[:40]

    async def _asked(self, export_id: UUID) -> ExportRow | None:
        row = await self.work.session.get(ExportRow, export_id, with_for_update=True)
        return row if row is not None and row.state == ExportState.asked.value else None

    async def _make(self, row: ExportRow) -> None:
        asker = await self.rows.views.asker(_actor(row.asked_by))
        view = await self.rows.views.of(row.resource, asker, grant=row.grant_id, action="export.make")
        asked = await self._read(view, row.question, "export.make")
        file = files.File(ExportFormat(row.format), [(field.name, field.type) for field in asked.fields])
        try:
            found = await self._fill(file, view, asked)
        except BadQuestion as fault:
            await self.rows.views.refuse(view, fault, "export.make")
            raise AssertionError("a refusal raises") from fault
        except (TooCostly, ExportTooBig) as refused:
            await self.rows.views.note_refusal(view, refused.slug, "export.make")
            raise
        content = await asyncio.to_thread(file.content)
        await self._keep(row.id, content)
        now = self.work.clock.now()
        row.state, row.made_at, row.kept_until = ExportState.made.value, now, now + KEPT_FOR
        row.row_count, row.size, row.sha256 = found, len(content), hashlib.sha256(content).digest()
        row.grant_version = _version(view)
        await self._count(view, found)
        await self.rows.views.served(view, found, columns_of(asked), "export.make")

    async def _count(self, view: View, found: int) -> None:
        try:
            await metering.count(self.work, view, found)
        except KeyQuotaUsed as refused:
            await self.rows.views.note_refusal(view, refused.slug, "export.make")
            raise

    async def _read(self, view: View, text: str, action: str) -> Question:
        try:
            asked = of_file(text, view.types, view.sealed_columns, view.numbers)
        except BadQuestion as fault:
            await self.rows.views.refuse(view, fault, action)
            raise AssertionError("a refusal raises") from fault
        return replace(asked, limit=MOST_EXPORTED + 1)

    async def _fill(self, file: files.File, view: View, asked: Question) -> int:
        """Write the rows some at a time, all as the table stood at one moment, however large it is."""
        compiler = Compiler(view.dataset.table, view.types, view.policy, view.sealed, view.numbers)
        told = self.rows.views.persons_told(view, columns_of(asked), "数据服务导出 Rows written into a file")
        total: int = 0
        async for rows in self.rows.some(compiler.each(asked), MOST_ROWS, PATIENCE_MS):
            if told is not None:
                await told.note(whose for _, whose in rows)
            total += len(rows)
            if total > MOST_EXPORTED:
                raise ExportTooBig
            await asyncio.to_thread(_add, file, view.sealed, [text for text, _ in rows])
        return total

    async def _keep(self, export_id: UUID, content: bytes) -> None:
        for number, start in enumerate(range(0, len(content), PART_BYTES), 1):
            part, place = content[start : start + PART_BYTES], _place(export_id, number)
            sealed = await asyncio.to_thread(self.work.vault.seal_bytes, part, place)
            self.work.session.add(ExportPartRow(export_id=export_id, number=number, content=sealed, sealed=True))
        await self.work.session.flush()

    async def fetch(self, row: ExportRow, *, by: Actor) -> Content:
        """The content of a file, under the view as it is now. Raises what `Views.of` raises, ExportNotReady."""
        asker = await self.rows.views.asker(by)
        view = await self.rows.views.of(row.resource, asker, grant=row.grant_id, action="export.fetch", spends=False)
        if row.state != ExportState.made.value or row.grant_version != _version(view):
            await self.rows.views.note_refusal(view, ExportNotReady.slug, "export.fetch")
            raise ExportNotReady
        parts = await self.work.session.scalar(
            select(func.count()).select_from(ExportPartRow).where(ExportPartRow.export_id == row.id)
        )
        # The rows were counted against the grant when the file was made.
        await self.rows.views.served(view, row.row_count or 0, tuple(view.types), "export.fetch", spends=False)
        kind = ExportFormat(row.format)
        return Content(files.MEDIA_TYPES[kind], f"{row.resource}.{kind.value}", row.size or 0, row.id, parts or 0)

    async def clear(self) -> None:
        """Take away the content of files that were kept long enough."""
        old = select(ExportRow).where(
            ExportRow.state == ExportState.made.value, ExportRow.kept_until < self.work.clock.now()
        )
        for row in list(await self.work.session.scalars(old.limit(100).with_for_update(skip_locked=True))):
            await self.work.session.execute(delete(ExportPartRow).where(ExportPartRow.export_id == row.id))
            row.state = ExportState.gone.value


def of_file(text: str, columns: Columns, sealed: SealedColumns, numbers: Sequence[str]) -> Question:
    """The question of a file. Raises BadQuestion, also for a word that says which rows of those found are told."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BadQuestion("", "not-text", "查询条件不是 UTF-8 编码", "The question is not in UTF-8") from None
    for name, _ in pairs:
        if name in _OF_PAGES:
            raise BadQuestion(f"?{name}", "not-of-files", f"导出不支持 {name}", f"A file of all rows knows no `{name}`")
    return question(pairs, columns, sealed, numbers)


def _version(view: View) -> int | None:
    """What a file stands and falls with: the version of its grant, or that of an opened resource's description.

    The latter is below zero, so that it is never taken for a grant's. None for files of the department's own rows.
    """
    if view.grant is not None:
        return view.grant.version
    return -view.resource.version if view.opened else None


def _opened(vault: Vault, part: ExportPartRow) -> bytes:
    return vault.open_bytes(part.content, _place(part.export_id, part.number)) if part.sealed else part.content


def _place(export_id: UUID, number: int) -> str:
    return f"services/export/{export_id}/{number}"


def _add(file: files.File, sealed: Sealed, rows: list[str]) -> None:
    file.add(f"[{sealed.opened(','.join(rows))}]")


def _kept(actor: Actor) -> dict[str, Any]:
    names = ("subject", "name", "department", "department_name", "post", "post_name", "on_behalf_of", "client_id")
    return {"kind": actor.kind.value} | {name: getattr(actor, name) for name in names}


def _actor(kept: dict[str, Any]) -> Actor:
    return Actor(**(kept | {"kind": ActorKind(kept["kind"])}))


async def exports(work: WorkInRequest) -> Exports:
    """The acts, for a handler."""
    return Exports(work)


ExportsInRequest = Annotated[Exports, Depends(exports)]
