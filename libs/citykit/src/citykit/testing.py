"""Fixtures for the tests of services: the real application on a real PostgreSQL, with neighbours that answer as told.

The run's PostgreSQL is told by the environment variable `CITY_TEST_POSTGRES` (JSON: service → address of its role).
"""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
import respx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey
from respx.models import AllMockedAssertionError
from sqlalchemy import create_engine, text

from citykit.clock import CHINA, MovableClock
from citykit.events import CLOUDEVENTS
from citykit.ids import new_id
from citykit.migrate import upgrade
from citykit.migrations import KERNEL_TABLES
from citykit.runtime import Runtime
from citykit.service import Service, load
from citykit.settings import Profile, ServiceSettings
from citykit.telemetry import follow
from citykit.tokens import ALGORITHM, MeshSigner
from citykit.work import Work

GATEWAY = "http://city.test"
MESH = "http://mesh.test"
ISSUER = f"{GATEWAY}/issuer"
KEYS_URL = f"{MESH}/keys"
ALEMBIC = "alembic_version"


@cache
def issuer_key() -> OKPKey:
    """The key that the tests' tokens of persons and clients are signed with."""
    return OKPKey.generate_key("Ed25519", {"kid": "test-issuer", "use": "sig"})


@cache
def mesh_key(name: str) -> OKPKey:
    """The key pair of a service."""
    return OKPKey.generate_key("Ed25519", {"kid": name, "use": "sig"})


def mesh_keys() -> dict[str, OKPKey]:
    """A key pair for each service that the test database knows by now."""
    return {name: mesh_key(name) for name in json.loads(os.environ["CITY_TEST_POSTGRES"]) if name != "admin"}


@cache
def secrets_for(name: str) -> Path:
    """The secret files of a service, made once for the test run."""
    folder = Path(tempfile.mkdtemp(prefix=f"city-secrets-{name}-"))
    files = {
        "identifier_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "mesh_key.json": json.dumps(mesh_keys()[name].as_dict(private=True)),
        "mesh_keys.json": json.dumps({"keys": [key.as_dict(private=False) for key in mesh_keys().values()]}),
    }
    for file, content in files.items():
        (folder / file).write_text(content, encoding="utf-8")
    return folder


def settings_for(service: Service, **more: Any) -> ServiceSettings:
    """Settings of `service` for a test: its own database, the tests' issuer and mesh; `more` overrides."""
    defaults: dict[str, Any] = {
        "database_url": json.loads(os.environ["CITY_TEST_POSTGRES"])[service.name],
        "profile": Profile.test,
        "mesh_url": MESH,
        "public_url": GATEWAY,
        "token_issuer": ISSUER,
        "token_keys_url": KEYS_URL,
        "secrets_dir": secrets_for(service.name),
        "usage_reader": "citizen-pass",
        "sample_dir": service.folder.parents[1] / "ops" / "sample",
        "calendar_dir": _sample_calendars(service.folder),
        "log_level": "ERROR",
        "pool_size": 5,
    }
    return service.settings(**(defaults | more))


def _sample_calendars(folder: Path) -> Path | None:
    """Play's own calendar, so that tests on the wall clock go on past the last notice of the State Council."""
    calendars = folder.parents[1] / "ops" / "sample" / "calendars"
    return calendars if calendars.is_dir() else None


@cache
def migrated(path: str) -> frozenset[str]:
    """Migrate the service's test database once; the answer is the tables that hold reference data since then."""
    service = load(path)
    settings = settings_for(service)
    follow(None)
    upgrade(service, settings)
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        filled = [name for name in _tables(connection) if _holds_rows(connection, name)]
    engine.dispose()
    return frozenset(filled) - KERNEL_TABLES - {name for name in filled if name.startswith("procrastinate_")}


def _holds_rows(connection: Any, name: str) -> bool:
    return bool(connection.scalar(text(f'select exists (select from "{name}")')))  # noqa: S608 - a name of the catalogue


def _tables(connection: Any) -> list[str]:
    rows = connection.execute(text("select tablename from pg_tables where schemaname = current_schema()"))
    return [row.tablename for row in rows]


