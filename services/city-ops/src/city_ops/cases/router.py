"""Cases over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response, UploadFile
from sqlalchemy import desc

from city_ops.cases import repository
from city_ops.cases.access import (
    Acceptor,
    AlbumInRequest,
    CaseInPath,
    CaseReader,
    CasesInRequest,
    CaseToRead,
    DepartmentHand,
    Dispatcher,
    IntakeInRequest,
    PhotoTaker,
    Reporter,
    Verifier,
)
from city_ops.cases.errors import (
    CaseStateProblem,
    ExtensionAsked,
    NoExtensionAsked,
    NotAPhoto,
    OtherDepartment,
    OwnWork,
    PhotosRefused,
    UnknownClass,
    UnknownDepartment,
)
from city_ops.cases.models import CaseRow
from city_ops.cases.photos import FORMATS, LARGEST_UPLOAD
from city_ops.cases.schemas import (
    Case,
    CaseDraft,
    CaseFilter,
    CaseSummary,
    Classification,
    Dispatch,
    Ending,
    Extension,
    ExtensionDecision,
    ExtensionDraft,
    Filing,
    Handling,
    Note,
    PhotoInfo,
    Reason,
    Verification,
)
from city_ops.cases.standards import classes
from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page, keyset_page
from citykit.problems import NotFound, Unavailable, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest

router = CityRouter(prefix="/api/city-ops/v1/cases", tags=["cases 城市管理案件"])
acts = problems(NotFound, CaseStateProblem)
own_acts = problems(NotFound, CaseStateProblem, OtherDepartment)


@router.get("/classes", dependencies=[Depends(anyone)])
async def list_classes() -> Classification:
    """The classes of cases, their filing conditions and time limits 案件分类与立案标准."""
    return Classification.of(classes())


@router.post("/photos", status_code=201, responses=problems(NotAPhoto))
async def upload_photo(actor: PhotoTaker, photo: UploadFile, album: AlbumInRequest) -> PhotoInfo:
    """Upload a photo for an act that will name it: JPEG, PNG or WebP, at most 8 MB.

    It is encoded anew without EXIF, GPS and the like. One that no act names within a day is discarded.
    """
    return await album.take_in(await photo.read(LARGEST_UPLOAD + 1), by=actor)


@router.post("", status_code=201, responses=problems(UnknownClass, PhotosRefused))
async def report_case(actor: Reporter, body: CaseDraft, intake: IntakeInRequest, once: OnceInRequest) -> CaseSummary:
    """Report a matter of city management 上报. Longitude and latitude are degrees in EPSG:4490."""
    return await once(lambda: intake.report(body, by=actor), CaseSummary)


@router.get("")
async def list_cases(
    actor: CaseReader, query: Annotated[CaseFilter, Query()], work: WorkInRequest
) -> Page[CaseSummary]:
    """The cases that the caller may see, newest first: own reports, the department's cases, all at the desk."""
    cases = repository.chosen(actor, query, work.clock.now())
    keys = (desc(CaseRow.reported_at), desc(CaseRow.id))
    return await keyset_page(work.session, cases, keys=keys, query=query, make=CaseSummary.of)


@router.get("/{case_id}", responses=problems(NotFound))
async def read_case(actor: CaseReader, case: CaseToRead, cases: CasesInRequest) -> Case:
    """A case with its trail and photos. An official's read of a citizen's case is shown to the citizen."""
    return await cases.read(case, by=actor)


@router.get(
    "/{case_id}/photos/{photo_id}",
    response_class=Response,
    responses=problems(NotFound)
    | {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS.values()}}},
)
async def read_photo(
    actor: CaseReader, case: CaseToRead, photo_id: UUID, cases: CasesInRequest, album: AlbumInRequest
) -> Response:
    """A photo of a case, for who may see the case."""
    photo = await album.content(case.id, photo_id)
    cases.log_read(case, actor, ("photos",))
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(photo.content, media_type=photo.media_type, headers=headers)


