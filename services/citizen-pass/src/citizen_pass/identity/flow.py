"""What happens to a kept authorization request: sign in, consent, or back to the client with a code or a refusal."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from starlette.requests import Request
from starlette.responses import Response

from citizen_pass.identity.authorization import Asked, Requests, error_address
from citizen_pass.identity.domain import origin_of
from citizen_pass.identity.errors import PageError, RedirectError
from citizen_pass.identity.oauth import ParameterError, redirect
from citizen_pass.identity.sessions import Browser, set_cookie
from citizen_pass.pages.language import chosen_language
from citizen_pass.pages.rendering import BASE, render
from citykit.work import Work

Arguments = ParamSpec("Arguments")
OIDC = "/api/citizen-pass/oidc"

UNREADABLE = ("请求无法读取", "The request cannot be read")
FORGED = ("页面已过期，请返回后重新打开再试", "This page has expired; please go back, open it again and retry")


def message(request: Request, heading: tuple[str, str], text: tuple[str, str], *, status: int = 200) -> Response:
    """A page that says one thing."""
    language = chosen_language(request)
    pick = 1 if language == "en" else 0
    return render(
        request, "message.html", language=language, status=status, here=f"{BASE}/sign-in" if status == 403 else None,
        heading=heading[pick], text=text[pick], link="", link_text="",
    )  # fmt: skip


def page_answers(endpoint: Callable[Arguments, Awaitable[Response]]) -> Callable[Arguments, Awaitable[Response]]:
    """Answer refusals from inside the endpoint, so that its transaction commits; it takes `request` and `work`."""

    @wraps(endpoint)
    async def answered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        request, work = kwargs["request"], kwargs["work"]
        assert isinstance(request, Request)
        assert isinstance(work, Work)
        try:
            return await endpoint(*args, **kwargs)
        except RedirectError as refused:
            return redirect(error_address(refused, work.settings.issuer))
        except PageError as refused:
            return message(request, ("无法继续", "This cannot go on"), refused.said, status=refused.status)
        except ParameterError:
            return message(request, ("无法继续", "This cannot go on"), UNREADABLE, status=400)

    return answered


def keep_cookie(response: Response, browser: Browser, work: Work) -> Response:
    """Give the browser its cookie where it has a new one."""
    if browser.is_new:
        set_cookie(response, work.settings, browser.token)
    return response


def demand_form_token(browser: Browser, form: dict[str, str]) -> None:
    """Refuse a form that does not come from a page of ours in this browser."""
    if not browser.sent(form.get("form_token")):
        raise PageError(FORGED, status=403)


def form_targets(asked: Asked | None) -> list[str]:
    """Where a form on the way of this request may lead: the client's origin."""
    return [origin_of(asked.redirect_uri)] if asked is not None else []


async def proceed(work: Work, browser: Browser, handle: str, *, consented: bool = False) -> Response:
    """The next step of a kept request. Raises PageError and RedirectError."""
    requests = Requests(work)
    row, asked = await requests.resume(handle)
    silent = "none" in asked.prompts
    if requests.needs_login(asked, row, browser) or await requests.wants_step_up(asked, row, browser):
        if silent:
            await requests.drop(row)
            raise asked.refuse("login_required", "the person has to sign in")
        return redirect(f"{BASE}/sign-in", {"request": handle})
    if not requests.meets_need(asked, browser):
        await requests.drop(row)
        raise asked.refuse("unmet_authentication_requirements", "the assurance level asked for is not reached")
    granted = await requests.grantable(asked, browser)
    if not granted:
        await requests.drop(row)
        raise asked.refuse("access_denied", "the person holds none of these scopes")
    if not consented and await requests.needs_consent(asked, browser, granted):
        if silent:
            await requests.drop(row)
            raise asked.refuse("consent_required", "the person has to consent")
        return redirect(f"{BASE}/consent", {"request": handle})
    if consented:
        assert browser.account is not None
        await requests.remember_consent(asked, browser.account.subject, granted)
    await requests.drop(row)
    return redirect(await requests.issue(asked, browser, granted))


async def after_sign_in(work: Work, browser: Browser, handle: str | None) -> Response:
    """Where a browser goes that has just signed in, with its new cookie."""
    response = redirect(f"{OIDC}/authorize/resumption", {"request": handle}) if handle else redirect(f"{BASE}/account")
    return keep_cookie(response, browser, work)
