"""Routes that look at a request before the endpoint does: unknown parameters, NUL characters, broken text."""

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from citykit.hotpath import Straight, straight
from citykit.problems import FieldError, Invalid, Problem, UnknownParameter


class NotText(Problem):
    """A text holds NUL or half a surrogate pair, which no database can keep."""

    status = 422
    slug = "not-text"
    title = ("文本中含有无法保存的字符", "The text holds a character that cannot be kept")


class NotUtf8(Problem):
    """The query holds bytes that are no text in UTF-8; what stands in their place would be another question."""

    status = 400
    slug = "not-utf-8"
    title = ("查询参数不是 UTF-8 编码", "The query is not in UTF-8")


def _strings(value: Any) -> bool:
    """Whether any string within a JSON value cannot be stored as text."""
    if isinstance(value, str):
        return "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(_strings(key) or _strings(item) for key, item in value.items())
    return isinstance(value, list) and any(_strings(item) for item in value)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object and refuse one that says a name twice (RFC 8259 leaves its meaning open)."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Invalid(("JSON 中有重复的字段", "A name stands twice in a JSON object"))
    return made


def _check_json(body: bytes) -> Any:
    """The JSON value of a body, or `_UNFIT` where it is none: the endpoint's own parser says where it is broken.

    Refuses what the stock parser lets through: twins, NaN, NUL, halves of surrogate pairs, absurd nesting.
    """
    if not body:
        return _UNFIT
    if b"\x00" in body:  # NUL itself, or UTF-16 and UTF-32, which RFC 8259 does not allow between systems
        raise NotText(errors=[FieldError(pointer="/body", code="not-text", message="JSON is UTF-8 without NUL")])
    try:
        value = _JSON.decode(body.decode("utf-8-sig", "surrogatepass"))
    except RecursionError:
        raise Invalid(("JSON 嵌套过深", "The JSON is nested too deeply")) from None
    except (ValueError, UnicodeDecodeError):
        return _UNFIT
    if (b"\\u" in body or b"\xed" in body) and _strings(value):
        raise NotText(errors=[FieldError(pointer="/body", code="not-text", message="NUL or half a surrogate pair")])
    return value


def _no_constant(name: str) -> float:
    raise Invalid(("JSON 中不允许 NaN 或 Infinity", f"{name} is not JSON"))


_JSON = json.JSONDecoder(object_pairs_hook=_no_twins, parse_constant=_no_constant)


def _query_names(route: APIRoute) -> tuple[frozenset[str], frozenset[str]]:
    """The query parameters that a route knows, and those of them that may come more than once."""
    known: set[str] = set()
    many: set[str] = set()
    pending = [route.dependant]
    while pending:
        dependant = pending.pop()
        pending.extend(dependant.dependencies)
        for parameter in dependant.query_params:
            annotation = parameter.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                for name, info in annotation.model_fields.items():
                    known.add(info.alias or name)
                    if "list[" in str(info.annotation) or "tuple[" in str(info.annotation):
                        many.add(info.alias or name)
            else:
                known.add(parameter.alias)
                if "list[" in str(annotation):
                    many.add(parameter.alias)
    return frozenset(known), frozenset(many)


class QuickRoute(APIRoute):
    """A route that is found quickly, and answered on the straight way where its signature has one."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._beginning = path.partition("{")[0]
        self._known, self._many = _query_names(self)
        self._straight = straight(self, repeatable=bool(self._many))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Look at the beginning of the path first: most routes are out by that."""
        if scope["type"] == "http" and not scope["path"].startswith(self._beginning):
            return Match.NONE, {}
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer on the straight way where this route has one, and in the framework's way otherwise."""
        if self._straight is None or scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        body = await self._admit(request, self._straight)
        response = None if body is _UNFIT else await self._straight(request, body)
        if response is None:
            await super().handle(scope, _again(request, receive), send)
        else:
            await response(scope, receive, send)

    async def _admit(self, request: Request, way: Straight) -> Any:
        """The body that goes with a request, or `_UNFIT` for the framework's way; raises what is refused here."""
        return _UNFIT if way.wants_body else None


