"""The city of docker-compose.yml, built and started for these tests alone, and taken away after them."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher.city import City
from launcher.ports import Ports
from launcher.sample import ORDER

ROOT = Path(__file__).resolve().parents[2]
ENGINE_SCRIPT = ROOT.parent / "shared" / "containers" / "offline-images"
ENGINE_STATE = Path(os.environ.get("OFFLINE_IMAGES_STATE", "/var/tmp/offline-images")) / "engine.env"


def answers(environment: dict[str, str]) -> bool:
    """Whether a Docker engine answers in this environment."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], env=environment, capture_output=True, check=False).returncode == 0


def told(file: Path) -> dict[str, str]:
    """The variables that a file of `export NAME=value` lines sets."""
    if not file.exists():
        return {}
    lines = (line.removeprefix("export ").partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in lines if name}


@pytest.fixture(scope="session")
def engine() -> dict[str, str]:
    """The environment in which a Docker engine answers: this one, that of a stand-in, or of one started now."""
    here = dict(os.environ)
    for environment in (here, here | told(ENGINE_STATE)):
        if answers(environment):
            return environment
    if not ENGINE_SCRIPT.exists():
        pytest.skip(f"no Docker engine answers, and there is no {ENGINE_SCRIPT.name} to start one")
    if os.geteuid() != 0:
        pytest.skip(f"no Docker engine answers, and only root can start one with {ENGINE_SCRIPT.name}")
    started = subprocess.run(
        ["bash", ENGINE_SCRIPT], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert started.returncode == 0, started.stderr[-3000:]
    environment = here | told(ENGINE_STATE)
    assert answers(environment), started.stderr[-3000:]
    return environment


@dataclass
class Containers:
    """The running city: `compose` and `docker` speak to the engine, `city` to the gateway."""

    city: City
    environment: dict[str, str]

    @property
    def project(self) -> str:
        return self.environment["COMPOSE_PROJECT_NAME"]

    def compose(self, *words: str) -> str:
        command = [str(Path(sys.executable).parent / "docker-compose"), "--progress", "quiet", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"docker-compose {' '.join(words)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def docker(self, *words: str) -> str:
        done = subprocess.run(["docker", *words], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"docker {' '.join(words)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def python(self, service: str, program: str) -> str:
        return self.compose("exec", "-T", service, "python3", "-c", program)

    def start(self) -> None:
        # One first: the others then find the steps that all five share taken.
        self.compose("build", "data-hub")
        self.compose("build")
        try:
            self.compose("up", "--detach", "--wait", "--wait-timeout", "900")
        except AssertionError as error:
            shown = self.compose("ps", "--all") + self.compose("logs", "--tail", "15", "--no-color")
            raise AssertionError(f"{error}\n{shown[-12000:]}") from None
        for service in ORDER:
            package = service.replace("-", "_")
            self.compose("exec", "-T", service, "python3", "-m", "citykit.sample", f"{package}.main:service")

    def stop(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "3")


@pytest.fixture(scope="module")
def containers(engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """The sample city in containers of its own name, behind a port of its own."""
    state = tmp_path_factory.mktemp("containers")
    subprocess.run([ROOT / "ops" / "containers" / "make-secrets", "--profile", "demo", state], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Of the ports only `web` is this machine's; the others stay inside the containers' network.
    city = City(state, Ports(web=port, mesh=0, ops=0, services={}))
    made = Containers(
        city,
        engine
        | {
            "COMPOSE_PROJECT_NAME": f"city-test-{secrets.token_hex(4)}",
            "CITY_VERSION": "test",
            "CITY_PORT": str(port),
            "PUBLIC_URL": city.public_url,
            "PROFILE": "demo",
            "CITY_SECRETS": str(city.secrets),
            "CALENDAR_DIR": "/app/sample/calendars",
            "RATE_AVERAGE": "2000",
            "RATE_BURST": "4000",
        },
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()
