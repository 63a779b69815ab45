"""Who may do what with a case."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from city_ops.cases import repository as of
from city_ops.cases.album import Album
from city_ops.cases.intake import Intake
from city_ops.cases.models import CaseRow
from city_ops.cases.service import Cases
from citykit.access import Actor, requires
from citykit.problems import NotFound
from citykit.work import WorkInRequest

Reporter = Annotated[Actor, Depends(requires(any_of=(of.REPORT, of.PATROL)))]
CaseReader = Annotated[
    Actor, Depends(requires(any_of=(of.REPORT, of.PATROL, of.READ, of.ACCEPT, of.DISPATCH, of.HANDLE, of.VERIFY)))
]
PhotoTaker = Annotated[Actor, Depends(requires(any_of=(of.REPORT, of.PATROL, of.HANDLE, of.VERIFY)))]
Acceptor = Annotated[Actor, Depends(requires(of.ACCEPT))]
Dispatcher = Annotated[Actor, Depends(requires(of.DISPATCH))]
DepartmentHand = Annotated[Actor, Depends(requires(of.HANDLE))]
Verifier = Annotated[Actor, Depends(requires(of.VERIFY))]


async def _cases(work: WorkInRequest) -> Cases:
    return Cases(work)


async def _intake(work: WorkInRequest) -> Intake:
    return Intake(work)


async def _album(work: WorkInRequest) -> Album:
    return Album(work)


async def _case_to_read(work: WorkInRequest, actor: CaseReader, case_id: UUID) -> CaseRow:
    row = (await work.session.scalars(of.visible_to(actor).where(CaseRow.id == case_id))).one_or_none()
    if row is None:
        raise NotFound()
    return row


async def _case_to_act_on(work: WorkInRequest, actor: CaseReader, case_id: UUID) -> CaseRow:
    row = (await work.session.scalars(of.case_to_act_on(case_id, actor))).one_or_none()
    if row is None:
        raise NotFound()
    return row


CasesInRequest = Annotated[Cases, Depends(_cases)]
IntakeInRequest = Annotated[Intake, Depends(_intake)]
AlbumInRequest = Annotated[Album, Depends(_album)]
CaseToRead = Annotated[CaseRow, Depends(_case_to_read)]
CaseInPath = Annotated[CaseRow, Depends(_case_to_act_on)]
