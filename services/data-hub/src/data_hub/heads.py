"""HEAD where harvesters, link checkers and map programs ask for it (RFC 9110 §9.3.2): what GET says, without a body.

The public faces of the directory and the registries answer it; nothing of a long answer is made beyond its beginning.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from citykit.routing import CityRoute

_ASKED = "data_hub.head"  # where a GET says that it stands for a HEAD


class _Enough(OSError):
    """The rest of a long answer is not wanted: it ends as where a reader hangs up."""


class HeadRoute(CityRoute):
    """A route whose GET answers HEAD as well."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take HEAD for GET."""
        return super().matches(_as_get(scope) if _is_head(scope) else scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; HEAD with the status and headers of GET and no body."""
        if _is_head(scope) and "GET" in (self.methods or ()):
            with suppress(_Enough, ClientDisconnect):
                await super().handle(_as_get(scope), receive, _without_body(send))
        else:
            await super().handle(scope, receive, send)


def is_head(request: Request) -> bool:
    """Whether a handler answers a HEAD, so that nothing of what it says is read."""
    return _ASKED in request.scope


def _is_head(scope: Scope) -> bool:
    return bool(scope["type"] == "http" and scope["method"] == "HEAD")


def _as_get(scope: Scope) -> Scope:
    return {**scope, "method": "GET", _ASKED: True}


def _without_body(send: Send) -> Callable[[Message], Coroutine[Any, Any, None]]:
    async def sending(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
        elif message.get("more_body"):
            await send({"type": "http.response.body", "body": b""})
            raise _Enough
        else:
            await send({"type": "http.response.body", "body": b""})

    return sending


def PublicRouter(*, prefix: str, tags: list[str], **options: Any) -> APIRouter:  # noqa: N802 - reads as a class
    """A router whose routes make the checks of `CityRoute` and answer HEAD."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=HeadRoute, redirect_slashes=False, **options)
