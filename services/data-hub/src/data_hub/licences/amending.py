"""An amendment 变更: what a licence says is true no longer, and its next version says what is.

Serial and term stay, every form is made anew of the next version, and the forms of the former one verify as replaced.
"""

from typing import Annotated

from fastapi import Depends

from citykit.actors import Actor
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.licences.domain import Standing, Status, after
from data_hub.licences.errors import ClaimFault, LicenceState, NotInForce
from data_hub.licences.models import LicenceRow
from data_hub.licences.schemas import Amendment, LicenceBrief
from data_hub.licences.service import Licences, stands
from data_hub.licences.writing import Term, opened


class Amending:
    """Amends licences within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def amend(self, row: LicenceRow, amendment: Amendment, *, by: Actor) -> LicenceBrief:
        """Issue the next version of a licence that says something else; the present one is superseded from now on.

        It is for as long as the present one, also where that is for ever, and comes at any time until its last day.
        Raises LicenceState, NotInForce after that day, TypeRetired, ClaimFault also where nothing is another,
        OtherName, HolderCeased, AlreadyHeld.
        """
        licences = Licences(self.work)
        kind = await licences.type_to_issue(row.type_code, by)
        if after("amend", Status(row.status)) is None:
            raise LicenceState
        if stands(row, licences.today) is Standing.expired:
            raise NotInForce
        former = opened(self.work, row)
        asked = {"holder_name": amendment.holder_name, "claims": amendment.claims}
        content = former | {name: value for name, value in asked.items() if value is not None}
        if content == former:
            raise ClaimFault(errors=[FieldError(pointer="/body", code="unchanged", message="unchanged")])
        term, reason = Term(row.valid_from, row.valid_to), f"变更：{amendment.reason}"
        return await licences.replace(kind, row, content, term, act="amend", reason=reason, by=by)


async def amending(work: WorkInRequest) -> Amending:
    """The act, for a handler."""
    return Amending(work)


AmendingInRequest = Annotated[Amending, Depends(amending)]
