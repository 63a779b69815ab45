"""HTTP face of the responsibility list, for staff and, on the mesh, for other services."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from sqlalchemy import select

from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from gov_collab.matters.errors import UnknownMatter
from gov_collab.organisations.access import Maintainer, Neighbour, Staff
from gov_collab.organisations.errors import NobodyAnswers, ResponsibilityEnded, SecondLead, UnknownDepartment
from gov_collab.organisations.models import ResponsibilityRow
from gov_collab.organisations.responsibilities import ResponsibilitiesInRequest
from gov_collab.organisations.schemas import (
    Closing,
    DepartmentView,
    Question,
    Resolution,
    ResolutionView,
    Responsibility,
    ResponsibilityDraft,
    ResponsibilityFilter,
)
from gov_collab.organisations.service import OrganisationsInRequest

router = CityRouter(prefix="/api/gov-collab/v1/organisations", tags=["organisations"])
mesh_router = CityRouter(prefix="/internal/gov-collab/v1/organisations", tags=["mesh"])


async def _clause_to_act_on(responsibility_id: UUID, work: WorkInRequest) -> ResponsibilityRow:
    statement = select(ResponsibilityRow).where(ResponsibilityRow.id == responsibility_id).with_for_update()
    row: ResponsibilityRow | None = await work.session.scalar(statement)
    if row is None:
        raise NotFound()
    return row


ClauseToActOn = Annotated[ResponsibilityRow, Depends(_clause_to_act_on)]


@router.get("/responsibilities")
async def list_responsibilities(
    _: Staff, query: Annotated[ResponsibilityFilter, Query()], responsibilities: ResponsibilitiesInRequest
) -> Page[Responsibility]:
    """List clauses of the responsibility list 权责清单."""
    return await responsibilities.page(query)


@router.post("/responsibilities", status_code=201, responses=problems(SecondLead, UnknownDepartment, UnknownMatter))
async def publish_responsibility(
    actor: Maintainer, body: ResponsibilityDraft, responsibilities: ResponsibilitiesInRequest, once: OnceInRequest
) -> Responsibility:
    """Publish a clause 新增权责条款; two leads for one matter and area on one day are refused."""
    return await once(lambda: responsibilities.publish(body, by=actor), Responsibility)


@router.post(
    "/responsibilities/{responsibility_id}/endings",
    status_code=201,
    responses=problems(NotFound, ResponsibilityEnded),
)
async def end_responsibility(
    actor: Maintainer, clause: ClauseToActOn, body: Closing, responsibilities: ResponsibilitiesInRequest
) -> Responsibility:
    """Let a clause end on a day 终止权责条款."""
    return await responsibilities.end(clause, body, by=actor)


@router.get("/responsibilities/resolution", responses=problems(NobodyAnswers, UnknownMatter))
async def resolve_responsibility(
    _: Staff, query: Annotated[Question, Query()], responsibilities: ResponsibilitiesInRequest
) -> Resolution:
    """Say who answers for a matter at a place on a day, and by which clause 由谁负责、依据何条."""
    return await responsibilities.answering(query.matter, query.division, query.on)


@mesh_router.get("/responsibilities/resolution", responses=problems(NobodyAnswers, UnknownMatter))
async def resolve_for_neighbour(
    _: Neighbour, query: Annotated[Question, Query()], responsibilities: ResponsibilitiesInRequest
) -> ResolutionView:
    """Say to another service who answers for a matter at a place on a day."""
    lead = (await responsibilities.answering(query.matter, query.division, query.on)).lead
    return ResolutionView(
        department_code=lead.department_code, department_name=lead.department_name, legal_basis=lead.legal_basis
    )


@mesh_router.get("/departments/{code}", responses=problems(NotFound))
async def read_department_for_neighbour(
    _: Neighbour, code: Annotated[Uscc, Path()], organisations: OrganisationsInRequest
) -> DepartmentView:
    """Read a department for another service; one that is closed by now too, for old records name it."""
    row = await organisations.known(code)
    return DepartmentView(code=row.code, name=row.name, short_name=row.short_name, division_code=row.division_code)
