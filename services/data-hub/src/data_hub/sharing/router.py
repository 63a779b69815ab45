"""HTTP face of sharing: applications, decisions, grants, time limits."""

from datetime import date
from typing import Annotated

from fastapi import Query

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.pages import Page
from citykit.problems import BadCursor, NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.sharing import errors as no
from data_hub.sharing.access import (
    Applicant,
    ApplicationToDecide,
    Bureau,
    Decider,
    DisputedApplication,
    GrantToGovern,
    GrantToStop,
    OwnApplication,
    Reader,
    VisibleApplication,
    VisibleGrant,
    source_only,
)
from data_hub.sharing.applications import ApplicationsInRequest
from data_hub.sharing.granting import GrantingInRequest
from data_hub.sharing.offers import offer_of
from data_hub.sharing.repository import RecordsInRequest
from data_hub.sharing.schemas import (
    Application,
    ApplicationBrief,
    ApplicationDraft,
    ApplicationFilter,
    GrantApproval,
    GrantBrief,
    GrantChange,
    GrantDocument,
    GrantFilter,
    LimitedStep,
    Mediation,
    ResourceCode,
    Rule,
    RuleDraft,
    StepReason,
    Supplement,
    TimeLimitDraft,
    TimeLimits,
)

router = CityRouter(prefix="/api/data-hub/v1/sharing", tags=["共享交换 Sharing"])

_ONCE = (KeyUsedOtherwise, StillRunning)
_ACT = problems(no.NoDepartment, NotFound, no.ApplicationStateProblem)
_CONTENT = (no.UnknownColumn, no.NothingToShare, no.BadRowFilter, no.BadPeriod)
_APPLY = problems(
    no.NoDepartment, no.NoPublishedResource, no.ReadByPurpose, no.NotShared, no.OwnResource, no.AppliedAlready,
    *_CONTENT, no.TermMissing, *_ONCE,
)  # fmt: skip
_GRANT_ACT = problems(no.NoDepartment, NotFound, no.GrantStateProblem)


@router.post("/applications", status_code=201, responses=_APPLY)
async def apply_for_resource(
    actor: Applicant, body: ApplicationDraft, acts: ApplicationsInRequest, records: RecordsInRequest,
    once: OnceInRequest,
) -> Application:  # fmt: skip
    """Apply for a resource for one's own department 提交共享申请."""

    async def act() -> Application:
        return await records.application(await acts.apply(body, by=actor))

    return await once(act, Application)


@router.get("/applications", responses=problems(BadCursor))
async def list_applications(
    actor: Reader, query: Annotated[ApplicationFilter, Query()], records: RecordsInRequest
) -> Page[ApplicationBrief]:
    """List applications of one's department and for its resources; the data bureau sees all 申请列表."""
    return await records.applications(query, by=actor)


@router.get("/applications/{application_id}", responses=problems(NotFound))
async def read_application(_: Reader, row: VisibleApplication, records: RecordsInRequest) -> Application:
    """Read an application with its steps 查看申请."""
    return await records.application(row)


