"""The acts on credit records: take one, correct it, lift it for a time, deliver it, and call it back from all."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.identifiers import gb11643
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.credit import repository
from data_hub.credit.domain import (
    EARLIEST_DOCUMENT,
    ENDED,
    RESOURCE,
    DisputeState,
    Kind,
    RecordState,
    RepairState,
    counts,
    period_of,
    period_of_validity,
    term_on,
    validity_fault,
)
from data_hub.credit.errors import (
    CreditStateProblem,
    NoPersonalScores,
    NotTheirs,
    NotWithdrawable,
    RecordExists,
    RecordFault,
    UnknownFirm,
)
from data_hub.credit.events import CreditAnswered, CreditEnded, CreditRecorded
from data_hub.credit.models import DeliveryRow, DisputeRow, RecallRow, RecordRow, RepairRow
from data_hub.credit.schemas import Firm, Lift, Record, RecordDraft
from data_hub.organisations import called
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.sharing.service import NoticeKind, Recipients

LONGEST_LIFT = timedelta(days=3 * 366)
WRONG = {
    "severity": "失信信息须有严重程度，其他信息没有 for penalties, and only for them",
    "future": "不得晚于今日 lies in the future",
    "early": "不得早于1949年10月1日 before the first of October 1949",
    "kind": "失信信息按公示期，没有有效期 a penalty has a period, and no validity",
    "range": "须在文书日期之后、一百年之内 from the day of the document on, within a hundred years",
}


class Credit:
    """The acts on credit records within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self.work.clock.now().astimezone(CHINA).date()

    async def name_of(self, uscc: str) -> str:
        """The name of a legal entity. Raises UnknownFirm, NoPersonalScores for the number of a citizen."""
        name, _ = await self._firm(uscc)
        return name

    async def _firm(self, uscc: str) -> tuple[str, UUID | None]:
        """The name of a legal entity, and who represents it. Raises as `name_of`."""
        entity = await LegalEntities(self.work).find(uscc)
        if entity is None:
            raise NoPersonalScores if gb11643.valid(uscc) else UnknownFirm
        return entity.name, entity.legal_representative

    async def need_representative(self, uscc: str, actor: Actor) -> None:
        """Raise NotTheirs unless the actor represents the firm today; UnknownFirm where there is none."""
        entities = LegalEntities(self.work)
        entity = await entities.find(uscc)
        if entity is None:
            raise UnknownFirm
        if actor.person is None or not (await entities.represents(entity, UUID(actor.person))).represents:
            raise NotTheirs

    async def record(self, draft: RecordDraft, *, by: Actor) -> Record:
        """Take a record of the actor's department.

        Raises UnknownFirm, RecordFault, RecordExists for a document that is on record already.
        """
        _, representative = await self._firm(draft.uscc)
        values: dict[str, Any] = draft.model_dump(exclude={"valid_until"}) | self._kinds(draft)
        now = self.work.clock.now()
        values |= {
            "id": new_id(), "department": by.department, "department_name": called(by, draft.department_name),
            "state": RecordState.recorded.value, "recorded_at": now, "changed_at": now,
        }  # fmt: skip
        values |= await self._periods(draft)
        statement = insert(RecordRow).values(values).on_conflict_do_nothing().returning(RecordRow)
        row = (await self.work.session.scalars(statement)).one_or_none()
        if row is None:
            raise RecordExists
        self.note(row, "record", by)
        event = CreditRecorded(
            uscc=row.uscc, record_id=row.id, kind=row.kind, severity=row.severity,
            published_until=row.published_until, recorded_at=now, representative=representative,
        )  # fmt: skip
        self.work.events.record(event, subject=row.uscc)
        return repository.shown(row, self.today)

    def _kinds(self, draft: RecordDraft) -> dict[str, Any]:
        wrong = []
        if (draft.kind is Kind.penalty) != (draft.severity is not None):
            wrong.append(("severity", "severity"))
        if not EARLIEST_DOCUMENT <= draft.document_date <= self.today:
            wrong.append(("document_date", "future" if draft.document_date > self.today else "early"))
        elif fault := validity_fault(draft.kind, draft.document_date, draft.valid_until):
            wrong.append(("valid_until", fault))
        if wrong:
            raise RecordFault(
                errors=[FieldError(pointer=f"/body/{at}", code=code, message=WRONG[code]) for at, code in wrong]
            )
        return {"kind": draft.kind.value, "severity": draft.severity.value if draft.severity else None}

    async def _periods(self, draft: RecordDraft) -> dict[str, Any]:
        if draft.severity is not None:
            term = term_on(await repository.terms(self.work), draft.severity, self.today)
            period = period_of(term, draft.document_date)
        elif draft.valid_until is not None:
            period = period_of_validity(draft.valid_until)
        else:
            return {"repairable_from": None, "published_until": None, "published": True}
        return {
            "repairable_from": period.repairable_from, "published_until": period.published_until,
            "published": period.published,
        }  # fmt: skip

    async def lift(self, row: RecordRow, lift: Lift, *, by: Actor) -> Record:
        """Let publication stand still for a time 暂停公示. Raises RecordFault, CreditStateProblem."""
        if not self.today < lift.until <= self.today + LONGEST_LIFT:
            wrong = FieldError(pointer="/body/until", code="range", message="after today, at most three years on")
            raise RecordFault(errors=[wrong])
        if row.state in ENDED:
            raise CreditStateProblem
        row.lifted_until, row.lift_reason, row.changed_at = lift.until, lift.reason, self.work.clock.now()
        self.note(row, "lift", by, until=str(lift.until))
        return repository.shown(row, self.today)

    async def correct(self, row: RecordRow, reason: str, *, by: Actor) -> Record:
        """Declare a record wrong 更正: it counts for nothing any more and is called back. Raises CreditStateProblem.

        Whoever disputed it has her answer with that.
        """
        await self.end(row, RecordState.corrected, reason, by=by)
        return repository.shown(row, self.today)

    async def withdraw(self, row: RecordRow, reason: str, *, by: Actor) -> Record:
        """End an honour or basic information that was right and holds no more 撤销、失效; it is called back.

        Raises NotWithdrawable for a penalty, CreditStateProblem.
        """
        if row.kind == Kind.penalty:
            raise NotWithdrawable
        await self.end(row, RecordState.withdrawn, reason, by=by)
        return repository.shown(row, self.today)

    def answered(self, matter: str, row: RepairRow | DisputeRow) -> None:
        """Tell whoever handed an application or a dispute in, wherever she reads her messages."""
        event = CreditAnswered(
            matter=matter, matter_id=row.id, uscc=row.uscc, applicant=row.applicant, outcome=row.state,
            answered_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.events.record(event, subject=str(row.id))

    async def end(self, row: RecordRow, state: RecordState, reason: str, *, by: Actor) -> None:
        """End publication, sharing and use of a locked record, and call it back from everyone who received it.

        It ends once, and with it what was under way about it. Raises CreditStateProblem.
        """
        if row.state in ENDED:
            raise CreditStateProblem
        now = self.work.clock.now()
        row.state, row.state_reason, row.changed_at = state.value, reason, now
        await self.work.session.flush()
        await self._close(row, state, reason, by=by)
        deadline = self.work.calendar.add_days(now, await repository.limit_on(self.work, "recall", self.today))
        told = await self._recall(row, state, deadline)
        note = ("信用信息已停止公示、共享和使用,请删除", "A credit record has ended: delete it and use it no more")
        await Recipients(self.work).tell(
            RESOURCE, kind=NoticeKind.recall, subject=f"{row.uscc}/{row.id}", note=note, acknowledge_by=deadline,
            data={"uscc": row.uscc, "record_id": str(row.id), "why": state.value},
        )  # fmt: skip
        event = CreditEnded(uscc=row.uscc, record_id=row.id, why=state.value, ended_at=now)
        self.work.events.record(event, subject=row.uscc)
        self.note(row, "end", by, why=state.value, recalled_from=told)

    async def _close(self, row: RecordRow, state: RecordState, reason: str, *, by: Actor) -> None:
        """Answer who disputed the record or applied for its repair, unless that is what ended it."""
        now = self.work.clock.now()
        dispute, repair = await repository.open_dispute(self.work, row), await repository.open_repair(self.work, row)
        if dispute is not None:
            right = state is RecordState.corrected
            dispute.state = (DisputeState.corrected if right else DisputeState.closed).value
            dispute.decided_at, dispute.decision = now, reason
            self.answered("dispute", dispute)
            self.note(row, "close-dispute", by, dispute=str(dispute.id), why=state.value)
        if repair is not None:
            repair.state, repair.due_at = RepairState.closed.value, None
            repair.decided_at, repair.decision = now, reason
            self.answered("repair", repair)
            self.note(row, "close-repair", by, repair=str(repair.id), why=state.value)

    async def _recall(self, row: RecordRow, state: RecordState, deadline: datetime) -> list[str]:
        received = select(DeliveryRow.department).where(
            DeliveryRow.uscc == row.uscc, DeliveryRow.record_id == row.id, DeliveryRow.department != row.department
        )
        departments = sorted(await self.work.session.scalars(received))
        now = self.work.clock.now()
        if departments:
            values = [
                {"uscc": row.uscc, "record_id": row.id, "department": department, "why": state.value, "told_at": now,
                 "acknowledge_by": deadline}
                for department in departments
            ]  # fmt: skip
            await self.work.session.execute(insert(RecallRow).values(values).on_conflict_do_nothing())
        return departments

    async def acknowledge(self, row: RecallRow, note: str, *, by: Actor) -> RecallRow:
        """Say that a recalled record was deleted. Raises CreditStateProblem where that was said before."""
        if row.acknowledged_at is not None:
            raise CreditStateProblem
        row.acknowledged_at, row.note = self.work.clock.now(), note
        data = {"record": str(row.record_id), "department": row.department}
        self.work.audit.note(stream=f"credit/{row.uscc}", act="acknowledge-recall", by=by, data=data)
        return row

    async def public_face(self, uscc: str) -> Firm:
        """What everybody may see of a firm today. Raises UnknownFirm."""
        name = await self.name_of(uscc)
        found = [repository.shown(row, self.today) for row in await self._records(uscc)]
        return Firm(uscc=uscc, name=name, as_of=self.today, records=[record for record in found if record.public])

    async def own_face(self, uscc: str, *, by: Actor) -> Firm:
        """Everything on record about the firm that the actor represents. Raises UnknownFirm, NotTheirs."""
        await self.need_representative(uscc, by)
        found = [repository.shown(row, self.today) for row in await self._records(uscc)]
        return Firm(uscc=uscc, name=await self.name_of(uscc), as_of=self.today, records=found)

    async def _records(self, uscc: str, *, kept: bool = False) -> list[RecordRow]:
        """Everything on record about a firm, by whichever of its codes: a wrong one may have been merged into its own.

        What was recorded under a code stays there; its acts and recalls go by that code.
        """
        return await repository.records_of(self.work, await LegalEntities(self.work).same(uscc), kept=kept)

    async def delivered(self, uscc: str, *, to: str | None) -> list[RecordRow]:
        """The records of a firm that may be used today; a department that gets them hears when one is called back.

        None of them ends between the two: who ends it waits, and calls it back from this department as well.
        """
        rows = [
            row
            for row in await self._records(uscc, kept=to is not None)
            if counts(RecordState(row.state), repository.period_kept(row), self.today)
            and not (row.lifted_until is not None and self.today < row.lifted_until)
        ]
        if to is not None and rows:
            now = self.work.clock.now()
            values = [{"uscc": row.uscc, "record_id": row.id, "department": to, "delivered_at": now} for row in rows]
            statement = insert(DeliveryRow).values(values)
            again = statement.on_conflict_do_update(
                index_elements=["uscc", "record_id", "department"], set_={"delivered_at": now}
            )
            await self.work.session.execute(again)
        return rows

    def note(self, row: RecordRow, act: str, by: Actor, **data: Any) -> None:
        """Write the audit trail of a firm's credit."""
        self.work.audit.note(stream=f"credit/{row.uscc}", act=act, by=by, data={"record": str(row.id)} | data)


async def credit(work: WorkInRequest) -> Credit:
    """The acts, for a handler."""
    return Credit(work)


CreditInRequest = Annotated[Credit, Depends(credit)]
