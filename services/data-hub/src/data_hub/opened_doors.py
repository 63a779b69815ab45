"""Doors to opened data 开放数据入口: routes whose refusals are noted for evidence, as what they serve is.

Whatever refuses a call, the route sees it in the answer that leaves: the door itself, a dependency, a limit, a fault.
The note is made in memory (`opened_reads.py`), so nobody waits for it, and it says route, reader and reason. A question
for the head of an answer, a method that a path does not have, and a path that no route has leave none.
"""

from collections.abc import Mapping
from typing import ClassVar

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from citykit.bodies import TOO_LARGE
from citykit.refusals import problem_of
from data_hub.heads import HeadRoute
from data_hub.opened_reads import UNKNOWN, OpenedReads


class OpenedRoute(HeadRoute):
    """A route that notes its refusals where it is a door to rows."""

    doors: ClassVar[Mapping[str, str]] = {}  # endpoints that give out rows, and under which action they are on record
    means: ClassVar[str] = ""  # the resource that a path means, made of its parameters

    def door(self, request: Request) -> str | None:
        """Under which action a call is on record; None where it asks for no rows."""
        return self.doors.get(self.name)

    def meant(self, request: Request) -> str:
        """The resource that a call means, as far as its text goes."""
        return self.means.format_map(request.path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and note what is refused; a body that was too large is told to `refused` by who stops it."""
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                if message["status"] >= 400 and TOO_LARGE not in scope:
                    await self.refused(scope, message["status"], getattr(Request(scope).state, "refused", UNKNOWN))
            await send(message)

        try:
            await super().handle(scope, receive, sending)
        except Exception as error:
            if not has_begun and TOO_LARGE not in scope:
                problem = problem_of(error)
                await self.refused(scope, problem.status, problem.slug)
            raise

    async def refused(self, scope: Scope, status: int, code: str) -> None:
        """Note a refused call of a door."""
        request = Request(scope)
        action = self.door(request)
        if action is not None and scope["method"] in (self.methods or ()):
            OpenedReads.of(request.app.state).refuse(request, action, code, status, self.meant(request))
