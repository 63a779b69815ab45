"""HTTP face of licences for issuing departments: types, licences, batches."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import BadCursor, NotFound, problems
from citykit.routing import CityRouter
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from data_hub.licences import repository, searching
from data_hub.licences.access import Issuer, IssuerOrReader, Maintainer, Reader, batches_of, issued_by
from data_hub.licences.amending import AmendingInRequest
from data_hub.licences.batches import BatchesInRequest
from data_hub.licences.errors import (
    AlreadyHeld,
    BatchFault,
    ClaimFault,
    HolderCeased,
    IssuerExists,
    LicenceState,
    NotInForce,
    NotRenewable,
    OtherName,
    PaperNumberTaken,
    TooManyRows,
    TypeExists,
    TypeFault,
    TypeRetired,
    UnknownType,
)
from data_hub.licences.holders import comparisons_kept
from data_hub.licences.issuers import IssuersInRequest
from data_hub.licences.loading import AnyType, IssuedLicence, SeenLicence, TypeToChange
from data_hub.licences.schemas import (
    Amendment,
    Batch,
    BatchQuery,
    Fault,
    FaultFilter,
    IssuerDraft,
    IssuerFilter,
    Licence,
    LicenceBrief,
    LicenceDraft,
    LicenceFilter,
    LicenceSearch,
    LicenceType,
    Reason,
    Renewal,
    StandingQuery,
    TypeDraft,
    TypeFilter,
)
from data_hub.licences.schemas import Issuer as IssuedBy
from data_hub.licences.service import LicencesInRequest

router = CityRouter(prefix="/api/data-hub/v1/licences", tags=["licences"])


@router.get("/types", dependencies=[Depends(anyone)])
async def list_types(query: Annotated[TypeFilter, Query()], work: WorkInRequest) -> Page[LicenceType]:
    """List the licence types 证照类型, by code."""
    return await repository.types(work, query)


@router.post("/types", status_code=201, responses=problems(TypeExists, TypeFault))
async def make_type(
    actor: Maintainer, body: TypeDraft, licences: LicencesInRequest, once: OnceInRequest
) -> LicenceType:
    """Make a licence type 建立证照类型: fields, template, validity, issuing department."""
    return await once(lambda: licences.make_type(body, by=actor), LicenceType)


@router.get("/types/{code}", responses=problems(UnknownType), dependencies=[Depends(anyone)])
async def read_type(kind: AnyType) -> LicenceType:
    """Read a licence type."""
    return LicenceType.of(kind)


@router.get("/types/{code}/issuers", responses=problems(UnknownType), dependencies=[Depends(anyone)])
async def list_issuers(kind: AnyType, query: Annotated[IssuerFilter, Query()], work: WorkInRequest) -> Page[IssuedBy]:
    """List the departments that issue licences of a type beside the one that it names, former ones too."""
    return await repository.issuers(work, query, kind.code)


@router.post("/types/{code}/issuers", status_code=201, responses=problems(UnknownType, IssuerExists))
async def add_issuer(
    actor: Maintainer, kind: TypeToChange, body: IssuerDraft, issuers: IssuersInRequest, once: OnceInRequest
) -> IssuedBy:
    """Let a department issue licences of a type too 增加发证机关, and act on those that it issued."""
    return await once(lambda: issuers.add(kind, body, by=actor), IssuedBy)


@router.post("/types/{code}/issuers/{department}/endings", responses=problems(UnknownType, NotFound))
async def end_issuer(
    actor: Maintainer, kind: TypeToChange, department: Uscc, body: Reason, issuers: IssuersInRequest
) -> IssuedBy:
    """Let a department issue no more of a type 取消发证机关: what it issued stays its own."""
    return await issuers.end(kind, department, body, by=actor)


@router.post("/types/{code}/retirements", responses=problems(UnknownType))
async def retire_type(actor: Maintainer, kind: TypeToChange, body: Reason, licences: LicencesInRequest) -> LicenceType:
    """Retire a licence type 停用: what was issued stays, nothing new is issued."""
    return await licences.retire_type(kind, body.reason, by=actor)


@router.post(
    "",
    status_code=201,
    responses=problems(UnknownType, TypeRetired, ClaimFault, OtherName, HolderCeased, AlreadyHeld, PaperNumberTaken),
)
async def issue_licence(
    actor: Issuer, body: LicenceDraft, licences: LicencesInRequest, once: OnceInRequest
) -> LicenceBrief:
    """Issue a licence of one's department 签发, or enter one from paper with the number that it carries."""
    async with comparisons_kept(licences.work, by=actor):
        return await once(lambda: licences.issue(body, by=actor), LicenceBrief)


@router.get("")
async def list_licences(
    actor: IssuerOrReader, query: Annotated[LicenceFilter, Query()], work: WorkInRequest, licences: LicencesInRequest
) -> Page[LicenceBrief]:
    """List the licences that one's department issued, newest first, holders masked."""
    return await repository.licences(work, query, issued_by(actor), licences.today)


