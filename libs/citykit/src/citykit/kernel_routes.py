"""The paths that every service has: health, metrics, contracts and their page, inbox, usage, audit, the home page."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import fastapi_offline
from fastapi import Depends, FastAPI, Query
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from citykit.access import Actor, anyone, from_service
from citykit.audit import AuditEntry, AuditFilter, ChainVerdict, StreamQuery, auditor_of, entries, verdict
from citykit.events import Envelope, first_time, parse_event
from citykit.pages import Page
from citykit.problems import BadCursor, Forbidden, Invalid, Unavailable, answer, problems
from citykit.routing import CityRouter, add_routes
from citykit.telemetry import JOBS_WAITING, OLDEST_JOB_SECONDS, RECEIVED, REGISTRY
from citykit.usage import ReaderList, ReadersQuery, UsagePage, UsageQuery, readers, usages
from citykit.wire import Wire
from citykit.work import WorkInRequest

if TYPE_CHECKING:
    from citykit.service import Service

Asked = TypeVar("Asked", bound=ReadersQuery)

_SWAGGER = Path(fastapi_offline.__file__).parent / "static"

_DOCS_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="{base}/docs/static/swagger-ui.css"></head>
<body><div id="page"></div><script src="{base}/docs/static/swagger-ui-bundle.js"></script>
<script src="{base}/docs/page.js"></script></body></html>
"""
_DOCS_SCRIPT = """SwaggerUIBundle({{url: "{base}/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset].filter(Boolean)}});
"""


class UnknownEventType(Invalid):
    """This service does not listen to events of this type."""

    slug = "unknown-event-type"
    title = ("未订阅该类事件", "No subscription for this type of event")


class Health(Wire):
    """Whether the service can work."""

    service: str
    state: str


def install(app: FastAPI, service: "Service", *, home: Path | None) -> None:
    """Add the kernel's routes to a service's application."""
    add_routes(app, _process(service))
    add_routes(app, _contracts(service))
    add_routes(app, _audit(service))
    add_routes(app, _mesh(service))
    app.mount(f"/api/{service.name}/docs/static", StaticFiles(directory=_SWAGGER), name="docs-static")
    if home is not None and home.is_dir():
        add_routes(app, _home(home))
        app.mount("/home", StaticFiles(directory=home), name="home")


