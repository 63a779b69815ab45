"""The published contracts: an OpenAPI 3.1 document that says who may call what, and the events in and out."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from citykit.access import Requirement
from citykit.actors import ActorKind
from citykit.problems import MEDIA_TYPE, ProblemDocument

if TYPE_CHECKING:
    from citykit.service import Service


def dependencies(route: RouteContext) -> Iterator[Any]:
    """Every callable that a route depends on, however deep."""
    pending = [route.dependant]
    while pending:
        dependant = pending.pop()
        if dependant.call is not None:
            yield dependant.call
        pending.extend(dependant.dependencies)


def requirement_of(route: RouteContext) -> Requirement | None:
    """Who may call a route, as its signature says; None where it states nothing or is open to anyone."""
    return next((call for call in dependencies(route) if isinstance(call, Requirement)), None)


def api_routes(app: FastAPI) -> Iterator[RouteContext]:
    """The routes of an application that have an endpoint of ours."""
    for context in iter_route_contexts(app.routes):
        if hasattr(context.original_route, "dependant"):
            yield context


def build(app: FastAPI, service: "Service") -> dict[str, Any]:
    """The normalised OpenAPI document: problems under their media type, security per operation, no 422 of the stock."""
    document = get_openapi(
        title=service.title, version=service.version, description=service.description, routes=app.routes
    )
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for stock in ("HTTPValidationError", "ValidationError"):
        schemas.pop(stock, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schemas["ProblemDocument"].pop("$defs", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"},
        "mesh": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT signed by the calling service"},
    }
    for route in api_routes(app):
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _normalise(operation, requirement_of(route), getattr(route, "refusal_media", ()))
    return dict(with_known_bounds(document))


def _normalise(operation: dict[str, Any], requirement: Requirement | None, also: Iterable[str]) -> None:
    """Say what is refused, as problems and in what other media types `also` the kind of route has of its standard."""
    responses: dict[str, Any] = operation["responses"]
    said: dict[str, str] = {"400": "Unknown parameter or bad cursor", "422": "Something is filled in wrongly"}
    said |= {"413": "Too large", "503": "Temporarily unavailable"}
    if requirement is not None:
        said |= {"401": "No valid token", "403": "You may not do this"}
        operation["security"] = [_security(requirement)]
    else:
        operation["security"] = []
    for status, text in said.items():
        known = responses.get(status)
        if known is None or status == "422":
            responses[status] = {"description": (known or {}).get("description") or text}
            if status == "422" and responses[status]["description"] == "Validation Error":
                responses[status]["description"] = text
    for status, response in responses.items():
        if status.isdigit() and int(status) >= 400:
            reference = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
            response["content"] = {MEDIA_TYPE: reference} | {media: {} for media in also}


def _security(requirement: Requirement) -> dict[str, list[str]]:
    if ActorKind.service in requirement.kinds:
        return {"mesh": sorted(requirement.services or ())}
    return {"bearer": [*requirement.scopes, *requirement.any_of]}


def events_document(service: "Service") -> dict[str, Any]:
    """What the service publishes (type, subscribers, schema) and what it consumes, in its own view."""
    document = {
        "publishes": {
            kind.event_type: {"subscribers": sorted(names), "schema": kind.model_json_schema()}
            for kind, names in sorted(service.publishes.items(), key=lambda item: item[0].event_type)
        },
        "consumes": {
            subscription.type: subscription.view.model_json_schema()
            for subscription in sorted(service.subscriptions, key=lambda s: s.type)
        },
    }
    return dict(with_known_bounds(document))


_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def with_known_bounds(schema: Any) -> Any:
    """A JSON Schema whose bounds have the standard's names.

    Pydantic writes `ge` and `le` where a bound stands behind a validator, which no client understands.
    """
    if isinstance(schema, list):
        return [with_known_bounds(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bounded = "type" in schema or "anyOf" in schema
    return {
        _BOUNDS[name] if bounded and name in _BOUNDS and isinstance(value, int | float) else name: with_known_bounds(
            value
        )
        for name, value in schema.items()
    }


def text_of(document: dict[str, Any]) -> str:
    """The committed form of a contract: sorted keys, two spaces, one line end."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def install(app: FastAPI, service: "Service") -> None:
    """Let `app` answer its document, built once."""
    built: list[bytes] = []

    def document_bytes() -> bytes:
        if not built:
            built.append(json.dumps(build(app, service), ensure_ascii=False).encode())
        return built[0]

    app.state.openapi_bytes = document_bytes
