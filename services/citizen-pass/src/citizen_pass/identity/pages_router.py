"""The pages on which a person registers, signs in, consents and signs out."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from citizen_pass.identity import domain, repository
from citizen_pass.identity.authorization import Asked, Requests
from citizen_pass.identity.errors import AccountFault, PageError, TooManyTries
from citizen_pass.identity.flow import (
    OIDC,
    after_sign_in,
    demand_form_token,
    form_targets,
    keep_cookie,
    message,
    page_answers,
    proceed,
)
from citizen_pass.identity.oauth import form_parameters, query_parameters, redirect
from citizen_pass.identity.schemas import AccountDraft
from citizen_pass.identity.scopes import words
from citizen_pass.identity.service import FAULTS, Accounts, SignInRefused
from citizen_pass.identity.sessions import Browser, BrowserInRequest, Sessions
from citizen_pass.identity.tokens import Tokens
from citizen_pass.pages.rendering import BASE, render
from citykit.access import anyone
from citykit.callers import client_address
from citykit.problems import Problem
from citykit.work import Work, WorkInRequest

router = APIRouter(dependencies=[Depends(anyone)], include_in_schema=False, redirect_slashes=False)

WRONG = ("用户名或密码不正确", "User name or password is wrong")
FIELD_WORDS: dict[str, tuple[str, str]] = {
    "username": FAULTS["username-form"],
    "password": FAULTS["password-short"],
    "display_name": ("显示名称最多 200 字", "A display name has at most 200 characters"),
    "phone": ("请填写 11 位手机号", "A mobile number has 11 digits"),
    "email": ("请填写有效的电子邮箱", "Please give a valid e-mail address"),
}


def _said(pair: tuple[str, str], browser: Browser) -> str:
    return pair[1] if browser.english else pair[0]


async def _asked(work: Work, handle: str) -> Asked | None:
    """The request behind a handle; None without one. Raises PageError for one that has expired."""
    return (await Requests(work).resume(handle))[1] if handle else None


def _client_name(asked: Asked | None, browser: Browser) -> str:
    if asked is None:
        return ""
    return asked.client.name_en if browser.english else asked.client.name_zh


# ---- sign in --------------------------------------------------------------------------------------------------------


async def _sign_in_page(
    request: Request,
    work: Work,
    browser: Browser,
    handle: str,
    *,
    error: str = "",
    username: str = "",
    status: int = 200,
) -> Response:
    asked = await _asked(work, handle)
    step_up = asked is not None and browser.session is not None and max(asked.wanted_level, asked.needed_level) >= 3
    page = render(
        request, "sign_in.html", language=browser.language, status=status, form_targets=form_targets(asked),
        here=f"{BASE}/sign-in?request={handle}" if handle else f"{BASE}/sign-in", form_token=browser.form_token,
        request_handle=handle, error=error, username=username or (asked.login_hint if asked else "") or "",
        client_name=_client_name(asked, browser), step_up=step_up,
    )  # fmt: skip
    return keep_cookie(page, browser, work)


@router.get(f"{BASE}/sign-in")
@page_answers
async def sign_in_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """The sign-in page."""
    return await _sign_in_page(request, work, browser, _handle(query_parameters(request)))


@router.post(f"{BASE}/sign-in")
@page_answers
async def sign_in(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Sign in by name and password. A wrong name and a wrong password give one and the same answer."""
    form = await form_parameters(request)
    demand_form_token(browser, form)
    handle, username = _handle(form), form.get("username", "")
    address = client_address(request, work.settings.trusted_proxies)
    outcome = await Accounts(work).sign_in(username, form.get("password", ""), address=address)
    if isinstance(outcome, SignInRefused):
        error, status = _said(WRONG, browser), 401
        if outcome.wait:
            error = _said(
                (f"尝试次数过多，请 {outcome.wait} 秒后再试", f"Too many tries. Wait {outcome.wait} seconds"), browser
            )
            status = 429
        page = await _sign_in_page(request, work, browser, handle, error=error, username=username[:64], status=status)
        if outcome.wait:
            page.headers["Retry-After"] = str(outcome.wait)
        return page
    await Sessions(work).start(request, browser, outcome, ["pwd"])
    return await after_sign_in(work, browser, handle)


def _handle(parameters: dict[str, str]) -> str:
    """The handle of a kept request, where one is carried."""
    handle = parameters.get("request", "")
    if not (len(handle) <= 64 and all(c.isalnum() or c in "-_" for c in handle) and handle.isascii()):
        raise PageError(("登录请求无效", "The sign-in request is not valid"))
    return handle


# ---- register -------------------------------------------------------------------------------------------------------


