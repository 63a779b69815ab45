"""The rows in a path, as far as the caller may see them; locked where they are acted on."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import true

from citykit.problems import NotFound
from citykit.work import WorkInRequest
from data_hub.licences import repository
from data_hub.licences.access import Holder, Issuer, Maintainer, User, issued_by, leaves_for
from data_hub.licences.errors import UnknownType
from data_hub.licences.holding import HoldingInRequest
from data_hub.licences.models import AuthorisationRow, LicenceRow, TypeRow
from data_hub.licences.schemas import TypeCode


async def any_type(code: TypeCode, work: WorkInRequest) -> TypeRow:
    """Any type: what a type is, everybody may know."""
    row = await repository.type_row(work, code, true())
    if row is None:
        raise UnknownType
    return row


async def type_to_change(code: TypeCode, _: Maintainer, work: WorkInRequest) -> TypeRow:
    """A type, for its maintainer."""
    row = await repository.type_row(work, code, true(), lock=True)
    if row is None:
        raise UnknownType
    return row


async def issued_licence(licence_id: UUID, actor: Issuer, work: WorkInRequest) -> LicenceRow:
    """A licence that the caller's department issued."""
    row = await repository.licence_row(work, licence_id, issued_by(actor), lock=True)
    if row is None:
        raise NotFound
    return row


async def seen_licence(licence_id: UUID, actor: Issuer, work: WorkInRequest) -> LicenceRow:
    """The same, to be read and left as it is."""
    row = await repository.licence_row(work, licence_id, issued_by(actor))
    if row is None:
        raise NotFound
    return row


async def held_licence(licence_id: UUID, actor: Holder, work: WorkInRequest, holding: HoldingInRequest) -> LicenceRow:
    """A licence that the caller, or a firm that she represents, holds. To anybody else there is none."""
    row = await repository.licence_row(work, licence_id, true())
    if row is None or not await holding.holds(row, actor):
        raise NotFound
    return row


async def leave_to_use(leave_id: UUID, actor: User, work: WorkInRequest) -> AuthorisationRow:
    """A leave that was given to the caller's department."""
    row = await repository.authorisation_row(work, leave_id, leaves_for(actor))
    if row is None:
        raise NotFound
    return row


HeldLicence = Annotated[LicenceRow, Depends(held_licence)]


async def own_leave(licence: HeldLicence, leave_id: UUID, work: WorkInRequest) -> AuthorisationRow:
    """A leave of a licence that the caller holds, under whichever version it was given."""
    row = await repository.authorisation_row(work, leave_id, repository.leaves_of(licence))
    if row is None:
        raise NotFound
    return row


AnyType = Annotated[TypeRow, Depends(any_type)]
TypeToChange = Annotated[TypeRow, Depends(type_to_change)]
SeenLicence = Annotated[LicenceRow, Depends(seen_licence)]
IssuedLicence = Annotated[LicenceRow, Depends(issued_licence)]
LeaveToUse = Annotated[AuthorisationRow, Depends(leave_to_use)]
OwnLeave = Annotated[AuthorisationRow, Depends(own_leave)]
