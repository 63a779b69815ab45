"""The acts on a firm's file: bind, unbind, declare, delegate; and the log of who else read it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.pages import Page
from citykit.pages import keyset_page as page_of
from citykit.problems import NotFound
from citykit.work import Work
from enterprise.clients import data_hub
from enterprise.firms import repository
from enterprise.firms.domain import Standing, has_ceased, size_class
from enterprise.firms.errors import (
    AlreadyBound,
    AlreadyDelegate,
    FirmCeased,
    NotRepresentative,
    NotVerified,
    OwnDelegate,
    UnknownFirm,
)
from enterprise.firms.events import LegalEntityChanged
from enterprise.firms.models import BindingRow, DelegateRow, FirmReadRow, FirmRow
from enterprise.firms.schemas import Binding, Declaration, Delegate, DelegateDraft, Firm, FirmRead, FirmReadFilter

REFRESH = "enterprise.firms.refresh"


class Firms:
    """Firm files within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def bind(self, uscc: str, *, by: Actor) -> Binding:
        """Bind the firm to `by`, whom the registry must name as its representative.

        The registry is asked before the database is touched, so that no transaction waits for a neighbour. Raises
        NotVerified, UnknownFirm, FirmCeased, NotRepresentative, AlreadyBound, NeighbourUnavailable.
        """
        if by.person is None:
            raise NotVerified()
        person = UUID(by.person)
        entity = await data_hub.legal_entity(self.work.mesh, uscc, on_behalf_of=by)
        if entity is None:
            raise UnknownFirm()
        if has_ceased(entity.state):
            raise FirmCeased(state=entity.state)
        answer = await data_hub.representation(self.work.mesh, uscc, person, on_behalf_of=by)
        if not answer.represents:
            raise NotRepresentative()
        firm = await self.keep_facts(entity)
        await self._make_room(uscc, person)
        row = BindingRow(uscc=uscc, subject=by.subject, person=person, role=answer.role, bound_at=self.work.clock.now())
        self.work.session.add(row)
        await self.work.session.flush()
        self.work.audit.note(stream=f"firm/{uscc}", act="bind", by=by, data={"binding": str(row.id)})
        return Binding.of(row, firm)

    async def _make_room(self, uscc: str, person: UUID) -> None:
        """End a binding whose person the registry no longer names; refuse where one stands by right."""
        standing = await repository.living_binding(self.work.session, uscc)
        if standing is None:
            return
        if standing.person == person:
            raise AlreadyBound()
        still = await data_hub.representation(self.work.mesh, uscc, standing.person)
        if still.represents:
            raise AlreadyBound()
        await self.end_binding(standing, reason="representative-changed", by="service:enterprise")

    async def keep_facts(self, entity: data_hub.LegalEntity) -> FirmRow:
        """Write the registry's facts into the file, with source and as-of time; the row is locked till the commit."""
        facts = {
            "name": entity.name,
            "state": entity.state,
            "legal_form": entity.legal_form,
            "division_code": entity.division_code,
            "established_on": entity.established_on,
            "source": data_hub.SOURCE,
            "as_of": self.work.clock.now(),
        }
        statement = insert(FirmRow).values(uscc=entity.uscc, **facts)
        kept = statement.on_conflict_do_update(index_elements=[FirmRow.uscc], set_=facts).returning(FirmRow)
        found = await self.work.session.scalars(kept, execution_options={"populate_existing": True})
        return found.one()

    async def unbind(self, firm: FirmRow, *, by: Actor) -> None:
        """End the caller's own binding, and the delegations that rest on it."""
        standing = await repository.living_binding(self.work.session, firm.uscc)
        if standing is None or standing.subject != by.subject:
            raise NotFound()
        await self.end_binding(standing, reason="unbound", by=by)

    async def end_binding(self, binding: BindingRow, *, reason: str, by: Actor | str) -> None:
        """End a binding for `reason`; nobody may go on asking by its right."""
        now = self.work.clock.now()
        binding.ended_at, binding.end_reason = now, reason
        await self.work.session.execute(
            update(DelegateRow)
            .where(DelegateRow.binding_id == binding.id, DelegateRow.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        await self.work.session.flush()
        data = {"binding": str(binding.id), "reason": reason}
        self.work.audit.note(stream=f"firm/{binding.uscc}", act="unbind", by=by, data=data)

    async def declare(self, firm: FirmRow, declared: Declaration, *, by: Actor) -> Firm:
        """Keep what the firm says of itself and judge its size class 划型 from it."""
        firm.industry, firm.staff = declared.industry, declared.staff
        firm.revenue_fen, firm.assets_fen = declared.revenue_fen, declared.assets_fen
        firm.size_class = size_class(
            declared.industry,
            staff=declared.staff,
            revenue_fen=declared.revenue_fen,
            assets_fen=declared.assets_fen,
        )
        firm.declared_at = self.work.clock.now()
        data = {"industry": firm.industry, "size_class": firm.size_class}
        self.work.audit.note(stream=f"firm/{firm.uscc}", act="declare", by=by, data=data)
        return Firm.of(firm)

    async def delegate(self, firm: FirmRow, draft: DelegateDraft, *, by: Actor) -> Delegate:
        """Let a clerk ask in the firm's name. Raises FirmCeased, OwnDelegate, AlreadyDelegate."""
        now, subject = self.work.clock.now(), str(draft.subject)
        if has_ceased(firm.state):
            raise FirmCeased(state=firm.state)
        if subject == by.subject:
            raise OwnDelegate()
        binding = await repository.living_binding(self.work.session, firm.uscc)
        if binding is None:
            raise NotFound()
        await self._retire_expired(firm.uscc, subject, now)
        if any(row.subject == subject for row in await repository.living_delegates(self.work.session, firm.uscc, now)):
            raise AlreadyDelegate()
        row = DelegateRow(
            uscc=firm.uscc, binding_id=binding.id, subject=subject, granted_at=now, valid_to=draft.valid_to
        )
        self.work.session.add(row)
        await self.work.session.flush()
        self.work.audit.note(stream=f"firm/{firm.uscc}", act="delegate", by=by, data={"delegate": str(row.id)})
        return Delegate.of(row)

    async def _retire_expired(self, uscc: str, subject: str, now: datetime) -> None:
        """An expired delegation leaves the unique index, so that a new one can be given."""
        await self.work.session.execute(
            update(DelegateRow)
            .where(DelegateRow.uscc == uscc, DelegateRow.subject == subject, DelegateRow.revoked_at.is_(None))
            .where(DelegateRow.valid_to <= now)
            .values(revoked_at=DelegateRow.valid_to)
        )

    async def delegates(self, firm: FirmRow) -> Sequence[Delegate]:
        """Who may ask in the firm's name now."""
        rows = await repository.living_delegates(self.work.session, firm.uscc, self.work.clock.now())
        return [Delegate.of(row) for row in rows]

    async def revoke(self, firm: FirmRow, delegate_id: UUID, *, by: Actor) -> None:
        """Take a delegation back, at once. Raises NotFound where no living one has this id."""
        rows = await repository.living_delegates(self.work.session, firm.uscc, self.work.clock.now())
        row = next((row for row in rows if row.id == delegate_id), None)
        if row is None:
            raise NotFound()
        row.revoked_at = self.work.clock.now()
        self.work.audit.note(stream=f"firm/{firm.uscc}", act="revoke", by=by, data={"delegate": str(row.id)})

    async def read(self, firm: FirmRow, *, by: Actor) -> Firm:
        """The firm's file; a reader who is not the firm leaves a line in its access log."""
        await self.note_read(
            firm.uscc, by=by, action="查看企业档案 Read the firm's file", purpose="诉求督办 Supervision"
        )
        return Firm.of(firm)

    async def note_read(self, uscc: str, *, by: Actor, action: str, purpose: str) -> None:
        """Write into the firm's access log that `by` read its data, unless `by` acts for the firm herself."""
        if await self.standing(uscc, subject=by.subject) is not None:
            return
        self.work.session.add(
            FirmReadRow(
                uscc=uscc,
                reader=by.reference,
                department_code=by.department,
                action=action,
                purpose=purpose,
                at=self.work.clock.now(),
            )
        )

    async def reads(self, firm: FirmRow, query: FirmReadFilter) -> Page[FirmRead]:
        """Who else read the firm's data, newest first."""
        return await page_of(
            self.work.session,
            repository.reads_of(firm.uscc),
            keys=(FirmReadRow.at.desc(), FirmReadRow.id.desc()),
            query=query,
            make=FirmRead.of,
        )

    async def standing(self, uscc: str, *, subject: str) -> Standing | None:
        """The firm, where `subject` may act for it now; None otherwise."""
        mine = repository.acted_for(subject, self.work.clock.now()).where(FirmRow.uscc == uscc)
        row = (await self.work.session.scalars(mine)).one_or_none()
        return None if row is None else Standing(row.uscc, row.name, row.division_code, has_ceased(row.state))

    async def codes_of(self, subject: str) -> list[str]:
        """The codes of the firms that `subject` may act for now."""
        mine = repository.acted_for(subject, self.work.clock.now()).with_only_columns(FirmRow.uscc)
        return list((await self.work.session.scalars(mine)).all())


async def on_legal_entity_changed(event: LegalEntityChanged, work: Work) -> None:
    """Take the new name and state at once, and ask the registry again for the rest and for the representative."""
    locked = select(FirmRow).where(FirmRow.uscc == event.uscc).with_for_update()
    firm = (await work.session.scalars(locked)).one_or_none()
    if firm is None:
        return
    firm.name, firm.state, firm.as_of = event.name, event.state, event.changed_at
    work.jobs.defer(REFRESH, lock=f"firm/{event.uscc}", uscc=event.uscc)
