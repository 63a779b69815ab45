"""Reading tickets: pages and details, and what a reading by somebody else leaves behind."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from sqlalchemy import delete, desc

from citykit.actors import Actor
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from gov_collab.hotline import repository
from gov_collab.hotline.access import is_own
from gov_collab.hotline.models import TermRow, TicketRow
from gov_collab.hotline.schemas import Contact, TermEntry, TermTable, Ticket, TicketBrief, TicketFilter
from gov_collab.matters.schemas import Suggestions
from gov_collab.matters.service import Matters

LEGAL_BASIS = "《中华人民共和国个人信息保护法》第十三条第一款第三项 PIPL article 13 (1) 3, statutory duties"
RECORD = "便民热线工单 Hotline ticket"
# What a citizen reads of each field in her access log; a read of a field that is not here fails.
FIELD_WORDS = {
    "title": "标题 Title",
    "text": "内容 Text",
    "location": "位置 Place",
    "answer": "答复 Answer",
    "trail": "办理过程 How it was handled",
    "contact_name": "联系人 Contact",
    "contact_phone": "联系电话 Telephone of the contact",
}
_DETAIL = ("title", "text", "location", "answer", "trail")


class Records:
    """Reads tickets within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._session = work.session

    async def page(self, query: TicketFilter, *, by: Actor) -> Page[TicketBrief]:
        """Tickets that `by` may see, newest first; masked, so that leafing through them reads nobody's record."""
        now = self._work.clock.now()
        keys = (desc(TicketRow.taken_at), desc(TicketRow.id))
        return await keyset_page(
            self._session, repository.tickets(by, query, now), keys=keys, query=query,
            make=lambda row: repository.brief(row, now),
        )  # fmt: skip

    async def detail(self, ticket: TicketRow, *, by: Actor) -> Ticket:
        """A ticket with text and trail; read by anybody but the one who sent it in, it is logged."""
        purpose = "办理便民热线工单 Handling a hotline ticket"
        self._log(ticket, by, action="查看工单 Read a ticket", fields=_DETAIL, purpose=purpose)
        return await repository.detail_for(self._session, ticket, by, self._work.clock.now())

    async def contact(self, ticket: TicketRow, purpose: str, *, by: Actor) -> Contact:
        """The caller's name and number, unmasked, for the purpose that was stated; logged."""
        fields = ("contact_name", "contact_phone")
        self._log(ticket, by, action="查看来电人联系方式 Read the caller's contact", fields=fields, purpose=purpose)
        vault = self._work.vault
        name, phone = ticket.contact_name, ticket.contact_phone
        return Contact(
            name=None if name is None else vault.open(name, f"ticket/{ticket.id}/contact-name"),
            phone=None if phone is None else vault.open(phone, f"ticket/{ticket.id}/contact-phone"),
        )

    async def suggestions(self, ticket: TicketRow) -> Suggestions:
        """Classes that fit a ticket's words."""
        return await Matters(self._work).suggest(ticket.title, ticket.text)

    async def terms(self) -> TermTable:
        """The terms in force."""
        found = await repository.terms(self._session)
        ordered = sorted(found, key=lambda term: (term.stage, term.urgent, term.nature or ""))
        return TermTable(
            terms=[
                TermEntry(
                    stage=term.stage, nature=term.nature, urgent=term.urgent, working_days=term.working_days,
                    source=term.source,
                )
                for term in ordered
            ]
        )  # fmt: skip

    async def set_terms(self, table: TermTable, *, by: Actor | str) -> TermTable:
        """Put a whole table of terms in the place of the one in force; due times given before stay as they are."""
        await self._session.execute(delete(TermRow))
        self._session.add_all(
            TermRow(
                stage=term.stage.value, nature=term.nature.value if term.nature else "", urgent=term.urgent,
                working_days=term.working_days, source=term.source,
            )
            for term in table.terms
        )  # fmt: skip
        self._work.audit.note(stream="hotline/terms", act="set", by=by, data=table.model_dump(mode="json"))
        await self._session.flush()
        return await self.terms()

    def _log(self, ticket: TicketRow, by: Actor, *, action: str, fields: Sequence[str], purpose: str) -> None:
        if is_own(ticket, by):
            return
        if ticket.citizen is not None:
            self._work.access.read(
                person=f"sub:{ticket.citizen}", by=by, action=action, fields=fields, purpose=purpose,
                legal_basis=LEGAL_BASIS, record=RECORD, said={name: FIELD_WORDS[name] for name in fields},
                matter=f"工单 Ticket {ticket.number}",
            )  # fmt: skip
        else:
            # A caller without account can never ask who read her record; the audit chain keeps it for the auditors.
            data = {"fields": sorted(fields)}
            self._work.audit.note(stream=f"ticket/{ticket.id}", act="read", by=by, data=data)


async def records(work: WorkInRequest) -> Records:
    """The records of this request's transaction."""
    return Records(work)


RecordsInRequest = Annotated[Records, Depends(records)]
