"""The page 谁看过我的数据: the same as the JSON interface, for a person in front of a browser."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from citizen_pass.identity.service import Browser, BrowserInRequest
from citizen_pass.pages.rendering import BASE, render
from citizen_pass.privacy import repository
from citizen_pass.privacy.schemas import FURTHEST, QuestionDraft, Usage, UsageFilter
from citizen_pass.privacy.service import Privacy
from citykit.access import Actor, anyone
from citykit.actors import ActorKind
from citykit.clock import CHINA
from citykit.problems import Problem
from citykit.work import Work, WorkInRequest

router = APIRouter(
    prefix=f"{BASE}/privacy", dependencies=[Depends(anyone)], include_in_schema=False, redirect_slashes=False
)

ASKED = ("您的质疑已提交", "Your question was sent")
EMPTY = ("请写明您的疑问（最多 1000 字）", "Please write your question (at most 1000 characters)")
FORGED = ("页面已过期，请重试", "The page had expired, please try again")
PAGE = 20


@router.get("")
async def usages_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Who read my data; without a session the sign-in page comes first."""
    if browser.account is None:
        return RedirectResponse(f"{BASE}/sign-in", status_code=303)
    return await _page(request, work, browser, done=ASKED if request.query_params.get("done") == "asked" else None)


@router.post("/questions")
async def question(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Question an access from the page."""
    if browser.account is None:
        return RedirectResponse(f"{BASE}/sign-in", status_code=303)
    form = await request.form(max_files=0, max_fields=10)
    if not browser.sent(_text(form, "form_token")):
        return await _page(request, work, browser, status=403, error=FORGED)
    try:
        draft, usage = QuestionDraft(text=_text(form, "text").replace("\x00", "")), UUID(_text(form, "usage"))
    except (ValidationError, ValueError):
        return await _page(request, work, browser, status=422, error=EMPTY)
    try:
        await Privacy(work).question(browser.account.subject, _text(form, "service"), usage, draft, by=_actor(browser))
    except Problem as refused:
        return await _page(request, work, browser, status=refused.status, error=refused.title)
    return RedirectResponse(f"{BASE}/privacy?done=asked", status_code=303)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _actor(browser: Browser) -> Actor:
    assert browser.account is not None
    person = str(browser.account.person) if browser.account.person else None
    return Actor(subject=str(browser.account.subject), kind=ActorKind.person, person=person)


async def _page(
    request: Request, work: Work, browser: Browser, *, status: int = 200, error: tuple[str, str] | None = None,
    done: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    assert browser.account is not None
    pick, offset = 1 if browser.english else 0, _offset(request)
    found = await Privacy(work).gather(
        browser.account.subject, UsageFilter(offset=offset, limit=PAGE), by=_actor(browser)
    )
    questions = await repository.about(work.session, browser.account.subject, [usage.id for usage in found.items])
    asked = {(row.service, row.usage_id): row for row in questions}
    return render(
        request, "privacy.html", language=browser.language, status=status, here=f"{BASE}/privacy",
        form_token=browser.form_token, silent=found.silent, error=error[pick] if error else "",
        done=done[pick] if done else "", older=found.next_offset, newer=max(offset - PAGE, 0) if offset else None,
        usages=[_shown(usage, asked.get((usage.service, usage.id))) for usage in found.items],
    )  # fmt: skip


def _offset(request: Request) -> int:
    text = request.query_params.get("offset", "")
    return min(int(text), FURTHEST) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _shown(usage: Usage, asked: Any) -> dict[str, Any]:
    reader = usage.receiver_name or usage.receiver_code
    office = f"（{usage.receiver_organisation}）" if usage.receiver_organisation else ""
    told = {"text": asked.text, "answer": asked.answer, "due": _day(asked.due_at)} if asked is not None else None
    return {
        "id": usage.id, "service": usage.service, "when": _day(usage.logtime), "reader": reader + office,
        "action": usage.action, "purpose": usage.purpose, "legal_basis": usage.legal_basis, "fields": usage.fields,
        "question": told,
    }  # fmt: skip


def _day(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
