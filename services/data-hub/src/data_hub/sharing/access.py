"""Who may do what in sharing, which rows each sees, and the doors that load a row for an act."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement, false, or_, select, true

from citykit.access import Actor, requires
from citykit.problems import Forbidden, NotFound
from citykit.work import WorkInRequest
from data_hub.sharing.errors import NoDepartment
from data_hub.sharing.models import ApplicationRow, GrantRow, NoticeRow

APPLY, DECIDE = "data-hub.sharing.apply", "data-hub.sharing.decide"
OPERATE, AUDIT = "data-hub.sharing.operate", "data-hub.sharing.audit"

applying, deciding, operating, auditing = requires(APPLY), requires(DECIDE), requires(OPERATE), requires(AUDIT)
taking_part = requires(any_of=(APPLY, DECIDE, OPERATE))
looking = requires(any_of=(APPLY, DECIDE, OPERATE, AUDIT))

Applicant = Annotated[Actor, Depends(applying)]
Decider = Annotated[Actor, Depends(deciding)]
Bureau = Annotated[Actor, Depends(operating)]
Auditor = Annotated[Actor, Depends(auditing)]
Party = Annotated[Actor, Depends(taking_part)]
Reader = Annotated[Actor, Depends(looking)]


def department_of(actor: Actor) -> str:
    """The department that the actor serves in. Raises NoDepartment."""
    if actor.department is None:
        raise NoDepartment
    return actor.department


def between(actor: Actor, recipient: Any, source: Any) -> ColumnElement[bool]:
    """The rows that lie between two departments, as the actor may see them."""
    if actor.may(OPERATE) or actor.may(AUDIT):
        return true()
    if actor.department is None:
        return false()
    asked = recipient == actor.department if actor.may(APPLY) else false()
    decided = source == actor.department if actor.may(DECIDE) else false()
    return or_(asked, decided)


def applications_of(actor: Actor) -> ColumnElement[bool]:
    """The applications that the actor may see."""
    return between(actor, ApplicationRow.department, ApplicationRow.source_department)


def grants_of(actor: Actor) -> ColumnElement[bool]:
    """The grants that the actor may see."""
    return between(actor, GrantRow.department, GrantRow.source_department)


def notices_of(actor: Actor) -> ColumnElement[bool]:
    """The notices that the actor may see."""
    return between(actor, NoticeRow.department, NoticeRow.source_department)


async def _found(work: Any, statement: Any) -> Any:
    row = await work.session.scalar(statement)
    if row is None:
        raise NotFound
    return row


async def _application_to_read(application_id: UUID, actor: Reader, work: WorkInRequest) -> ApplicationRow:
    statement = select(ApplicationRow).where(ApplicationRow.id == application_id, applications_of(actor))
    return await _found(work, statement)  # type: ignore[no-any-return]  # what the statement selects


async def _application_applied_for(application_id: UUID, actor: Applicant, work: WorkInRequest) -> ApplicationRow:
    own = ApplicationRow.department == department_of(actor)
    statement = select(ApplicationRow).where(ApplicationRow.id == application_id, own).with_for_update()
    return await _found(work, statement)  # type: ignore[no-any-return]  # what the statement selects


async def _application_to_decide(application_id: UUID, actor: Decider, work: WorkInRequest) -> ApplicationRow:
    own = ApplicationRow.source_department == department_of(actor)
    statement = select(ApplicationRow).where(ApplicationRow.id == application_id, own).with_for_update()
    return await _found(work, statement)  # type: ignore[no-any-return]  # what the statement selects


async def _application_in_dispute(application_id: UUID, _: Bureau, work: WorkInRequest) -> ApplicationRow:
    statement = select(ApplicationRow).where(ApplicationRow.id == application_id).with_for_update()
    return await _found(work, statement)  # type: ignore[no-any-return]  # what the statement selects


async def _grant_to_read(grant_id: UUID, actor: Reader, work: WorkInRequest) -> GrantRow:
    statement = select(GrantRow).where(GrantRow.id == grant_id, grants_of(actor))
    return await _found(work, statement)  # type: ignore[no-any-return]  # what the statement selects


async def _grant_to_govern(grant_id: UUID, actor: Decider, work: WorkInRequest) -> GrantRow:
    own = GrantRow.source_department == department_of(actor)
    statement = select(GrantRow).where(GrantRow.id == grant_id, own).with_for_update()
    return await _found(work, statement)  # type: ignore[no-any-return]  # what the statement selects


VisibleApplication = Annotated[ApplicationRow, Depends(_application_to_read)]
OwnApplication = Annotated[ApplicationRow, Depends(_application_applied_for)]
ApplicationToDecide = Annotated[ApplicationRow, Depends(_application_to_decide)]
DisputedApplication = Annotated[ApplicationRow, Depends(_application_in_dispute)]
VisibleGrant = Annotated[GrantRow, Depends(_grant_to_read)]
GrantToGovern = Annotated[GrantRow, Depends(_grant_to_govern)]


@dataclass(frozen=True)
class Stopping:
    """A grant that is about to be stopped, and by whom."""

    row: GrantRow
    by: Actor


async def _grant_to_stop(
    grant_id: UUID, actor: Annotated[Actor, Depends(requires(any_of=(DECIDE, OPERATE)))], work: WorkInRequest
) -> Stopping:
    own = true() if actor.may(OPERATE) else GrantRow.source_department == department_of(actor)
    statement = select(GrantRow).where(GrantRow.id == grant_id, own).with_for_update()
    return Stopping(await _found(work, statement), actor)


GrantToStop = Annotated[Stopping, Depends(_grant_to_stop)]


def source_only(source_department: str, actor: Actor) -> None:
    """Refuse whoever does not serve in the source department. Raises Forbidden."""
    if department_of(actor) != source_department:
        raise Forbidden
