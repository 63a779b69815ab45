"""Starting Python processes quickly: the libraries that all of them need are loaded once, then each one is a fork.

Loading FastAPI, SQLAlchemy and the rest costs two seconds of a core; ten processes would pay it ten times, and hold ten
copies in memory. Our own packages are not loaded before the fork, so that a process that is started again runs the code
that lies in the work tree then. Elsewhere than on Linux, where forking is not safe with every library, each process
starts by itself.
"""

import atexit
import gc
import importlib
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

from launcher.plan import Process

LIBRARIES = (
    "alembic.command",
    "alembic.config",
    "cryptography.hazmat.primitives.ciphers.aead",
    "encodings.idna",
    "fastapi",
    "fastapi.openapi.utils",
    "fastapi.staticfiles",
    "httptools",
    "httpx",
    "joserfc.jwk",
    "joserfc.jwt",
    "procrastinate",
    "procrastinate.retry",
    "procrastinate.schema",
    "procrastinate.worker",
    "prometheus_client",
    "psycopg",
    "psycopg_pool",
    "pydantic_settings",
    "python_multipart",
    "rfc8785",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
    "stamina",
    "structlog",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.main",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
    "zoneinfo",
)
THREADS = Path("/proc/self/task")


class Offspring(Protocol):
    """A running child process, however it was started."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        ...

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        ...


class Forked:
    """A child that is a fork of this process; it is used like `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        limit = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if limit is not None and time.monotonic() > limit:
                raise subprocess.TimeoutExpired("fork", timeout or 0)
            time.sleep(0.02)
        return code

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)


def forks() -> bool:
    """Whether a fork is safe: on Linux, while no second thread could hold a lock that the child would wait for."""
    return sys.platform == "linux" and THREADS.is_dir() and len(list(THREADS.iterdir())) == 1


def preload() -> None:
    """Load the libraries, and keep the collector from touching their pages, which all children share."""
    if sys.platform != "linux":
        return
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def start(process: Process, *, folder: Path, log: Path) -> Offspring:
    """Start `process` in `folder`, in a session of its own, its output at the end of `log`."""
    if process.module and forks():
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(process, folder, log)
        return Forked(pid)
    with log.open("ab") as file:
        return subprocess.Popen(
            process.command,
            env=process.environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def _become(process: Process, folder: Path, log: Path) -> NoReturn:
    """In the fork: take on the process's own signals, files and environment, and run its module to the end."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Among them the supervisor's lock, which must end with the supervisor.
        os.closerange(3, 1024)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(process.environment)
        with suppress(OSError):
            Path("/proc/self/comm").write_text(process.name[:15])
        assert process.module
        sys.argv = [process.module, *process.arguments]
        runpy.run_module(process.module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
