"""Routes on record 留痕路由: whatever refuses a call of theirs, its record is left before the answer leaves.

What an act refuses, it puts on record itself, under its grant. What never reaches an act, or ends in a fault, is seen
here: a call without a right, with a broken body or a made-up key, of a thing that is not there. A method that a path
does not have, and a path that no route has, are no calls.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from citykit.actors import Actor
from citykit.bodies import TOO_LARGE
from citykit.callers import address_bucket, client_address
from citykit.problems import Problem, Unauthenticated
from citykit.refusals import problem_of
from citykit.routing import CityRoute
from citykit.telemetry import current_traceparent
from data_hub.sharing.domain import Outcome
from data_hub.sharing.evidence import LEFT
from data_hub.sharing.refusals import Caller, Named, Refusal, RefusalBook

log = structlog.get_logger("data_hub.evidence")

KEY_HEADER = "X-Api-Key"
_KEY = re.compile(r"hsk_([0-9a-f]{32})_")


class OnRecord(APIRoute):
    """A route whose refusals leave evidence."""

    named: ClassVar[Named]
    actions: ClassVar[Mapping[str, str]] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and put a refusal on record that nothing else did: its own transaction has ended by then."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        left, before = set[Outcome](), LEFT.get()
        LEFT.set(left)
        answer = _Answer(self, scope, send, left)
        try:
            await super().handle(scope, receive, answer.send)
        except Exception as error:
            if not answer.begun and answer.is_to_record:
                problem = problem_of(error)
                await self.refused(scope, problem.status, problem.slug)
            raise
        finally:
            LEFT.set(before)

    async def refused(self, scope: Scope, status: int, code: str) -> None:
        """Put a refused call on record. Never raises: a caller gets the answer that was meant for it."""
        try:
            request, trace = Request(scope), current_traceparent()
            refusal = Refusal(
                caller=await _caller(request, code), action=self.actions.get(self.name, self.name),
                method=request.method, route=self.path, status=status, code=code[:64],
                trace=None if trace is None else trace[3:35], path=dict(request.path_params), named=type(self).named,
            )  # fmt: skip
            await RefusalBook.of(request.app.state).leave(refusal)
        except Exception as error:
            log.error("refusal_not_recorded", route=self.path, kind=type(error).__name__, exc_info=error)


class OnRecordRoute(OnRecord, CityRoute):
    """The same, with the checks of `CityRoute`."""


class _Answer:
    """An answer on its way: the beginning of a refusal waits until its body has said which it is."""

    def __init__(self, route: OnRecord, scope: Scope, send: Send, left: set[Outcome]) -> None:
        self._route, self._scope, self._send, self._left = route, scope, send, left
        self._held: Message | None = None
        self.begun = False

    @property
    def is_to_record(self) -> bool:
        """Whether a refusal is on no record yet, and is what the caller will hear."""
        return Outcome.refused not in self._left and TOO_LARGE not in self._scope

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        is_start = message["type"] == "http.response.start"
        self.begun = True
        if is_start and message["status"] >= 400 and self.is_to_record:
            self._held = message
            return
        if self._held is not None:
            start, self._held = self._held, None
            told = getattr(Request(self._scope).state, "refused", None)  # a page does not say it
            await self._route.refused(self._scope, start["status"], told or _slug(message.get("body", b"")))
            await self._send(start)
        await self._send(message)


def on_record_router(*, prefix: str, tags: list[str], named: Named, actions: Mapping[str, str]) -> APIRouter:
    """A router whose refusals leave evidence.

    `named` finds the resource that the parameters of a path name; `actions` says under which name an endpoint stands in
    evidence.
    """
    kind = on_record(OnRecordRoute, named, actions)
    return APIRouter(prefix=prefix, tags=list(tags), route_class=kind, redirect_slashes=False)


def on_record(kind: type[OnRecord], named: Named, actions: Mapping[str, str]) -> type[OnRecord]:
    """The kind of route for a router of its own making."""
    return type(kind.__name__, (kind,), {"named": staticmethod(named), "actions": dict(actions)})


async def _caller(request: Request, code: str) -> Caller:
    """Who called: as far as it was shown, and nothing that was not."""
    proxies: int = request.app.state.city.settings.trusted_proxies
    address = address_bucket(client_address(request, proxies))
    if key := request.headers.get(KEY_HEADER):
        found = _KEY.match(key)
        holder: Actor | None = getattr(request.state, "holder", None)
        return Caller(address, holder, "key" if found is None else f"key:{found[1]}")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return Caller(address)
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None and code != Unauthenticated.slug:
        try:
            actor = await request.app.state.city.verifier.verify(token.strip())
        except Problem:
            actor = None
    return Caller(address, actor, "token")


def _slug(body: bytes) -> str:
    """Which problem a body tells of."""
    try:
        told: Any = json.loads(body)
        return str(told["type"]).rpartition("/")[2]
    except (ValueError, TypeError, KeyError):
        return "unknown"
