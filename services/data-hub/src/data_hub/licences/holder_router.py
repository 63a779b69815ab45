"""HTTP face of licences for holders: one's own, their forms, whom one lets use them, and who did."""

import asyncio
from typing import Annotated

from fastapi import Query, Response

from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.licences import repository
from data_hub.licences.access import Holder
from data_hub.licences.errors import (
    AuthorisationOver,
    AuthorisationTerm,
    ClaimFault,
    HolderKey,
    NotInForce,
    NotTheHolder,
    UnknownDepartment,
)
from data_hub.licences.forms import Forms, checked_key, content_of, png, svg
from data_hub.licences.holding import HoldingInRequest
from data_hub.licences.loading import HeldLicence, OwnLeave
from data_hub.licences.schemas import Credential, CredentialRequest, Licence, LicenceBrief, OwnFilter
from data_hub.licences.service import LicencesInRequest
from data_hub.licences.use_schemas import Authorisation, AuthorisationDraft, AuthorisationFilter, Use, UseFilter
from data_hub.licences.writing import today_of
from data_hub.seals.errors import SealsMissing
from data_hub.seals.service import Seals

router = CityRouter(prefix="/api/data-hub/v1/licences/own", tags=["licences"])
FORM = problems(NotFound, NotInForce, SealsMissing)


def _file(media: str) -> dict[int | str, dict[str, object]]:
    return FORM | {200: {"content": {media: {}}, "description": "The form"}}


def _forms(work: WorkInRequest) -> Forms:
    return Forms(Seals(work.settings), work.settings.public_url)


def _sent(data: bytes, media: str, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=media, headers=headers)


@router.get("", responses=problems(NotTheHolder))
async def list_own_licences(
    actor: Holder, query: Annotated[OwnFilter, Query()], holding: HoldingInRequest, licences: LicencesInRequest
) -> Page[LicenceBrief]:
    """List one's own licences 我的证照, or those of a firm that one represents, newest first."""
    held_by = await holding.held_by(actor, query.uscc)
    return await repository.held(holding.work, query, held_by, licences.today)


@router.get("/{licence_id}", responses=problems(NotFound))
async def read_own_licence(actor: Holder, licence: HeldLicence, licences: LicencesInRequest) -> Licence:
    """Read a licence that one holds, with what it says."""
    return await licences.read(licence, by=actor)


@router.get("/{licence_id}/document.pdf", response_class=Response, responses=_file("application/pdf"))
async def read_pdf(licence: HeldLicence, work: WorkInRequest) -> Response:
    """Read a licence as PDF with the city's signature 电子签章版 (PAdES)."""
    content = await content_of(work, licence)
    data = await asyncio.to_thread(_forms(work).pdf, content)
    return _sent(data, "application/pdf", "licence.pdf")


@router.get("/{licence_id}/document.ofd", response_class=Response, responses=_file("application/ofd"))
async def read_ofd(licence: HeldLicence, work: WorkInRequest) -> Response:
    """Read a licence as OFD page 版式文件 (GB/T 33190)."""
    content = await content_of(work, licence)
    data = await asyncio.to_thread(_forms(work).ofd, content)
    return _sent(data, "application/ofd", "licence.ofd")


@router.get("/{licence_id}/code.png", response_class=Response, responses=_file("image/png"))
async def read_code_png(licence: HeldLicence, work: WorkInRequest) -> Response:
    """Read the QR code of a licence as PNG 亮证二维码: good for a day, verifies offline."""
    text = _forms(work).screen_code(await content_of(work, licence))
    return _sent(await asyncio.to_thread(png, text), "image/png", "licence.png")


@router.get("/{licence_id}/code.svg", response_class=Response, responses=_file("image/svg+xml"))
async def read_code_svg(licence: HeldLicence, work: WorkInRequest) -> Response:
    """Read the QR code of a licence as SVG 亮证二维码: good for a day, verifies offline."""
    text = _forms(work).screen_code(await content_of(work, licence))
    return _sent(await asyncio.to_thread(svg, text), "image/svg+xml", "licence.svg")


@router.post("/{licence_id}/credentials", responses=FORM | problems(HolderKey))
async def make_credential(licence: HeldLicence, body: CredentialRequest, work: WorkInRequest) -> Credential:
    """Make a verifiable credential of a licence 可验证凭证 (SD-JWT VC), bound to a key where one is given."""
    content = await content_of(work, licence)
    key = body.holder_key.model_dump() if body.holder_key else None
    return Credential(credential=_forms(work).credential(content, checked_key(key)))


@router.post(
    "/{licence_id}/authorisations",
    status_code=201,
    responses=problems(NotFound, NotInForce, AuthorisationTerm, ClaimFault, UnknownDepartment),
)
async def authorise_use(
    actor: Holder, licence: HeldLicence, body: AuthorisationDraft, holding: HoldingInRequest, once: OnceInRequest
) -> Authorisation:
    """Let a department use a licence for a matter, a time and a number of uses 授权用证."""
    return await once(lambda: holding.authorise(licence, body, by=actor), Authorisation)


@router.get("/{licence_id}/authorisations", responses=problems(NotFound))
async def list_authorisations(
    licence: HeldLicence, query: Annotated[AuthorisationFilter, Query()], work: WorkInRequest
) -> Page[Authorisation]:
    """List whom one let use a licence, whichever its version, newest first."""
    return await repository.authorisations(work, query, repository.leaves_of(licence), today_of(work))


@router.post("/{licence_id}/authorisations/{leave_id}/withdrawals", responses=problems(NotFound, AuthorisationOver))
async def withdraw_authorisation(actor: Holder, leave: OwnLeave, holding: HoldingInRequest) -> Authorisation:
    """Withdraw an authorisation 撤回授权: the next use is refused."""
    return await holding.withdraw(leave, by=actor)


@router.get("/{licence_id}/uses", responses=problems(NotFound))
async def list_uses(licence: HeldLicence, query: Annotated[UseFilter, Query()], work: WorkInRequest) -> Page[Use]:
    """List who used a licence for what 用证记录, whichever its version, refused uses included, newest first."""
    return await repository.uses(work, query, licence)
