"""The straight way through a route: what its signature asks for, in order, without the framework's general solver.

The general solver costs as much as the query behind a point read. A signature is read once, and turned into a list of
steps, where it holds nothing but coroutine dependencies, function-scoped generators, path and header parameters, one
query model and one JSON body. Whatever in a request does not fit is left to the framework, before any step was taken:
it then says what is wrong in its own words.
"""

import inspect
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import params
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import ResponseValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.status import HTTP_204_NO_CONTENT

REQUEST = 0  # the slot of the request itself


class _NotStraight(Exception):
    """The signature holds something that the straight way does not know."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A call whose arguments lie in slots, and the slot that its answer goes to."""

    call: Callable[..., Any]
    arguments: tuple[tuple[str, int], ...]
    slot: int
    is_generator: bool = False

    def given(self, slots: list[Any]) -> dict[str, Any]:
        """The arguments by name."""
        return {name: slots[slot] for name, slot in self.arguments}


@dataclass
class _Plan:
    """What a signature asks for, while it is being read."""

    steps: list[_Step] = field(default_factory=list)
    parameters: list[tuple[int, str, str, Any]] = field(default_factory=list)  # slot, where, name there, field
    query: tuple[int, type[BaseModel]] | None = None
    solved: dict[Any, int] = field(default_factory=dict)
    size: int = 1

    def slot(self) -> int:
        """A slot of its own."""
        self.size += 1
        return self.size - 1

    def step(self, dependant: Dependant) -> _Step:
        """Read a signature: its dependencies become steps before it. Raises _NotStraight."""
        _refuse_more(dependant)
        call = dependant.call
        arguments: list[tuple[str, int]] = []
        for inner in dependant.dependencies:
            slot = self._dependency(inner)
            if inner.name is not None:
                arguments.append((inner.name, slot))
        for one in dependant.path_params:
            arguments.append((one.name, self._parameter("path", one.alias, one)))
        for one in dependant.header_params:
            if one.field_info.is_required() or one.field_info.default is not None:
                raise _NotStraight
            arguments.append((one.name, self._parameter("header", one.alias.replace("_", "-"), one)))
        for one in dependant.query_params:
            arguments.append((one.name, self._query(one)))
        for one in dependant.body_params:
            if type(one.field_info) is not params.Body:
                raise _NotStraight
            arguments.append((one.name, self._parameter("body", "", one)))
        if dependant.request_param_name:
            arguments.append((dependant.request_param_name, REQUEST))
        assert call is not None
        return _Step(call, tuple(arguments), self.slot())

    def _dependency(self, dependant: Dependant) -> int:
        call = dependant.call
        if dependant.use_cache and call in self.solved:
            return self.solved[call]
        if dependant.body_params or dependant.query_params:
            raise _NotStraight  # they would have to be told apart from the endpoint's own
        step = self.step(dependant)
        if inspect.isasyncgenfunction(call):
            if dependant.scope != "function":
                raise _NotStraight
            step = _Step(asynccontextmanager(call), step.arguments, step.slot, is_generator=True)
        elif not (inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)):
            raise _NotStraight
        self.steps.append(step)
        self.solved[call] = step.slot
        return step.slot

    def _parameter(self, where: str, name: str, one: Any) -> int:
        slot = self.slot()
        self.parameters.append((slot, where, name, one))
        return slot

    def _query(self, one: Any) -> int:
        model = one.field_info.annotation
        if self.query is not None or not (inspect.isclass(model) and issubclass(model, BaseModel)):
            raise _NotStraight
        self.query = (self.slot(), model)
        return self.query[0]


def _refuse_more(dependant: Dependant) -> None:
    unknown = (
        dependant.cookie_params,
        dependant.websocket_param_name,
        dependant.http_connection_param_name,
        dependant.response_param_name,
        dependant.background_tasks_param_name,
        dependant.security_scopes_param_name,
        dependant.own_oauth_scopes,
        dependant.concurrency,
    )
    if any(unknown):
        raise _NotStraight


