"""The account page: real name, passkeys, sessions and consents of the signed-in person; and the passkey calls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from citizen_pass.identity import repository
from citizen_pass.identity.errors import AlreadyVerified, PageError, PersonBound
from citizen_pass.identity.flow import OIDC, demand_form_token, keep_cookie, page_answers
from citizen_pass.identity.models import AccountRow
from citizen_pass.identity.oauth import NO_STORE, form_parameters, redirect
from citizen_pass.identity.passkeys import AMR, PasskeyRefused, Passkeys
from citizen_pass.identity.registry import withdraw_consent
from citizen_pass.identity.schemas import VerificationDraft
from citizen_pass.identity.scopes import words
from citizen_pass.identity.service import Accounts
from citizen_pass.identity.sessions import Browser, BrowserInRequest, Sessions
from citizen_pass.pages.rendering import BASE, render
from citykit.access import Actor, anyone
from citykit.actors import ActorKind
from citykit.clock import CHINA, WallClock
from citykit.mesh import NeighbourUnavailable
from citykit.problems import Forbidden, Problem
from citykit.routing import CityRouter
from citykit.work import Work, WorkInRequest

router = APIRouter(prefix=BASE, dependencies=[Depends(anyone)], include_in_schema=False, redirect_slashes=False)
calls = CityRouter(prefix=f"{BASE}/passkeys", dependencies=[Depends(anyone)], include_in_schema=False)

DONE = {
    "verified": ("实名认证已完成", "Your real name is verified"),
    "passkey": ("通行密钥已添加", "The passkey was added"),
    "removed": ("通行密钥已删除", "The passkey was removed"),
    "ended": ("该设备已退出登录", "That device is signed out"),
    "withdrawn": ("授权已撤销", "The permission was withdrawn"),
}
FIELDS = {
    "name": ("请填写姓名", "Please give your name"),
    "id_number": ("公民身份号码有误，请核对", "The identity number is not valid, please check it"),
}


def _day(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _holder(browser: Browser) -> AccountRow:
    if browser.account is None:
        raise PageError(("请先登录", "Please sign in first"), status=401)
    return browser.account


@router.get("/account")
@page_answers
async def account_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """The account page; without a session the sign-in page comes first."""
    if browser.account is None:
        return redirect(f"{BASE}/sign-in")
    done = DONE.get(request.query_params.get("done", ""))
    return await _page(request, work, browser, done=done)


async def _page(
    request: Request, work: Work, browser: Browser, *, status: int = 200, error: tuple[str, str] | None = None,
    errors: dict[str, str] | None = None, done: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    account, pick = _holder(browser), 1 if browser.english else 0
    consents = await repository.consents_of(work.session, account.subject)
    sessions = await repository.sessions_of(work.session, account.subject, WallClock().now())
    current = browser.session.id if browser.session is not None else None
    page = render(
        request, "account.html", language=browser.language, status=status, here=f"{BASE}/account",
        form_token=browser.form_token, account=account, errors=errors or {},
        office=await repository.office_of(work.session, account.subject, work.clock.now()),
        error=error[pick] if error else "", done=done[pick] if done else "",
        passkeys=[
            {"id": key.id, "name": key.name, "created": _day(key.created_at)}
            for key in await repository.passkeys_of(work.session, account.subject)
        ],
        sessions=[
            {"id": s.id, "device": s.device, "since": _day(s.auth_time), "current": s.id == current} for s in sessions
        ],
        consents=[
            {"client_id": c.client_id, "client": (client.name_zh, client.name_en)[pick],
             "scopes": [words(scope)[pick] for scope in c.scopes]}
            for c, client in consents
        ],
    )  # fmt: skip
    return keep_cookie(page, browser, work)


@router.post("/account/verification")
@page_answers
async def verify(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Verify the real name from the page."""
    form = await form_parameters(request)
    demand_form_token(browser, form)
    account, pick = _holder(browser), 1 if browser.english else 0
    try:
        draft = VerificationDraft(name=form.get("name", ""), id_number=form.get("id_number", ""))
    except ValidationError as invalid:
        errors = {str(e["loc"][0]): FIELDS[str(e["loc"][0])][pick] for e in invalid.errors()}
        return await _page(request, work, browser, status=422, errors=errors)
    by = Actor(subject=str(account.subject), kind=ActorKind.person, assurance=1)
    try:
        outcome = await Accounts(work).verify(draft, by=by)
    except (NeighbourUnavailable, AlreadyVerified, PersonBound) as refused:
        return await _page(request, work, browser, status=refused.status, error=refused.title)
    if isinstance(outcome, Problem):
        return await _page(request, work, browser, status=outcome.status, error=outcome.title)
    return _back("verified")