@router.post(
    "/applications/{application_id}/extensions",
    status_code=201,
    responses=_ACT | problems(no.AlreadyExtended, no.DecisionOverdue, no.ApplicationStateProblem),
)
async def extend_time(
    actor: Decider, row: ApplicationToDecide, body: StepReason, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Take more time for the decision, once, with the reason 延长答复期限."""
    return await records.application(await acts.extend(row, body.reason, by=actor))


@router.post("/applications/{application_id}/supplement-requests", status_code=201, responses=_ACT)
async def ask_for_supplement(
    actor: Decider, row: ApplicationToDecide, body: StepReason, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Ask the applicant for what is missing; the clock stands still meanwhile 要求补正."""
    return await records.application(await acts.ask_supplement(row, body.reason, by=actor))


@router.post(
    "/applications/{application_id}/supplements",
    status_code=201,
    responses=_ACT | problems(no.ReadByPurpose, *_CONTENT),
)
async def supplement_application(
    actor: Applicant, row: OwnApplication, body: Supplement, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Give what was asked for 补正申请."""
    return await records.application(await acts.supplement(row, body, by=actor))


@router.post(
    "/applications/{application_id}/approvals",
    status_code=201,
    responses=_ACT
    | problems(no.ApplicationStateProblem, no.ReadByPurpose, no.NotShared, no.BeyondApplication, *_CONTENT),
)
async def approve_application(
    actor: Decider,
    row: ApplicationToDecide,
    body: GrantApproval,
    acts: ApplicationsInRequest,
    records: RecordsInRequest,
) -> Application:
    """Grant what was applied for, or less, as its source department 同意共享."""
    return await records.application(await acts.grant(row, body, by=actor))


@router.post("/applications/{application_id}/refusals", status_code=201, responses=_ACT)
async def refuse_application(
    actor: Decider, row: ApplicationToDecide, body: StepReason, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Refuse, with the reason, as its source department 不同意共享."""
    return await records.application(await acts.refuse(row, body.reason, by=actor))


@router.post("/applications/{application_id}/withdrawals", status_code=201, responses=_ACT)
async def withdraw_application(
    actor: Applicant, row: OwnApplication, body: StepReason, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Take an application back 撤回申请."""
    return await records.application(await acts.withdraw(row, body.reason, by=actor))


@router.post("/applications/{application_id}/disputes", status_code=201, responses=_ACT)
async def dispute_refusal(
    actor: Applicant, row: OwnApplication, body: StepReason, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Ask the data bureau to mediate about a refusal 提请协调."""
    return await records.application(await acts.dispute(row, body.reason, by=actor))


@router.post("/applications/{application_id}/mediations", status_code=201, responses=_ACT)
async def mediate_dispute(
    actor: Bureau, row: DisputedApplication, body: Mediation, acts: ApplicationsInRequest, records: RecordsInRequest
) -> Application:
    """Decide a dispute as the data bureau 协调处理."""
    return await records.application(await acts.mediate(row, body, by=actor))


@router.get("/grants", responses=problems(BadCursor))
async def list_grants(
    actor: Reader, query: Annotated[GrantFilter, Query()], records: RecordsInRequest
) -> Page[GrantBrief]:
    """List grants to one's department and of its resources; the data bureau and auditors see all 授权列表."""
    return await records.grants(query, by=actor)


@router.get("/grants/{grant_id}", responses=problems(NotFound))
async def read_grant(_: Reader, row: VisibleGrant, records: RecordsInRequest) -> GrantDocument:
    """Read a grant as it stands, and all that it said before 查看授权."""
    return await records.grant(row)


@router.post(
    "/grants/{grant_id}/changes", status_code=201, responses=_GRANT_ACT | problems(no.ReadByPurpose, *_CONTENT)
)
async def change_grant(
    actor: Decider, row: GrantToGovern, body: GrantChange, acts: GrantingInRequest, records: RecordsInRequest
) -> GrantDocument:
    """Make a grant narrower or wider as its source department; the next call obeys 变更授权."""
    return await records.grant(await acts.change(row, body, by=actor))


@router.post("/grants/{grant_id}/suspensions", status_code=201, responses=_GRANT_ACT)
async def suspend_grant(
    row: GrantToStop, body: StepReason, acts: GrantingInRequest, records: RecordsInRequest
) -> GrantDocument:
    """Suspend a grant, as its source department or the data bureau; the next call is refused 暂停授权."""
    return await records.grant(await acts.move(row.row, "suspend", body.reason, by=row.by))


@router.post("/grants/{grant_id}/resumptions", status_code=201, responses=_GRANT_ACT)
async def resume_grant(
    actor: Decider, row: GrantToGovern, body: StepReason, acts: GrantingInRequest, records: RecordsInRequest
) -> GrantDocument:
    """Let a suspended grant work again 恢复授权."""
    return await records.grant(await acts.move(row, "resume", body.reason, by=actor))


@router.post("/grants/{grant_id}/revocations", status_code=201, responses=_GRANT_ACT)
async def revoke_grant(
    row: GrantToStop, body: StepReason, acts: GrantingInRequest, records: RecordsInRequest
) -> GrantDocument:
    """Take a grant back for good, as its source department or the data bureau; the next call is refused 撤销授权."""
    return await records.grant(await acts.revoke(row.row, body.reason, by=row.by))


@router.get("/terms")
async def read_terms(_: Reader, records: RecordsInRequest) -> TimeLimits:
    """Read the legal time limits in working days, each with its source 办理时限."""
    return await records.terms()


@router.post("/terms", status_code=201, responses=problems(no.TermPeriod))
async def set_term(actor: Bureau, body: TimeLimitDraft, records: RecordsInRequest, once: OnceInRequest) -> TimeLimits:
    """Set a time limit from a day on, as the data bureau; running clocks keep theirs 设置办理时限."""
    return await once(lambda: records.set_term(body, by=actor), TimeLimits)


@router.delete("/terms/{step}/{valid_from}", responses=problems(NotFound, no.TermInForce))
async def withdraw_term(actor: Bureau, step: LimitedStep, valid_from: date, records: RecordsInRequest) -> TimeLimits:
    """Take a time limit back that is not in force yet, as the data bureau 撤回未施行的办理时限."""
    return await records.withdraw_term(step, valid_from, by=actor)


@router.get("/resources/{code}/rule", responses=problems(no.NoPublishedResource, no.ReadByPurpose))
async def read_rule(_: Reader, code: ResourceCode, work: WorkInRequest, records: RecordsInRequest) -> Rule:
    """Read how applications for a resource are handled 受理规则."""
    return await records.rule((await offer_of(work, code)).resource.code)


@router.put("/resources/{code}/rule", responses=problems(no.NoPublishedResource, no.ReadByPurpose, no.NoDepartment))
async def set_rule(
    actor: Decider, code: ResourceCode, body: RuleDraft, work: WorkInRequest, records: RecordsInRequest
) -> Rule:
    """Say how applications for a resource of one's own department are handled 设置受理规则."""
    offer = await offer_of(work, code)
    source_only(offer.resource.source_department, actor)
    return await records.set_rule(offer.resource.code, body, by=actor)
