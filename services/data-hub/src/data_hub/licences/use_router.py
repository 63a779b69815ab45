"""HTTP face of licences for those who use and check them: uses by authorisation, verification, status lists."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import Invalid, NotFound, TooManyRequests, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub import keyless
from data_hub.licences import repository
from data_hub.licences.access import User, leaves_for
from data_hub.licences.errors import AuthorisationOver, NotInForce, UnknownType
from data_hub.licences.forms import Forms, metadata_of
from data_hub.licences.holding import HoldingInRequest
from data_hub.licences.lists import StatusListsInRequest
from data_hub.licences.loading import AnyType, LeaveToUse
from data_hub.licences.schemas import ListNumber, Presented, TypeMetadata, Verification
from data_hub.licences.use_schemas import Authorisation, AuthorisationFilter, UsedLicence, UseDraft, UseMade
from data_hub.licences.verifying import VerificationsInRequest, weight_of
from data_hub.licences.writing import today_of
from data_hub.seals.errors import SealsMissing
from data_hub.seals.service import Seals
from data_hub.seals.status_lists import MEDIA

router = CityRouter(prefix="/api/data-hub/v1/licences", tags=["licences"])


@router.post("/verifications", responses=problems(SealsMissing, TooManyRequests), dependencies=[Depends(anyone)])
async def verify_form(body: Presented, verifications: VerificationsInRequest, request: Request) -> Verification:
    """Check a form of a licence, whichever it is 核验: genuine or not, and the one status behind all forms."""
    if (body.text is None) == (body.document is None):
        raise Invalid(("文本与文件二选一", "Give either a text or a document"))
    keyless.count(request, weight_of(body))
    return await verifications.check(body)


@router.get(
    "/status-lists/{number}",
    response_class=Response,
    dependencies=[Depends(anyone)],
    responses=problems(NotFound, SealsMissing) | {200: {"content": {MEDIA: {}}, "description": "The list"}},
)
async def read_status_list(number: ListNumber, lists: StatusListsInRequest) -> Response:
    """Read a Token Status List 状态列表: which credentials of it are revoked or suspended."""
    token = await lists.token(number)
    return Response(token, media_type=MEDIA, headers={"Cache-Control": "public, max-age=60"})


@router.get("/types/{code}/metadata", responses=problems(UnknownType), dependencies=[Depends(anyone)])
async def read_type_metadata(kind: AnyType, work: WorkInRequest) -> TypeMetadata:
    """Read the type metadata of a licence type's credentials (SD-JWT VC)."""
    return metadata_of(Forms(Seals(work.settings), work.settings.public_url), kind)


@router.get("/authorisations")
async def list_authorisations_given(
    actor: User, query: Annotated[AuthorisationFilter, Query()], work: WorkInRequest
) -> Page[Authorisation]:
    """List what holders let one's department use, newest first."""
    return await repository.authorisations(work, query, leaves_for(actor), today_of(work))


@router.post("/authorisations/{leave_id}/uses", responses=problems(NotFound, AuthorisationOver, NotInForce))
async def use_licence(
    actor: User, leave: LeaveToUse, body: UseDraft, holding: HoldingInRequest, once: OnceInRequest
) -> UsedLicence:
    """Use a licence by its holder's leave 用证; the holder sees it, a refusal too. Each call is a use.

    Of a renewed or amended licence the new version is used. A call repeated with its `Idempotency-Key` is the same
    use: it is answered anew while leave and licence hold.
    """
    async with holding.refusals_kept(leave, body, by=actor):
        made = await once(lambda: holding.use(leave, body, by=actor), UseMade)
        return await holding.shown(leave, made, case_number=body.case_number, by=actor)
