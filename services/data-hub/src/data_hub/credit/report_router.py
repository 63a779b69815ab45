"""HTTP face of credit reports: made for a department or for the firm itself, handed out sealed, checked by anybody."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from data_hub.credit.access import Reader, Representative
from data_hub.credit.errors import NotTheirs, ReportOver, UnknownFirm
from data_hub.credit.reports import ReportsInRequest
from data_hub.credit.schemas import Credential, Report, ReportCheck

router = CityRouter(prefix="/api/data-hub/v1/credit/firms/{uscc}", tags=["credit"])

Number = Annotated[str, Path(pattern=r"^CR-[0-9]{8}-[0-9A-F]{12}$", examples=["CR-20261101-0123456789AB"])]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": _BINARY}}}


@router.post("/reports", status_code=201, responses=problems(UnknownFirm))
async def make_report(actor: Reader, uscc: Uscc, reports: ReportsInRequest, once: OnceInRequest) -> Report:
    """Make a credit report 信用报告 of today; one's department hears when a record in it is called back."""
    return await once(lambda: reports.issue(uscc, by=actor), Report)


@router.get("/reports/{number}", dependencies=[Depends(anyone)], responses=problems(NotFound))
async def check_report(uscc: Uscc, number: Number, reports: ReportsInRequest) -> ReportCheck:
    """Check a report 报告核验: whether it was issued here, and whether all it says still holds."""
    return await reports.check(uscc, number)


@router.get(
    "/reports/{number}/pdf",
    response_class=Response,
    responses=problems(NotFound, ReportOver) | PDF,
)
async def read_pdf(actor: Reader, uscc: Uscc, number: Number, reports: ReportsInRequest) -> Response:
    """Read a report of one's department as a sealed PDF (PAdES) 电子签章版."""
    return _file(await reports.pdf(await reports.hand_out(uscc, number, by=actor)), number)


@router.get("/reports/{number}/credential", responses=problems(NotFound, ReportOver))
async def read_credential(actor: Reader, uscc: Uscc, number: Number, reports: ReportsInRequest) -> Credential:
    """Read a report of one's department as a verifiable credential (SD-JWT VC) 可验证凭证."""
    return await reports.credential(await reports.hand_out(uscc, number, by=actor))


@router.post("/own/reports", status_code=201, responses=problems(UnknownFirm, NotTheirs))
async def make_own_report(actor: Representative, uscc: Uscc, reports: ReportsInRequest, once: OnceInRequest) -> Report:
    """Make a credit report of the firm one represents, to show to whom one likes."""
    return await once(lambda: reports.issue_own(uscc, by=actor), Report)


@router.get(
    "/own/reports/{number}/pdf",
    response_class=Response,
    responses=problems(UnknownFirm, NotTheirs, NotFound, ReportOver) | PDF,
)
async def read_own_pdf(actor: Representative, uscc: Uscc, number: Number, reports: ReportsInRequest) -> Response:
    """Read a report of the firm one represents as a sealed PDF (PAdES) 电子签章版."""
    return _file(await reports.pdf(await reports.hand_out_own(uscc, number, by=actor)), number)


@router.get("/own/reports/{number}/credential", responses=problems(UnknownFirm, NotTheirs, NotFound, ReportOver))
async def read_own_credential(
    actor: Representative, uscc: Uscc, number: Number, reports: ReportsInRequest
) -> Credential:
    """Read a report of the firm one represents as a verifiable credential (SD-JWT VC) 可验证凭证."""
    return await reports.credential(await reports.hand_out_own(uscc, number, by=actor))


def _file(content: bytes, number: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"', "Cache-Control": "private, no-store"}
    return Response(content, media_type="application/pdf", headers=headers)