@router.post("/searches", responses=problems(BadCursor))
async def search_licences(actor: Issuer, body: LicenceSearch, work: WorkInRequest) -> Page[LicenceBrief]:
    """Search the licences that one's department issued by holder, serial or batch 检索证照, newest first, masked.

    A person whose number was searched finds it in her access log.
    """
    return await searching.search(work, body, by=actor)


@router.get("/standing", responses=problems(NotFound))
async def read_standing(
    actor: Reader, query: Annotated[StandingQuery, Query()], licences: LicencesInRequest
) -> LicenceBrief:
    """Read what a licence is worth today by its identifier 查验证照状态; the holder sees who asked, and why."""
    return await licences.standing_of(query.identifier, query.purpose, by=actor)


@router.post(
    "/batches",
    status_code=202,
    responses=problems(UnknownType, TypeRetired, BatchFault, TooManyRows),
    openapi_extra={"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}, "required": True}},
)
async def issue_batch(
    actor: Issuer,
    query: Annotated[BatchQuery, Query()],
    request: Request,
    batches: BatchesInRequest,
    once: OnceInRequest,
) -> Batch:
    """Issue up to 100,000 licences of one type by a CSV file 批量签发; they are made in jobs."""
    data = await request.body()
    return await once(lambda: batches.accept(query.type_code, data, by=actor), Batch)


@router.get("/batches/{batch_id}", responses=problems(NotFound))
async def read_batch(actor: Issuer, batch_id: UUID, work: WorkInRequest) -> Batch:
    """Read how far a batch of one's department is."""
    found = await repository.batch(work, batch_id, batches_of(actor))
    if found is None:
        raise NotFound
    return found


@router.get("/batches/{batch_id}/faults", responses=problems(NotFound))
async def list_faults(
    actor: Issuer, batch_id: UUID, query: Annotated[FaultFilter, Query()], work: WorkInRequest
) -> Page[Fault]:
    """List the rows of a batch that became no licence, and why."""
    if await repository.batch(work, batch_id, batches_of(actor)) is None:
        raise NotFound
    return await repository.faults(work, query, batch_id)


@router.get("/{licence_id}", responses=problems(NotFound))
async def read_licence(actor: Issuer, licence: SeenLicence, licences: LicencesInRequest) -> Licence:
    """Read a licence of one's department with what it says; the holder sees that it was read."""
    return await licences.read(licence, by=actor)


@router.post(
    "/{licence_id}/renewals",
    status_code=201,
    responses=problems(
        NotFound, LicenceState, NotRenewable, TypeRetired, ClaimFault, OtherName, HolderCeased, AlreadyHeld
    ),
)
async def renew_licence(
    actor: Issuer, licence: IssuedLicence, body: Renewal, licences: LicencesInRequest, once: OnceInRequest
) -> LicenceBrief:
    """Renew a licence 换发: its next version counts from now, the present one is superseded."""
    async with comparisons_kept(licences.work, by=actor):
        return await once(lambda: licences.renew(licence, body, by=actor), LicenceBrief)


@router.post(
    "/{licence_id}/amendments",
    status_code=201,
    responses=problems(
        NotFound, LicenceState, NotInForce, UnknownType, TypeRetired, ClaimFault, OtherName, HolderCeased, AlreadyHeld
    ),
)
async def amend_licence(
    actor: Issuer, licence: IssuedLicence, body: Amendment, amending: AmendingInRequest, once: OnceInRequest
) -> LicenceBrief:
    """Amend a licence 变更: its next version says something else, for the same term; the present one is superseded."""
    async with comparisons_kept(amending.work, by=actor):
        return await once(lambda: amending.amend(licence, body, by=actor), LicenceBrief)


@router.post("/{licence_id}/suspensions", responses=problems(NotFound, LicenceState))
async def suspend_licence(
    actor: Issuer, licence: IssuedLicence, body: Reason, licences: LicencesInRequest
) -> LicenceBrief:
    """Suspend a licence 暂停, in every form at once."""
    return await licences.suspend(licence, body.reason, by=actor)


@router.post("/{licence_id}/resumptions", responses=problems(NotFound, LicenceState))
async def resume_licence(
    actor: Issuer, licence: IssuedLicence, body: Reason, licences: LicencesInRequest
) -> LicenceBrief:
    """Let a suspended licence count again 恢复."""
    return await licences.resume(licence, body.reason, by=actor)


@router.post("/{licence_id}/revocations", responses=problems(NotFound, LicenceState))
async def revoke_licence(
    actor: Issuer, licence: IssuedLicence, body: Reason, licences: LicencesInRequest
) -> LicenceBrief:
    """Revoke a licence for good 注销, in every form at once."""
    return await licences.revoke(licence, body.reason, by=actor)
