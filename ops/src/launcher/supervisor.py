"""The one background process of a city: starts everything in order, restarts what dies, stops everything in order.

It is told what to do by `wanted.json` (the processes that shall stand still) and by SIGTERM (all shall end), and tells
what it sees in `supervisor.json`. Commands read and write those files; nobody talks to it otherwise.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg

from launcher import migrations, offspring, processes, provision
from launcher.city import DATABASE, City, read_json, write_whole
from launcher.offspring import Offspring
from launcher.plan import (
    DATABASE_PROCESS,
    GATEWAY_PROCESS,
    Process,
    gateway_process,
    process_names,
    service_processes,
    write_gateway_files,
)
from launcher.refusals import Refusal

TOLD = "supervisor.json"
WANTED = "wanted.json"
LOCK = "supervisor.lock"
POLL_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
LOG_BYTES = 10 * 1024 * 1024
PATIENCE_SECONDS = 25.0


class Leaving(Exception):
    """SIGTERM came while the city was starting."""


class Child:
    """A process under supervision."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.running: Offspring | None = None
        self.born: str | None = None
        self.started_at = 0.0
        self.restarts = 0
        self.pause = 0.0
        self.next_start = 0.0
        self.last_exit: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs; notes how it ended where it does not."""
        if self.running is None:
            return False
        code = self.running.poll()
        if code is None:
            return True
        self.running, self.last_exit = None, code
        return False

    def began(self, running: Offspring) -> None:
        """Note a start."""
        self.running = running
        self.born = processes.birth(running.pid)
        self.started_at = time.time()

    def died(self) -> None:
        """Note a death that nobody ordered: the next start waits longer, unless the process had been steady."""
        steady = time.time() - self.started_at > STEADY_SECONDS
        self.pause = 0.5 if steady else min(max(self.pause * 2, 0.5), LONGEST_PAUSE_SECONDS)
        self.next_start = time.monotonic() + self.pause
        self.restarts += 1

    def told(self, *, wanted: bool) -> dict[str, Any]:
        """What `status` shows."""
        running = self.running
        state = "running" if running else ("waiting" if wanted else "stopped")
        return {
            "state": state,
            "pid": running.pid if running else None,
            "born": self.born if running else None,
            "since": self.started_at if running else None,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
        }


class Supervisor:
    """Brings a city up, keeps it up, takes it down."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.children: dict[str, Child] = {}
        self.leaving = False
        self.phase = "starting"
        self.failure: dict[str, str] | None = None
        self.code = migrations.code_mark()
        self.migrated: list[str] = []
        self.written = ""
        self.held: frozenset[str] = frozenset()

    def run(self) -> int:
        """Serve until SIGTERM; 0 after an orderly end, 1 where the city could not be brought up."""
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, self._leave)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            self.bring_up()
            self.phase = "running"
            while not self.leaving:
                # A full disk or table of processes passes; the next round tries again.
                with suppress(OSError):
                    self.look_after()
                time.sleep(POLL_SECONDS)
        except Leaving:
            pass
        except Refusal as refusal:
            self.failure = {"zh": refusal.chinese, "en": refusal.english}
        except (OSError, psycopg.Error) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.failure = {"zh": f"启动失败:{told}", "en": f"The start failed: {told}"}
        finally:
            self.take_down()
        return 1 if self.failure else 0

    def _leave(self, *_: object) -> None:
        self.leaving = True

    def _enter(self, phase: str) -> None:
        if self.leaving:
            raise Leaving
        self.phase = phase
        self.tell()

    def bring_up(self) -> None:
        """Database, roles, migrations, then gateway, services and workers."""
        self._enter("database")
        write_gateway_files(self.city)
        password = self.city.secret("postgres", "superuser_password")
        # The libraries load while the cluster is made; the thread has ended before anything forks.
        with ThreadPoolExecutor(max_workers=1) as pool:
            made = pool.submit(self.city.cluster.initialise, password)
            offspring.preload()
            made.result()
        self._start_database()
        self._enter("roles")
        server = self.city.admin_conninfo("postgres")
        provision.make_database(server, DATABASE)
        passwords = {name: self.city.secret(name, "database_password") for name in provision.SERVICES}
        provision.give_roles(self.city.admin_conninfo(), passwords)
        self._enter("migrations")
        self.migrated = migrations.bring_up_to_date(self.city)
        self._enter("services")
        for process in (gateway_process(self.city), *service_processes(self.city)):
            self.children[process.name] = Child(process)
        self.look_after()

    def _start_database(self) -> None:
        password = self.city.secret("postgres", "superuser_password")
        child = self.children.setdefault(DATABASE_PROCESS, Child(Process(DATABASE_PROCESS, {})))
        with (self.city.logs / f"{DATABASE_PROCESS}.log").open("ab") as log:
            running = self.city.cluster.start(log)
        child.began(running)
        self.tell()
        self.city.cluster.wait(running, password)

    def look_after(self) -> None:
        """Start what shall run and does not, stop what shall stand still, keep the logs small."""
        held = frozenset(read_json(self.city.state / WANTED).get("stopped", ()))
        for name, child in self.children.items():
            if child.alive:
                if name in held:
                    self._stop([child])
                continue
            if child.born is not None:  # it ran, and ended without an order
                child.born = None
                if name not in held:
                    child.died()
            if name in self.held and name not in held:
                child.next_start = 0.0
            if name not in held and time.monotonic() >= child.next_start and not self.leaving:
                self._start(child)
        self.held = held
        self._rotate()
        self.tell()

    def _start(self, child: Child) -> None:
        if child.process.name == DATABASE_PROCESS:
            with suppress(Refusal):
                self._start_database()
            return
        log = self.city.logs / f"{child.process.name}.log"
        child.began(offspring.start(child.process, folder=self.city.run, log=log))

    def _stop(self, children: list[Child]) -> None:
        """Ask all to end at once, wait for them together, end by force what does not."""
        alive = [child for child in children if child.alive]
        for child in alive:
            assert child.running
            if child.process.name == DATABASE_PROCESS:
                self.city.cluster.stop(child.running)
            else:
                child.running.send_signal(signal.SIGTERM)
        limit = time.monotonic() + PATIENCE_SECONDS
        while any(child.alive for child in alive) and time.monotonic() < limit:
            time.sleep(0.02)
        for child in alive:
            if child.alive and child.running:
                child.running.send_signal(signal.SIGKILL)
                child.running.wait()
            child.running, child.born = None, None

    def take_down(self) -> None:
        """Workers first, then the gateway, which lets no more requests in, the services, and last the database."""
        self.phase = "stopping"
        self.tell()
        groups = [
            [child for name, child in self.children.items() if name.endswith("-worker")],
            [child for name, child in self.children.items() if name == GATEWAY_PROCESS],
            [child for name, child in self.children.items() if name in provision.SERVICES],
            [child for name, child in self.children.items() if name == DATABASE_PROCESS],
        ]
        for group in groups:
            self._stop(group)
        self.phase = "failed" if self.failure else "stopped"
        self.tell()

    def tell(self) -> None:
        """Write what is so, where it changed."""
        held = read_json(self.city.state / WANTED).get("stopped", ())
        told = {
            "phase": self.phase,
            "failure": self.failure,
            "pid": os.getpid(),
            "born": processes.birth(os.getpid()),
            "address": {"port": self.city.ports.web, "public_url": self.city.given_public_url},
            "code": self.code,
            "migrated": self.migrated,
            "processes": {
                name: self.children[name].told(wanted=name not in held)
                for name in process_names()
                if name in self.children
            },
        }
        text = json.dumps(told, ensure_ascii=False, indent=1)
        if text != self.written:
            with suppress(OSError):
                write_whole(self.city.state / TOLD, text)
                self.written = text

    def _rotate(self) -> None:
        """Keep a log and its predecessor; the file is emptied in place, since its process appends to it."""
        for path in self.city.logs.glob("*.log"):
            with suppress(OSError):
                if path.stat().st_size > LOG_BYTES:
                    shutil.copyfile(path, path.with_suffix(".log.1"))
                    os.truncate(path, 0)


def clear_strays(city: City) -> None:
    """End what an earlier supervisor left when it was killed, so that nothing holds the ports or the data."""
    told = read_json(city.state / TOLD).get("processes", {})
    strays = {
        int(entry["pid"]): str(entry["born"]) for entry in told.values() if entry.get("pid") and entry.get("born")
    }
    for pid in processes.working_in(city.run):
        if pid != os.getpid() and (born := processes.birth(pid)):
            strays[pid] = born
    database = told.get(DATABASE_PROCESS, {}).get("pid")
    strays.pop(database, None)
    for pid, born in strays.items():
        if processes.birth(pid) == born:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    limit = time.monotonic() + 10
    for pid, born in strays.items():
        if not processes.ended(pid, born, within=max(limit - time.monotonic(), 0.1)):
            processes.stop(pid, born, (signal.SIGKILL, 5))
    city.cluster.clear()


def main() -> int:
    """Supervise the city that the environment names, unless somebody already does."""
    city = City.here()
    # A bare descriptor, not a file object: it ends with this process, and every fork closes it.
    handle = os.open(city.state / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    return Supervisor(city).run()


if __name__ == "__main__":
    sys.exit(main())
