"""Intake 受理: a message becomes a ticket, whoever brings it; who called is sealed at once."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import text

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.work import Work, WorkInRequest
from gov_collab import bigrams
from gov_collab.clients.data_hub import division_at
from gov_collab.days import day_in_china
from gov_collab.hotline import repository
from gov_collab.hotline.domain import (
    Channel,
    TicketState,
    canonical_phone,
    mask_name,
    mask_phone,
    readable_number,
)
from gov_collab.hotline.events import TicketTaken
from gov_collab.hotline.models import TicketRow
from gov_collab.hotline.schemas import CallDraft, Contact, Location, Ticket, TicketBrief, TicketDraft
from gov_collab.hotline.steps import HOTLINE, Steps
from gov_collab.matters.domain import HandledAs
from gov_collab.matters.service import Matters


class Intake:
    """Takes messages within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps = Steps(work)

    async def submit(self, draft: TicketDraft, *, by: Actor) -> Ticket:
        """Take what a citizen sends in herself. Raises UnknownMatter (422)."""
        row = await self._take(draft, channel=draft.channel, line="961890", citizen=UUID(by.subject), by=by)
        return await repository.detail_for(self._work.session, row, by, self._work.clock.now())

    async def take_call(self, draft: CallDraft, *, by: Actor) -> TicketBrief:
        """Write down a call for a caller without account. Raises UnknownMatter (422)."""
        row = await self._take(draft, channel=Channel.phone, line=draft.line, citizen=None, by=by)
        row.urgent, row.taken_by = draft.urgent, by.subject
        return repository.brief(row, self._work.clock.now())

    async def _take(
        self, draft: TicketDraft | CallDraft, *, channel: Channel, line: str, citizen: UUID | None, by: Actor
    ) -> TicketRow:
        now = self._work.clock.now()
        number = await self._number()
        row = TicketRow(
            id=new_id(), number=number, line=line, channel=channel.value, citizen=citizen, taken_at=now,
            title=draft.title, text=draft.text, nature=draft.nature.value if draft.nature else None,
            handled_as=HandledAs.ticket.value, urgent=False, state=TicketState.taken.value, round=0, reopenings=0,
            returns=0, calls_missed=0,
        )  # fmt: skip
        if draft.matter is not None:
            matter = await Matters(self._work).matter(draft.matter)
            row.matter_code, row.handled_as = matter.code, matter.handled_as
        await locate(self._work, row, draft.division_code, draft.location)
        self._seal(row, draft.contact)
        self._work.session.add(row)
        # A query of "HS961890-20261124-000123" finds the number as it finds any phrase.
        row.search = bigrams.vector(row.title, row.text, row.address or "", row.number)
        await self._work.session.flush()
        department = HOTLINE if channel is Channel.phone else None
        facts = {"channel": channel.value, "line": line}
        self._steps.write(row, "take", by=by, department=department, data=facts, at=now)
        taken = TicketTaken(ticket_id=row.id, number=number, citizen=citizen, title=row.title, taken_at=now)
        self._work.events.record(taken, subject=str(row.id))
        return row

    async def _number(self) -> str:
        """A new number. The sequence waits for nobody and gives none out twice; an intake that fails leaves a gap."""
        serial = await self._work.session.scalar(text("select nextval('ticket_number')"))
        return readable_number(day_in_china(self._work.clock.now()), int(serial or 0))

    def _seal(self, row: TicketRow, contact: Contact | None) -> None:
        vault = self._work.vault
        if contact is not None and contact.name is not None:
            row.contact_name = vault.seal(contact.name, f"ticket/{row.id}/contact-name")
            row.contact_name_masked = mask_name(contact.name)
        if contact is not None and contact.phone is not None:
            row.contact_phone = vault.seal(contact.phone, f"ticket/{row.id}/contact-phone")
            row.contact_phone_index = vault.index("phone", canonical_phone(contact.phone))
            row.contact_phone_masked = mask_phone(contact.phone)


async def locate(work: Work, row: TicketRow, division: str | None, location: Location | None) -> None:
    """Write down where it happened; a point without a division is looked up in data-hub, if that answers."""
    if location is not None:
        row.longitude, row.latitude, row.address = location.longitude, location.latitude, location.address
    if division is not None:
        row.division_code = division
    elif location is not None:
        row.division_code = await division_at(work.mesh, location)


async def intake(work: WorkInRequest) -> Intake:
    """The intake of this request's transaction."""
    return Intake(work)


IntakeInRequest = Annotated[Intake, Depends(intake)]
