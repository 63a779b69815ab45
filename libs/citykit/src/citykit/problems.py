"""Refusals as problem details (RFC 9457), said in Chinese first and in English where the reader asks for it.

A person whose browser asked for a page reads the same in words.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field, PrivateAttr
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from citykit import refusal_pages

MEDIA_TYPE = "application/problem+json"
Bilingual = tuple[str, str]


class FieldError(BaseModel):
    """One wrong field: where it stands (RFC 6901 pointer, or `?name` for a query parameter), a code, a sentence."""

    pointer: str
    code: str
    message: str
    _english: str | None = PrivateAttr(default=None)

    @classmethod
    def both(cls, pointer: str, code: str, said: Bilingual) -> Self:
        """A wrong field said in either language: the reader gets one of them. `message` alone is for everybody."""
        made = cls(pointer=pointer, code=code, message=said[0])
        made._english = said[1]
        return made

    @property
    def said(self) -> Bilingual:
        """The sentence in Chinese and in English; the second is empty where `message` is for everybody."""
        return self.message, self._english or ""

    def told(self, *, english: bool) -> dict[str, str]:
        """The wrong field as a JSON object in the reader's language."""
        message = self._english if english and self._english else self.message
        return {"pointer": self.pointer, "code": self.code, "message": message}


class ProblemDocument(BaseModel):
    """The body of every refusal (RFC 9457)."""

    type: str = Field(
        description="Stable name of this kind of problem, relative to the service", examples=["/problems/not-found"]
    )
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: list[FieldError] | None = None


class Problem(Exception):
    """A refusal. Raise it: a raised problem rolls the transaction back, a returned response would commit it."""

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"
    title: ClassVar[Bilingual] = ("请求有误", "Bad request")

    def __init__(
        self,
        detail: Bilingual | str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(self.slug)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = headers or {}
        self.members = members

    def document(self, *, english: bool, instance: str | None = None) -> dict[str, Any]:
        """The problem as a JSON object in the reader's language."""
        pick = 1 if english else 0
        body: dict[str, Any] = {"type": f"/problems/{self.slug}", "title": self.title[pick], "status": self.status}
        if self.detail is not None:
            body["detail"] = self.detail if isinstance(self.detail, str) else self.detail[pick]
        if instance is not None:
            body["instance"] = instance
        if self.errors:
            body["errors"] = [error.told(english=english) for error in self.errors]
        return body | self.members


class Unauthenticated(Problem):
    """No valid token came with a request that needs one."""

    status = 401
    slug = "unauthenticated"
    title = ("请先登录", "Sign in first")


class Forbidden(Problem):
    """The caller is known and may not do this."""

    status = 403
    slug = "forbidden"
    title = ("没有权限", "You may not do this")


class NotFound(Problem):
    """There is no such thing, or none that the caller may know of."""

    status = 404
    slug = "not-found"
    title = ("未找到", "Not found")


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    status = 405
    slug = "method-not-allowed"
    title = ("不支持该请求方法", "Method not allowed")


class Conflict(Problem):
    """The thing is not in a state that allows the act, or somebody was faster."""

    status = 409
    slug = "conflict"
    title = ("与当前状态冲突", "In conflict with the current state")


class TooLarge(Problem):
    """The body is larger than this endpoint takes."""

    status = 413
    slug = "too-large"
    title = ("内容过大", "Too large")


class UnsupportedMedia(Problem):
    """The body's media type is not one that this endpoint reads."""

    status = 415
    slug = "unsupported-media-type"
    title = ("不支持的内容类型", "Unsupported media type")


class Invalid(Problem):
    """The request can be read, and a field of it is wrong; `errors` names each."""

    status = 422
    slug = "invalid"
    title = ("填写有误", "Something is filled in wrongly")


class UnknownParameter(Problem):
    """A query parameter that this endpoint does not know: refused, never ignored."""

    status = 400
    slug = "unknown-parameter"
    title = ("未知的查询参数", "Unknown query parameter")


class BadCursor(Problem):
    """The page cursor was not made by this list."""

    status = 400
    slug = "bad-cursor"
    title = ("分页游标无效", "Invalid page cursor")


class TooManyRequests(Problem):
    """Too many tries; `Retry-After` says when the next one is welcome."""

    status = 429
    slug = "too-many-requests"
    title = ("请求过于频繁", "Too many requests")


class Unexpected(Problem):
    """A fault of ours."""

    status = 500
    slug = "unexpected"
    title = ("系统内部错误", "Something went wrong on our side")


class BadGateway(Problem):
    """The gateway could not reach the service."""

    status = 502
    slug = "bad-gateway"
    title = ("服务无法访问", "The service cannot be reached")


class Unavailable(Problem):
    """Something that this request needs is down or busy; trying again later is right."""

    status = 503
    slug = "unavailable"
    title = ("服务暂时不可用，请稍后再试", "Temporarily unavailable, please try again")


class GatewayTimeout(Problem):
    """The service did not answer in time."""

    status = 504
    slug = "gateway-timeout"
    title = ("服务响应超时", "The service did not answer in time")


KERNEL_PROBLEMS: tuple[type[Problem], ...] = (
    Problem, Unauthenticated, Forbidden, NotFound, MethodNotAllowed, Conflict, TooLarge, UnsupportedMedia, Invalid,
    UnknownParameter, BadCursor, TooManyRequests, Unexpected, BadGateway, Unavailable, GatewayTimeout,
)  # fmt: skip
BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind for kind in KERNEL_PROBLEMS if kind not in {UnknownParameter, BadCursor}
}


