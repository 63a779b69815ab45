"""What every act on an application or grant leaves behind: its state, a step that people read, an audit entry."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.work import Work
from data_hub.sharing.domain import ApplicationState, Term, after, term_in_force
from data_hub.sharing.errors import ApplicationStateProblem, TermMissing
from data_hub.sharing.models import ApplicationRow, StepRow, TermRow
from data_hub.sharing.schemas import Step

TITLES: dict[str, str] = {
    "apply": "提交申请 Applied",
    "extend": "延长答复期限 Time extended",
    "ask-supplement": "要求补正 Supplement asked for",
    "supplement": "已补正 Supplemented",
    "grant": "同意共享 Granted",
    "refuse": "不同意共享 Refused",
    "withdraw": "撤回申请 Withdrawn",
    "dispute": "提请协调 Disputed",
    "uphold-dispute": "协调意见:重新办理 Dispute upheld",
    "dismiss-dispute": "协调意见:维持原答复 Dispute dismissed",
    "escalate": "超期督办 Escalated",
    "change": "变更授权 Grant changed",
    "suspend": "暂停授权 Grant suspended",
    "resume": "恢复授权 Grant resumed",
    "revoke": "撤销授权 Grant revoked",
    "late-delivery": "逾期未提供数据 Not delivered in time",
    "alarm": "逾期未确认 Not acknowledged in time",
}
STATES: dict[ApplicationState, str] = {
    ApplicationState.submitted: "待审批",
    ApplicationState.supplement: "待补正",
    ApplicationState.granted: "已同意",
    ApplicationState.refused: "不同意",
    ApplicationState.disputed: "协调中",
    ApplicationState.withdrawn: "已撤回",
}
HUB = "service:data-hub"


class Steps:
    """Takes steps within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def take(self, row: ApplicationRow, act: str, *, by: Actor | str, **line: Any) -> None:
        """Do `act` on an application. Raises ApplicationStateProblem (409) where its state does not allow it."""
        state = ApplicationState(row.state)
        reached = after(act, state)
        if reached is None:
            zh = f"申请{STATES[state]},不能进行此操作:{TITLES[act].partition(' ')[0]}"
            raise ApplicationStateProblem((zh, f"An application that is {state.value} allows no {act}"))
        row.state = reached.value
        self.write(row.id, "application", act, by=by, **line)

    def write(
        self, of: UUID, kind: str, act: str, *, by: Actor | str, note: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Write a step and an audit entry; notes, which are people's words, stay out of the audit trail."""
        actor = by if isinstance(by, str) else by.reference
        row = StepRow(
            id=new_id(), of_id=of, at=self._work.clock.now(), act=act, actor=actor, note=note, data=data or {},
            department=None if isinstance(by, str) else by.department,
        )  # fmt: skip
        self._work.session.add(row)
        self._work.audit.note(stream=f"sharing-{kind}/{of}", act=act, by=by, data=data)

    async def of(self, of: UUID) -> list[Step]:
        """The steps taken, oldest first."""
        rows = await self._work.session.scalars(
            select(StepRow).where(StepRow.of_id == of).order_by(StepRow.at, StepRow.id)
        )
        return [
            Step(
                at=row.at, act=row.act, title=TITLES[row.act], actor=row.actor, department=row.department,
                note=row.note, data=row.data,
            )
            for row in rows
        ]  # fmt: skip

    async def due(self, step: str, start: datetime) -> datetime:
        """When a step that began at `start` must be done. Raises TermMissing, CalendarEnd (503)."""
        return self._work.calendar.add_days(start, (await self.term(step, start)).working_days)

    async def term(self, step: str, at: datetime) -> Term:
        """The time limit of a step on a day. Raises TermMissing (503)."""
        rows = await self._work.session.scalars(select(TermRow).where(TermRow.step == step))
        terms = [Term(row.step, row.valid_from, row.working_days, row.source) for row in rows]
        found = term_in_force(terms, step, at.astimezone(CHINA).date())
        if found is None:
            raise TermMissing
        return found
