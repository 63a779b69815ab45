"""Files of rows 数据导出: asked for with a question, made by a job, fetched while the view stands as it stood then."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Depends
from sqlalchemy import delete, func, select

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.problems import Problem
from citykit.work import Opener, Work, WorkInRequest
from data_hub.services import files, metering
from data_hub.services.compiler import Compiler
from data_hub.services.domain import (
    MOST_EXPORTED,
    MOST_ROWS,
    BadQuestion,
    ExportFormat,
    ExportState,
    Question,
    question,
)
from data_hub.services.errors import ExportNotReady, ExportTooBig
from data_hub.services.models import ExportPartRow, ExportRow
from data_hub.services.schemas import Export, ExportDraft
from data_hub.services.service import Rows, columns_of
from data_hub.services.views import Asker, View

TASK = "data-hub.services.make-export"
KEPT_FOR = timedelta(days=3)
PART_BYTES = 1024 * 1024
PATIENCE_MS = 60_000


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
                yield b"" if row is None else row.content


class Exports:
    """Files of rows within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.rows = Rows(work)

    async def ask(self, code: str, draft: ExportDraft, *, by: Actor) -> Export:
        """Ask for a file. Raises what `Views.of` raises, QuestionRefused."""
        view = await self.rows.views.of(code, Asker(by), grant=draft.grant_id, action="export.ask")
        await self._read(view, draft.question, "export.ask")
        row = ExportRow(
            id=new_id(), resource=view.code, department=by.department or "",
            grant_id=view.grant.id if view.grant else None, grant_version=None, question=draft.question,
            format=draft.format.value, state=ExportState.asked.value, refusal=None, asked_by=_kept(by),
            asked_at=self.work.clock.now(), made_at=None, kept_until=None, row_count=None, size=None, sha256=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self.work.jobs.defer(TASK, lock=f"services-export/{row.department}", export=str(row.id))
        return Export.of(row)

    async def make(self, export_id: UUID) -> None:
        """Make a file that was asked for, or note why it may not be made."""
        row = await self._asked(export_id)
        if row is None:
            return
        try:
            await self._make(row)
        except Problem as refused:
            # What was done until then may be undone, and its evidence committed: nothing of it may stay, either way.
            await self.work.session.rollback()
            again = await self._asked(export_id)
            if again is not None:
                again.state, again.refusal = ExportState.refused.value, refused.slug[:40]

    async def _asked(self, export_id: UUID) -> ExportRow | None:
        row = await self.work.session.get(ExportRow, export_id, with_for_update=True)
        return row if row is not None and row.state == ExportState.asked.value else None

    async def _make(self, row: ExportRow) -> None:
        asker = Asker(_actor(row.asked_by))
        view = await self.rows.views.of(row.resource, asker, grant=row.grant_id, action="export.make")
        asked = await self._read(view, row.question, "export.make")
        file = files.File(ExportFormat(row.format), [(field.name, field.type) for field in asked.fields])
        found = await self._fill(file, view, asked)
        content = await asyncio.to_thread(file.content)
        await self._keep(row.id, content)
        now = self.work.clock.now()
        row.state, row.made_at, row.kept_until = ExportState.made.value, now, now + KEPT_FOR
        row.row_count, row.size, row.sha256 = found, len(content), hashlib.sha256(content).digest()
        row.grant_version = view.grant.version if view.grant else None
        await metering.count(self.work, view, found)
        await self.rows.views.served(view, found, columns_of(asked), "export.make")

    async def _read(self, view: View, text: str, action: str) -> Question:
        try:
            asked = question(parse_qsl(text, keep_blank_values=True), view.types, view.numbers)
        except BadQuestion as fault:
            await self.rows.views.refuse(view, fault, action)
            raise AssertionError("a refusal raises") from fault
        return replace(asked, limit=MOST_ROWS, after=None, counted=False)

    async def _fill(self, file: files.File, view: View, asked: Question) -> int:
        """Write page after page; each begins after the last row of the one before, so the table may be any size."""
        compiler = Compiler(view.dataset.table, view.types, view.policy, view.numbers)
        told = self.rows.views.persons_told(view, columns_of(asked), "数据服务导出 Rows written into a file")
        total: int = 0
        while True:
            items, found, last, whose = await self.rows.one(compiler.page(asked), PATIENCE_MS)
            if told is not None:
                await told.note(whose or ())
            total += min(found, MOST_ROWS)
            if total > MOST_EXPORTED:
                raise ExportTooBig
            await asyncio.to_thread(file.add, f"[{items}]")
            if found <= MOST_ROWS:
                return total
            asked = replace(asked, after=compiler.cursor(asked, last))

    async def _keep(self, export_id: UUID, content: bytes) -> None:
        for number, start in enumerate(range(0, len(content), PART_BYTES), 1):
            part = content[start : start + PART_BYTES]
            self.work.session.add(ExportPartRow(export_id=export_id, number=number, content=part))
        await self.work.session.flush()

    async def fetch(self, row: ExportRow, *, by: Actor) -> Content:
        """The content of a file, under the view as it is now. Raises what `Views.of` raises, ExportNotReady."""
        view = await self.rows.views.of(
            row.resource, Asker(by), grant=row.grant_id, action="export.fetch", spends=False
        )
        version = view.grant.version if view.grant else None
        if row.state != ExportState.made.value or row.grant_version != version:
            raise ExportNotReady
        parts = await self.work.session.scalar(
            select(func.count()).select_from(ExportPartRow).where(ExportPartRow.export_id == row.id)
        )
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


def _kept(actor: Actor) -> dict[str, Any]:
    names = ("subject", "department", "on_behalf_of", "client_id")
    return {"kind": actor.kind.value} | {name: getattr(actor, name) for name in names}


def _actor(kept: dict[str, Any]) -> Actor:
    return Actor(**(kept | {"kind": ActorKind(kept["kind"])}))


async def exports(work: WorkInRequest) -> Exports:
    """The acts, for a handler."""
    return Exports(work)


ExportsInRequest = Annotated[Exports, Depends(exports)]