def reads_english(accept_language: str | None) -> bool:
    """Whether English comes before Chinese in an Accept-Language header (RFC 9110 §12.5.4); Chinese otherwise."""
    best = {"zh": 0.0, "en": 0.0}
    for part in (accept_language or "").lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = 1.0
        if parameters.strip().startswith("q="):
            try:
                weight = float(parameters.strip()[2:])
            except ValueError:
                weight = 0.0
        primary = tag.strip().split("-")[0]
        if primary in best:
            best[primary] = max(best[primary], weight)
    return best["en"] > best["zh"]


def answer(request: Request, problem: Problem, *, status: int | None = None) -> Response:
    """The HTTP response of a problem: as data, or as a page where that is what the caller prefers (RFC 9110 §12.5.1).

    `status` is for a status that no kind of problem has.
    """
    status = status or problem.status
    request.state.refused = problem.slug  # for whoever keeps a record of the answer: a page does not say it
    headers = {"Cache-Control": "no-store"} | problem.headers
    if refusal_pages.prefers_page(request.headers.get("accept")):
        return _page(request, problem, status, headers)
    english = reads_english(request.headers.get("accept-language"))
    headers = {"Content-Language": "en" if english else "zh"} | headers
    body = problem.document(english=english, instance=request.url.path) | {"status": status}
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _page(request: Request, problem: Problem, status: int, headers: dict[str, str]) -> Response:
    text = refusal_pages.written(
        status=status, slug=problem.slug, title=problem.title, detail=problem.detail,
        faults=[(error.pointer, error.said) for error in problem.errors],
        retry_after=next((value for name, value in headers.items() if name.lower() == "retry-after"), None),
    )  # fmt: skip
    page = HTMLResponse(text, status, headers | refusal_pages.HEADERS | {"Content-Language": "zh"})
    if request.method == "HEAD":
        page.body = b""
    return page


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of an endpoint: which problems it raises, for its OpenAPI page."""
    documented: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = documented.setdefault(kind.status, {"model": ProblemDocument, "description": ""})
        said = f"`{kind.slug}` {kind.title[0]} {kind.title[1]}"
        entry["description"] = f"{entry['description']}; {said}" if entry["description"] else said
    return documented