@dataclass(frozen=True)
class RecordedEvent:
    """An event that the service recorded."""

    id: UUID
    type: str
    subject: str
    data: dict[str, Any]


class ServiceUnderTest:
    """A service that runs in this process, on its own database."""

    def __init__(self, service: Service, app: FastAPI, clock: MovableClock, neighbours: respx.MockRouter) -> None:
        self.service = service
        self.app = app
        self.clock = clock
        self.neighbours = neighbours
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=GATEWAY)

    @property
    def runtime(self) -> Runtime:
        """The running process."""
        runtime: Runtime = self.app.state.city
        return runtime

    @property
    def settings(self) -> Any:
        """The settings it runs with."""
        return self.runtime.settings

    def token(
        self,
        scopes: list[str] | tuple[str, ...] = (),
        *,
        subject: str | None = None,
        kind: str = "person",
        assurance: int = 2,
        audience: str | None = None,
        expires_in: int = 300,
        **claims: Any,
    ) -> dict[str, str]:
        """Request headers with an access token as the city's provider would issue it."""
        now = int(time.time())
        body: dict[str, Any] = {
            "iss": self.settings.token_issuer, "sub": subject or str(new_id()), "aud": [audience or self.service.name],
            "iat": now, "exp": now + expires_in, "jti": str(new_id()), "scope": " ".join(scopes), "kind": kind,
            "client_id": "test-client", "acr": f"l{assurance}",
        }  # fmt: skip
        body |= {name: value for name, value in claims.items() if value is not None}
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": "test-issuer"}
        return {"Authorization": f"Bearer {jwt.encode(header, body, issuer_key(), algorithms=[ALGORITHM])}"}

    def mesh_token(self, caller: str, *, on_behalf_of: str | None = None) -> dict[str, str]:
        """Request headers with a token that the service `caller` signed for this one."""
        signer = MeshSigner(caller, mesh_keys()[caller].as_dict(private=True))
        return {"Authorization": f"Bearer {signer.token(self.service.name, on_behalf_of)}"}

    def work(self) -> AbstractAsyncContextManager[Work]:
        """A work that commits at the end of the block."""
        return self.runtime.open_work()

    async def deliver(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        source: str,
        subject: str = "test",
        event_id: UUID | None = None,
    ) -> httpx.Response:
        """Deliver an event as the service `source` would; the same `event_id` again is a second delivery."""
        envelope = {
            "specversion": "1.0", "id": str(event_id or new_id()), "source": f"/{source}", "type": event_type,
            "subject": subject, "time": self.clock.now().astimezone(CHINA).isoformat(),
            "datacontenttype": "application/json", "data": dict(data),
        }  # fmt: skip
        headers = self.mesh_token(source) | {"Content-Type": CLOUDEVENTS}
        path = f"/internal/{self.service.name}/v1/events"
        return await self.client.post(path, content=json.dumps(envelope, default=str), headers=headers)

    async def events(self, event_type: str | None = None) -> list[RecordedEvent]:
        """The events recorded so far, oldest first."""
        async with self.runtime.sessions() as session:
            rows = await session.execute(text("select id, type, subject, data from event_log order by at, id"))
            found = [RecordedEvent(row.id, row.type, row.subject, row.data) for row in rows]
        return [event for event in found if event_type is None or event.type == event_type]

    async def drain(self) -> None:
        """Run the jobs that are due by the test's clock until none is left; failing ones wait for their next try."""
        for _ in range(20):
            async with self.runtime.sessions() as session:
                await session.execute(
                    text(
                        "update procrastinate_jobs set scheduled_at = null"
                        " where status = 'todo' and scheduled_at <= :now"
                    ),
                    {"now": self.clock.now()},
                )
                await session.commit()
                due = await session.scalar(
                    text("select count(*) from procrastinate_jobs where status = 'todo' and scheduled_at is null")
                )
            if not due:
                return
            await self.runtime.queue.run_worker_async(
                queues=[self.service.name], wait=False, concurrency=2, listen_notify=False,
                install_signal_handlers=False, delete_jobs="successful",
            )  # fmt: skip

    async def run_task(self, name: str, **arguments: Any) -> None:
        """Run the task `name` now, in its own work, as the worker would: for the ones that come by the clock."""
        task = next(task for task in self.service.tasks if task.name == name)
        async with self.work() as work:
            await task.run(work, **arguments)


