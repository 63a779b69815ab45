"""The page 谁看过我的数据: the same as the JSON interface, for a person in front of a browser."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from citizen_pass.identity.service import Browser, BrowserInRequest
from citizen_pass.pages.rendering import BASE, render
from citizen_pass.privacy import repository
from citizen_pass.privacy.files import file_response
from citizen_pass.privacy.schemas import FURTHEST, Period, QuestionDraft, Reader, ReadsFilter, Usage, UsageFilter
from citizen_pass.privacy.service import Privacy
from citizen_pass.privacy.words import service_said
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
NO_FILE = ("文件未能生成：", "The file was not made: ")
FORGED = ("页面已过期，请重试", "The page had expired, please try again")
PAGE = 20
_CODE = re.compile(r"[!-~]{1,200}")


@router.get("")
async def usages_page(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Who read my data; without a session the sign-in page comes first."""
    if browser.account is None:
        return RedirectResponse(f"{BASE}/sign-in", status_code=303)
    return await _page(request, work, browser, done=ASKED if request.query_params.get("done") == "asked" else None)


@router.get("/file")
async def usages_file(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """The reads that the page tells of, all of them, as a file."""
    if browser.account is None:
        return RedirectResponse(f"{BASE}/sign-in", status_code=303)
    kind = "json" if request.query_params.get("format") == "json" else "csv"
    try:
        file = await Privacy(work).everything(browser.account.subject, _asked(request), by=_actor(browser))
    except Problem as refused:
        told = (NO_FILE[0] + refused.title[0], NO_FILE[1] + refused.title[1])
        return await _page(request, work, browser, status=refused.status, error=told)
    return file_response(file, kind)


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
    pick, offset, asked, actor = 1 if browser.english else 0, _offset(request), _asked(request), _actor(browser)
    privacy, subject = Privacy(work), browser.account.subject
    found = await privacy.gather(subject, UsageFilter(**asked.model_dump(), offset=offset, limit=PAGE), by=actor)
    readers = await privacy.readers(subject, Period(**asked.model_dump(include=set(Period.model_fields))), by=actor)
    shown, chosen = [_reader(one, _days(request)) for one in readers.items], asked.organisation or asked.receiver
    questions = await repository.about(work.session, subject, [usage.id for usage in found.items])
    told = {(row.service, row.usage_id): row for row in questions}
    return render(
        request, "privacy.html", language=browser.language, status=status, here=_here(request),
        form_token=browser.form_token, silent=[service_said(name) for name in sorted({*found.silent, *readers.silent})],
        error=error[pick] if error else "", done=done[pick] if done else "", total=found.total,
        older=_here(request, found.next_offset) if found.next_offset is not None else "",
        newer=_here(request, max(offset - PAGE, 0)) if offset else "", days=_days(request), kept=_kept(request),
        chosen=chosen, chosen_said=next((one["said"] for one in shown if one["code"] == chosen), chosen),
        readers=shown, everybody=_address(_days(request)),
        csv=_address(_kept(request), "/file"), json=_address(_kept(request) | {"format": "json"}, "/file"),
        usages=[_shown(usage, told.get((usage.service, usage.id)), browser) for usage in found.items],
    )  # fmt: skip


def _offset(request: Request) -> int:
    text = request.query_params.get("offset", "")
    return min(int(text), FURTHEST) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _days(request: Request) -> dict[str, str]:
    """The first and last day that the page was asked for, in their order; what is no day is not asked for."""
    named = {name: text for name in ("from", "to") if _midnight(text := request.query_params.get(name, "")) is not None}
    if len(named) < 2:
        return named
    # Days in the wrong order would find nothing, and she would read that nobody looked.
    first, last = sorted(named.values(), key=date.fromisoformat)
    return {"from": first, "to": last}


def _midnight(text: str, *, days: int = 0) -> datetime | None:
    try:
        day = date.fromisoformat(text)
        return (
            datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days) if 1900 < day.year < 2200 else None
        )
    except ValueError:
        return None


def _kept(request: Request) -> dict[str, str]:
    """What the page's links and forms carry on: the days and the reader."""
    named = {name: request.query_params.get(name, "") for name in ("organisation", "receiver")}
    return _days(request) | {name: text for name, text in named.items() if _CODE.fullmatch(text)}


def _asked(request: Request) -> ReadsFilter:
    kept = _kept(request)
    return ReadsFilter(
        period_start=_midnight(kept.get("from", "")), period_end=_midnight(kept.get("to", ""), days=1),
        organisation=kept.get("organisation"), receiver=kept.get("receiver"),
    )  # fmt: skip


def _address(kept: Mapping[str, str], below: str = "") -> str:
    return f"{BASE}/privacy{below}{'?' if kept else ''}{urlencode(kept)}"


def _here(request: Request, offset: int = 0) -> str:
    return _address(_kept(request) | ({"offset": str(offset)} if offset else {}))


def _reader(one: Reader, days: Mapping[str, str]) -> dict[str, Any]:
    office = one.receiver_organisation
    who = {"receiver": one.receiver_code or ""} if office is None else {"organisation": office}
    return {
        "said": _office(one.receiver_organisation_name, office) or one.receiver_said, "usages": one.usages,
        "last": _day(one.last), "code": office or one.receiver_code, "address": _address({**days, **who}),
    }  # fmt: skip


def _shown(usage: Usage, asked: Any, browser: Browser) -> dict[str, Any]:
    told = {"text": asked.text, "answer": asked.answer, "due": _day(asked.due_at)} if asked is not None else None
    office = _office(usage.receiver_organisation_name, usage.receiver_organisation)
    reader = " ".join(word for word in (usage.receiver_post, usage.receiver_said) if word)
    return usage.model_dump() | {
        "when": _day(usage.logtime), "office": office, "reader": reader, "question": told,
        "said": [usage.field_words.get(field, field) for field in usage.fields],
        "own_request": usage.on_behalf_of is not None and usage.on_behalf_of in _own(browser),
    }  # fmt: skip


def _office(name: str | None, code: str | None) -> str | None:
    return name or (f"单位代码 Code {code}" if code else None)


def _own(browser: Browser) -> set[str]:
    assert browser.account is not None
    return {str(browser.account.subject), f"sub:{browser.account.subject}"}


def _day(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
