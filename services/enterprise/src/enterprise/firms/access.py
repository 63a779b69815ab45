"""Who may do what with a firm's file, as types that an endpoint's signature shows."""

from typing import Annotated

from fastapi import Depends

from citykit.access import Actor, requires
from citykit.problems import NotFound
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from enterprise.firms import repository
from enterprise.firms.models import FirmRow
from enterprise.firms.service import Firms

# Binding is an act of a person whose real name is verified; the registry then says whether she is the representative.
Binder = Annotated[Actor, Depends(requires("enterprise.firms.bind", assurance=2))]
FirmReader = Annotated[Actor, Depends(requires(any_of=("enterprise.firms.bind", repository.SUPERVISE)))]


async def firms(work: WorkInRequest) -> Firms:
    """The acts on firm files, within this request's transaction."""
    return Firms(work)


FirmsInRequest = Annotated[Firms, Depends(firms)]


async def readable_firm(uscc: Uscc, actor: FirmReader, work: WorkInRequest) -> FirmRow:
    """The firm of the path, where the caller may read it; NotFound otherwise."""
    found = repository.visible_to(actor, work.clock.now()).where(FirmRow.uscc == uscc)
    row = (await work.session.scalars(found)).one_or_none()
    if row is None:
        raise NotFound()
    return row


async def represented_firm(uscc: Uscc, actor: Binder, work: WorkInRequest) -> FirmRow:
    """The firm of the path, locked, where the caller represents it herself; NotFound otherwise."""
    found = repository.represented_by(actor).where(FirmRow.uscc == uscc).with_for_update()
    row = (await work.session.scalars(found)).one_or_none()
    if row is None:
        raise NotFound()
    return row


FirmInPath = Annotated[FirmRow, Depends(readable_firm)]
RepresentedFirm = Annotated[FirmRow, Depends(represented_firm)]
