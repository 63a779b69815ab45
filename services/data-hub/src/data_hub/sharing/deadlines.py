"""What happens to sharing by the clock: decisions that come too late are escalated, silence to a notice is told."""

from sqlalchemy import select

from citykit.work import Work
from data_hub.sharing.domain import RUNNING_STATES, ApplicationState
from data_hub.sharing.models import ApplicationRow, NoticeRow
from data_hub.sharing.steps import HUB, Steps

BATCH = 200


class Deadlines:
    """Looks for what is overdue, within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps = Steps(work)

    async def escalate(self) -> int:
        """Put applications that are past their time before the data bureau 督办, each once; how many."""
        now = self._work.clock.now()
        late = await self._work.session.scalars(
            select(ApplicationRow)
            .where(
                ApplicationRow.state.in_([state.value for state in RUNNING_STATES]),
                ApplicationRow.due_at < now,
                ApplicationRow.escalated_at.is_(None),
            )
            .order_by(ApplicationRow.due_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        found = list(late)
        for row in found:
            row.escalated_at = now
            waits_for = "data-bureau" if row.state == ApplicationState.disputed.value else row.source_department
            data = {"due_at": row.due_at.isoformat(), "waits_for": waits_for}
            self._steps.write(row.id, "application", "escalate", by=HUB, data=data)
        return len(found)

    async def alarm(self) -> int:
        """Note which notices were not acknowledged in time, each once; how many."""
        now = self._work.clock.now()
        silent = await self._work.session.scalars(
            select(NoticeRow)
            .where(NoticeRow.acknowledged_at.is_(None), NoticeRow.acknowledge_by < now, NoticeRow.alarmed_at.is_(None))
            .order_by(NoticeRow.acknowledge_by)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        found = list(silent)
        for row in found:
            row.alarmed_at = now
            self._steps.write(row.id, "notice", "alarm", by=HUB, data={"department": row.department})
        return len(found)
