"""Repair at a single window 信用修复, and disputes 异议: applied for by the firm, decided by the source department."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy.exc import IntegrityError

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.credit import repository
from data_hub.credit.domain import (
    DisputeState,
    Kind,
    RecordState,
    RepairState,
    repair_after,
    repair_fault,
)
from data_hub.credit.errors import CreditStateProblem, NotRepairable, UnderWay
from data_hub.credit.models import DisputeRow, RecordRow, RepairRow
from data_hub.credit.schemas import Dispute, DisputeDraft, Repair, RepairDraft
from data_hub.credit.service import Credit


class Repairs:
    """The acts on applications and disputes within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.credit = Credit(work)

    async def apply(self, record: RecordRow, draft: RepairDraft, *, by: Actor) -> Repair:
        """Apply for repair, as the firm's representative. Raises NotTheirs, NotRepairable, UnderWay."""
        await self.credit.need_representative(record.uscc, by)
        period = repository.period_kept(record)
        fault = repair_fault(Kind(record.kind), RecordState(record.state), period, self.credit.today)
        if fault is not None:
            raise NotRepairable.because(fault)
        now = self.work.clock.now()
        row = RepairRow(
            uscc=record.uscc, id=new_id(), record_id=record.id, department=record.department,
            applicant=UUID(by.subject), duties=draft.duties, commitment=draft.commitment, supplements=[],
            state=RepairState.applied.value, applied_at=now, due_at=await self._due("repair"), asked_at=None,
            alarmed_at=None, decided_at=None, decision=None,
        )  # fmt: skip
        await self._insert(row)
        self.credit.note(record, "apply-for-repair", by, repair=str(row.id))
        return Repair.of(row, now)

    async def ask(self, row: RepairRow, text: str, *, by: Actor) -> Repair:
        """Ask the firm for what is missing 补正通知; the clock stands still. Raises CreditStateProblem."""
        self._move(row, "ask", by)
        now = self.work.clock.now()
        row.asked_at, row.due_at = now, None
        row.supplements = [*row.supplements, {"asked": text, "asked_at": now.isoformat()}]
        self.credit.answered("repair", row)
        return Repair.of(row, now)

    async def supplement(self, row: RepairRow, text: str, *, by: Actor) -> Repair:
        """Hand in what was missing; the limit begins anew. Raises NotTheirs, CreditStateProblem."""
        await self.credit.need_representative(row.uscc, by)
        self._move(row, "supplement", by)
        now = self.work.clock.now()
        row.due_at = await self._due("repair")
        row.supplements = [*row.supplements, {"handed_in": text, "at": now.isoformat()}]
        return Repair.of(row, now)

    async def withdraw(self, row: RepairRow, *, by: Actor) -> Repair:
        """Take an application back. Raises NotTheirs, CreditStateProblem."""
        await self.credit.need_representative(row.uscc, by)
        self._move(row, "withdraw", by)
        row.due_at = None
        return Repair.of(row, self.work.clock.now())

    async def decide(self, row: RepairRow, reason: str, *, granted: bool, by: Actor) -> Repair:
        """Grant or refuse. What is granted ends publication, sharing and use, everywhere. Raises CreditStateProblem."""
        self._move(row, "grant" if granted else "refuse", by)
        now = self.work.clock.now()
        row.decided_at, row.decision = now, reason
        if granted:
            record = await self._record(row.uscc, row.record_id)
            await self.credit.end(record, RecordState.repaired, reason, by=by)
        self.credit.answered("repair", row)
        return Repair.of(row, now)

    async def dispute(self, record: RecordRow, draft: DisputeDraft, *, by: Actor) -> Dispute:
        """Dispute a record 提出异议; it is marked until decided. Raises NotTheirs, UnderWay, CreditStateProblem."""
        await self.credit.need_representative(record.uscc, by)
        if record.state == RecordState.disputed:
            raise UnderWay
        if record.state != RecordState.recorded:
            raise CreditStateProblem
        now = self.work.clock.now()
        row = DisputeRow(
            uscc=record.uscc, id=new_id(), record_id=record.id, department=record.department,
            applicant=UUID(by.subject), reason=draft.reason, state=DisputeState.raised.value, raised_at=now,
            due_at=await self._due("dispute"), alarmed_at=None, decided_at=None, decision=None,
        )  # fmt: skip
        await self._insert(row)
        record.state, record.changed_at = RecordState.disputed.value, now
        self.credit.note(record, "dispute", by, dispute=str(row.id))
        return Dispute.of(row, now)

    async def settle(self, row: DisputeRow, reason: str, *, corrected: bool, by: Actor) -> Dispute:
        """Decide a dispute: the record is corrected, or stands. Raises CreditStateProblem, also once it has ended."""
        if row.state != DisputeState.raised:
            raise CreditStateProblem
        now = self.work.clock.now()
        row.state = (DisputeState.corrected if corrected else DisputeState.upheld).value
        row.decided_at, row.decision = now, reason
        record = await self._record(row.uscc, row.record_id)
        if corrected:
            await self.credit.end(record, RecordState.corrected, reason, by=by)
        elif record.state == RecordState.disputed:
            record.state, record.changed_at = RecordState.recorded.value, now
        self.credit.answered("dispute", row)
        self.credit.note(record, "settle-dispute", by, dispute=str(row.id), corrected=corrected)
        return Dispute.of(row, now)

    async def _record(self, uscc: str, record_id: UUID) -> RecordRow:
        row = await repository.record_row(self.work, uscc, record_id, RecordRow.uscc == uscc)
        if row is None:
            raise NotFound
        return row

    async def _due(self, act: str) -> datetime:
        days = await repository.limit_on(self.work, act, self.credit.today)
        return self.work.calendar.add_days(self.work.clock.now(), days)

    async def _insert(self, row: Any) -> None:
        self.work.session.add(row)
        try:
            # The index of open applications decides between two who apply at the same moment.
            await self.work.session.flush()
        except IntegrityError as error:
            raise UnderWay from error

    def _move(self, row: RepairRow, act: str, by: Actor) -> None:
        reached = repair_after(act, RepairState(row.state))
        if reached is None:
            raise CreditStateProblem
        row.state = reached.value
        data = {"record": str(row.record_id), "repair": str(row.id)}
        self.work.audit.note(stream=f"credit/{row.uscc}", act=f"repair-{act}", by=by, data=data)


async def repairs(work: WorkInRequest) -> Repairs:
    """The acts, for a handler."""
    return Repairs(work)


RepairsInRequest = Annotated[Repairs, Depends(repairs)]
