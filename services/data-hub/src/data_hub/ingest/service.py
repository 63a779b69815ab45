"""The acts on batches: open, take parts, complete, replay."""

import asyncio
import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import FieldError, TooLarge
from citykit.work import Work, WorkInRequest
from data_hub.datasets.errors import NoDataset
from data_hub.datasets.service import Dataset, Datasets
from data_hub.ingest import repository
from data_hub.ingest.contract import Contract
from data_hub.ingest.domain import (
    COMPLETABLE,
    MOST_PARTS,
    REPLAYABLE,
    BatchState,
    Merge,
    Origin,
    RowState,
    whole,
)
from data_hub.ingest.errors import (
    BadDeclaration,
    BatchDiffers,
    BatchStateProblem,
    NoSuchBatch,
    NotTheSource,
    PartProblem,
)
from data_hub.ingest.limits import Limits
from data_hub.ingest.models import BatchRow, PartRow
from data_hub.ingest.parts import kept
from data_hub.ingest.quarantine import Quarantine
from data_hub.ingest.schemas import BatchDraft, Part
from data_hub.resources.domain import has_own_rows
from data_hub.resources.schemas import Resource
from data_hub.resources.service import Resources

LOAD_TASK = "data-hub.ingest.load"
REPLAY_TASK = "data-hub.ingest.replay"