class Straight:
    """Calls an endpoint with what its signature asks for; None where the request does not fit."""

    def __init__(self, plan: _Plan, endpoint: _Step, answer: Callable[[Any], Response]) -> None:
        self._size = plan.size
        self._parameters = plan.parameters
        self._query = plan.query
        self._steps = plan.steps
        self._endpoint = endpoint
        self._answer = answer
        self._opens = any(step.is_generator for step in plan.steps)
        self.wants_body = any(where == "body" for _, where, _, _ in plan.parameters)

    async def __call__(self, request: Request, body: Any = None) -> Response | None:
        """The answer, after everything that was opened for it is closed. What the steps raise passes through."""
        slots: list[Any] = [None] * self._size
        slots[REQUEST] = request
        if not self._fill(slots, request, body):
            return None
        if not self._opens:
            return self._answer(await self._run(slots, None))
        async with AsyncExitStack() as stack:
            return self._answer(await self._run(slots, stack))
        raise AssertionError("a generator swallowed what was raised")  # none of ours may

    def _fill(self, slots: list[Any], request: Request, body: Any) -> bool:
        """Put the parameters into their slots; False where one does not fit."""
        for slot, where, name, one in self._parameters:
            if where == "body":
                given = body
            elif where == "path":
                given = request.path_params[name]
            else:
                given = request.headers.get(name)
                if given is None:
                    continue
            slots[slot], errors = one.validate(given, {}, loc=(where, name))
            if errors:
                return False
        if self._query is not None:
            slot, model = self._query
            try:
                slots[slot] = model.model_validate(dict(request.query_params))
            except ValidationError:
                return False
        return True

    async def _run(self, slots: list[Any], stack: AsyncExitStack | None) -> Any:
        for step in self._steps:
            made = step.call(**step.given(slots))
            if stack is not None and step.is_generator:
                slots[step.slot] = await stack.enter_async_context(made)
            else:
                slots[step.slot] = await made
        return await self._endpoint.call(**self._endpoint.given(slots))


def straight(route: APIRoute, *, repeatable: bool) -> Straight | None:
    """The straight way of a route; None where its signature asks for more, or a query parameter may come twice."""
    dependant = route.dependant
    answer = _answering(route)
    embedded = route.body_field is not None and route._embed_body_fields
    if repeatable or embedded or answer is None or not inspect.iscoroutinefunction(dependant.call):
        return None
    plan = _Plan()
    try:
        endpoint = plan.step(dependant)
    except _NotStraight:
        return None
    return Straight(plan, endpoint, answer)


def _answering(route: APIRoute) -> Callable[[Any], Response] | None:
    """How what the endpoint returns becomes a response; None where only the framework knows."""
    endpoint: Callable[..., Coroutine[Any, Any, Any]] = route.endpoint
    returned = inspect.signature(endpoint).return_annotation
    if inspect.isclass(returned) and issubclass(returned, Response):
        return _as_it_is
    if returned is None and route.status_code == HTTP_204_NO_CONTENT:
        return _nothing
    shaped = (
        route.response_model_include
        or route.response_model_exclude
        or route.response_model_exclude_unset
        or route.response_model_exclude_defaults
        or route.response_model_exclude_none
    )
    known = route.response_field
    if not isinstance(route.response_class, DefaultPlaceholder):
        return None  # a media type of its own
    if shaped or known is None or route.response_model is not returned or not _is_model(returned):
        return None
    model, status = returned, route.status_code or 200

    def written(answer: Any) -> Response:
        if type(answer) is not model:
            answer, errors = known.validate(answer, {}, loc=("response",))
            if errors:
                raise ResponseValidationError(errors, body=answer)
        content = model.__pydantic_serializer__.to_json(answer, by_alias=True)
        return Response(content, status_code=status, media_type="application/json")

    return written


def _is_model(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, BaseModel)


def _nothing(_: Any) -> Response:
    return Response(status_code=HTTP_204_NO_CONTENT)


def _as_it_is(answer: Any) -> Response:
    assert isinstance(answer, Response)
    return answer
