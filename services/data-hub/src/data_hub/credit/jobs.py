"""What happens to credit by itself: what is overdue raises an alarm, once, in the audit trail of the firm."""

from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.service import Task
from citykit.work import Work
from data_hub.credit.domain import DisputeState, RepairState
from data_hub.credit.models import DisputeRow, RecallRow, RepairRow

BATCH = 200
SELF = Actor("data-hub", ActorKind.service)


async def raise_alarms(work: Work) -> None:
    """Mark decisions and acknowledgements that did not come in time; lists show them, the auditor finds them."""
    now = work.clock.now()
    overdue = (
        ("repair-overdue", select(RepairRow).where(
            RepairRow.state == RepairState.applied, RepairRow.due_at < now, RepairRow.alarmed_at.is_(None))),
        ("dispute-overdue", select(DisputeRow).where(
            DisputeRow.state == DisputeState.raised, DisputeRow.due_at < now, DisputeRow.alarmed_at.is_(None))),
        ("recall-overdue", select(RecallRow).where(
            RecallRow.acknowledged_at.is_(None), RecallRow.acknowledge_by < now, RecallRow.alarmed_at.is_(None))),
    )  # fmt: skip
    for act, statement in overdue:
        for row in await work.session.scalars(statement.limit(BATCH).with_for_update(skip_locked=True)):
            row.alarmed_at = now
            data = {"record": str(row.record_id), "department": row.department}
            work.audit.note(stream=f"credit/{row.uscc}", act=act, by=SELF, data=data)


TASKS = (Task("data-hub.credit.alarms", raise_alarms, every="*/10 * * * *"),)