@router.post("/account/passkeys/{passkey_id}/removal")
@page_answers
async def remove_passkey(
    request: Request, passkey_id: UUID, browser: BrowserInRequest, work: WorkInRequest
) -> Response:
    """Forget a passkey."""
    demand_form_token(browser, await form_parameters(request))
    return _back("removed" if await Passkeys(work).remove(_holder(browser), passkey_id) else "")


@router.post("/account/sessions/{session_id}/revocation")
@page_answers
async def end_session(request: Request, session_id: UUID, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """End one session and all that programs got through it."""
    demand_form_token(browser, await form_parameters(request))
    return _back("ended" if await Sessions(work).revoke(_holder(browser).subject, session_id) else "")


@router.post("/account/consents/{client_id}/withdrawal")
@page_answers
async def withdraw(request: Request, client_id: str, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Withdraw what a program was allowed, and end its tokens."""
    demand_form_token(browser, await form_parameters(request))
    account = _holder(browser)
    known = "\x00" not in client_id and await withdraw_consent(work, account.subject, client_id[:100])
    return _back("withdrawn" if known else "")


def _back(done: str) -> Response:
    return redirect(f"{BASE}/account", {"done": done} if done else None)


# ---- passkey calls of the page's script -----------------------------------------------------------------------------


class PasskeyCall(BaseModel):
    """What the script sends: the form token, and the browser's credential where it has one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form_token: str = Field(max_length=100)
    request: str = Field(default="", max_length=64, pattern=r"^[A-Za-z0-9_-]*$")
    name: str = Field(default="passkey", min_length=1, max_length=100)
    credential: dict[str, Any] = {}


def _sent(browser: Browser, call: PasskeyCall) -> None:
    if not browser.sent(call.form_token):
        raise Forbidden(("页面已过期", "The page has expired"))


@calls.post("/registration-options")
async def registration_options(call: PasskeyCall, browser: BrowserInRequest, work: WorkInRequest) -> JSONResponse:
    """Begin to add a passkey."""
    _sent(browser, call)
    if browser.account is None:
        raise Forbidden()
    return JSONResponse(await Passkeys(work).registration_options(browser, browser.account), headers=NO_STORE)


@calls.post("/registration")
async def register_passkey(call: PasskeyCall, browser: BrowserInRequest, work: WorkInRequest) -> JSONResponse:
    """Add the passkey that the browser made."""
    _sent(browser, call)
    if browser.account is None:
        raise Forbidden()
    try:
        await Passkeys(work).register(browser, browser.account, call.credential, call.name)
    except PasskeyRefused:
        return _refused()
    return JSONResponse({"location": f"{BASE}/account?done=passkey"}, headers=NO_STORE)


@calls.post("/sign-in-options")
async def sign_in_options(call: PasskeyCall, browser: BrowserInRequest, work: WorkInRequest) -> JSONResponse:
    """Begin to sign in with a passkey; nobody's name is asked."""
    _sent(browser, call)
    return JSONResponse(await Passkeys(work).sign_in_options(browser), headers=NO_STORE)


@calls.post("/sign-in")
async def sign_in_with_passkey(
    request: Request, call: PasskeyCall, browser: BrowserInRequest, work: WorkInRequest
) -> Response:
    """Sign in with a passkey."""
    _sent(browser, call)
    try:
        account = await Passkeys(work).sign_in(browser, call.credential)
    except PasskeyRefused:
        return _refused()
    await Sessions(work).start(request, browser, account, AMR)
    target = f"{OIDC}/authorize/resumption?request={call.request}" if call.request else f"{BASE}/account"
    return keep_cookie(JSONResponse({"location": target}, headers=NO_STORE), browser, work)


def _refused() -> JSONResponse:
    """A refusal that commits: the challenge is spent."""
    return JSONResponse({"error": "refused"}, status_code=400, headers=NO_STORE)
