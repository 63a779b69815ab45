"""One running process of a service: what is opened once at its start and closed at its end."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, LiteralString
from uuid import UUID

import httpx
import structlog
from fastapi import Depends
from psycopg import AsyncConnection, AsyncCursor, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from citykit.audit import AuditTrail
from citykit.calendar import WorkingCalendar
from citykit.clock import Clock, clock_from
from citykit.database import open_engine, session_factory
from citykit.events import CLOUDEVENTS, DELIVER, EventLog, encode, envelope_of
from citykit.jobs import Jobs, Patient, open_queue
from citykit.mesh import Mesh
from citykit.problems import Unavailable
from citykit.settings import ServiceSettings
from citykit.telemetry import DELIVERIES, follow
from citykit.tokens import MeshSigner, keys_from_url, keys_kept, verifier_for
from citykit.transaction import Transaction
from citykit.usage import AccessLog
from citykit.vault import Vault
from citykit.work import Opener, Work

if TYPE_CHECKING:
    from citykit.service import Service

log = structlog.get_logger("citykit.runtime")


_ISSUER_KEYS = "issuer-keys"


class DeliveryRefused(Exception):
    """A subscriber did not take an event; the delivery is tried again."""


class Runtime:
    """Engine, pools, keys and clients of one process."""

    def __init__(
        self,
        service: "Service",
        settings: ServiceSettings,
        *,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.service = service
        self.settings = settings
        self.clock: Clock = clock or clock_from(settings.clock_file)
        self.calendar = WorkingCalendar.load(settings.calendar_dir)
        self.vault = Vault.from_file(settings.secrets_dir / "identifier_key")
        self.engine: AsyncEngine = open_engine(settings)
        self.sessions = session_factory(self.engine)
        self.reads = Reads(settings)
        self.seeks = Reads(settings, SEEKING)
        self.http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(5.0, connect=2.0),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
            trust_env=False,  # neighbours are never behind a proxy
        )
        signer = MeshSigner(service.name, json.loads(settings.secret("mesh_key.json")))
        self.mesh = Mesh(self.http, settings.mesh_url, signer)
        self.open_work = Opener(self._new_work)
        self.farewells: list[Callable[[], Awaitable[None]]] = []  # what a part of the service does before the end
        self._task_names = frozenset(service.task_names)
        self._subscribers = {kind.event_type: names for kind, names in service.publishes.items()}
        fetched = keys_kept(keys_from_url(settings.token_keys_url, self.http), self._keep_keys, self._kept_keys)
        source = self._own_keys if service.token_keys else fetched
        self.verifier = verifier_for(service.name, settings, source)
        self.queue = open_queue(settings, size=settings.worker_concurrency + 2)
        self._register_tasks()

    async def open(self) -> None:
        """Open what needs the event loop. A database that is down does not stop the start: readiness tells."""
        await self.reads.pool.open(wait=False)
        await self.seeks.pool.open(wait=False)

    async def close(self) -> None:
        """Close everything that was opened, after the farewells."""
        for farewell in self.farewells:
            await farewell()
        await self.http.aclose()
        await self.reads.pool.close()
        await self.seeks.pool.close()
        await self.engine.dispose()

    def _new_work(self) -> Work:
        jobs = Jobs(self.service.name, self._task_names)
        return Work(
            transaction=Transaction(self.engine, self.sessions),
            clock=self.clock,
            calendar=self.calendar,
            events=EventLog(self._subscribers, self.clock, jobs),
            audit=AuditTrail(self.clock),
            access=AccessLog(self.clock),
            jobs=jobs,
            mesh=self.mesh,
            vault=self.vault,
            settings=self.settings,
        )

    async def _own_keys(self) -> dict[str, Any]:
        assert self.service.token_keys is not None
        async with self.open_work() as work:
            return await self.service.token_keys(work)

    async def _keep_keys(self, document: dict[str, Any]) -> None:
        async with self.open_work() as work:
            await work.session.execute(
                text(
                    "insert into kept_document (name, document, at) values (:name, cast(:document as jsonb), now())"
                    " on conflict (name) do update set document = excluded.document, at = excluded.at"
                ),
                {"name": _ISSUER_KEYS, "document": json.dumps(document)},
            )

    async def _kept_keys(self) -> dict[str, Any]:
        async with self.open_work() as work:
            found = await work.session.scalar(
                text("select document from kept_document where name = :name"), {"name": _ISSUER_KEYS}
            )
        if not isinstance(found, dict):
            raise ValueError("no keys were ever had")
        return found

    def _register_tasks(self) -> None:
        retry = Patient()
        self.queue.task(name=DELIVER, queue=self.service.name, retry=retry)(self._deliver)
        for task in self.service.tasks:
            run = self._job(task.run)
            if task.every is None:
                self.queue.task(name=task.name, queue=self.service.name, retry=retry)(run)
            else:
                # A periodic job comes again by itself: no retry, and its lock keeps two runs from overlapping.
                made = self.queue.task(name=task.name, queue=self.service.name)(run)
                self.queue.periodic(cron=task.every, lock=f"periodic/{task.name}")(made)

    def _job(self, run: Any) -> Any:
        async def in_its_own_work(timestamp: int | None = None, **arguments: Any) -> None:
            follow(None)
            async with self.open_work() as work:
                await run(work, **arguments)

        return in_its_own_work

    async def _deliver(self, event_id: str, subscriber: str) -> None:
        """Bring one event to one subscriber's inbox through the mesh."""
        async with self.open_work() as work:
            envelope = await envelope_of(work.session, UUID(event_id), f"/{self.service.name}")
        if envelope is None:
            DELIVERIES.labels(subscriber, "gone").inc()
            return
        follow(envelope.get("traceparent"))
        path = f"/internal/{subscriber}/v1/events"
        status = await self.mesh.deliver(subscriber, path, encode(envelope), CLOUDEVENTS)
        if status >= 300:
            DELIVERIES.labels(subscriber, "refused").inc()
            log.error("event_refused", subscriber=subscriber, type=envelope["type"], status=status, event=event_id)
            raise DeliveryRefused(f"{subscriber} answered {status}")
        DELIVERIES.labels(subscriber, "taken").inc()

    async def ready(self) -> bool:
        """Whether the database answers."""
        try:
            async with self.reads.pool.connection(timeout=2) as connection:
                await connection.execute("select 1")
        except Exception as error:
            log.warning("not_ready", kind=type(error).__name__)
            return False
        return True

    async def waiting_jobs(self) -> tuple[dict[str, int], float]:
        """Jobs not yet done, by task, and how many seconds the oldest due one has waited."""
        async with self.sessions() as session:
            rows = await session.execute(
                text(
                    "select task_name, count(*) as n, coalesce(max(extract(epoch from now() - e.at)), 0) as age"
                    " from procrastinate_jobs j left join lateral (select min(at) as at from procrastinate_events e"
                    " where e.job_id = j.id) e on true"
                    " where j.status in ('todo', 'doing') and coalesce(j.scheduled_at, now()) <= now() group by 1"
                )
            )
            counted = rows.all()
        return {row.task_name: row.n for row in counted}, max((float(row.age) for row in counted), default=0.0)