def _is_open(route: APIRoute) -> bool:
    """Whether a route takes query parameters that its signature does not name."""
    models = [one.field_info.annotation for one in route.dependant.query_params]
    return any(
        isinstance(one, type) and issubclass(one, BaseModel) and one.model_config.get("extra") == "allow"
        for one in models
    )


class CityRoute(QuickRoute):
    """A route that refuses unknown and repeated query parameters and text that cannot be stored.

    Where the model of its query allows further ones (`extra="allow"`), the endpoint itself knows which there are and
    how often each may come; text that cannot be stored is refused all the same.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._is_open = _is_open(self)

    async def _admit(self, request: Request, way: Straight) -> Any:
        """Make the checks; a JSON body is read once, for them and for the endpoint."""
        _check_encoding(request.scope["query_string"])
        self._check_query(request)
        if not way.wants_body:
            return None
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            return _UNFIT
        return _check_json(await request.body())

    def _check_query(self, request: Request) -> None:
        if not request.scope["query_string"] and b"%00" not in request.scope.get("raw_path", b""):
            return
        if self._is_open:
            _check_text(request)
        else:
            _check_query(request, self._known, self._many)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint with the checks; what they refuse never reaches a dependency or the database."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            _check_encoding(request.scope["query_string"])
            self._check_query(request)
            media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media.endswith("json"):
                _check_json(await request.body())
            elif media == "application/x-www-form-urlencoded" and b"%00" in await request.body():
                raise NotText(errors=[FieldError(pointer="/body", code="not-text", message="NUL")])
            return await handle(request)

        return checked


_UNFIT = object()


def _again(request: Request, receive: Receive) -> Receive:
    """Receive the request's body once more where it was read already."""
    read: bytes | None = getattr(request, "_body", None)
    if read is None:
        return receive
    pending = [{"type": "http.request", "body": read, "more_body": False}]

    async def receiving() -> Message:
        return pending.pop() if pending else await receive()

    return receiving


def _check_encoding(query: bytes) -> None:
    """Refuse bytes that the framework would silently replace by others."""
    try:
        query.decode("ascii")  # RFC 3986: whatever else there is, is percent-encoded
        if b"%" in query:
            unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise NotUtf8(("请以 UTF-8 百分号编码", "Percent-encode the text in UTF-8 (RFC 3986)")) from None


def _check_query(request: Request, known: frozenset[str], many: frozenset[str]) -> None:
    if any("\x00" in str(value) for value in request.path_params.values()):
        raise NotText(errors=[FieldError(pointer="/path", code="not-text", message="NUL")])
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise UnknownParameter(errors=[FieldError(pointer=f"?{name[:80]}", code="unknown", message="unknown")])
        if name in seen and name not in many:
            raise UnknownParameter(errors=[FieldError(pointer=f"?{name}", code="repeated", message="given twice")])
        if "\x00" in value:
            raise NotText(errors=[FieldError(pointer=f"?{name}", code="not-text", message="NUL")])
        seen.add(name)


def _check_text(request: Request) -> None:
    if any("\x00" in str(value) for value in request.path_params.values()):
        raise NotText(errors=[FieldError(pointer="/path", code="not-text", message="NUL")])
    for name, value in request.query_params.multi_items():
        if "\x00" in name or "\x00" in value:
            raise NotText(errors=[FieldError(pointer="?", code="not-text", message="NUL")])


def CityRouter(*, prefix: str = "", tags: list[str] | None = None, **options: Any) -> APIRouter:  # noqa: N802 - reads as a class
    """A router whose routes make the checks of `CityRoute`."""
    return APIRouter(prefix=prefix, tags=list(tags or []), route_class=CityRoute, redirect_slashes=False, **options)


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Let `app` answer the routes of `router`, which bring their whole path.

    They stand in one list: a router that is included is asked twice for every request, and asks all its routes.
    """
    if all(isinstance(route, APIRoute) for route in router.routes):
        app.router.routes.extend(router.routes)
    else:
        app.include_router(router)
