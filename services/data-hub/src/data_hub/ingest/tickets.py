"""Quality tickets: a broken rule becomes a ticket with the source department, closed when nothing breaks it more."""

from collections.abc import Collection, Mapping
from typing import LiteralString

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.work import Work
from data_hub.ingest.domain import RowFault, TicketState
from data_hub.ingest.errors import TicketStateProblem
from data_hub.ingest.models import BatchRow, TicketRow

_OPEN: LiteralString = (
    "insert into ingest_ticket (id, resource, department, column_name, rule, first_batch, last_batch, failed, state,"
    " opened_at) values (%s, %s, %s, %s, %s, %s, %s, %s, 'open', %s)"
    " on conflict (resource, column_name, rule) where state <> 'closed' do update"
    " set last_batch = excluded.last_batch, failed = ingest_ticket.failed + excluded.failed, state = 'open'"
)
_CLOSE: LiteralString = (
    "update ingest_ticket t set state = 'closed', closed_at = %s where resource = %s and state <> 'closed'"
    " and not (column_name || '/' || rule = any(%s)) and not exists (select from ingest_quarantine q"
    " where q.resource = t.resource and q.state in ('waiting', 'mended')"
    " and q.faults @> jsonb_build_array(jsonb_build_object('column', t.column_name, 'rule', t.rule)))"
)


class Tickets:
    """The quality tickets of a resource within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def raise_for(self, batch: BatchRow, failed: Mapping[RowFault, int]) -> None:
        """Open a ticket for each rule that rows of a batch broke, or add them to the one that is open."""
        connection, now = await self.work.driver(), self.work.clock.now()
        for fault, rows in sorted(failed.items(), key=lambda entry: (entry[0].column, entry[0].rule)):
            await connection.execute(_OPEN, (
                new_id(), batch.resource, batch.department, fault.column, fault.rule, batch.id, batch.id, rows, now,
            ))  # fmt: skip

    async def settle(self, resource: str, still: Collection[RowFault] = ()) -> None:
        """Close the tickets whose rule nothing breaks any more: no row waits for it, and the last batch kept it."""
        await self.work.flush()
        broken = [f"{fault.column}/{fault.rule}" for fault in still]
        await (await self.work.driver()).execute(_CLOSE, (self.work.clock.now(), resource, broken))

    def answer(self, ticket: TicketRow, answer: str, *, by: Actor) -> None:
        """Say what the source department does about it. Raises TicketStateProblem."""
        if ticket.state == TicketState.closed:
            raise TicketStateProblem
        ticket.state, ticket.answer, ticket.answered_by = TicketState.answered.value, answer, by.reference
        ticket.answered_at = self.work.clock.now()
        self.work.audit.note(
            stream=f"ingest/{ticket.resource}", act="answer-ticket", by=by, data={"ticket": str(ticket.id)}
        )