# Bounded ways into large tables: each is an index and a limit, and must never become a walk through the table, whatever
# the planner guesses of its yield. Planning such a statement costs more than running it, so it is planned once.
SEEKING = " -c enable_seqscan=off -c plan_cache_mode=force_generic_plan"


def _reading_pool(settings: ServiceSettings, options: str) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """Connections of the hot path: autocommit, prepared from the first run, and unable to write."""
    return AsyncConnectionPool(
        settings.conninfo,
        min_size=0 if options else 1,  # those of a special kind are made where a service asks for one
        max_size=settings.pool_size,
        timeout=2,
        open=False,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 1,
            "application_name": "city-reads",
            "connect_timeout": 5,
            "options": f"-c timezone=UTC -c statement_timeout={settings.statement_timeout_ms}"
            f" -c default_transaction_read_only=on{options}",
        },
    )


class Reads:
    """Runs the statements of the hot path, each on a connection of its own that is back before the caller goes on."""

    def __init__(self, settings: ServiceSettings, options: str = "") -> None:
        self.pool = _reading_pool(settings, options)

    async def execute(
        self, statement: LiteralString | bytes, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> AsyncCursor[Any]:
        """Run one statement; its rows are here, whoever uses the connection next.

        Raises Unavailable where the database is down or busy, or no connection becomes free.
        """
        try:
            async with self.pool.connection() as connection:
                return await connection.execute(statement, values)
        except (PoolTimeout, OperationalError) as error:
            raise Unavailable(headers={"Retry-After": "1"}) from error


async def _reader(request: Request) -> Reads:
    reads: Reads = request.app.state.city.reads
    return reads


# The hot path of point reads and list pages: read-only driver connections in autocommit, prepared statements, no ORM.
# What a person's record is read with must be a Work instead: its access-log line belongs into the same transaction.
ReaderInRequest = Annotated[Reads, Depends(_reader)]


async def _seeker(request: Request) -> Reads:
    seeks: Reads = request.app.state.city.seeks
    return seeks


# The same for statements of bounded ways into large tables, see SEEKING. What they find of persons is not shown yet.
SeekerInRequest = Annotated[Reads, Depends(_seeker)]


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[Runtime]:
    """Open `runtime` for the length of the block."""
    await runtime.open()
    try:
        yield runtime
    finally:
        await runtime.close()
