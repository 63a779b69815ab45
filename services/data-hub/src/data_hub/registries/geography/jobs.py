"""What happens to layers by itself: late correction tickets go before supervision, layers obey the directory."""

from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.service import Task
from citykit.work import Work
from data_hub.registries.geography.domain import DisputeState
from data_hub.registries.geography.models import DisputeRow
from data_hub.registries.geography.obeying import obey
from data_hub.resources.domain import OBEY_TASK

BATCH = 200
SELF = Actor("data-hub", ActorKind.service)


async def escalate_layer_disputes(work: Work) -> None:
    """Put the tickets that are past their time before supervision, each once; who decides on them stays the same."""
    now = work.clock.now()
    late = await work.session.scalars(
        select(DisputeRow)
        .where(DisputeRow.state == DisputeState.open.value, DisputeRow.due_at < now, DisputeRow.escalated_at.is_(None))
        .order_by(DisputeRow.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in late.all():
        row.escalated_at = now
        data = {"dispute": str(row.id), "due_at": row.due_at.isoformat(), "waits_for": row.department}
        work.audit.note(stream=f"layer/{row.layer}", act="escalate", by=SELF, data=data)


TASKS = (
    Task("data-hub.geography.escalate", escalate_layer_disputes, every="*/10 * * * *"),
    Task(OBEY_TASK, obey),
)