def _process(service: "Service") -> Any:
    router = CityRouter(tags=["health"], dependencies=[Depends(anyone)])

    @router.get("/healthz", include_in_schema=False)
    async def alive() -> PlainTextResponse:
        """The process lives."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz", include_in_schema=False)
    async def ready(request: Request) -> Response:
        """The database answers: the gateway may send requests."""
        if await request.app.state.city.ready():
            return PlainTextResponse("ok\n")
        return answer(request, Unavailable())

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        """Prometheus metrics; the gateway never routes this path."""
        JOBS_WAITING.clear()
        try:
            waiting, oldest = await request.app.state.city.waiting_jobs()
            OLDEST_JOB_SECONDS.set(oldest)
            for task, number in waiting.items():
                JOBS_WAITING.labels(task).set(number)
        except Exception:  # noqa: S110 - a database that is down must not hide the other metrics
            pass
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    @router.get(f"/api/{service.name}/v1/health", responses=problems(Unavailable))
    async def health(request: Request) -> Health:
        """Whether this service can work 服务状态: 200 when it can, 503 `unavailable` when its database is down."""
        if not await request.app.state.city.ready():
            raise Unavailable()
        return Health(service=service.name, state="healthy")

    return router


def _contracts(service: "Service") -> Any:
    base = f"/api/{service.name}"
    router = CityRouter(dependencies=[Depends(anyone)])

    @router.get(f"{base}/openapi.json", include_in_schema=False)
    async def document(request: Request) -> Response:
        """The OpenAPI document of this service."""
        return Response(request.app.state.openapi_bytes(), media_type="application/json")

    @router.get(f"{base}/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        """The API page, from our own files."""
        return HTMLResponse(_DOCS_PAGE.format(title=escape(service.title), base=base))

    @router.get(f"{base}/docs/page.js", include_in_schema=False)
    async def script() -> Response:
        """What starts the API page."""
        return Response(_DOCS_SCRIPT.format(base=base), media_type="text/javascript")

    return router


def _audit(service: "Service") -> Any:
    router = CityRouter(prefix=f"/api/{service.name}/v1/audit", tags=["audit"])

    @router.get("/entries", dependencies=[auditor_of(service.name)], responses=problems(BadCursor))
    async def audit_entries(work: WorkInRequest, query: Annotated[AuditFilter, Query()]) -> Page[AuditEntry]:
        """The audit trail 审计记录, newest first, or one stream in its order.

        `entry` is the exact RFC 8785 text that was hashed: hash = SHA-256(previous hash ‖ entry), 32 zero bytes before
        the first of a stream.
        """
        return await entries(work.session, query)

    @router.get("/verdict", dependencies=[auditor_of(service.name)])
    async def audit_verdict(work: WorkInRequest, query: Annotated[StreamQuery, Query()]) -> ChainVerdict:
        """Whether nothing was changed, deleted or cut off in a stream of the audit trail 审计链校验."""
        return await verdict(work.session, query.stream)

    return router


def _mesh(service: "Service") -> Any:
    router = CityRouter(prefix=f"/internal/{service.name}/v1", tags=["mesh"])
    handlers = {subscription.type: subscription for subscription in service.subscriptions}
    caller = from_service()

    @router.post("/events", status_code=204, responses=problems(UnknownEventType, Forbidden))
    async def receive(actor: Annotated[Actor, Depends(caller)], envelope: Envelope, work: WorkInRequest) -> None:
        """Take an event (CloudEvents 1.0, structured JSON) into the inbox; a second delivery changes nothing."""
        # A service tells of its own things alone: the source is the caller, and so is the owner that the type names.
        if envelope.source != f"/{actor.subject}" or f".{actor.subject}." not in envelope.type:
            raise Forbidden(("事件来源与调用者不符", "The event is not the caller's own"))
        subscription = handlers.get(envelope.type)
        if subscription is None:
            RECEIVED.labels("unknown", "refused").inc()
            raise UnknownEventType()
        if not await first_time(work.session, envelope, work.clock.now()):
            RECEIVED.labels(envelope.type, "repeated").inc()
            return
        await subscription.handle(parse_event(subscription.view, envelope.data), work)
        RECEIVED.labels(envelope.type, "taken").inc()

    async def usage_reader(request: Request, actor: Annotated[Actor, Depends(caller)]) -> Actor:
        if actor.subject != request.app.state.city.settings.usage_reader:
            raise Forbidden()
        return actor

    @router.get("/usage", dependencies=[Depends(usage_reader)])
    async def usage(work: WorkInRequest, query: Annotated[UsageQuery, Query()]) -> UsagePage:
        """Who read a person's data in this service: for the service that shows it to the person, and nobody else."""
        return await usages(work.session, service.name, await known(work, query))

    @router.get("/usage/readers", dependencies=[Depends(usage_reader)])
    async def usage_readers(work: WorkInRequest, query: Annotated[ReadersQuery, Query()]) -> ReaderList:
        """Who read a person's data in this service, one entry a reader: for the same service alone."""
        return await readers(work.session, await known(work, query))

    async def known(work: WorkInRequest, query: Asked) -> Asked:
        """The question by all references by which this service knows the person."""
        if service.known_as is None:
            return query
        return query.model_copy(update={"person": await service.known_as(work, query.person)})

    return router


def _home(folder: Path) -> Any:
    router = CityRouter(dependencies=[Depends(anyone)])

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def home() -> FileResponse:
        """The city's home page: every service can serve it, so that one that is down takes nothing away."""
        return FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})

    return router
