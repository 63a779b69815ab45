"""HTTP face of licences for issuing departments: types, licences, batches."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.licences import repository
from data_hub.licences.access import Issuer, IssuerOrReader, Maintainer, Reader, batches_of, issued_by
from data_hub.licences.batches import BatchesInRequest
from data_hub.licences.errors import (
    BatchFault,
    ClaimFault,
    HolderCeased,
    LicenceState,
    NotRenewable,
    TooManyRows,
    TypeExists,
    TypeFault,
    TypeRetired,
    UnknownType,
)
from data_hub.licences.loading import AnyType, IssuedLicence, SeenLicence, TypeToChange
from data_hub.licences.schemas import (
    Batch,
    BatchQuery,
    Fault,
    FaultFilter,
    Licence,
    LicenceBrief,
    LicenceDraft,
    LicenceFilter,
    LicenceType,
    Reason,
    Renewal,
    StandingQuery,
    TypeDraft,
    TypeFilter,
)
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


@router.post("/types/{code}/retirements", responses=problems(UnknownType))
async def retire_type(actor: Maintainer, kind: TypeToChange, body: Reason, licences: LicencesInRequest) -> LicenceType:
    """Retire a licence type 停用: what was issued stays, nothing new is issued."""
    return await licences.retire_type(kind, body.reason, by=actor)


@router.post("", status_code=201, responses=problems(UnknownType, TypeRetired, ClaimFault, HolderCeased))
async def issue_licence(
    actor: Issuer, body: LicenceDraft, licences: LicencesInRequest, once: OnceInRequest
) -> LicenceBrief:
    """Issue a licence of one's department 签发."""
    return await once(lambda: licences.issue(body, by=actor), LicenceBrief)


@router.get("")
async def list_licences(
    actor: IssuerOrReader, query: Annotated[LicenceFilter, Query()], work: WorkInRequest, licences: LicencesInRequest
) -> Page[LicenceBrief]:
    """List the licences that one's department issued, newest first, holders masked."""
    return await repository.licences(work, query, issued_by(actor), licences.today)


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
    responses=problems(NotFound, LicenceState, NotRenewable, TypeRetired, ClaimFault, HolderCeased),
)
async def renew_licence(
    actor: Issuer, licence: IssuedLicence, body: Renewal, licences: LicencesInRequest, once: OnceInRequest
) -> LicenceBrief:
    """Renew a licence 换发: its next version counts from now, the present one is superseded."""
    return await once(lambda: licences.renew(licence, body, by=actor), LicenceBrief)


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
