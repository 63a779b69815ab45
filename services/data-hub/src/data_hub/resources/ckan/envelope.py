"""The envelope of the action API: what a call brings, what it is answered, and how refusals are told."""

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from citykit.problems import Problem
from citykit.routing import NotText
from data_hub.opened_doors import OpenedRoute

DOORS = frozenset({"datastore_search", "datastore_search_sql", "datastore_info"})  # actions that rows are asked of
ROWS = "\x00rows"  # stands for rows that the database wrote as JSON; no text that came in or is kept holds NUL
LARGEST = 2**31 - 1
_KINDS = {404: "Not Found Error", 429: "Too Many Requests"}


class CkanRefusal(Exception):
    """A refusal in CKAN's words: `kind` is what clients look at, `wrong` names fields."""

    def __init__(self, status: int, kind: str, message: str, wrong: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.wrong = status, kind, message, wrong or {}


def not_found(what: str) -> CkanRefusal:
    """404: there is no such thing, or it is not opened."""
    return CkanRefusal(404, "Not Found Error", f"Not found: {what} 未找到")


def invalid(name: str, said: str) -> CkanRefusal:
    """409: a parameter cannot be read."""
    return CkanRefusal(409, "Validation Error", said, {name: [said]})


def bad_search(said: str) -> CkanRefusal:
    """400: a search that cannot be understood."""
    return CkanRefusal(400, "Search Query Error", f"Search Query is invalid: {said}")


def answered(help_: str, result: Any, rows: str | None = None) -> Response:
    """200 with a result; `rows` is put where the result says ROWS."""
    text = json.dumps({"help": help_, "success": True, "result": result}, ensure_ascii=False)
    if rows is not None:
        text = text.replace(json.dumps(ROWS), rows)
    return Response(text, media_type="application/json")


def refused(help_: str, refusal: CkanRefusal, headers: dict[str, str] | None = None) -> Response:
    """A refusal in CKAN's envelope."""
    error = {"__type": refusal.kind, "message": refusal.message} | refusal.wrong
    text = json.dumps({"help": help_, "success": False, "error": error}, ensure_ascii=False)
    return Response(text, status_code=refusal.status, media_type="application/json", headers=headers)


class CkanRoute(OpenedRoute):
    """A route that takes what clients of CKAN send: parameters it does not know are left aside, as CKAN does."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._straight = None  # refusals are put into CKAN's words below, on the framework's way

    def door(self, request: Request) -> str | None:
        """The action that the path names, where rows are asked of it."""
        action = request.path_params["action"]
        return action if action in DOORS else None

    def meant(self, request: Request) -> str:
        """The resource that the parameters name, once they are read."""
        return getattr(request.state, "meant", "")

    def _check_query(self, request: Request) -> None:
        texts = (
            *request.path_params.values(),
            *(value for pair in request.query_params.multi_items() for value in pair),
        )
        if any("\x00" in str(text) for text in texts):
            raise NotText

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint: what it refuses is told in CKAN's envelope."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except CkanRefusal as refusal:
                request.state.refused = refusal.kind
                return refused(request.url.path, refusal)
            except Problem as problem:
                kind = _KINDS.get(problem.status, "Validation Error")
                said, request.state.refused = f"{problem.title[0]} {problem.title[1]}", kind
                return refused(request.url.path, CkanRefusal(problem.status, kind, said), problem.headers)

        return told


class Arguments:
    """The parameters of a call, read by name and kind. Each reading raises CkanRefusal where it is none."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def has(self, name: str) -> bool:
        """Whether a parameter is there and not empty."""
        return self._given.get(name) not in (None, "", [], {})

    def raw(self, name: str) -> Any:
        """A parameter as it came; JSON within a text is read."""
        value = self._given.get(name)
        if isinstance(value, str) and value[:1] in {"{", "["}:
            try:
                return json.loads(value)
            except (ValueError, RecursionError):
                return value
        return value

    def text(self, name: str, *, most: int = 1000) -> str:
        """A text; empty where it is missing."""
        value = self._given.get(name)
        if value is None:
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool) or len(str(value)) > most:
            raise invalid(name, "应为文本 A text is wanted")
        return str(value)

    def needed(self, *names: str) -> str:
        """A text that must be there, under the first of its names that is."""
        for name in names:
            if self.has(name):
                return self.text(name)
        raise invalid(names[0], "必填 Missing value")

    def number(self, name: str, usual: int, *, most: int = LARGEST) -> int:
        """A whole number from 0 on; more than `most` is `most`, as CKAN does."""
        value = self._given.get(name)
        if value is None or value == "":
            return usual
        try:
            number = int(str(value))
        except ValueError:
            raise invalid(name, "应为整数 Invalid integer") from None
        if isinstance(value, bool) or number < 0:
            raise invalid(name, "应为非负整数 Must be a natural number")
        return min(number, most)

    def limit(self, name: str, usual: int) -> int:
        """How many at most; 0 and -1 say all, as CKAN has it."""
        return 0 if str(self._given.get(name)) == "-1" else self.number(name, usual)

    def flag(self, name: str, usual: bool = False) -> bool:
        """A truth value, in any of the ways that clients write it."""
        value = self._given.get(name)
        return usual if value is None else str(value).lower() in {"true", "1", "yes", "t", "on"}

    def texts(self, name: str) -> list[str]:
        """A list of texts, which may hold commas."""
        value = self.raw(name)
        parts = [] if value is None else [value] if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(one, str) for one in parts) or len(parts) > 20:
            raise invalid(name, "应为文本列表 A list of texts is wanted")
        return parts

    def names(self, name: str) -> list[str]:
        """A list of texts: a list, or one text with commas."""
        value = self.raw(name)
        if value is None:
            return []
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(one, str) for one in parts) or len(parts) > 500:
            raise invalid(name, "应为文本列表 A list of texts is wanted")
        return [one.strip() for one in parts if one.strip()]


async def arguments(request: Request) -> Arguments:
    """What a call brings: the query, then a body of JSON or of a form."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        before = given.get(name)
        given[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    body = await request.body()
    if not body:
        return Arguments(given)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media == "application/x-www-form-urlencoded" and body[:1] != b"{":
            told: Any = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
        else:
            told = json.loads(body)
    except (ValueError, RecursionError):
        raise CkanRefusal(400, "Bad Request", "Bad request - JSON Error: 请求体不是 JSON Not JSON") from None
    if not isinstance(told, dict):
        raise CkanRefusal(400, "Bad Request", "Bad request - JSON Error: 应为 JSON 对象 Request data must be an object")
    _check_texts(told)
    return Arguments(given | told)


def _check_texts(told: dict[str, Any]) -> None:
    """Refuse what no database keeps, whatever media type it came under: NUL, and halves of surrogate pairs."""
    try:
        text = json.dumps(told, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise NotText from None
    if b"\\u0000" in text:
        raise NotText
