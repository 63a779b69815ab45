"""The real gateway before small stand-ins of the five services, on free ports of this machine."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx
import pytest
import uvicorn

GATEWAY = Path(__file__).resolve().parents[2] / "gateway"
SERVICES = ("data-hub", "gov-collab", "city-ops", "enterprise", "citizen-pass")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(wanted: Callable[[], bool], *, seconds: float = 30.0) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if wanted():
            return True
        time.sleep(0.05)
    return False


class Echo:
    """A stand-in of one replica: tells what it was asked, and remembers it."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.port = free_port()
        self.ready = True
        self.seen: list[str] = []
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(self, host="127.0.0.1", port=self.port, log_level="critical", lifespan="off")
        server = self._server = uvicorn.Server(config)
        # A loop of its own: signals belong to the test runner.
        self._thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
        self._thread.start()
        assert until(lambda: server.started)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.force_exit = self._server.should_exit = True
            self._thread.join(timeout=10)
            self._server = self._thread = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == "/readyz":
            await answer(send, 200 if self.ready else 503, b"ok", "text/plain")
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.seen.append(scope["raw_path"].decode("latin-1"))
        act = path.rpartition("/")[2]
        if act == "slow":
            await asyncio.sleep(float(scope["query_string"].decode().removeprefix("seconds=")))
        if act == "refuse":
            await self._refuse(send)
        elif act == "plain":
            await plainly(send, *scope["query_string"].decode().split("="))
        elif act == "stream":
            await stream(send)
        elif act == "big":
            await answer(send, 200, json.dumps(["x" * 50] * 100).encode(), "application/json")
        else:
            headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
            told = {"service": self.service, "port": self.port, "path": path, "headers": headers, "length": len(body)}
            await answer(send, 200, json.dumps(told).encode(), "application/json")

    async def _refuse(self, send: Any) -> None:
        problem = {"type": "/problems/too-many-requests", "title": "from the service", "status": 429}
        await answer(send, 429, json.dumps(problem).encode(), "application/problem+json", (b"retry-after", b"77"))


async def answer(send: Any, status: int, body: bytes, media: str, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def plainly(send: Any, status: str, wait: str) -> None:
    """Refuses as the gateway does by itself: in plain text, with a time to wait where there is one."""
    more = [(b"retry-after", unquote_plus(wait).encode())] if wait else []
    await answer(send, int(status), b"no", "text/plain", *more)


async def stream(send: Any) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(3):
        await send({"type": "http.response.body", "body": f"data: {number}\n\n".encode(), "more_body": True})
        await asyncio.sleep(0.3)
    await send({"type": "http.response.body", "body": b""})


class Slammer:
    """A replica that says it is ready and shuts the door in the middle of every other request."""

    def __init__(self) -> None:
        self.slammed: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    head = connection.recv(65536).decode("latin-1")
                    if head.startswith("GET /readyz "):
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    else:
                        self.slammed.append(head.partition(" HTTP/")[0])

    def stop(self) -> None:
        self._listener.close()


@dataclass
class Gateway:
    """One running Traefik and what stands behind it."""

    folder: Path
    replicas: dict[str, list[Any]]
    environment: dict[str, str]
    scheme: str = "http"
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("web", "mesh", "ops")})
    process: subprocess.Popen[bytes] | None = None
    boot_log: str = ""

    @property
    def web(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.ports['web']}"

    @property
    def mesh(self) -> str:
        return f"http://127.0.0.1:{self.ports['mesh']}"

    @property
    def ops(self) -> str:
        return f"http://127.0.0.1:{self.ports['ops']}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def state(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.ops}/api/http/{kind}", params={"per_page": 500}).json()
        return found

    def server_states(self, service: str) -> dict[str, str]:
        states: dict[str, str] = httpx.get(f"{self.ops}/api/http/services/{service}@file").json()["serverStatus"]
        return states

    def start(self) -> None:
        static = (GATEWAY / "traefik.yml").read_text()
        for name, written in (("web", ":8000"), ("mesh", ":8081"), ("ops", "127.0.0.1:8082")):
            assert static.count(f'address: "{written}"') == 1
            static = static.replace(f'address: "{written}"', f'address: "127.0.0.1:{self.ports[name]}"')
        (self.folder / "traefik.yml").write_text(static)
        for name in ("dynamic", "plugins-local"):
            (self.folder / name).symlink_to(GATEWAY / name)
        urls = {
            f"{service.replace('-', '_').upper()}_URLS": ",".join(replica.url for replica in replicas)
            for service, replicas in self.replicas.items()
        }
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).parent / "traefik", "--configFile=traefik.yml"],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"]} | urls | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        assert until(self.lives, seconds=60), self.log

    def lives(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.ops}/ping").status_code == 200
        return False

    def routes(self) -> bool:
        # The internal routers come before the ones of the files, and before both everything is a plain 404.
        with contextlib.suppress(httpx.HTTPError, ValueError):
            return any(router["provider"] == "file" for router in self.state("routers"))
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)


@contextlib.contextmanager
def running(gateway: Gateway) -> Iterator[Gateway]:
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()


@pytest.fixture(scope="module")
def echoes() -> Iterator[dict[str, list[Any]]]:
    """Stand-ins of the services: two replicas of city-ops, and a second one of enterprise that breaks its word."""
    replicas: dict[str, list[Any]] = {name: [Echo(name)] for name in SERVICES}
    replicas["city-ops"].append(Echo("city-ops"))
    for replica in (replica for many in replicas.values() for replica in many):
        replica.start()
    replicas["enterprise"].append(Slammer())
    yield replicas
    for replica in (replica for many in replicas.values() for replica in many):
        replica.stop()


@pytest.fixture(scope="module")
def gateway(echoes: dict[str, list[Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway with a small body limit, few requests at once, little patience and one foreign site let in."""
    made = Gateway(
        tmp_path_factory.mktemp("gateway"),
        echoes,
        {
            "MAX_BODY_BYTES": "100000",
            "ANSWER_WITHIN": "4s",
            "IN_FLIGHT": "8",
            "CORS_ORIGINS": "https://portal.example, https://other.example",
        },
    )
    with running(made):
        assert until(made.routes, seconds=60), made.log
        made.boot_log = made.log
        yield made


@pytest.fixture(scope="session")
def new_gateway(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Starts one more gateway, with an environment of its own, for the length of a block."""

    @contextlib.contextmanager
    def start(replicas: dict[str, list[Any]], environment: dict[str, str], scheme: str = "http") -> Iterator[Gateway]:
        with running(Gateway(tmp_path_factory.mktemp("gateway"), replicas, environment, scheme)) as made:
            until(made.routes, seconds=3)
            yield made

    return start


@pytest.fixture
def web(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.web, timeout=30) as client:
        yield client


@pytest.fixture
def mesh(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.mesh, timeout=30) as client:
        yield client
