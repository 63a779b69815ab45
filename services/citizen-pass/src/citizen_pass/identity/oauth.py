"""How OAuth 2.0 parameters come in and answers go out: form or query, each name once, no character that breaks."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from citizen_pass.identity.errors import OAuthError

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
LONGEST_VALUE = 8_192
MOST_PARAMETERS = 60
FORM = "application/x-www-form-urlencoded"

Arguments = ParamSpec("Arguments")


class ParameterError(ValueError):
    """A parameter stands twice or cannot be read; `name` says which, where one can be named."""

    def __init__(self, why: str, parameters: dict[str, str]) -> None:
        super().__init__(why)
        self.parameters = parameters


def parse(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name; empty ones count as absent (RFC 6749 §3.1). Raises ParameterError for twins and NUL."""
    if len(pairs) > MOST_PARAMETERS:
        raise ParameterError("too many parameters", {})
    found: dict[str, str] = {}
    twins: set[str] = set()
    for name, value in pairs:
        if "\x00" in name or "\x00" in value or len(value) > LONGEST_VALUE or len(name) > 100:
            raise ParameterError("a parameter cannot be read", {})
        if name in found:
            twins.add(name)
        if value:
            found[name] = value
    if twins:
        usable = {name: value for name, value in found.items() if name not in twins}
        raise ParameterError("a parameter is given twice", usable)
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS + 1, errors="strict")
    except ValueError as error:
        raise ParameterError("the parameters cannot be read", {}) from error


def query_parameters(request: Request) -> dict[str, str]:
    """The query's parameters. Raises ParameterError."""
    return parse(_pairs(request.scope["query_string"].decode("ascii", "replace")))


async def form_parameters(request: Request) -> dict[str, str]:
    """The form's parameters. Raises ParameterError for another media type too."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise ParameterError(f"the body must be {FORM}", {})
    body = await request.body()
    try:
        return parse(_pairs(body.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise ParameterError("the body is not UTF-8", {}) from error


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic, form-decoded as RFC 6749 §2.3.1 wants; None without the header."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise OAuthError(
            "invalid_client", "the Authorization header cannot be read", status=401, challenge="Basic"
        ) from error
    pair = unquote_plus(name), unquote_plus(secret)
    if not colon or any("\x00" in part for part in pair):
        raise OAuthError("invalid_client", "the Authorization header cannot be read", status=401, challenge="Basic")
    return pair


def bearer_token(request: Request) -> str | None:
    """The token of the Authorization header (RFC 6750 §2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def answer_error(error: OAuthError) -> JSONResponse:
    """The answer of RFC 6749 §5.2."""
    body = {"error": error.error} | ({"error_description": error.description} if error.description else {})
    headers = dict(NO_STORE)
    if error.challenge:
        headers["WWW-Authenticate"] = f'{error.challenge} realm="citizen-pass", error="{error.error}"'
    return JSONResponse(body, status_code=error.status, headers=headers)


def oauth_answers(
    endpoint: Callable[Arguments, Awaitable[Response]],
) -> Callable[Arguments, Awaitable[Response]]:
    """Answer OAuthError and ParameterError from inside the endpoint, so that its transaction commits."""

    @wraps(endpoint)
    async def answered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        try:
            return await endpoint(*args, **kwargs)
        except OAuthError as error:
            return answer_error(error)
        except ParameterError as error:
            return answer_error(OAuthError("invalid_request", str(error)))

    return answered


def answer_json(body: dict[str, Any], status: int = 200) -> JSONResponse:
    """An answer that nobody may keep."""
    return JSONResponse(body, status_code=status, headers=NO_STORE)


def with_parameters(uri: str, parameters: dict[str, str | None]) -> str:
    """`uri` with `parameters` added to its query; those that are None are left out."""
    parts = urlsplit(uri)
    added = urlencode({name: value for name, value in parameters.items() if value is not None})
    query = "&".join(part for part in (parts.query, added) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def redirect(uri: str, parameters: dict[str, str | None] | None = None) -> RedirectResponse:
    """Send the browser to `uri`, by GET, without leaving anything in a cache or a Referer header."""
    response = RedirectResponse("/", status_code=303, headers={**NO_STORE, "Referrer-Policy": "no-referrer"})
    # Set as it stands: the framework's own quoting would change a redirect URI that must come back byte for byte.
    response.headers["location"] = with_parameters(uri, parameters) if parameters else uri
    return response