@router.post("/{case_id}/acceptances", responses=acts)
async def accept_case(actor: Acceptor, case: CaseInPath, body: Note, cases: CasesInRequest) -> CaseSummary:
    """Accept a case 受理."""
    return await cases.accept(case, note=body.note, by=actor)


@router.post("/{case_id}/rejections", responses=acts)
async def reject_case(actor: Acceptor, case: CaseInPath, body: Ending, cases: CasesInRequest) -> CaseSummary:
    """Refuse a case before it is filed 不予受理、不予立案; the words go to the citizen."""
    return await cases.reject(case, outcome_text=body.outcome_text, by=actor)


@router.post("/{case_id}/filings", responses=problems(NotFound, CaseStateProblem, UnknownClass))
async def file_case(actor: Acceptor, case: CaseInPath, body: Filing, cases: CasesInRequest) -> CaseSummary:
    """File a case 立案 under a class and one of its conditions, which set the time limit of its handling."""
    return await cases.file(case, body, by=actor)


@router.post("/{case_id}/dispatches", responses=problems(NotFound, CaseStateProblem, UnknownDepartment, Unavailable))
async def dispatch_case(actor: Dispatcher, case: CaseInPath, body: Dispatch, cases: CasesInRequest) -> CaseSummary:
    """Dispatch a case to the department in charge 派遣. 503 while departments cannot be looked up."""
    return await cases.dispatch(case, department_code=body.department_code, note=body.note, by=actor)


@router.post("/{case_id}/returns", responses=own_acts)
async def send_case_back(actor: DepartmentHand, case: CaseInPath, body: Reason, cases: CasesInRequest) -> CaseSummary:
    """Send a case back that is not the department's 退回."""
    return await cases.send_back(case, reason=body.reason, by=actor)


@router.post(
    "/{case_id}/extensions",
    status_code=201,
    responses=problems(NotFound, CaseStateProblem, OtherDepartment, ExtensionAsked),
)
async def ask_extension(
    actor: DepartmentHand, case: CaseInPath, body: ExtensionDraft, cases: CasesInRequest
) -> Extension:
    """Ask for more time to handle a case 延期申请."""
    return await cases.ask_extension(case, body, by=actor)


@router.post("/{case_id}/extensions/decisions", responses=problems(NotFound, CaseStateProblem, NoExtensionAsked))
async def decide_extension(
    actor: Dispatcher, case: CaseInPath, body: ExtensionDecision, cases: CasesInRequest
) -> CaseSummary:
    """Grant or refuse the extension that was asked for 延期审批."""
    return await cases.decide_extension(case, body, by=actor)


@router.post("/{case_id}/handlings", responses=problems(NotFound, CaseStateProblem, OtherDepartment, PhotosRefused))
async def handle_case(actor: DepartmentHand, case: CaseInPath, body: Handling, cases: CasesInRequest) -> CaseSummary:
    """Say what was done 处置, with photos."""
    return await cases.handle(case, body, by=actor)


@router.post("/{case_id}/verifications", responses=problems(NotFound, CaseStateProblem, OwnWork, PhotosRefused))
async def verify_case(actor: Verifier, case: CaseInPath, body: Verification, cases: CasesInRequest) -> CaseSummary:
    """Judge the work of others 核查: passed, or rework 返工. Raises 403 `own-work` for who handled the case."""
    return await cases.verify(case, body, by=actor)


@router.post("/{case_id}/closings", responses=problems(NotFound, CaseStateProblem, OwnWork))
async def close_case(actor: Acceptor, case: CaseInPath, body: Ending, cases: CasesInRequest) -> CaseSummary:
    """Close a verified case 结案; the words go to the citizen. Raises 403 `own-work` for who handled the case."""
    return await cases.close(case, outcome_text=body.outcome_text, by=actor)


@router.post("/{case_id}/voidings", responses=acts)
async def void_case(actor: Acceptor, case: CaseInPath, body: Ending, cases: CasesInRequest) -> CaseSummary:
    """End what should not be a case 作废, at any stage; the words go to the citizen."""
    return await cases.void(case, outcome_text=body.outcome_text, by=actor)
