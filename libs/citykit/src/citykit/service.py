"""A service of the city: its parts, named in one place, and the application and worker made of them."""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData

from citykit import kernel_routes, openapi, refusals
from citykit.bodies import LimitBody
from citykit.clock import Clock
from citykit.events import Event, Subscription
from citykit.jobs import Task
from citykit.routing import add_routes
from citykit.runtime import Runtime, running
from citykit.settings import ServiceSettings
from citykit.telemetry import Observe, configure_logs, configure_traces
from citykit.work import Work

__all__ = ["Service", "Subscription", "Task", "load"]


@dataclass(frozen=True)
class Service:
    """What a service is made of.

    `publishes` maps each event class to the names of the services that receive it. `reference` loads the data that the
    service cannot live without (idempotent; after each migration); `sample` loads its part of the sample city.
    `token_keys` is for the service that issues tokens: it answers its own JWKS without asking itself over HTTP.
    `known_as` is for a service that may know one person under several references: those of hers, for the given ones.
    """

    name: str
    package: str
    title: str
    settings: type[ServiceSettings]
    routers: tuple[APIRouter, ...]
    metadata: MetaData
    description: str = ""
    version: str = "1.0.0"
    publishes: Mapping[type[Event], tuple[str, ...]] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()
    tasks: tuple[Task, ...] = ()
    reference: Callable[[Work], Awaitable[None]] | None = None
    sample: Callable[[Work, float], Awaitable[None]] | None = None
    token_keys: Callable[[Work], Awaitable[dict[str, Any]]] | None = None
    known_as: Callable[[Work, list[str]], Awaitable[list[str]]] | None = None

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of the jobs that may be deferred."""
        return tuple(task.name for task in self.tasks)

    @property
    def folder(self) -> Path:
        """Where the service lies in the repository (its migrations, contracts, README)."""
        module = sys.modules.get(self.package) or importlib.import_module(self.package)
        assert module.__file__ is not None
        return Path(module.__file__).resolve().parents[2]

    def migrations(self, settings: ServiceSettings) -> Path:
        """The folder of the service's migrations: as the settings say (in an image), or beside its sources."""
        return settings.migrations_dir or self.folder / "migrations"

    def read_settings(self) -> ServiceSettings:
        """The settings that the environment gives this process."""
        return self.settings()

    def app(
        self,
        settings: ServiceSettings | None = None,
        *,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> FastAPI:
        """The ASGI application. Without arguments it is configured by the environment."""
        chosen = settings or self.read_settings()

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            configure_logs(chosen, self.name)
            configure_traces(chosen, self.name)
            runtime = Runtime(self, chosen, clock=clock, transport=transport)
            async with running(runtime):
                app.state.city = runtime
                # A process of the city has the issuer's keys before anybody asks; a test says itself when.
                priming = asyncio.create_task(runtime.verifier.prime()) if settings is None else None
                yield
                if priming is not None:
                    priming.cancel()

        app = self.bare_app(lifespan=lifespan, home=chosen.home_dir)
        app.add_middleware(LimitBody, limit=chosen.max_body_bytes)
        app.add_middleware(Observe)
        return app

    def bare_app(self, *, lifespan: Any = None, home: Path | None = None) -> FastAPI:
        """The routes without a running process behind them: what contracts and route walks look at."""
        app = FastAPI(
            title=self.title,
            version=self.version,
            description=self.description,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=lifespan,
        )
        refusals.install(app)
        for router in self.routers:
            add_routes(app, router)
        kernel_routes.install(app, self, home=home)
        openapi.install(app, self)
        return app


def load(path: str) -> Service:
    """The service that `package.module:name` names. Raises TypeError where it is none."""
    module, _, name = path.partition(":")
    found = getattr(importlib.import_module(module), name or "service")
    if not isinstance(found, Service):
        raise TypeError(f"{path} is not a service")
    return found
