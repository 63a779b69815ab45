"""Which processes a city consists of, with the command and the environment of each."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from launcher.city import ROOT, SERVICES, City, write_whole
from launcher.provision import role_of
from launcher.refusals import Refusal

DATABASE_PROCESS = "database"
GATEWAY_PROCESS = "gateway"
JWKS_PATH = "/jwks"
# Sizes of one machine with two cores; a deployment of its own sets its own.
POOLS = {"app": {"POOL_SIZE": "6"}, "worker": {"POOL_SIZE": "3", "WORKER_CONCURRENCY": "4"}}


@dataclass(frozen=True)
class Process:
    """One process: its name is also that of its log file. It is a program, or a Python module with arguments."""

    name: str
    environment: dict[str, str]
    program: str = ""
    module: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The words that start it."""
        first = [sys.executable, "-X", "utf8", "-m", self.module] if self.module else [self.program]
        return [*first, *self.arguments]


def worker_of(service: str) -> str:
    """The name of a service's worker."""
    return f"{service}-worker"


def entry(service: str) -> str:
    """What the kernel's commands load."""
    return f"{role_of(service)}.main:service"


def base_environment() -> dict[str, str]:
    """This process's environment without what would slow or mislead the city's processes."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}}
    # glibc's arenas, one set per thread, hold memory that five services with two processes each have better use for.
    return kept | {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2", "NO_PROXY": "127.0.0.1,localhost"}


def service_environment(city: City, service: str) -> dict[str, str]:
    """What a process of `service` is told."""
    told = {
        "DATABASE_URL": city.database_url(service),
        "PROFILE": city.profile or "production",
        "MESH_URL": city.mesh_url,
        "PUBLIC_URL": city.public_url,
        "TOKEN_ISSUER": city.issuer,
        "TOKEN_KEYS_URL": f"{city.mesh_url}/api/citizen-pass/oidc{JWKS_PATH}",
        "SECRETS_DIR": str(city.secrets / service),
        "USAGE_READER": "citizen-pass",
        "SAMPLE_DIR": str(ROOT / "ops" / "sample"),
        "HOME_DIR": str(ROOT / "web" / "home"),
        "MIGRATIONS_DIR": str(ROOT / "services" / service / "migrations"),
    }
    if city.profile == "demo":
        told["CLOCK_FILE"] = str(city.clock)
        # Play goes on past the last notice of the State Council; a real city waits for the notice.
        told["CALENDAR_DIR"] = str(ROOT / "ops" / "sample" / "calendars")
    return base_environment() | told


def service_processes(city: City) -> list[Process]:
    """The five services, then their workers."""
    services, workers = [], []
    for service in SERVICES:
        environment = service_environment(city, service)
        arguments = _uvicorn_arguments(service, city.ports.services[service])
        services.append(Process(service, environment | POOLS["app"], module="uvicorn", arguments=arguments))
        workers.append(kernel_process(city, service, "worker", worker_of(service), POOLS["worker"]))
    return services + workers


def kernel_process(
    city: City, service: str, command: str, name: str, more: dict[str, str] | None = None, *arguments: str
) -> Process:
    """One of the kernel's commands (worker, migrate, sample) for a service."""
    environment = service_environment(city, service) | (more or {})
    return Process(name, environment, module=f"citykit.{command}", arguments=(entry(service), *arguments))


def _uvicorn_arguments(service: str, port: int) -> tuple[str, ...]:
    words = ["--factory", f"{role_of(service)}.main:create_app", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--loop", "uvloop", "--http", "httptools", "--lifespan", "on", "--no-server-header"]
    # The gateway writes the access log, without addresses; the service's own would repeat it with them.
    return (*words, "--no-access-log", "--timeout-graceful-shutdown", "15")


def gateway_process(city: City) -> Process:
    """Traefik, from the same files that containers use."""
    urls = {
        f"{role_of(service).upper()}_URLS": f"http://127.0.0.1:{port}" for service, port in city.ports.services.items()
    }
    configuration = f"--configFile={city.state / 'traefik.yml'}"
    return Process(GATEWAY_PROCESS, base_environment() | urls, program=_traefik(), arguments=(configuration,))


def _traefik() -> str:
    beside = Path(sys.executable).parent / "traefik"
    found = str(beside) if beside.exists() else shutil.which("traefik")
    if not found:
        raise Refusal("缺少网关程序 traefik", "The gateway's program, traefik, is missing")
    return found


def write_gateway_files(city: City) -> None:
    """Write the static configuration with this city's addresses, and put the folders that it names in place."""
    text = (ROOT / "gateway" / "traefik.yml").read_text(encoding="utf-8")
    for name, address in {
        "web": f"{city.listen}:{city.ports.web}",
        "mesh": f"127.0.0.1:{city.ports.mesh}",
        "ops": f"127.0.0.1:{city.ports.ops}",
    }.items():
        pattern = rf'(^  {name}:\n(?:    .*\n|\n)*?    address: )"[^"]*"'
        text, replaced = re.subn(pattern, rf'\g<1>"{address}"', text, flags=re.MULTILINE)
        if replaced != 1:
            raise Refusal(
                f"gateway/traefik.yml 中找不到入口 {name} 的地址",
                f"gateway/traefik.yml has no address of the entrypoint {name} where the launcher looks for it",
            )
    write_whole(city.state / "traefik.yml", text)
    for folder in ("dynamic", "plugins-local"):
        link = city.run / folder
        if link.is_symlink() and link.readlink() == ROOT / "gateway" / folder:
            continue
        link.unlink(missing_ok=True)
        if (ROOT / "gateway" / folder).is_dir():
            link.symlink_to(ROOT / "gateway" / folder)


def process_names() -> list[str]:
    """The names of all processes, in the order in which they start."""
    return [DATABASE_PROCESS, GATEWAY_PROCESS, *SERVICES, *(worker_of(service) for service in SERVICES)]
