"""Every error that leaves an endpoint becomes a problem: validation, routing, database, bugs."""

import re
from typing import Any, get_args

import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core.core_schema import ErrorType
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from citykit.problems import (
    BY_STATUS,
    Bilingual,
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


# The stock kinds of error in Chinese. What stands in braces is what the field wants, never what came in.
_SAID = {
    "missing": "必填",
    "extra_forbidden": "没有该字段",
    "json_invalid": "不是有效的 JSON",
    "string_type": "应为文本",
    "string_unicode": "含有无法编码的字符",
    "string_too_short": "至少{min_length}个字符",
    "string_too_long": "至多{max_length}个字符",
    "string_pattern_mismatch": "格式应符合 {pattern}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "decimal_type": "应为数字",
    "decimal_parsing": "应为数字",
    "decimal_max_digits": "至多{max_digits}位数字",
    "decimal_max_places": "至多{decimal_places}位小数",
    "multiple_of": "应为{multiple_of}的倍数",
    "bool_type": "应为是或否（true、false）",
    "bool_parsing": "应为是或否（true、false）",
    "greater_than": "应大于{gt}",
    "greater_than_equal": "不应小于{ge}",
    "less_than": "应小于{lt}",
    "less_than_equal": "不应大于{le}",
    "enum": "应为其中之一：{expected}",
    "literal_error": "应为其中之一：{expected}",
    "uuid_parsing": "不是有效的编号（UUID）",
    "uuid_type": "不是有效的编号（UUID）",
    "date_parsing": "日期应写作 YYYY-MM-DD",
    "date_from_datetime_parsing": "日期应写作 YYYY-MM-DD",
    "date_from_datetime_inexact": "应为日期，不带时刻",
    "date_type": "日期应写作 YYYY-MM-DD",
    "datetime_parsing": "时间应写作 YYYY-MM-DDThh:mm:ss+08:00",
    "datetime_from_date_parsing": "时间应写作 YYYY-MM-DDThh:mm:ss+08:00",
    "datetime_type": "时间应写作 YYYY-MM-DDThh:mm:ss+08:00",
    "timezone_aware": "时间须带时区，如 +08:00",
    "url_type": "不是有效的网址",
    "url_parsing": "不是有效的网址",
    "url_scheme": "网址应以其中之一开头：{expected_schemes}",
    "url_too_long": "网址至多{max_length}个字符",
    "model_type": "应为 JSON 对象",
    "model_attributes_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
    "list_type": "应为列表",
    "too_long": "至多{max_length}项",
    "too_short": "至少{min_length}项",
    "union_tag_not_found": "缺少 {discriminator}",
    "union_tag_invalid": "{discriminator} 应为其中之一：{expected_tags}",
}
_OWN = "value_error"  # raised by a rule of ours, with its own sentence
_WRONG = "填写有误"
_STOCK = frozenset(get_args(ErrorType))


def said(item: Any) -> Bilingual:
    """A validation error in Chinese, with what the field wants, and in English.

    Rules of ours say both by themselves: as `zh` and `en` of the error or of its context, else in one sentence for all.
    """
    kind, context, message = str(item["type"]), item.get("ctx") or {}, str(item["msg"])
    own = context.get("error")
    if isinstance(context.get("zh"), str):
        return context["zh"], str(context.get("en", ""))
    if kind == _OWN and isinstance(own, Exception):
        return getattr(own, "zh", None) or str(own) or _WRONG, getattr(own, "en", "")
    if kind not in _STOCK:
        return message, ""
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "不能为空", message
    limits = {name: _listed(value) if name.startswith("expected") else value for name, value in context.items()}
    try:
        return _SAID.get(kind, _WRONG).format_map(limits), message
    except KeyError:  # another release may name its limits otherwise
        return _WRONG, message


def _listed(choices: Any) -> str:
    """What may be chosen from as a Chinese sentence has it: `'a', 'b' or 'c'` as a、b、c."""
    return re.sub(r"'?(?:, | or )'?", "、", str(choices)).strip("'")


def from_validation(error: RequestValidationError) -> Problem:
    """A validation error as a problem; it never echoes what came in (it may be personal, or not encodable)."""
    errors = [
        FieldError.both(pointer(tuple(item["loc"])), str(item["type"]), said(item)) for item in error.errors()[:50]
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
