"""Brings the five schemas up to date, and skips at once those that already are."""

import json
import time
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql

from launcher import offspring
from launcher.city import ROOT, SERVICES, City, read_json, write_whole
from launcher.plan import kernel_process
from launcher.provision import role_of
from launcher.refusals import Refusal

MARKS = "migrated.json"
AT_ONCE = 2


def fingerprint(service: str, root: Path = ROOT) -> str:
    """A mark of what a migration of `service` would do: changes with its revisions and the reference data it loads."""
    return _mark_of([root / "services" / service / "migrations", root / "services" / service / "src"], root)


def code_mark(root: Path = ROOT) -> str:
    """A mark of all code that the city's processes run: a city that started from other code starts again."""
    folders = [root / "libs" / "citykit" / "src", root / "gateway" / "traefik.yml"]
    for service in SERVICES:
        folders += [root / "services" / service / "migrations", root / "services" / service / "src"]
    return _mark_of(folders, root)


def _mark_of(folders: list[Path], root: Path) -> str:
    found = sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file() and "__pycache__" not in path.parts:
                told = path.stat()
                found.update(f"{path.relative_to(root)} {told.st_size} {told.st_mtime_ns}\n".encode())
    return found.hexdigest()


def revision(city: City, service: str) -> str | None:
    """The revision of a service's schema, or None where it has none."""
    table = sql.Identifier(role_of(service), "alembic_version")
    try:
        with psycopg.connect(city.admin_conninfo()) as connection:
            row = connection.execute(sql.SQL("select version_num from {}").format(table)).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return str(row[0]) if row else None


def head(service: str, root: Path = ROOT) -> str:
    """The newest revision of a service, from its `HEAD` file."""
    return (root / "services" / service / "migrations" / "HEAD").read_text().strip()


def bring_up_to_date(city: City) -> list[str]:
    """Migrate what is behind, two services at a time; the names of those that were.

    Raises Refusal with the last line of a migration that failed; its log tells the rest.
    """
    marks = read_json(city.state / MARKS)
    now = {service: fingerprint(service) for service in SERVICES}
    behind = [
        service
        for service in SERVICES
        if marks.get(service) != now[service] or revision(city, service) != head(service)
    ]
    waiting, running, failed = list(behind), dict[str, offspring.Offspring](), list[str]()
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            service = waiting.pop(0)
            process = kernel_process(city, service, "migrate", f"{service}-migrate")
            running[service] = offspring.start(process, folder=city.run, log=_log(city, service))
        for service, child in list(running.items()):
            code = child.poll()
            if code is not None:
                del running[service]
                failed += [service] if code else []
        time.sleep(0.02)
    done = {service: now[service] for service in behind if service not in failed}
    if done:
        write_whole(city.state / MARKS, json.dumps(marks | done, indent=1))
    if failed:
        path = _log(city, failed[0])
        last = last_line(path)
        raise Refusal(
            f"{failed[0]} 的数据库迁移失败:{last}(见 {path})",
            f"The migration of {failed[0]} failed: {last} (see {path})",
        )
    return behind


def _log(city: City, service: str) -> Path:
    return city.logs / f"{service}-migrate.log"


def last_line(path: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = path.read_bytes()[-4000:].decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    told = [line.strip() for line in lines if line.strip() and not line.startswith("(Background on this error")]
    return told[-1][:300] if told else ""
