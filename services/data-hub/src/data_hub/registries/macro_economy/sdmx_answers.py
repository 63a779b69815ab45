"""How SDMX clients are answered: in the form that they accept, and refused in the standard's words."""

import hashlib
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from citykit.problems import (
    Forbidden,
    NotFound,
    Problem,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    problems,
)
from data_hub.opened_doors import OpenedRoute
from data_hub.registries.macro_economy.data_xml import error as error_message
from data_hub.registries.macro_economy.errors import (
    SdmxNoResults,
    SdmxNotAcceptable,
    SdmxRefusal,
    SdmxSemantic,
    SdmxTooLarge,
)
from data_hub.registries.macro_economy.media import Offer, chosen, prefers_json

ERROR_MEDIA = "application/vnd.sdmx.error+xml;version=2.1"
_CODES = {401: 110, 403: 150, 404: 100, 413: 510, 429: 503, 503: 503}
_PER_PIECE = 200


class SdmxRoute(OpenedRoute):
    """A route that refuses in the standard's words.

    Whoever asks for JSON is told a problem document that carries the standard's code, everybody else `mes:Error`.
    """

    refusal_media = (ERROR_MEDIA.partition(";")[0],)
    doors = dict.fromkeys(("read_flow", "read_key", "read_key_of_provider", "read_flow_2", "read_key_2"), "data")

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._straight = None  # refusals are put into the standard's words below, on the framework's way

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint: what it refuses becomes an error message."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                names = ", ".join(sorted({str(one["loc"][-1])[:64] for one in error.errors()}))
                return _told(request, SdmxRefusal((f"参数有误：{names}", f"Bad parameters: {names}")))
            except Problem as problem:
                return _told(request, problem)

        return told


def _told(request: Request, problem: Problem) -> Response:
    if prefers_json(request.headers.get("accept")):
        raise problem
    request.state.refused = problem.slug
    parts: list[str] = [*problem.title]
    if problem.detail is not None:
        parts += [problem.detail] if isinstance(problem.detail, str) else problem.detail
    code = problem.sdmx if isinstance(problem, SdmxRefusal) else _CODES.get(problem.status, 140)
    return Response(
        error_message(code, " ".join(parts)), problem.status, problem.headers | {"Vary": "Accept"}, ERROR_MEDIA
    )


def answers(offers: Iterable[Offer]) -> dict[int | str, dict[str, Any]]:
    """What a route answers, for its OpenAPI page."""
    refusals = problems(
        SdmxRefusal, SdmxSemantic, SdmxNoResults, SdmxNotAcceptable, SdmxTooLarge, Unauthenticated, Forbidden,
        NotFound, TooManyRequests, Unavailable,
    )  # fmt: skip
    found: dict[int | str, dict[str, Any]] = {200: {"content": {offer.media: {} for offer in offers}}}
    return found | {304: {"description": "Nothing has changed since"}} | refusals


def offer_for(request: Request, offers: tuple[Offer, ...]) -> Offer:
    """The form of the answer. Raises SdmxNotAcceptable."""
    offer = chosen(request.headers.get("accept"), offers)
    if offer is None:
        listed = ", ".join(one.content_type for one in offers)
        raise SdmxNotAcceptable((f"可选格式 {listed}", f"There is {listed}"), headers={"Vary": "Accept"})
    return offer


def validators(request: Request, offer: Offer, changed: datetime, about: str) -> dict[str, str]:
    """The headers by which a reader knows whether the answer is another one than last time."""
    asked_for = f"{request.url.path}?{request.url.query}|{offer.content_type}|{about}|{changed.isoformat()}"
    return {
        "ETag": f'W/"{hashlib.sha256(asked_for.encode()).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(changed, usegmt=True),
        "Vary": "Accept, Authorization",
        "Cache-Control": "private, no-cache" if "authorization" in request.headers else "public, no-cache",
    }


def unchanged(request: Request, headers: dict[str, str]) -> bool:
    """Whether the reader has this answer already (RFC 9110 §13.1.2)."""
    known = request.headers.get("if-none-match")
    if known is None:
        return False
    tags = {part.strip().removeprefix("W/") for part in known.split(",")}
    return "*" in tags or headers["ETag"].removeprefix("W/") in tags


def streamed(pieces: Iterable[str], offer: Offer, headers: dict[str, str]) -> Response:
    """The answer piece by piece, each made in a thread when the one before has left."""

    def gathered() -> Iterator[bytes]:
        kept: list[str] = []
        for piece in pieces:
            kept.append(piece)
            if len(kept) >= _PER_PIECE:
                yield "".join(kept).encode()
                kept.clear()
        yield "".join(kept).encode()

    return StreamingResponse(gathered(), headers=headers | {"content-type": offer.content_type})
