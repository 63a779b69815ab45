"""HTTP in and out for firm files."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from citykit.idempotency import OnceInRequest
from citykit.pages import Page, keyset_page
from citykit.problems import NotFound, Unavailable, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from enterprise.firms import repository
from enterprise.firms.access import Binder, FirmInPath, FirmReader, FirmsInRequest, RepresentedFirm
from enterprise.firms.errors import (
    AlreadyBound,
    AlreadyDelegate,
    FirmCeased,
    NotRepresentative,
    NotVerified,
    OwnDelegate,
    UnknownFirm,
)
from enterprise.firms.models import FirmRow
from enterprise.firms.schemas import (
    Binding,
    BindingDraft,
    Declaration,
    Delegate,
    DelegateDraft,
    Firm,
    FirmFilter,
    FirmRead,
    FirmReadFilter,
    FirmSummary,
)

router = CityRouter(prefix="/api/enterprise/v1/firms", tags=["firms 企业档案"])


@router.get("")
async def list_firms(
    actor: FirmReader, query: Annotated[FirmFilter, Query()], work: WorkInRequest
) -> Page[FirmSummary]:
    """List the firms that the caller may act for; all of them for a supervisor. Ceased ones are in it, with state."""
    found = repository.visible_to(actor, work.clock.now())
    if query.state is not None:
        found = found.where(FirmRow.state == query.state)
    return await keyset_page(work.session, found, keys=(FirmRow.uscc,), query=query, make=FirmSummary.of)


@router.post(
    "/bindings",
    status_code=201,
    responses=problems(NotVerified, NotRepresentative, UnknownFirm, FirmCeased, AlreadyBound, Unavailable),
)
async def bind_firm(actor: Binder, body: BindingDraft, firms: FirmsInRequest, once: OnceInRequest) -> Binding:
    """Bind a firm to oneself as its legal representative 绑定企业; the registry is asked on the spot."""
    return await once(lambda: firms.bind(body.uscc, by=actor), Binding)


@router.get("/{uscc}", responses=problems(NotFound))
async def read_firm(actor: FirmReader, firm: FirmInPath, firms: FirmsInRequest) -> Firm:
    """Read a firm's file 企业档案; a reader who is not the firm is noted in the firm's access log."""
    return await firms.read(firm, by=actor)


@router.delete("/{uscc}/binding", status_code=204, responses=problems(NotFound))
async def unbind_firm(actor: Binder, firm: RepresentedFirm, firms: FirmsInRequest) -> None:
    """End one's own binding 解绑; delegations given by its right end with it."""
    await firms.unbind(firm, by=actor)


@router.put("/{uscc}/declaration", responses=problems(NotFound))
async def declare(actor: Binder, firm: RepresentedFirm, body: Declaration, firms: FirmsInRequest) -> Firm:
    """Declare industry, staff (persons), revenue and assets (fen 分); the size class 划型 follows from them."""
    return await firms.declare(firm, body, by=actor)


@router.get("/{uscc}/delegates", responses=problems(NotFound))
async def list_delegates(actor: Binder, firm: RepresentedFirm, firms: FirmsInRequest) -> list[Delegate]:
    """List who may ask in the firm's name now 经办人."""
    return list(await firms.delegates(firm))


@router.post(
    "/{uscc}/delegates",
    status_code=201,
    responses=problems(NotFound, FirmCeased, AlreadyDelegate, OwnDelegate),
)
async def delegate(
    actor: Binder, firm: RepresentedFirm, body: DelegateDraft, firms: FirmsInRequest, once: OnceInRequest
) -> Delegate:
    """Let a clerk ask in the firm's name 委托经办人, until a time or until revoked."""
    return await once(lambda: firms.delegate(firm, body, by=actor), Delegate)


@router.delete("/{uscc}/delegates/{delegate_id}", status_code=204, responses=problems(NotFound))
async def revoke_delegate(actor: Binder, firm: RepresentedFirm, delegate_id: UUID, firms: FirmsInRequest) -> None:
    """Take a delegation back, at once."""
    await firms.revoke(firm, delegate_id, by=actor)


@router.get("/{uscc}/access-log", responses=problems(NotFound))
async def read_access_log(
    actor: Binder, firm: RepresentedFirm, query: Annotated[FirmReadFilter, Query()], firms: FirmsInRequest
) -> Page[FirmRead]:
    """Read who else read this firm's data, when and for what 谁看过本企业的数据."""
    return await firms.reads(firm, query)
