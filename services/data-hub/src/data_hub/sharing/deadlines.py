"""What happens to sharing by the clock: what is decided or delivered too late is told, and silence to a notice."""

from sqlalchemy import ColumnElement, and_, exists, select

from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.work import Work
from data_hub.datasets.models import DatasetRow
from data_hub.resources.domain import HELD_IN_REGISTRIES
from data_hub.sharing.domain import RUNNING_STATES, ApplicationState, GrantState, NoticeKind
from data_hub.sharing.models import ApplicationRow, GrantRow, GrantUsageRow, NoticeRow, StepRow
from data_hub.sharing.steps import HUB, Steps

BATCH = 200
LATE_DELIVERY = "late-delivery"


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

    async def chase(self) -> int:
        """Tell the source department and the data bureau of grants whose data did not come in time 催办, each once.

        The answer is how many they are. Data came where the resource has rows, a registry keeps it, or any was served.
        """
        now = self._work.clock.now()
        late = await self._work.session.scalars(
            select(GrantRow)
            .where(
                GrantRow.state == GrantState.active.value, GrantRow.deliver_by < now, GrantRow.valid_until > now,
                ~_provided(), ~_told_late(),
            )
            .order_by(GrantRow.deliver_by)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )  # fmt: skip
        found = {row.id: row for row in late}
        # Whoever had these locks before may have told of them since the rows were chosen.
        told = select(StepRow.of_id).where(StepRow.of_id.in_(found), StepRow.act == LATE_DELIVERY)
        for one in list(await self._work.session.scalars(told)):
            del found[one]
        for row in found.values():
            self._tell_late(row)
        return len(found)

    def _tell_late(self, row: GrantRow) -> None:
        by = row.deliver_by.astimezone(CHINA).date().isoformat()
        data = {"deliver_by": row.deliver_by.isoformat(), "waits_for": row.source_department}
        self._steps.write(row.id, "grant", LATE_DELIVERY, by=HUB, data=data)
        notice = NoticeRow(
            id=new_id(), resource=row.resource, resource_name=row.resource_name, kind=NoticeKind.delivery.value,
            source_department=row.source_department, department=row.source_department, subject=str(row.id),
            note_zh=f"{row.department_name}获准使用的数据应于{by}前提供，至今未提供",
            note_en=f"The data that {row.department_name} was granted was due by {by} and has not come",
            data=data | {"grant": str(row.id), "department": row.department}, told_at=self._work.clock.now(),
        )  # fmt: skip
        self._work.session.add(notice)


def _provided() -> ColumnElement[bool]:
    """Grants whose data has come: there are rows, a registry keeps it, or some was served already."""
    rows = exists().where(DatasetRow.resource == GrantRow.resource, DatasetRow.refreshed_at.is_not(None))
    served = exists().where(and_(GrantUsageRow.grant_id == GrantRow.id, GrantUsageRow.row_count > 0))
    return rows | GrantRow.resource.in_(HELD_IN_REGISTRIES) | served


def _told_late() -> ColumnElement[bool]:
    return exists().where(StepRow.of_id == GrantRow.id, StepRow.act == LATE_DELIVERY)
