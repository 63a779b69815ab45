"""Turns a template into an answer: escaped, in one language, with headers that let nothing foreign in."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from citizen_pass.pages.language import LANGUAGE_COOKIE, LANGUAGES

BASE = "/api/citizen-pass/pages"
_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render(
    request: Request,
    template: str,
    *,
    language: str,
    status: int = 200,
    form_targets: Iterable[str] = (),
    here: str | None = None,
    **context: Any,
) -> HTMLResponse:
    """The page `template` in `language`.

    `form_targets` are origins to which an answer to this page's form may lead (browsers apply `form-action` to the
    redirect as well). `here` is the address of the page for the language switch, where it was not asked for by GET.
    """
    english = language == "en"
    other = "zh" if english else "en"
    address = here or request.url.path
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"] if here is None else []
    switch = f"{address}{'&' if '?' in address else '?'}{urlencode([*kept, ('lang', other)])}"
    text = _environment().get_template(template).render(
        language="en" if english else "zh-CN", english=english, t=lambda zh, en: en if english else zh, base=BASE,
        switch=switch, other=other, **context,
    )  # fmt: skip
    headers = {
        "Content-Security-Policy": " ".join([_POLICY, *form_targets]),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Content-Language": "en" if english else "zh",
        "Vary": "Accept-Language, Cookie",
    }
    response = HTMLResponse(text, status_code=status, headers=headers)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, path="/", max_age=31_536_000, samesite="lax", httponly=True)
    return response
