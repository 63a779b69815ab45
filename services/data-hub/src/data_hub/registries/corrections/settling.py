"""Conflicts that are none any more: the source's own value came to say what another department had stated."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.registries.corrections.domain import ConflictState
from data_hub.registries.corrections.keepers import hold
from data_hub.registries.corrections.models import ConflictRow
from data_hub.registries.legal_entities.errors import NoSuchEntity
from data_hub.registries.population.errors import NoSuchPerson
from data_hub.registries.provenance import EVER
from data_hub.registries.sources.domain import Registry

AT_ONCE, LATELY = 200, timedelta(days=1)
SELF = Actor("data-hub", ActorKind.service)
SAID = "数源部门的值已与陈述一致 The source's value says the same now"
# The changes belong to the slice that keeps them; what is read of them is whether a field changed since.
_CHANGED = text("""
select c.subject, c.id from registry_conflict c
where c.state = 'open' and (c.subject, c.id) > (:subject, :id) and exists (
  select from registry_change h
  where h.subject = c.subject and h.registry_name = c.registry_name and c.field = any(h.fields)
    and h.changed_at >= c.stated_at and h.changed_at > :since)
order by c.subject, c.id limit :most
""")


async def settle_conflicts(work: Work) -> None:
    """End the open conflicts whose field changed lately to what they state. Locks go from the record to its tickets."""
    subject, conflict, since = "", UUID(int=0), work.clock.now() - LATELY
    while True:
        asked = {"subject": subject, "id": conflict, "since": since, "most": AT_ONCE}
        found = (await work.session.execute(_CHANGED, asked)).all()
        for subject, conflict in found:
            await _settle(work, subject, conflict)
        if len(found) < AT_ONCE:
            return


async def _settle(work: Work, subject: str, conflict: UUID) -> None:
    known = await work.session.get_one(ConflictRow, (subject, conflict))
    try:
        keeper = await hold(work, Registry(known.registry_name), subject)
    except (NoSuchPerson, NoSuchEntity):
        return
    row = await work.session.get_one(
        ConflictRow, (subject, conflict), with_for_update=True, populate_existing=True
    )  # fmt: skip
    stated = None if row.sealed is None else work.vault.open(row.sealed, f"registry-conflict/{row.id}/value")
    present, _ = await keeper.stated(row.field, keeper.today if row.true_from == EVER else row.true_from)
    if row.state != ConflictState.open.value or stated != present:
        return
    row.state, row.reason = ConflictState.adopted.value, SAID
    row.decided_at, row.decided_by = work.clock.now(), SELF.reference
    await work.session.flush()
    data = {"conflict": str(row.id), "field": row.field, "state": row.state}
    stream = f"registry-record/{row.registry_name}/{subject}"
    work.audit.note(stream=stream, act="settle-conflict", by=SELF, data=data)
