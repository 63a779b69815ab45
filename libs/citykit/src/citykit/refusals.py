"""Every error that leaves an endpoint becomes a problem: validation, routing, database, bugs."""

from typing import Any

import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
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
_EXCHANGED = "42P01"  # a table that was named a moment ago: rows were laid anew under another name meanwhile
_TAKEN = {"23505", "23P01"}


def pointer(location: tuple[Any, ...]) -> str:
    """Where a wrong field stands: `/body/items/0/name`, `?limit` for a query parameter, `/path/id` in the path."""
    if location and location[0] == "query":
        return "?" + ".".join(str(part) for part in location[1:])
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in location)


_SAID = {
    "missing": "必填",
    "extra_forbidden": "未知的字段",
    "json_invalid": "不是有效的 JSON",
    "string_type": "应为文本",
    "string_too_short": "内容过短或为空",
    "string_too_long": "内容过长",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为是或否",
    "bool_parsing": "应为是或否",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "less_than": "数值过大",
    "less_than_equal": "数值过大",
    "enum": "不在可选范围内",
    "literal_error": "不在可选范围内",
    "uuid_parsing": "不是有效的编号",
    "uuid_type": "不是有效的编号",
    "date_parsing": "不是有效的日期",
    "date_from_datetime_parsing": "不是有效的日期",
    "date_type": "不是有效的日期",
    "datetime_parsing": "不是有效的时间",
    "datetime_from_date_parsing": "不是有效的时间",
    "datetime_type": "不是有效的时间",
    "timezone_aware": "时间须带时区",
    "model_attributes_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
    "list_type": "应为列表",
    "too_long": "条目过多",
    "too_short": "条目过少",
}


def said(item: Any) -> str:
    """A validation message in Chinese and English; our own types say both already."""
    chinese = _SAID.get(str(item["type"]))
    return f"{chinese} {item['msg']}" if chinese else str(item["msg"])


def from_validation(error: RequestValidationError) -> Problem:
    """A validation error as a problem; it never echoes what came in (it may be personal, or not encodable)."""
    errors = [
        FieldError(pointer=pointer(tuple(item["loc"])), code=str(item["type"]), message=said(item))
        for item in error.errors()[:50]
    ]
    unknown = [e for e in errors if e.pointer.startswith("?") and e.code == "extra_forbidden"]
    if unknown:
        return UnknownParameter(errors=unknown)
    return Invalid(errors=errors)


def from_database(error: BaseException | None) -> Problem:
    """What an error of the database means to the caller, by its SQLSTATE; errors of the driver itself count too."""
    state = getattr(error, "sqlstate", None) or ""
    lost = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if lost or state in _BUSY or state == _EXCHANGED or state.startswith("08"):
        return Unavailable(headers={"Retry-After": "2"})
    if state in _TAKEN:
        return Conflict(("已存在或已被他人抢先处理", "It exists already, or somebody was faster"))
    if state.startswith("22") or isinstance(error, psycopg.DataError):
        return Invalid()
    return Unexpected()


def problem_of(error: Exception) -> Problem:
    """The problem that an error which leaves an endpoint is answered as."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return from_validation(error)
    if isinstance(error, DBAPIError | psycopg.Error):
        return from_database(error.orig if isinstance(error, DBAPIError) else error)
    return Unavailable() if isinstance(error, PoolTimeout) else Unexpected()


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
    return answer(request, Problem(headers=headers), status=error.status_code)


async def _database(request: Request, error: Exception) -> Response:
    cause = error.orig if isinstance(error, DBAPIError) else error
    problem = from_database(cause)
    state = getattr(cause, "sqlstate", None)
    (log.error if problem.status == 500 else log.warning)(
        "database_refused", sqlstate=state, kind=type(cause).__name__, path=request.url.path
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
    app.add_exception_handler(psycopg.Error, _database)
    app.add_exception_handler(PoolTimeout, _pool)
    app.add_exception_handler(Exception, _bug)
