"""What a run needs beside the city: the bare handlers, a gateway before them, tables that they may write to.

The second gateway is the city's own program with the city's own files; only the addresses of the services differ.
"""

import json
import os
import secrets as randomness
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.types.json import Jsonb

from launcher.bench.statements import invented_resources
from launcher.city import SERVICES, City
from launcher.plan import POOLS, Process, gateway_process, service_processes, write_gateway_files
from launcher.ports import Ports
from launcher.refusals import Refusal

SCHEMA = "bench_reference"
ROLE = "city_ops"
# As the service has them, with the key across.
TABLES = f"""
drop schema if exists {SCHEMA} cascade;
create schema {SCHEMA} authorization {ROLE};
create table {SCHEMA}.cases (like city_ops.cases including all);
create table {SCHEMA}.case_trail (like city_ops.case_trail including all);
alter table {SCHEMA}.case_trail add foreign key (case_id) references {SCHEMA}.cases (id);
grant all on all tables in schema {SCHEMA} to {ROLE};
"""

# Whatever an invented resource does not say, it has from the first one that is opened.
INVENTED = """
insert into data_hub.resource select made.* from
  (select r as model from data_hub.resource r where r.public order by r.code limit 1) as first,
  jsonb_array_elements(%s) as told, jsonb_populate_record(first.model, told) as made
"""
NO_INVENTED = "delete from data_hub.resource where code like '399999-%'"


def libpq(city: City, service: str) -> str:
    """The address of a service's database as psycopg wants it."""
    return city.database_url(service).replace("postgresql+psycopg://", "postgresql://", 1)


def scratch(city: City) -> str:
    """The address under which the statement of a report writes into the bench's own tables."""
    return f"{libpq(city, 'city-ops')}&options={quote(f'-c search_path={SCHEMA}')}"


@contextmanager
def tables(city: City) -> Iterator[None]:
    """The bench's own tables, in the city's database, for the length of the block."""
    with psycopg.connect(city.admin_conninfo(), autocommit=True) as admin:
        admin.execute(TABLES)
        try:
            yield
        finally:
            admin.execute(f"drop schema if exists {SCHEMA} cascade")


@contextmanager
def directory(city: City) -> Iterator[None]:
    """Some thousand invented resources among the opened ones, for the length of the block; nothing of them stays."""
    with psycopg.connect(city.admin_conninfo(), autocommit=True) as admin:
        admin.execute(NO_INVENTED)
        try:
            admin.execute(INVENTED, (Jsonb(invented_resources()),))
            admin.execute("analyze data_hub.resource")
            yield
        finally:
            admin.execute(NO_INVENTED)
            admin.execute("analyze data_hub.resource")


@contextmanager
def reference(city: City, folder: Path) -> Iterator[dict[str, Any]]:
    """The bare handlers behind a gateway; answers its `port` and the processes by name."""

    def bare(shadow: City) -> Process:
        return _bare(city, shadow.ports.services["data-hub"])

    with behind_gateway(city, folder, bare, "/api/data-hub/v1/legal-entities?limit=1") as standing:
        yield standing


@contextmanager
def behind_gateway(city: City, folder: Path, make: Callable[[City], Process], path: str) -> Iterator[dict[str, Any]]:
    """A process behind a gateway, once it answers `path`: the gateway's `port`, and both processes by name.

    `folder` is emptied for it, and goes afterwards; `make` may put files there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shadow = replace(city, state=folder, ports=_free_ports())
    shadow.run.mkdir(mode=0o700, parents=True)
    write_gateway_files(shadow)
    children = {
        "service": _start(make(shadow), shadow, folder),
        "gateway": _start(gateway_process(shadow), shadow, folder),
    }
    try:
        _await(f"http://127.0.0.1:{shadow.ports.web}{path}", children, folder)
        yield {"port": shadow.ports.web, "pids": {name: child.pid for name, child in children.items()}}
    finally:
        for child in children.values():
            child.terminate()
        for child in children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=20)
            child.kill()
        shutil.rmtree(folder, ignore_errors=True)


def served_alike(city: City, served: str, port: int) -> tuple[str, ...]:
    """The arguments of uvicorn as a service has them, but for what is served and where."""
    words = [word for word in _service(city).arguments if word != "--factory"]
    words[words.index("data_hub.main:create_app")] = served
    words[words.index("--port") + 1] = str(port)
    return tuple(words)


def _service(city: City) -> Process:
    return next(process for process in service_processes(city) if process.name == "data-hub")


def _bare(city: City, port: int) -> Process:
    """The bare handlers with the command line and the environment of a service, but for what is served."""
    like = _service(city)
    told = {
        "registry": libpq(city, "data-hub"),
        "cases": scratch(city),
        "clients": libpq(city, "citizen-pass"),
        "pool_size": int(POOLS["app"]["POOL_SIZE"]),
        "issuer": city.issuer,
        "key": randomness.token_hex(16),
        "secret": city.secret("citizen-pass", "client_bench"),
    }
    settings = {"REFERENCE_SETTINGS": json.dumps(told)}
    words = served_alike(city, "launcher.bench.reference:app", port)
    return Process("reference", like.environment | settings, module=like.module, arguments=words)


def _start(process: Process, shadow: City, folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / f"{process.name}.log").open("ab") as log:
        return subprocess.Popen(
            process.command,
            env=process.environment,
            cwd=shadow.run,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _await(url: str, children: dict[str, "subprocess.Popen[bytes]"], folder: Path, *, within: float = 30) -> None:
    limit = time.monotonic() + within
    while True:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            if answer.status == 200:
                return
        dead = [name for name, child in children.items() if child.poll() is not None]
        if dead or time.monotonic() > limit:
            name = dead[0] if dead else "service"
            log = (
                (folder / f"{'reference' if name == 'service' else name}.log")
                .read_text(errors="replace")
                .strip()
                .splitlines()
            )
            last = log[-1] if log else "no word"
            raise Refusal(f"对照服务未能启动:{last}", f"The bare handlers did not start ({name}): {last}")
        time.sleep(0.1)


def _free_ports() -> Ports:
    """Ports that nobody holds at the moment; they are asked for together, so that each is another."""
    held = [socket.socket() for _ in range(4)]
    try:
        for probe in held:
            probe.bind(("127.0.0.1", 0))
        web, mesh, ops, first = (probe.getsockname()[1] for probe in held)
    finally:
        for probe in held:
            probe.close()
    return Ports(web, mesh, ops, dict.fromkeys(SERVICES, first))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
