"""HTTP face of credit for firms and for everybody: what is published, one's own record, repair and dispute."""

from typing import Annotated

from fastapi import Depends, Query

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from data_hub.credit import repository
from data_hub.credit.access import Representative
from data_hub.credit.errors import CreditStateProblem, NotRepairable, NotTheirs, UnderWay, UnknownFirm
from data_hub.credit.loading import FirmsRecord, FirmsRepair
from data_hub.credit.models import RepairRow
from data_hub.credit.repair import RepairsInRequest
from data_hub.credit.schemas import (
    Dispute,
    DisputeDraft,
    Firm,
    Repair,
    RepairDraft,
    RepairFilter,
    SupplementDraft,
)
from data_hub.credit.service import CreditInRequest

router = CityRouter(prefix="/api/data-hub/v1/credit/firms/{uscc}", tags=["credit"])


@router.get("", dependencies=[Depends(anyone)], responses=problems(UnknownFirm))
async def read_firm(uscc: Uscc, credit: CreditInRequest) -> Firm:
    """Read what is published about a firm today 信用公示."""
    return await credit.public_face(uscc)


@router.get("/own", responses=problems(UnknownFirm, NotTheirs))
async def read_own_firm(actor: Representative, uscc: Uscc, credit: CreditInRequest) -> Firm:
    """Read everything on record about the firm one represents, published or not."""
    return await credit.own_face(uscc, by=actor)


@router.get("/repairs", responses=problems(UnknownFirm, NotTheirs))
async def list_own_repairs(
    actor: Representative,
    uscc: Uscc,
    query: Annotated[RepairFilter, Query()],
    credit: CreditInRequest,
    work: WorkInRequest,
) -> Page[Repair]:
    """List the applications for repair of the firm one represents, newest first."""
    await credit.need_representative(uscc, actor)
    return await repository.repairs(work, query, RepairRow.uscc == uscc)


@router.post(
    "/records/{record_id}/repairs", status_code=201, responses=problems(NotFound, NotTheirs, NotRepairable, UnderWay)
)
async def apply_for_repair(
    actor: Representative, record: FirmsRecord, body: RepairDraft, repairs: RepairsInRequest, once: OnceInRequest
) -> Repair:
    """Apply for repair of a record 申请信用修复, once its minimum period is over; one window for all departments."""
    return await once(lambda: repairs.apply(record, body, by=actor), Repair)


@router.post("/repairs/{repair_id}/supplements", responses=problems(NotFound, NotTheirs, CreditStateProblem))
async def hand_in(
    actor: Representative, repair: FirmsRepair, body: SupplementDraft, repairs: RepairsInRequest
) -> Repair:
    """Hand in what was missing 补正; the limit begins anew."""
    return await repairs.supplement(repair, body.text, by=actor)


@router.post("/repairs/{repair_id}/withdrawals", responses=problems(NotFound, NotTheirs, CreditStateProblem))
async def withdraw_repair(actor: Representative, repair: FirmsRepair, repairs: RepairsInRequest) -> Repair:
    """Take an application back 撤回."""
    return await repairs.withdraw(repair, by=actor)


@router.post("/records/{record_id}/disputes", status_code=201, responses=problems(NotFound, NotTheirs, UnderWay))
async def dispute_record(
    actor: Representative, record: FirmsRecord, body: DisputeDraft, repairs: RepairsInRequest, once: OnceInRequest
) -> Dispute:
    """Dispute a record 提出异议; it is marked until its department decides."""
    return await once(lambda: repairs.dispute(record, body, by=actor), Dispute)