class Ingest:
    """The acts on batches within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def contract(self, resource: str) -> tuple[Contract, Dataset]:
        """What rows of a resource must be, and where they go. Raises NoResource, NoDataset."""
        described, dataset = await self._described(resource)
        return Contract.of(described, dataset.shape), dataset

    async def _described(self, resource: str) -> tuple[Resource, Dataset]:
        """A resource with rows of its own; one that came to be described as files has none any more."""
        described = await Resources(self.work).need(resource)
        if not has_own_rows(described.code, described.format, described.items):
            raise NoDataset
        return described, await Datasets(self.work).need(resource)

    async def allowed(self, resource: str, merge: Merge, *, by: Actor) -> None:
        """Whether a department may bring rows of a resource in this way.

        Raises NoResource, NoDataset, NotTheSource, BadDeclaration.
        """
        await self._contract_for(resource, BatchDraft(merge=merge), by)

    async def _contract_for(self, resource: str, draft: BatchDraft, by: Actor) -> Contract:
        described, dataset = await self._described(resource)
        if by.department is None or by.department != described.source_department:
            raise NotTheSource
        await self._fits(resource, draft, dataset)
        return Contract.of(described, dataset.shape)

    async def open(
        self, resource: str, draft: BatchDraft, *, by: Actor, origin: Origin = Origin.push, source: UUID | None = None
    ) -> BatchRow:
        """Open a batch, or find the one of that id. Raises NotTheSource, BatchDiffers, BadDeclaration."""
        contract = await self._contract_for(resource, draft, by)
        values: dict[str, Any] = {
            "id": draft.id or new_id(), "resource": resource, "department": by.department, "origin": origin.value,
            "source": source, "corrects": draft.corrects, "mode": draft.mode.value, "merge": draft.merge.value,
            "format": draft.format.value, "expected_sha256": draft.sha256, "size": 0, "state": BatchState.open.value,
            "sealed": contract.is_sensitive,
            "options": {"encoding": draft.encoding.value, "ignore_unknown": draft.ignore_unknown,
                        "sheet": draft.sheet},
            "parsed": 0, "accepted": 0, "quarantined": 0, "inserted": 0, "changed": 0, "converted": {},
            "opened_by": by.reference, "opened_at": self.work.clock.now(),
        }  # fmt: skip
        made = insert(BatchRow).values(values).on_conflict_do_nothing().returning(BatchRow)
        row = (await self.work.session.scalars(made)).one_or_none()
        if row is not None:
            note = {"batch": str(row.id), "mode": row.mode, "merge": row.merge, "format": row.format}
            self.work.audit.note(stream=f"ingest/{resource}", act="open", by=by, data=note)
            return row
        known = await self.work.session.scalar(select(BatchRow).where(BatchRow.id == values["id"]))
        same = ("resource", "department", "mode", "merge", "format", "expected_sha256", "options", "corrects")
        if known is None or any(getattr(known, name) != values[name] for name in same):
            raise BatchDiffers
        return known

    async def _fits(self, resource: str, draft: BatchDraft, dataset: Dataset) -> None:
        errors = []
        if draft.merge is Merge.merge and not dataset.shape.key:
            message = "该资源没有主键，不能合并 The resource has no key: append or replace"
            errors.append(FieldError(pointer="/body/merge", code="no-key", message=message))
        if draft.corrects is not None:
            corrected = await self.work.session.get(BatchRow, draft.corrects)
            if corrected is None or corrected.resource != resource:
                message = "没有该批次 There is no such batch"
                errors.append(FieldError(pointer="/body/corrects", code="no-such-batch", message=message))
        if errors:
            raise BadDeclaration(errors=errors)

    async def take(self, batch: BatchRow, number: int, content: bytes, sha256: str) -> Part:
        """Take a part; the same again changes nothing. Raises BatchStateProblem, PartProblem."""
        if batch.state != BatchState.open:
            raise BatchStateProblem
        digest = hashlib.sha256() if not content else await asyncio.to_thread(hashlib.sha256, content)
        if digest.hexdigest() != sha256 or not content or number > MOST_PARTS:
            raise PartProblem(("分片为空或 SHA-256 不符", "The part is empty, or its SHA-256 is another"))
        if batch.size + len(content) > Limits().most_bytes:
            raise TooLarge
        at_rest = await kept(self.work.vault, batch.id, number, content, sealed=batch.sealed)
        values = {"batch": batch.id, "number": number, "sha256": sha256, "size": len(content), "content": at_rest}
        statement = insert(PartRow).values(values)
        await self.work.session.execute(
            statement.on_conflict_do_update(
                index_elements=["batch", "number"],
                set_={name: values[name] for name in ("sha256", "size", "content")},
                where=PartRow.sha256 != sha256,
            )
        )
        batch.size = (await repository.parts(self.work, batch.id)).received
        return Part(number=number, sha256=sha256, size=len(content))

    async def complete(self, batch: BatchRow, *, by: Actor) -> BatchRow:
        """Queue a batch whose parts are here; one that is on its way stays so. Raises PartProblem."""
        if batch.state not in COMPLETABLE:
            return batch
        here = await repository.parts(self.work, batch.id)
        if not whole([part.number for part in here.items]):
            raise PartProblem(("分片不完整", "Parts are missing: they are numbered from 1 without a gap"))
        # A batch that failed keeps its place among the others: it was brought when it was brought.
        batch.completed_at = batch.completed_at or self.work.clock.now()
        batch.state, batch.finished_at, batch.fault = BatchState.queued.value, None, None
        self.work.audit.note(stream=f"ingest/{batch.resource}", act="complete", by=by, data={"batch": str(batch.id)})
        self.work.jobs.defer(LOAD_TASK, lock=f"ingest/{batch.resource}", batch=str(batch.id))
        return batch

    async def upload(self, resource: str, draft: BatchDraft, content: bytes, *, by: Actor) -> BatchRow:
        """A batch in one act; the same again changes nothing."""
        batch = await self.open(resource, draft, by=by)
        digest = await asyncio.to_thread(hashlib.sha256, content)
        if batch.state == BatchState.open:
            await self.take(batch, 1, content, digest.hexdigest())
            return await self.complete(batch, by=by)
        here = await repository.parts(self.work, batch.id)
        if [part.sha256 for part in here.items] not in ([digest.hexdigest()], []):
            raise BatchDiffers
        return batch

    async def replay(self, batch: BatchRow, *, by: Actor) -> BatchRow:
        """Queue the mended rows of a batch. Raises BatchStateProblem where none was mended."""
        if batch.state not in REPLAYABLE or (batch.state == BatchState.refused and batch.quarantined == 0):
            raise BatchStateProblem
        whole_again = batch.state == BatchState.refused
        settled = (RowState.mended, RowState.discarded) if whole_again else (RowState.mended,)
        if not await Quarantine(self.work).of_batch(batch.id, *settled):
            raise BatchStateProblem(("没有已修正的行", "No row is mended"))
        task = LOAD_TASK if whole_again else REPLAY_TASK
        batch.state = BatchState.queued.value
        self.work.audit.note(stream=f"ingest/{batch.resource}", act="replay", by=by, data={"batch": str(batch.id)})
        self.work.jobs.defer(task, lock=f"ingest/{batch.resource}", batch=str(batch.id))
        return batch

    async def locked(self, batch: UUID) -> BatchRow:
        """A batch to act on. Raises NoSuchBatch."""
        row = await self.work.session.scalar(select(BatchRow).where(BatchRow.id == batch).with_for_update())
        if row is None:
            raise NoSuchBatch
        return row


async def ingest(work: WorkInRequest) -> Ingest:
    """The acts, for a handler."""
    return Ingest(work)


IngestInRequest = Annotated[Ingest, Depends(ingest)]
