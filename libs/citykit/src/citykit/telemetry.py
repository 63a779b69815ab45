"""What a process says of itself: structured logs, metrics, traces. None of them holds a token or a person's data."""

import contextvars
import logging
import os
import re
import sys
import time
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citykit.settings import ServiceSettings

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "city_http_request_seconds", "Requests by route, method and status", ["route", "method", "status"],
    registry=REGISTRY, buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
DELIVERIES = Counter("city_event_deliveries_total", "Event deliveries", ["subscriber", "outcome"], registry=REGISTRY)
RECEIVED = Counter("city_events_received_total", "Events received", ["type", "outcome"], registry=REGISTRY)
JOBS_WAITING = Gauge("city_jobs_waiting", "Jobs not yet done, by task", ["task"], registry=REGISTRY)
OLDEST_JOB_SECONDS = Gauge("city_oldest_job_seconds", "Age of the oldest job that is due", registry=REGISTRY)

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_NO_TRACE = "0" * 32
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_trace: contextvars.ContextVar[str | None] = contextvars.ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """The W3C traceparent of what is being done, to hand on to neighbours."""
    return _trace.get()


def follow(traceparent: str | None) -> None:
    """Continue the trace `traceparent`, or begin one where it is missing or not of the W3C form."""
    known = _TRACEPARENT.match(traceparent) if traceparent else None
    if known and known[1] != _NO_TRACE:
        _trace.set(f"00-{known[1]}-{os.urandom(8).hex()}-{known[3]}")
    else:
        fresh = os.urandom(24).hex()
        _trace.set(f"00-{fresh[:32]}-{fresh[32:]}-{known[3] if known else '00'}")


def _with_trace(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """Name the trace in a log line: looked up when a line is written, since most requests write none."""
    traceparent = _trace.get()
    if traceparent is not None:
        event["trace_id"] = traceparent[3:35]
    return event


def configure_logs(settings: ServiceSettings, service: str) -> None:
    """One JSON object a line on standard output, for structlog and for libraries that use `logging`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.contextvars.bind_contextvars(service=service)


def configure_traces(settings: ServiceSettings, service: str) -> None:
    """Send spans to the collector that the settings name; do nothing, and import nothing, where none is named."""
    if not settings.otel_exporter_otlp_endpoint:
        return
    from opentelemetry import trace  # noqa: PLC0415 - 30 MB of imports that most deployments never need
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    endpoint = settings.otel_exporter_otlp_endpoint.rstrip("/") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


class Observe:
    """Pure ASGI middleware: trace context in, duration by route out, one log line per refusal or fault."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("citykit.http")
        self._timers: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and time it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traceparent = None
        for name, value in scope["headers"]:
            if name == b"traceparent":
                traceparent = value.decode("latin-1")
                break
        follow(traceparent)
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", None) or "unrouted"
        method = scope["method"] if scope["method"] in _METHODS else "other"  # a caller invents no metric
        timer = self._timers.get((path, method, status))
        if timer is None:
            timer = self._timers[path, method, status] = REQUESTS.labels(path, method, str(status))
        timer.observe(seconds)
        if status >= 500:
            self._log.error("answered", route=path, method=scope["method"], status=status, ms=round(seconds * 1000, 1))
