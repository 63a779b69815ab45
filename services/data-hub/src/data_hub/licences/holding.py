"""What holders do: read their own, authorise a department for a matter, withdraw, see every use; and the use itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement

from citykit.actors import Actor
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.licences import awaiting, repository
from data_hub.licences.domain import Standing
from data_hub.licences.errors import (
    AuthorisationOver,
    AuthorisationTerm,
    ClaimFault,
    NotInForce,
    NotTheHolder,
    UnknownDepartment,
)
from data_hub.licences.holders import same_name
from data_hub.licences.models import AuthorisationRow, LicenceRow, UseRow
from data_hub.licences.schemas import LicenceBrief
from data_hub.licences.service import note_read, stands
from data_hub.licences.use_schemas import Authorisation, AuthorisationDraft, UsedLicence, UseDraft, UseMade
from data_hub.licences.writing import opened, today_of
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.service import Population

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
            hers = await Population(self.work).same(UUID(actor.person))
            await awaiting.claim(self.work, hers[0])
            return LicenceRow.holder_person.in_(hers)
        if not await self._represents(actor, uscc):
            raise NotTheHolder
        return LicenceRow.holder_code.in_(await LegalEntities(self.work).same(uscc))

    async def holds(self, row: LicenceRow, actor: Actor) -> bool:
        """Whether the actor holds the licence, or represents the firm that does."""
        if row.holder_code is None:
            if actor.person is None:
                return False
            hers = await Population(self.work).same(UUID(actor.person))
            if row.holder_person is None:
                await awaiting.claim(self.work, hers[0])
            return row.holder_person in hers
        return await self._represents(actor, row.holder_code)

    async def _represents(self, actor: Actor, uscc: str) -> bool:
        entities = LegalEntities(self.work)
        entity = await entities.find(uscc)
        if entity is None or actor.person is None:
            return False
        return (await entities.represents(entity, UUID(actor.person))).represents

    async def authorise(self, row: LicenceRow, draft: AuthorisationDraft, *, by: Actor) -> Authorisation:
        """Let a department use the licence for a matter 授权用证.

        Raises AuthorisationTerm, ClaimFault, NotInForce, UnknownDepartment.
        """
        now = self.work.clock.now()
        if stands(row, today_of(self.work)) is not Standing.valid:
            raise NotInForce
        if not now < draft.until <= now + LONGEST:
            raise AuthorisationTerm
        known = set(opened(self.work, row)["claims"]) | HOLDER_FIELDS
        if strangers := sorted(set(draft.fields) - known):
            raise ClaimFault(errors=[FieldError(pointer="/body/fields", code="unknown", message=", ".join(strangers))])
        leave = AuthorisationRow(
            licence_id=row.id, department=draft.department, department_name=await self._name_of(draft),
            matter=draft.matter, fields=sorted(set(draft.fields) or known), until=draft.until, uses_left=draft.uses,
            withdrawn_at=None, granted_by=by.reference, granted_at=now,
        )  # fmt: skip
        self.work.session.add(leave)
        await self.work.session.flush()
        data = {"authorisation": str(leave.id), "department": leave.department, "matter": leave.matter}
        self.work.audit.note(stream=f"licence/{row.id}", act="authorise", by=by, data=data)
        return Authorisation.of(leave, stands(row, today_of(self.work)))

    async def _name_of(self, draft: AuthorisationDraft) -> str:
        """What the registry calls the department: whoever is told a name by a stranger finds out here."""
        body = await LegalEntities(self.work).public_body(draft.department)
        if body is None:
            raise _unknown("department")
        said = draft.department_name or body.name
        if not any(same_name(said, one) for one in (body.name, *body.former_names)):
            raise _unknown("department_name")
        return body.name

    async def withdraw(self, leave: AuthorisationRow, *, by: Actor) -> Authorisation:
        """Withdraw a leave 撤回授权: the next use is refused. Raises AuthorisationOver where that was done before."""
        if leave.withdrawn_at is not None:
            raise AuthorisationOver
        leave.withdrawn_at = self.work.clock.now()
        data = {"authorisation": str(leave.id)}
        self.work.audit.note(stream=f"licence/{leave.licence_id}", act="withdraw", by=by, data=data)
        return Authorisation.of(leave, stands(await self._licence(leave), today_of(self.work)))

    @asynccontextmanager
    async def refusals_kept(self, leave: AuthorisationRow, draft: UseDraft, *, by: Actor) -> AsyncIterator[None]:
        """Within the block a refused use leaves its line in the log of uses, and nothing else of it stays."""
        try:
            async with self.work.session.begin_nested():
                yield
        except (AuthorisationOver, NotInForce) as refused:
            self._log(leave, draft, refused.slug, by)
            await self.work.finish()
            raise

    async def use(self, leave: AuthorisationRow, draft: UseDraft, *, by: Actor) -> UseMade:
        """Use a licence by its holder's leave 用证, on her record. Raises AuthorisationOver, NotInForce."""
        if leave.uses_left == 0:
            raise AuthorisationOver
        await self._usable(leave)
        if leave.uses_left is not None:
            leave.uses_left -= 1
        self._log(leave, draft, "served", by)
        return UseMade(uses_left=leave.uses_left)

    async def shown(
        self, leave: AuthorisationRow, made: UseMade, *, case_number: str | None, by: Actor
    ) -> UsedLicence:  # fmt: skip
        """What the department sees by a use that was made; the holder sees that it was read.

        Raises AuthorisationOver, NotInForce: a repeated request is answered while the leave and the licence hold.
        """
        row = await self._usable(leave)
        action = "授权用证 Use a licence by authorisation"
        await note_read(
            self.work, row, by=by, action=action, purpose=leave.matter, fields=leave.fields, matter=case_number
        )
        content = opened(self.work, row)
        everything = content["claims"] | {name: content[name] for name in HOLDER_FIELDS}
        names = await repository.type_names(self.work, [row.type_code])
        return UsedLicence(
            licence=LicenceBrief.of(row, today_of(self.work)), type_name=names[row.type_code],
            fields={name: everything[name] for name in leave.fields if name in everything}, uses_left=made.uses_left,
        )  # fmt: skip

    async def _usable(self, leave: AuthorisationRow) -> LicenceRow:
        row = await self._licence(leave)
        if leave.withdrawn_at is not None or self.work.clock.now() >= leave.until:
            raise AuthorisationOver
        if stands(row, today_of(self.work)) is not Standing.valid:
            raise NotInForce
        return row

    async def _licence(self, leave: AuthorisationRow) -> LicenceRow:
        """The licence that a leave stands for: it was given under one version, and carries to those that follow."""
        given = await self.work.session.get_one(LicenceRow, leave.licence_id)
        return await repository.newest_version(self.work, given)

    def _log(self, leave: AuthorisationRow, draft: UseDraft, outcome: str, by: Actor) -> None:
        self.work.session.add(
            UseRow(
                licence_id=leave.licence_id,
                authorisation_id=leave.id,
                department=leave.department,
                department_name=by.department_name or leave.department_name,  # as the office of the day is called
                actor=by.reference,
                matter=leave.matter,
                case_number=draft.case_number,
                fields=leave.fields,
                outcome=outcome,
                at=self.work.clock.now(),
            )
        )


def _unknown(field: str) -> UnknownDepartment:
    message = "法人库中没有这样的机关、事业单位或群团 The registry knows no public body so"
    return UnknownDepartment(errors=[FieldError(pointer=f"/body/{field}", code="unknown", message=message)])


async def holding(work: WorkInRequest) -> Holding:
    """The acts, for a handler."""
    return Holding(work)


HoldingInRequest = Annotated[Holding, Depends(holding)]