async def _register_page(
    request: Request, work: Work, browser: Browser, handle: str, *, status: int = 200, error: str = "",
    errors: dict[str, str] | None = None, values: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    asked = await _asked(work, handle)
    page = render(
        request, "register.html", language=browser.language, status=status, form_targets=form_targets(asked),
        here=f"{BASE}/register?request={handle}" if handle else f"{BASE}/register", form_token=browser.form_token,
        request_handle=handle, error=error, errors=errors or {}, values=values or {},
    )  # fmt: skip
    return keep_cookie(page, browser, work)


@router.get(f"{BASE}/register")
@page_answers
async def register_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """The registration page."""
    return await _register_page(request, work, browser, _handle(query_parameters(request)))


@router.post(f"{BASE}/register")
@page_answers
async def register(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Register, and be signed in at once."""
    form = await form_parameters(request)
    demand_form_token(browser, form)
    handle = _handle(form)
    kept = {name: form.get(name, "")[:200] for name in ("username", "display_name", "phone", "email")}

    async def again(status: int, error: str = "", **errors: str) -> Response:
        return await _register_page(
            request, work, browser, handle, status=status, error=error, errors=errors, values=kept
        )

    try:
        draft = AccountDraft.model_validate(_filled(form, browser.language))
        made = await Accounts(work).register(draft, address=client_address(request, work.settings.trusted_proxies))
    except ValidationError as invalid:
        fields = [str(e["loc"][0]) for e in invalid.errors()]
        return await again(422, **{f: _said(FIELD_WORDS.get(f, WRONG), browser) for f in fields})
    except AccountFault as fault:
        return await again(422, **{e.pointer.rsplit("/", 1)[1]: _said(FAULTS[e.code], browser) for e in fault.errors})
    except TooManyTries as many:
        page = await again(429, _said(TooManyTries.title, browser))
        page.headers["Retry-After"] = many.headers["Retry-After"]
        return page
    if isinstance(made, Problem):
        return await again(made.status, username=_said(FAULTS["username-taken"], browser))
    account = await repository.open_account(work.session, made.subject)
    assert account is not None
    await Sessions(work).start(request, browser, account, ["pwd"])
    return await after_sign_in(work, browser, handle)


def _filled(form: dict[str, str], language: str) -> dict[str, Any]:
    names = ("username", "password", "display_name", "phone", "email")
    return {"username": "", "password": ""} | {n: form[n] for n in names if n in form} | {"language": language}


# ---- consent --------------------------------------------------------------------------------------------------------


@router.get(f"{BASE}/consent")
@page_answers
async def consent_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """The consent page: who asks, for what, in words."""
    handle, requests = _handle(query_parameters(request)), Requests(work)
    row, asked = await requests.resume(handle)
    if requests.needs_login(asked, row, browser):
        return redirect(f"{BASE}/sign-in", {"request": handle})
    assert browser.account is not None
    granted = await requests.grantable(asked, browser)
    page = render(
        request, "consent.html", language=browser.language, form_targets=form_targets(asked),
        form_token=browser.form_token, request_handle=handle, client_name=_client_name(asked, browser),
        owner=asked.client.owner, target=domain.origin_of(asked.redirect_uri), account=browser.account.username,
        scopes=[{"name": scope, "words": _said(words(scope), browser)} for scope in granted],
    )  # fmt: skip
    return keep_cookie(page, browser, work)


@router.post(f"{BASE}/consent")
@page_answers
async def consent(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Allow or refuse. A refusal, also before the sign-in, reaches the client as `access_denied`."""
    form = await form_parameters(request)
    demand_form_token(browser, form)
    handle = _handle(form)
    if form.get("decision") == "allow":
        return await proceed(work, browser, handle, consented=True)
    requests = Requests(work)
    row, asked = await requests.resume(handle)
    await requests.drop(row)
    raise asked.refuse("access_denied", "the person refused")


# ---- sign out -------------------------------------------------------------------------------------------------------


@router.get(f"{OIDC}/logout")
@page_answers
async def logout(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """RP-initiated logout: nothing ends before the person says so."""
    parameters = query_parameters(request)
    carried = await _way_back(work, parameters)
    if browser.account is None and carried:
        return redirect(carried["post_logout_redirect_uri"], {"state": carried.get("state")})
    return _sign_out_page(request, work, browser, carried)


@router.post(f"{OIDC}/logout")
@page_answers
async def logout_by_post(request: Request, work: WorkInRequest) -> Response:
    """The same by POST; it goes on by GET, because a browser keeps its cookie back from another site's form."""
    form = await form_parameters(request)
    await _way_back(work, form)
    known = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales", "logout_hint")
    return redirect(f"{OIDC}/logout", {name: form[name] for name in known if name in form})


@router.get(f"{BASE}/sign-out")
@page_answers
async def sign_out_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Sign out without a client."""
    return _sign_out_page(request, work, browser, {})


@router.post(f"{BASE}/sign-out")
@page_answers
async def sign_out(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """End the session where the person says so, then go back to the client if it asked for that."""
    form = await form_parameters(request)
    demand_form_token(browser, form)
    if form.get("decision") != "sign-out":
        return redirect(f"{BASE}/account")
    carried = await _way_back(work, form)
    await Sessions(work).end(browser)
    if carried:
        return redirect(carried["post_logout_redirect_uri"], {"state": carried.get("state")})
    return message(request, ("已退出登录", "Signed out"), ("您已退出登录。", "You are signed out."))


def _sign_out_page(request: Request, work: Work, browser: Browser, carried: dict[str, str]) -> Response:
    targets = [domain.origin_of(carried["post_logout_redirect_uri"])] if carried else []
    page = render(
        request, "sign_out.html", language=browser.language, form_targets=targets, form_token=browser.form_token,
        account=browser.account.username if browser.account else "", carried=carried,
    )  # fmt: skip
    return keep_cookie(page, browser, work)


async def _way_back(work: Work, parameters: dict[str, str]) -> dict[str, str]:
    """Where to go after signing out: an address that the client registered for it, or nowhere. Raises PageError."""
    client_id = parameters.get("client_id")
    if "id_token_hint" in parameters:
        claims = await Tokens(work).read_hint(parameters["id_token_hint"])
        if claims is None or client_id not in {None, claims["aud"]}:
            raise PageError(("退出请求无效", "The sign-out request is not valid"))
        client_id = str(claims["aud"])
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return {}
    client = await repository.active_client(work.session, client_id) if client_id else None
    registered = client.post_logout_redirect_uris if client is not None else []
    if not any(domain.redirect_matches(known, uri) for known in registered) or not urlsplit(uri).scheme:
        raise PageError(("退出后的返回地址未登记", "The address to return to is not registered"))
    assert client_id is not None
    carried = {"client_id": client_id, "post_logout_redirect_uri": uri}
    return carried | ({"state": parameters["state"]} if "state" in parameters else {})
