"""Which departments issue licences of a type: GB/T 36904 tells type and issuer apart.

A type names one; the bureaus of the counties stand beside it. Each acts on the licences that it issued, and on no
other's.
"""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.licences.errors import IssuerExists
from data_hub.licences.models import IssuerRow, TypeRow
from data_hub.licences.schemas import Issuer, IssuerDraft, Reason


class Issuers:
    """The acts on the issuers of a type within one transaction; the type is locked."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def add(self, kind: TypeRow, draft: IssuerDraft, *, by: Actor) -> Issuer:
        """Let a department issue licences of a type, or again. Raises IssuerExists."""
        found = await self.work.session.get(IssuerRow, (kind.code, draft.department))
        if draft.department == kind.department or (found is not None and found.ended_at is None):
            raise IssuerExists
        values = draft.model_dump() | {"added_at": self.work.clock.now(), "ended_at": None}
        statement = insert(IssuerRow).values(type_code=kind.code, **values)
        await self.work.session.execute(
            statement.on_conflict_do_update(index_elements=[IssuerRow.type_code, IssuerRow.department], set_=values)
        )
        self._note(kind, "add-issuer", draft.department, by)
        return Issuer.model_validate(values)

    async def end(self, kind: TypeRow, department: str, reason: Reason, *, by: Actor) -> Issuer:
        """Let a department issue no more of a type: what it issued stays its own. Raises NotFound."""
        row = await self.work.session.get(IssuerRow, (kind.code, department))
        if row is None or row.ended_at is not None:
            raise NotFound
        row.ended_at = self.work.clock.now()
        self._note(kind, "end-issuer", department, by, reason.reason)
        return Issuer.of(row)

    def _note(self, kind: TypeRow, act: str, department: str, by: Actor, reason: str | None = None) -> None:
        data = {"department": department} | ({"reason": reason} if reason else {})
        self.work.audit.note(stream=f"licence-type/{kind.code}", act=act, by=by, data=data)


async def issuers(work: WorkInRequest) -> Issuers:
    """The acts, for a handler."""
    return Issuers(work)


IssuersInRequest = Annotated[Issuers, Depends(issuers)]
