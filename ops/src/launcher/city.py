"""One city on this machine: where its state lies, which ports it has, what it is for."""

import fcntl
import json
import os
import secrets as randomness
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from launcher.ports import Ports, first_port
from launcher.postgres import SUPERUSER, Cluster, socket_folder
from launcher.provision import SERVICES, role_of, service_url
from launcher.refusals import Refusal

ROOT = Path(__file__).resolve().parents[3]
DATABASE = "city"
PROFILES = ("production", "demo")


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file that is there whole or not at all, whatever happens meanwhile."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; an empty one where there is none or it is torn."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class City:
    """A city: the state folder, its ports, and the address by which people know it."""

    state: Path
    ports: Ports
    listen: str = "127.0.0.1"
    given_public_url: str = ""

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> "City":
        """The city that `CITY_STATE`, `CITY_PORT`, `CITY_LISTEN` and `CITY_PUBLIC_URL` speak of."""
        state = Path(environment.get("CITY_STATE") or ROOT / ".city").expanduser().resolve()
        ports = Ports.of(first_port(environment.get("CITY_PORT")))
        listen = environment.get("CITY_LISTEN") or "127.0.0.1"
        return cls(state, ports, listen, environment.get("CITY_PUBLIC_URL", "").rstrip("/"))

    @property
    def public_url(self) -> str:
        """The address of the web entrypoint."""
        return self.given_public_url or f"http://127.0.0.1:{self.ports.web}"

    @property
    def mesh_url(self) -> str:
        """The address by which services reach each other."""
        return f"http://127.0.0.1:{self.ports.mesh}"

    @property
    def ops_url(self) -> str:
        """The address of the gateway's own interface, for this machine only."""
        return f"http://127.0.0.1:{self.ports.ops}"

    @property
    def issuer(self) -> str:
        """The identifier of the city's OpenID provider."""
        return f"{self.public_url}/api/citizen-pass/oidc"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.state / "logs"

    @property
    def secrets(self) -> Path:
        """One folder of secrets per service."""
        return self.state / "secrets"

    @property
    def clock(self) -> Path:
        """The file that moves the clock of a demo city: seconds to add to the wall clock."""
        return self.state / "clock"

    @property
    def run(self) -> Path:
        """The working folder of every process of this city, by which its strays are known."""
        return self.state / "run"

    @cached_property
    def cluster(self) -> Cluster:
        """The city's PostgreSQL."""
        return Cluster(self.state / "postgres" / "data", socket_folder(self.state / "sockets"))

    @property
    def profile(self) -> str | None:
        """What the city is for: `production` or `demo`; None where it has not been founded."""
        with_text = self.state / "profile"
        text = with_text.read_text().strip() if with_text.exists() else ""
        return text if text in PROFILES else None

    def found(self, wanted: str | None) -> str:
        """Make the folders and settle the profile, which stays: sample persons never live in a real city."""
        for folder in (self.state, self.logs, self.run, self.secrets, self.state / "postgres"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        profile = self.profile or wanted or "production"
        if not self.profile:
            write_whole(self.state / "profile", f"{profile}\n")
        return profile

    def secret(self, service: str, name: str) -> str:
        """The secret `name` of a service. Raises Refusal where there is none."""
        path = self.secrets / service / name
        try:
            return path.read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            raise Refusal(f"缺少密钥文件 {path}", f"The secret {path} is missing") from error

    def admin_conninfo(self, database: str = DATABASE) -> str:
        """The superuser's address."""
        return self.cluster.conninfo(SUPERUSER, self.secret("postgres", "superuser_password"), database)

    def database_url(self, service: str) -> str:
        """The `DATABASE_URL` of a service."""
        password = self.secret(service, "database_password")
        return service_url(self.cluster.conninfo(role_of(service), password, DATABASE))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One act at a time on this city; a second one waits for the first."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.state / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("另一条 ./city 命令正在运行,稍候 Another ./city command is at work: waiting for it", flush=True)
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def move_clock(self, seconds: int) -> None:
        """Let the clock of a demo city stand `seconds` ahead of the wall clock. Raises Refusal in a real city."""
        if self.profile != "demo":
            raise Refusal("正式城市的时钟不可拨动", "Only the clock of a demo city can be moved")
        write_whole(self.clock, f"{seconds}\n")


def new_password() -> str:
    """A password of 192 random bits, in letters that need no quoting anywhere."""
    return randomness.token_hex(24)


__all__ = ["DATABASE", "ROOT", "SERVICES", "City", "new_password", "read_json", "write_whole"]
