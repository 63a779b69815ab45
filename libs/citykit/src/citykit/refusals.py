"""Every error that leaves an endpoint becomes a problem: validation, routing, database, bugs."""

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from citykit.problems import (
    BY_STATUS,
    Conflict,
    FieldError,
    Invalid,
    Problem,
    Unavailable,
    Unexpected,
    UnknownParameter,
    answer,
)

log = structlog.get_logger("citykit.refusals")

_BUSY = {"40001", "40P01", "55P03", "57014", "53300", "57P01", "57P03", "25P03"}
_TAKEN = {"23505", "23P01"}


def pointer(location: tuple[Any, ...]) -> str:
    """Where a wrong field stands: `/body/items/0/name`, `?limit` for a query parameter, `/path/id` in the path."""
    if location and location[0] == "query":
        return "?" + ".".join(str(part) for part in location[1:])
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in location)


def from_validation(error: RequestValidationError) -> Problem:
    """A validation error as a problem; it never echoes what came in (it may be personal, or not encodable)."""
    errors = [
        FieldError(pointer=pointer(tuple(item["loc"])), code=str(item["type"]), message=str(item["msg"]))
        for item in error.errors()[:50]
    ]
    unknown = [e for e in errors if e.pointer.startswith("?") and e.code == "extra_forbidden"]
    if unknown:
        return UnknownParameter(errors=unknown)
    return Invalid(errors=errors)


def from_database(error: DBAPIError) -> Problem:
    """What a database error means to the caller, by its SQLSTATE."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _BUSY or state.startswith("08") or (not state and isinstance(error, OperationalError | InterfaceError)):
        return Unavailable(headers={"Retry-After": "2"})
    if state in _TAKEN:
        return Conflict(("已存在或已被他人抢先处理", "It exists already, or somebody was faster"))
    if state.startswith("22") or type(error.orig).__name__ == "DataError":
        return Invalid()
    return Unexpected()


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(request, error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(request, from_validation(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = BY_STATUS.get(error.status_code, Problem)
    headers = dict(error.headers or {})
    if kind.status == error.status_code:
        return answer(request, kind(headers=headers))
    problem = Problem(headers=headers)
    response = answer(request, problem)
    response.status_code = error.status_code
    return response


async def _database(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    problem = from_database(error)
    state = getattr(error.orig, "sqlstate", None)
    (log.error if problem.status == 500 else log.warning)(
        "database_refused", sqlstate=state, kind=type(error.orig).__name__, path=request.url.path
    )
    return answer(request, problem)


async def _pool(request: Request, error: Exception) -> Response:
    log.warning("database_pool_empty", path=request.url.path)
    return answer(request, Unavailable(headers={"Retry-After": "1"}))


async def _bug(request: Request, error: Exception) -> Response:
    log.error("unhandled", path=request.url.path, kind=type(error).__name__, exc_info=error)
    return answer(request, Unexpected())


def install(app: FastAPI) -> None:
    """Teach `app` to answer every error as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _pool)
    app.add_exception_handler(Exception, _bug)
