"""Routes of an OGC API: what is wrong with a parameter is told with 400, and a queryable is a parameter of its own."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from citykit.problems import FieldError, UnknownParameter
from citykit.refusals import said as said_of
from data_hub.opened_doors import OpenedRoute
from data_hub.registries.geography.errors import BadParameter


class OgcRoute(OpenedRoute):
    """A route that keeps to the OGC's statuses, and takes each parameter once, those that are queryables too."""

    doors: ClassVar = {
        "list_features": "features", "read_feature": "feature", "read_feature_history": "history", "read_tile": "tile",
    }  # fmt: skip
    means = "layer/{layer}"

    def _check_query(self, request: Request) -> None:
        super()._check_query(request)
        given = [name for name, _ in request.query_params.multi_items()]
        if twice := [name for name in given if given.count(name) > 1]:
            error = FieldError.both(f"?{twice[0][:80]}", "repeated", ("只能填写一次", "given twice"))
            raise UnknownParameter(errors=[error])

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Tell what the framework refuses with the standard's status."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                wrong = [
                    FieldError.both(f"?{one['loc'][-1]}", str(one["type"]), said_of(one)) for one in error.errors()
                ]
                said = ", ".join(one.pointer for one in wrong)
                raise BadParameter((f"参数有误: {said}", f"Wrong: {said}"), errors=wrong) from None

        return told


def has_already(request: Request, tag: str) -> bool:
    """Whether the caller has the answer with this entity tag (RFC 9110 §13.1.2: compared weakly)."""
    told = request.headers.get("if-none-match", "")
    known = {one.strip().removeprefix("W/") for one in told.split(",")}
    return told.strip() == "*" or tag.removeprefix("W/") in known


def OgcRouter(*, prefix: str, tags: list[str], **options: Any) -> APIRouter:  # noqa: N802 - reads as a class
    """A router whose routes keep to the OGC's statuses."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=OgcRoute, redirect_slashes=False, **options)
