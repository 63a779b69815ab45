"""HTTP face of departments, posts and appointments."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from sqlalchemy import select

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from gov_collab.organisations.access import Maintainer, Staff
from gov_collab.organisations.errors import (
    AppointmentEnded,
    AppointmentOverlaps,
    DepartmentExists,
    DepartmentInUse,
    OwnAppointment,
    PostExists,
    UnknownDepartment,
    UnknownPost,
)
from gov_collab.organisations.models import AppointmentRow, DepartmentRow
from gov_collab.organisations.schemas import (
    Appointment,
    AppointmentDraft,
    AppointmentFilter,
    Closing,
    Department,
    DepartmentChange,
    DepartmentDraft,
    DepartmentFilter,
    Ending,
    Post,
    PostDraft,
    Posts,
)
from gov_collab.organisations.service import OrganisationsInRequest

router = CityRouter(prefix="/api/gov-collab/v1/organisations", tags=["organisations"])


async def _department(code: Annotated[Uscc, Path()], organisations: OrganisationsInRequest) -> DepartmentRow:
    return await organisations.known(code)


async def _department_to_act_on(code: Annotated[Uscc, Path()], work: WorkInRequest) -> DepartmentRow:
    row: DepartmentRow | None = await work.session.scalar(
        select(DepartmentRow).where(DepartmentRow.code == code).with_for_update()
    )
    if row is None:
        raise NotFound()
    return row


async def _appointment_to_act_on(appointment_id: UUID, work: WorkInRequest) -> AppointmentRow:
    statement = select(AppointmentRow).where(AppointmentRow.id == appointment_id).with_for_update()
    row: AppointmentRow | None = await work.session.scalar(statement)
    if row is None:
        raise NotFound()
    return row


DepartmentInPath = Annotated[DepartmentRow, Depends(_department)]
DepartmentToActOn = Annotated[DepartmentRow, Depends(_department_to_act_on)]
AppointmentToActOn = Annotated[AppointmentRow, Depends(_appointment_to_act_on)]


@router.get("/departments", dependencies=[Depends(anyone)])
async def list_departments(
    query: Annotated[DepartmentFilter, Query()], organisations: OrganisationsInRequest
) -> Page[Department]:
    """List the departments of the city 部门通讯录 with their telephone numbers; open to anyone."""
    return await organisations.departments(query)


@router.get("/departments/{code}", dependencies=[Depends(anyone)], responses=problems(NotFound))
async def read_department(department: DepartmentInPath) -> Department:
    """Read one department, also one that is closed by now; open to anyone."""
    return Department.of(department)


@router.post("/departments", status_code=201, responses=problems(DepartmentExists, UnknownDepartment))
async def enter_department(
    actor: Maintainer, body: DepartmentDraft, organisations: OrganisationsInRequest, once: OnceInRequest
) -> Department:
    """Enter a department 新增单位."""
    return await once(lambda: organisations.enter(body, by=actor), Department)


@router.patch("/departments/{code}", responses=problems(NotFound))
async def change_department(
    actor: Maintainer, department: DepartmentToActOn, body: DepartmentChange, organisations: OrganisationsInRequest
) -> Department:
    """Change a department's name or telephone number 变更单位信息."""
    return await organisations.change(department, body, by=actor)


@router.post("/departments/{code}/closings", status_code=201, responses=problems(NotFound, DepartmentInUse))
async def close_department(
    actor: Maintainer, department: DepartmentToActOn, body: Closing, organisations: OrganisationsInRequest
) -> Department:
    """Close a department from a day on 撤销单位."""
    return await organisations.close(department, body, by=actor)


@router.get("/departments/{code}/posts", responses=problems(NotFound))
async def list_posts(_: Staff, department: DepartmentInPath, organisations: OrganisationsInRequest) -> Posts:
    """List the posts of a department 岗位 and the scopes they carry."""
    return Posts(items=await organisations.posts(department))


@router.post("/departments/{code}/posts", status_code=201, responses=problems(NotFound, PostExists))
async def set_up_post(
    actor: Maintainer,
    department: DepartmentInPath,
    body: PostDraft,
    organisations: OrganisationsInRequest,
    once: OnceInRequest,
) -> Post:
    """Set up a post 新增岗位; its scopes are fixed from then on."""
    return await once(lambda: organisations.set_up(department, body, by=actor), Post)


@router.get("/appointments")
async def list_appointments(
    _: Staff, query: Annotated[AppointmentFilter, Query()], organisations: OrganisationsInRequest
) -> Page[Appointment]:
    """List who serves in which post 任职."""
    return await organisations.appointments(query)


@router.post(
    "/appointments",
    status_code=201,
    responses=problems(OwnAppointment, AppointmentOverlaps, UnknownDepartment, UnknownPost),
)
async def appoint(
    actor: Maintainer, body: AppointmentDraft, organisations: OrganisationsInRequest, once: OnceInRequest
) -> Appointment:
    """Appoint a person to a post 任职; her tokens carry the post's scopes from its first day."""
    return await once(lambda: organisations.appoint(body, by=actor), Appointment)


@router.post("/appointments/{appointment_id}/endings", status_code=201, responses=problems(NotFound, AppointmentEnded))
async def end_appointment(
    actor: Maintainer, appointment: AppointmentToActOn, body: Ending, organisations: OrganisationsInRequest
) -> Appointment:
    """End an appointment now 免职; her tokens lose the post's scopes."""
    return await organisations.end(appointment, reason=body.reason, by=actor)
