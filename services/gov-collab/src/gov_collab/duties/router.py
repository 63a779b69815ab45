"""HTTP face of duty notices, for the department that each went to."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, desc, false, select

from citykit.access import Actor, requires
from citykit.pages import Page, keyset_page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from gov_collab.duties.models import DutyNoticeRow
from gov_collab.duties.schemas import DutyNotice, NoticeFilter

router = CityRouter(prefix="/api/gov-collab/v1/duties", tags=["duties"])

DepartmentHand = Annotated[Actor, Depends(requires("gov-collab.hotline.handle"))]


def _sent_to(actor: Actor) -> ColumnElement[bool]:
    return false() if actor.department is None else DutyNoticeRow.department_code == actor.department


@router.get("/notices")
async def list_notices(
    actor: DepartmentHand, query: Annotated[NoticeFilter, Query()], work: WorkInRequest
) -> Page[DutyNotice]:
    """List the duty notices of the caller's department 值班通知, newest first."""
    statement = select(DutyNoticeRow).where(_sent_to(actor))
    if query.read is not None:
        statement = statement.where(DutyNoticeRow.read_at.is_not(None) == query.read)
    keys = (desc(DutyNoticeRow.raised_at), desc(DutyNoticeRow.order_id))
    return await keyset_page(work.session, statement, keys=keys, query=query, make=DutyNotice.of)


@router.post("/notices/{order_id}/receipts", status_code=201, responses=problems(NotFound))
async def sign_for_notice(actor: DepartmentHand, order_id: UUID, work: WorkInRequest) -> DutyNotice:
    """Sign for having read a notice 签阅; the first reader counts, a later one changes nothing."""
    statement = select(DutyNoticeRow).where(DutyNoticeRow.order_id == order_id, _sent_to(actor)).with_for_update()
    row: DutyNoticeRow | None = await work.session.scalar(statement)
    if row is None:
        raise NotFound()
    if row.read_at is None:
        row.read_at, row.read_by = work.clock.now(), actor.reference
        work.audit.note(stream=f"duty-notice/{order_id}", act="read", by=actor)
    return DutyNotice.of(row)
