"""What holders do: read their own, authorise a department for a matter, withdraw, see every use; and the use itself."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement

from citykit.actors import Actor
from citykit.problems import FieldError, NotFound
from citykit.work import Work, WorkInRequest
from data_hub.licences import awaiting, repository
from data_hub.licences.domain import Standing
from data_hub.licences.errors import AuthorisationOver, AuthorisationTerm, ClaimFault, NotInForce, NotTheHolder
from data_hub.licences.models import AuthorisationRow, LicenceRow, UseRow
from data_hub.licences.schemas import (
    Authorisation,
    AuthorisationDraft,
    LicenceBrief,
    UsedLicence,
    UseDraft,
)
from data_hub.licences.service import note_read, stands
from data_hub.licences.writing import opened, today_of
from data_hub.registries.legal_entities.service import LegalEntities

LONGEST = timedelta(days=366)
HOLDER_FIELDS = frozenset({"holder_name", "holder_number"})


class Holding:
    """The acts of holders and of those whom they let use a licence."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def held_by(self, actor: Actor, uscc: str | None) -> ColumnElement[bool]:
        """The licences of the actor, or of a firm that she represents. Raises NotTheHolder where she does not."""
        if uscc is None:
            if actor.person is None:
                raise NotTheHolder
            await awaiting.claim(self.work, UUID(actor.person))
            return LicenceRow.holder_person == UUID(actor.person)
        if not await self._represents(actor, uscc):
            raise NotTheHolder
        return LicenceRow.holder_code == uscc

    async def holds(self, row: LicenceRow, actor: Actor) -> bool:
        """Whether the actor holds the licence, or represents the firm that does."""
        if row.holder_code is None:
            if row.holder_person is None and actor.person is not None:
                await awaiting.claim(self.work, UUID(actor.person))
            return row.holder_person is not None and actor.person == str(row.holder_person)
        return await self._represents(actor, row.holder_code)

    async def _represents(self, actor: Actor, uscc: str) -> bool:
        entities = LegalEntities(self.work)
        entity = await entities.find(uscc)
        if entity is None or actor.person is None:
            return False
        return entities.represents(entity, UUID(actor.person)).represents

    async def authorise(self, row: LicenceRow, draft: AuthorisationDraft, *, by: Actor) -> Authorisation:
        """Let a department use the licence for a matter 授权用证. Raises AuthorisationTerm, ClaimFault, NotInForce."""
        now = self.work.clock.now()
        if stands(row, today_of(self.work)) is not Standing.valid:
            raise NotInForce
        if not now < draft.until <= now + LONGEST:
            raise AuthorisationTerm
        known = set(opened(self.work, row)["claims"]) | HOLDER_FIELDS
        if strangers := sorted(set(draft.fields) - known):
            raise ClaimFault(errors=[FieldError(pointer="/body/fields", code="unknown", message=", ".join(strangers))])
        leave = AuthorisationRow(
            licence_id=row.id, department=draft.department, department_name=draft.department_name,
            matter=draft.matter, fields=sorted(set(draft.fields) or known), until=draft.until, uses_left=draft.uses,
            withdrawn_at=None, granted_by=by.reference, granted_at=now,
        )  # fmt: skip
        self.work.session.add(leave)
        await self.work.session.flush()
        data = {"authorisation": str(leave.id), "department": leave.department, "matter": leave.matter}
        self.work.audit.note(stream=f"licence/{row.id}", act="authorise", by=by, data=data)
        return Authorisation.of(leave)

    async def withdraw(self, leave: AuthorisationRow, *, by: Actor) -> Authorisation:
        """Withdraw a leave 撤回授权: the next use is refused. Raises AuthorisationOver where that was done before."""
        if leave.withdrawn_at is not None:
            raise AuthorisationOver
        leave.withdrawn_at = self.work.clock.now()
        data = {"authorisation": str(leave.id)}
        self.work.audit.note(stream=f"licence/{leave.licence_id}", act="withdraw", by=by, data=data)
        return Authorisation.of(leave)

    async def use(self, leave: AuthorisationRow, draft: UseDraft, *, by: Actor) -> UsedLicence:
        """Use a licence by its holder's leave 用证: it is logged for the holder, a refusal too.

        Raises AuthorisationOver, NotInForce; each leaves its line in the log of uses and changes nothing else.
        """
        row = await repository.licence_row(self.work, leave.licence_id, LicenceRow.id == leave.licence_id, lock=True)
        if row is None:
            raise NotFound
        now = self.work.clock.now()
        if leave.withdrawn_at is not None or now >= leave.until or leave.uses_left == 0:
            await self._refused(leave, draft, AuthorisationOver.slug, by)
            raise AuthorisationOver
        if stands(row, today_of(self.work)) is not Standing.valid:
            await self._refused(leave, draft, NotInForce.slug, by)
            raise NotInForce
        if leave.uses_left is not None:
            leave.uses_left -= 1
        self._log(leave, draft, "served", by)
        note_read(
            self.work, row, by=by, action="授权用证 Use a licence by authorisation", purpose=leave.matter,
            fields=leave.fields,
        )  # fmt: skip
        await self.work.session.flush()
        return await self._shown(row, leave)

    async def _shown(self, row: LicenceRow, leave: AuthorisationRow) -> UsedLicence:
        content = opened(self.work, row)
        everything = content["claims"] | {name: content[name] for name in HOLDER_FIELDS}
        names = await repository.type_names(self.work, [row.type_code])
        return UsedLicence(
            licence=LicenceBrief.of(row, today_of(self.work)), type_name=names[row.type_code],
            fields={name: everything[name] for name in leave.fields if name in everything}, uses_left=leave.uses_left,
        )  # fmt: skip

    async def _refused(self, leave: AuthorisationRow, draft: UseDraft, code: str, by: Actor) -> None:
        """Keep the line of a refused use although the request ends in a problem: nothing else was done so far."""
        self._log(leave, draft, code, by)
        await self.work.finish()

    def _log(self, leave: AuthorisationRow, draft: UseDraft, outcome: str, by: Actor) -> None:
        self.work.session.add(
            UseRow(
                licence_id=leave.licence_id,
                authorisation_id=leave.id,
                department=leave.department,
                department_name=leave.department_name,
                actor=by.reference,
                matter=leave.matter,
                case_number=draft.case_number,
                fields=leave.fields,
                outcome=outcome,
                at=self.work.clock.now(),
            )
        )


async def holding(work: WorkInRequest) -> Holding:
    """The acts, for a handler."""
    return Holding(work)


HoldingInRequest = Annotated[Holding, Depends(holding)]
