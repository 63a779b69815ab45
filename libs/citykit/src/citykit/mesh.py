"""Calls to neighbours through the mesh: bounded, signed, traced; a neighbour that is down gives a clear problem."""

import time
from typing import Any, TypeVar

import httpx
import stamina
import structlog
from pydantic import BaseModel, ValidationError

from citykit.actors import Actor, ActorKind
from citykit.problems import Unavailable
from citykit.telemetry import current_traceparent
from citykit.tokens import MeshSigner

log = structlog.get_logger("citykit.mesh")

View = TypeVar("View", bound=BaseModel)

_FAILURES_THAT_OPEN = 5
_OPEN_SECONDS = 5.0
_TRY_AGAIN = (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ConnectTimeout)


class NeighbourUnavailable(Unavailable):
    """Another service of the city does not answer; nothing was changed here."""

    slug = "neighbour-unavailable"
    title = ("关联服务暂时不可用，请稍后再试", "A service that this needs is down, please try again")

    def __init__(self, service: str) -> None:
        super().__init__((f"{service} 暂时没有响应", f"{service} does not answer"), headers={"Retry-After": "5"})
        self.service = service


class NeighbourRefused(Exception):
    """Another service answered with a refusal; the caller decides what that means for its own user."""

    def __init__(self, service: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{service} answered {status} {problem.get('type')}")
        self.service = service
        self.status = status
        self.slug = str(problem.get("type", "")).rpartition("/")[2]
        self.problem = problem


class _Breaker:
    """Stops calling a neighbour for some seconds after several failures in a row: the caller hears at once."""

    def __init__(self) -> None:
        self._failures = 0
        self._shut_until = 0.0

    def is_shut(self) -> bool:
        return time.monotonic() < self._shut_until

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= _FAILURES_THAT_OPEN:
            self._shut_until = time.monotonic() + _OPEN_SECONDS
            self._failures = 0


class Mesh:
    """The client of one process for all its neighbours."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, signer: MeshSigner) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._signer = signer
        self._breakers: dict[str, _Breaker] = {}

    async def get(
        self,
        service: str,
        path: str,
        view: type[View],
        *,
        on_behalf_of: Actor | None = None,
        params: dict[str, Any] | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - httpx bounds the call itself
    ) -> View:
        """GET `path` of `service` as `view`. Tried twice more on a broken connection.

        Raises NeighbourUnavailable (503) and NeighbourRefused (the neighbour's 4xx).
        """
        response = await self._patiently(service, "GET", path, on_behalf_of, params=params, timeout=timeout)
        return _read(service, response, view)

    async def post(
        self,
        service: str,
        path: str,
        view: type[View],
        *,
        json: BaseModel | dict[str, Any],
        on_behalf_of: Actor | None = None,
        idempotent: bool = False,
        timeout: float = 5.0,  # noqa: ASYNC109 - httpx bounds the call itself
    ) -> View:
        """POST `json` to `path` of `service`. Tried again only where `idempotent` says that this does no harm."""
        body = json.model_dump_json() if isinstance(json, BaseModel) else None
        content: dict[str, Any] = {"content": body} if body is not None else {"json": json}
        send = self._patiently if idempotent else self._call
        response = await send(service, "POST", path, on_behalf_of, timeout=timeout, **content)
        return _read(service, response, view)

    async def deliver(self, service: str, path: str, body: bytes, media_type: str) -> int:
        """POST an event once and return the status; the delivery job does the retries. Raises NeighbourUnavailable."""
        response = await self._call(service, "POST", path, None, content=body, media_type=media_type, timeout=10.0)
        return response.status_code

    async def _patiently(
        self, service: str, method: str, path: str, on_behalf_of: Actor | None, **options: Any
    ) -> httpx.Response:
        try:
            async for attempt in stamina.retry_context(
                on=_Broken, attempts=3, wait_initial=0.05, wait_max=0.5, timeout=options["timeout"] * 2
            ):
                with attempt:
                    return await self._call(service, method, path, on_behalf_of, breaking=True, **options)
        except _Broken:
            raise NeighbourUnavailable(service) from None
        raise NeighbourUnavailable(service)

    async def _call(
        self,
        service: str,
        method: str,
        path: str,
        on_behalf_of: Actor | None,
        *,
        media_type: str = "application/json",
        breaking: bool = False,
        **options: Any,
    ) -> httpx.Response:
        breaker = self._breakers.setdefault(service, _Breaker())
        if breaker.is_shut():
            raise NeighbourUnavailable(service)
        subject = on_behalf_of.subject if on_behalf_of and on_behalf_of.kind is ActorKind.person else None
        headers = {"Authorization": f"Bearer {self._signer.token(service, subject)}", "Accept": "application/json"}
        if method == "POST":
            headers["Content-Type"] = media_type
        if trace := current_traceparent():
            headers["traceparent"] = trace
        try:
            response = await self._client.request(method, self._base_url + path, headers=headers, **options)
        except httpx.HTTPError as error:
            breaker.failed()
            log.warning("neighbour_unreachable", neighbour=service, kind=type(error).__name__)
            if breaking and isinstance(error, _TRY_AGAIN):
                raise _Broken from error
            raise NeighbourUnavailable(service) from error
        if response.status_code in {502, 503, 504}:
            breaker.failed()
            raise NeighbourUnavailable(service)
        breaker.succeeded()
        return response


class _Broken(Exception):
    """The connection broke: worth another try."""


def _read(service: str, response: httpx.Response, view: type[View]) -> View:
    if response.status_code >= 500:
        raise NeighbourUnavailable(service)
    if response.status_code >= 400:
        raise NeighbourRefused(service, response.status_code, _problem_of(response))
    try:
        return view.model_validate_json(response.content)
    except ValidationError as error:
        log.error("neighbour_speaks_otherwise", neighbour=service, view=view.__name__, errors=error.error_count())
        raise NeighbourUnavailable(service) from error


def _problem_of(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
