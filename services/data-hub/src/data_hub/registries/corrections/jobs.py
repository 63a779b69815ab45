"""What happens to tickets by the clock: late ones are escalated, those of a new source go to it, agreed ones end."""

from sqlalchemy import select, text

from citykit.actors import Actor, ActorKind
from citykit.clock import CHINA
from citykit.service import Task
from citykit.work import Work
from data_hub.registries.corrections.domain import DisputeState
from data_hub.registries.corrections.models import DisputeRow
from data_hub.registries.corrections.settling import settle_conflicts

BATCH = 200
SELF = Actor("data-hub", ActorKind.service)
# A ticket lies with whoever is the source today; of two named ones the narrower counts.
_REROUTE = """
update {table} t set source_department = s.department from registry_source s
where t.state = 'open' and s.registry_name = t.registry_name and s.field = t.field
  and s.registrar in ('', case when t.registry_name = 'legal-entities' then left(t.subject, 1) else '' end)
  and s.valid_from <= :today and (s.valid_to is null or s.valid_to > :today) and t.source_department <> s.department
  and not exists (select from registry_source n where n.registry_name = s.registry_name and n.field = s.field
    and length(n.registrar) > length(s.registrar) and n.registrar = left(t.subject, 1)
    and n.valid_from <= :today and (n.valid_to is null or n.valid_to > :today))
"""


async def escalate_disputes(work: Work) -> None:
    """Send tickets to the source of today, and put those that are past their time before supervision, each once."""
    now = work.clock.now()
    for table in ("registry_dispute", "registry_conflict"):
        await work.session.execute(text(_REROUTE.format(table=table)), {"today": now.astimezone(CHINA).date()})
    late = await work.session.scalars(
        select(DisputeRow)
        .where(DisputeRow.state == DisputeState.open.value, DisputeRow.due_at < now, DisputeRow.escalated_at.is_(None))
        .order_by(DisputeRow.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in late.all():
        row.escalated_at = now
        data = {"due_at": row.due_at.isoformat(), "waits_for": row.source_department}
        work.audit.note(stream=f"registry-dispute/{row.id}", act="escalate", by=SELF, data=data)


TASKS = (
    Task("data-hub.registries.escalate", escalate_disputes, every="*/10 * * * *"),
    Task("data-hub.registries.settle-conflicts", settle_conflicts, every="5-55/10 * * * *"),
)
