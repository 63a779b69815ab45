"""A bound for every request body, told as a problem, before a parser or a form reader sees more than it may."""

import contextlib

from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citykit.problems import TooLarge, answer

# Stands in the scope of a request whose body was too large: what its route answers never leaves.
TOO_LARGE = "citykit.too_large"


class _Exceeded(Exception):
    pass


class LimitBody:
    """Pure ASGI middleware: 413 for a body over `limit` bytes, declared or streamed."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body stays within the bound."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared, streamed = b"", False
        for name, value in scope["headers"]:
            if name == b"content-length":
                declared = value
            elif name == b"transfer-encoding":
                streamed = True
        if declared.isdigit() and int(declared) > self._limit:
            await self._refuse(scope, receive, send)
        elif streamed:
            await self._count(scope, receive, send)
        else:
            # The server hands on no more than was declared, and nothing where nothing was (RFC 9112 §6.3).
            await self._app(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a streamed body on, counting what comes."""
        taken = 0
        started = refused = False

        async def receiving() -> Message:
            nonlocal taken, refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                refused = scope[TOO_LARGE] = True
                raise _Exceeded
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            if refused and not started:
                return  # what the application makes of the broken body is not the reason
            started = True
            await send(message)

        with contextlib.suppress(_Exceeded):
            await self._app(scope, receiving, sending)
        if refused and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _tell_route(scope)
        response = answer(Request(scope), TooLarge(headers={"Connection": "close"}))
        await response(scope, receive, send)


async def _tell_route(scope: Scope) -> None:
    """Tell the route that a refused request was for, where it wants to know (`refused`): it never sees the request."""
    for route in scope["app"].router.routes if "app" in scope else ():
        told = getattr(route, "refused", None)
        if told is None:
            continue
        match, more = route.matches(scope)
        if match is Match.FULL:
            await told({**scope, **more}, TooLarge.status, TooLarge.slug)
            return
