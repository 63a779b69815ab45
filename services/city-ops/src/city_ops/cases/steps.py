"""How a case moves: the rule is asked, the stage's clock stops and the next one starts, the step is kept and told."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import update

from city_ops.cases.domain import STAGES, TOLD, CaseState, Limit, after, due, in_time
from city_ops.cases.errors import CaseStateProblem
from city_ops.cases.events import CaseClosed, CaseProgressed
from city_ops.cases.models import CaseRow, ExtensionRow, TrailRow
from city_ops.cases.standards import limit_of
from citykit.access import Actor
from citykit.calendar import CalendarEnd, WorkingCalendar
from citykit.ids import new_id
from citykit.work import Work

log = structlog.get_logger("city_ops.cases")


def due_or_none(calendar: WorkingCalendar, start: datetime, limit: Limit) -> datetime | None:
    """When the limit ends; None past the last announced working calendar.

    A case must not wait for next year's holidays to be announced: it goes on without a clock, and the log says so.
    """
    try:
        return due(calendar, start, limit)
    except CalendarEnd:
        log.warning("no_clock_past_the_calendar", start=start.isoformat())
        return None


class Steps:
    """The steps of cases within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def reach(self, case: CaseRow, act: str) -> CaseState:
        """The state that `act` leads to. Raises 409 `case-state`."""
        reached = after(act, CaseState(case.state))
        if reached is None:
            raise CaseStateProblem((f"当前状态：{case.state}", f"The case is {case.state}"), state=case.state)
        return reached

    async def move(
        self,
        case: CaseRow,
        act: str,
        by: Actor,
        *,
        note: str | None = None,
        data: dict[str, Any] | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Take the step `act`. `due_at` is for an extension, which moves the running limit and ends no stage."""
        reached, now = self.reach(case, act), self.work.clock.now()
        before, stage_due_at = CaseState(case.state), case.due_at
        if act == "extend":
            case.due_at = due_at
        else:
            await self._next_stage(case, before, reached, now)
        step = TrailRow(
            id=new_id(),
            case_id=case.id,
            act=act,
            from_state=before.value,
            to_state=reached.value,
            at=now,
            by=by.reference,
            department_code=case.department_code,
            note=note,
            stage_due_at=stage_due_at,
            in_time=None if act == "extend" else in_time(now, stage_due_at),
            due_at=case.due_at,
        )
        self.work.session.add(step)
        self.note(case, act, by, {"from": before.value, "to": reached.value} | (data or {}))
        self._tell(case, act, now)

    async def _next_stage(self, case: CaseRow, before: CaseState, reached: CaseState, now: datetime) -> None:
        case.state, case.stage_started_at = reached.value, now
        stage = STAGES.get(reached)
        limit = None if stage is None else limit_of(stage, case.class_code, case.standard)
        case.due_at = None if limit is None else due_or_none(self.work.calendar, now, limit)
        if before is CaseState.dispatched:
            # What was asked for this round of handling means nothing after it.
            lapsed = update(ExtensionRow).where(ExtensionRow.case_id == case.id, ExtensionRow.state == "asked")
            await self.work.session.execute(lapsed.values(state="lapsed", decided_at=now))

    def note(self, case: CaseRow, act: str, by: Actor, data: dict[str, Any]) -> None:
        """Write the act into the case's audit chain."""
        self.work.audit.note(stream=f"case/{case.id}", act=act, by=by, data=data)

    def _tell(self, case: CaseRow, act: str, now: datetime) -> None:
        common: dict[str, Any] = {
            "case_id": case.id,
            "number": case.number,
            "source_kind": case.source_kind,
            "source_reference": case.source_reference,
            "reporter": case.reporter,
        }
        event: CaseProgressed | CaseClosed
        if case.outcome is not None:
            event = CaseClosed(**common, outcome=case.outcome, outcome_text=case.outcome_text or "", closed_at=now)
        else:
            event = CaseProgressed(**common, state=case.state, note=TOLD[act], at=now)
        self.work.events.record(event, subject=str(case.id))
