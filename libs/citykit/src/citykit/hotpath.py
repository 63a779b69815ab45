"""The straight way through a simple route: what its signature asks for, without the framework's general solver.

The general solver costs as much as the query behind a point read. A route goes straight where its signature holds
nothing but the actor, plain dependencies of the request, path parameters and one query model, and it answers with a
`Response`. Whatever does not fit on the way is left to the framework, which then says what is wrong in its own words.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Self

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

Dependency = Callable[..., Coroutine[Any, Any, Any]]


class Straight:
    """Calls an endpoint with what its signature asks for; None where the request does not fit."""

    def __init__(
        self,
        endpoint: Dependency,
        dependencies: list[tuple[str | None, Dependency, str | None]],
        path: list[Any],
        query: tuple[str, type[BaseModel]] | None,
    ) -> None:
        self._endpoint = endpoint
        self._dependencies = dependencies
        self._path = path
        self._query = query

    @classmethod
    def of(cls, dependant: Dependant, *, repeatable: bool) -> Self | None:
        """The straight way of a route; None where its signature asks for more, or a parameter may come twice."""
        endpoint = dependant.call
        if endpoint is None or repeatable or dependant.request_param_name or _wants_more(dependant):
            return None
        if not _answers_itself(endpoint):
            return None
        if not all(_is_plain(dependency) for dependency in dependant.dependencies):
            return None
        query = None
        if dependant.query_params:
            field = dependant.query_params[0]
            model = field.field_info.annotation
            if len(dependant.query_params) > 1 or not (inspect.isclass(model) and issubclass(model, BaseModel)):
                return None
            query = (field.name, model)
        dependencies = [
            (dependency.name, dependency.call, dependency.request_param_name) for dependency in dependant.dependencies
        ]
        return cls(endpoint, dependencies, dependant.path_params, query)  # type: ignore[arg-type]  # plain ones have a call

    async def __call__(self, request: Request) -> Response | None:
        """The endpoint's answer; what it and its dependencies raise passes through."""
        values: dict[str, Any] = {}
        for name, call, wants_request in self._dependencies:
            solved = await (call(**{wants_request: request}) if wants_request else call())
            if name is not None:
                values[name] = solved
        for field in self._path:
            given = request.path_params.get(field.alias)
            values[field.name], errors = field.validate(given, values, loc=("path", field.alias))
            if errors:
                return None
        if self._query is not None:
            name, model = self._query
            try:
                values[name] = model.model_validate(dict(request.query_params))
            except ValidationError:
                return None
        answer: Response = await self._endpoint(**values)
        return answer


def _answers_itself(endpoint: Any) -> bool:
    returned = inspect.signature(endpoint).return_annotation
    return inspect.iscoroutinefunction(endpoint) and inspect.isclass(returned) and issubclass(returned, Response)


def _wants_more(dependant: Dependant) -> bool:
    """Whether a signature holds anything beyond dependencies, the request, path parameters and a query."""
    return bool(
        dependant.body_params
        or dependant.header_params
        or dependant.cookie_params
        or dependant.websocket_param_name
        or dependant.http_connection_param_name
        or dependant.response_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
    )


def _is_plain(dependant: Dependant) -> bool:
    """Whether a dependency is a coroutine function of the request, or of nothing."""
    call = dependant.call
    asked = dependant.dependencies or dependant.path_params or dependant.query_params
    coroutine = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)
    return coroutine and not asked and not _wants_more(dependant)