def service_fixture(
    path: str, *, files: Mapping[str, str] | None = None, after: str = "city_postgres", **more: Any
) -> Any:
    """The fixture `city` of a service's tests: `city = service_fixture("gov_collab.main:service")`.

    `files` are further secret files, `after` a fixture that must be there first, `more` further settings.
    """

    @pytest_asyncio.fixture(loop_scope="session")
    async def city(request: pytest.FixtureRequest) -> AsyncIterator[ServiceUnderTest]:
        request.getfixturevalue(after)
        kept = await asyncio.to_thread(migrated, path)
        for name, content in (files or {}).items():
            (secrets_for(load(path).name) / name).write_text(content, encoding="utf-8")
        async with service_under_test(load(path), **more) as running:
            yield running
            await _empty(running, kept)

    return city


@asynccontextmanager
async def service_under_test(service: Service, **more: Any) -> AsyncIterator[ServiceUnderTest]:
    """Run `service` in this process for the length of the block."""
    clock = MovableClock()
    neighbours = respx.MockRouter(assert_all_called=False)
    neighbours.get(KEYS_URL).respond(json={"keys": [issuer_key().as_dict(private=False)]})
    app = service.app(settings_for(service, **more), clock=clock, transport=_Neighbours(neighbours))
    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.city
        if service.token_keys is not None:
            _trust_the_tests_issuer(runtime)
        running = ServiceUnderTest(service, app, clock, neighbours)
        async with runtime.queue.open_async(), running.client:
            yield running


def _trust_the_tests_issuer(runtime: Runtime) -> None:
    keys = runtime.verifier._issuer_keys
    own = keys._source

    async def both() -> dict[str, Any]:
        document = await own()
        return {"keys": [*document["keys"], issuer_key().as_dict(private=False)]}

    keys._source = both


class _Neighbours(httpx.AsyncBaseTransport):
    """Neighbours as the test tells them: inboxes take every event, everything else is down unless a route is given."""

    def __init__(self, router: respx.MockRouter) -> None:
        self._router = router

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with contextlib.suppress(AllMockedAssertionError):
            return await self._router.async_handler(request)
        if request.method == "POST" and request.url.path.endswith("/v1/events"):
            return httpx.Response(204, request=request)
        raise httpx.ConnectError("this neighbour is down", request=request)


# Tables of the schema that hold, or held, a row since they were last emptied: their file has a page, or their sequence
# has counted. Whether a trigger of their own keeps them from being emptied is bit 5 of its type: TRUNCATE. A table that
# refers to one of them must be named beside it, though it be empty.
_USED = """
with recursive used (oid) as (
    select c.oid from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and c.relname <> all(:kept)
    and (pg_relation_size(c.oid) > 0 or exists (
        select from pg_depend d join pg_sequence s on s.seqrelid = d.objid
        where d.refobjid = c.oid and d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i') and pg_sequence_last_value(s.seqrelid) is not null))
    union
    select f.conrelid from used join pg_constraint f on f.contype = 'f' and f.confrelid = used.oid
)
select c.relname, exists (
    select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgtype & 32 = 32
) as guarded
from used join pg_class c using (oid) order by c.relname
"""


async def _empty(running: ServiceUnderTest, kept: frozenset[str]) -> None:
    """Empty the tables that the test wrote to: to empty all of them takes longer than most tests do."""
    async with running.runtime.engine.begin() as connection:
        used = (await connection.execute(text(_USED), {"kept": [*kept, ALEMBIC]})).all()
        guarded = [row.relname for row in used if row.guarded]
        for name in guarded:  # append-only: their owner must say that it means it
            await connection.execute(text(f'alter table "{name}" disable trigger user'))
        if used:
            listed = ", ".join(f'"{row.relname}"' for row in used)
            await connection.execute(text(f"truncate {listed} restart identity"))
        for name in guarded:
            await connection.execute(text(f'alter table "{name}" enable trigger user'))


def at(value: str) -> datetime:
    """A Beijing time for tests: `at("2026-02-14 17:00")`."""
    return datetime.fromisoformat(value).replace(tzinfo=CHINA)
