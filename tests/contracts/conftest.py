"""The five services, for tests that look at them from outside."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import uvicorn

from citykit.service import load
from citykit.testing import ServiceUnderTest, service_fixture, service_under_test
from launcher.sealing import seal_files

SERVICES = ("data-hub", "gov-collab", "city-ops", "enterprise", "citizen-pass")

data_hub = service_fixture("data_hub.main:service", files=seal_files(rsa_bits=2048))
gov_collab = service_fixture("gov_collab.main:service")
city_ops = service_fixture("city_ops.main:service")
enterprise = service_fixture("enterprise.main:service")
citizen_pass = service_fixture("citizen_pass.main:service", argon2_memory_kib=8192, argon2_time_cost=1)


@pytest.fixture(params=SERVICES)
def city(request: pytest.FixtureRequest) -> ServiceUnderTest:
    """Each service in turn, running in this loop; it empties the tables afterwards."""
    running: ServiceUnderTest = request.getfixturevalue(request.param.replace("-", "_"))
    return running


@dataclass(frozen=True)
class Listening:
    """A service behind a port of its own, in a thread with a loop of its own."""

    base_url: str


@pytest.fixture
def listening(city: ServiceUnderTest) -> Iterator[Listening]:
    """The same service on the same tables, reached over a real connection: for clients that know no event loop."""
    with _serving(city.service.package) as port:
        yield Listening(f"http://127.0.0.1:{port}")


@contextmanager
def _serving(package: str) -> Iterator[int]:
    ready, stop, ports = threading.Event(), threading.Event(), list[int]()

    async def serve() -> None:
        more = {"argon2_memory_kib": 8192, "argon2_time_cost": 1} if package == "citizen_pass" else {}
        async with service_under_test(load(f"{package}.main:service"), **more) as running:
            server = uvicorn.Server(uvicorn.Config(running.app, port=0, lifespan="off", log_level="critical"))
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - uvicorn tells of its start in no other way
                await asyncio.sleep(0.01)
            ports.append(server.servers[0].sockets[0].getsockname()[1])
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    if not ready.wait(timeout=60):
        raise RuntimeError(f"{package} does not listen")
    try:
        yield ports[0]
    finally:
        stop.set()
        thread.join(timeout=60)
