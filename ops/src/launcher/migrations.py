"""Brings the five schemas up to date, and skips at once those that already are."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql

from launcher.city import ROOT, SERVICES, City, read_json, write_whole
from launcher.plan import entry, service_environment
from launcher.provision import role_of
from launcher.refusals import Refusal

MARKS = "migrated.json"


def fingerprint(service: str, root: Path = ROOT) -> str:
    """A mark of what a migration of `service` would do: changes with its revisions and the reference data it loads."""
    found = sha256()
    for folder in (root / "services" / service / "migrations", root / "services" / service / "src"):
        for path in sorted(folder.rglob("*")):
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
    behind = [
        service
        for service in SERVICES
        if marks.get(service) != fingerprint(service) or revision(city, service) != head(service)
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for service, mark in pool.map(partial(_migrate, city), behind):
            marks[service] = mark
    if behind:
        write_whole(city.state / MARKS, json.dumps(marks, indent=1))
    return behind


def _migrate(city: City, service: str) -> tuple[str, str]:
    mark = fingerprint(service)
    command = [sys.executable, "-m", "citykit.migrate", entry(service)]
    path = city.logs / f"{service}-migrate.log"
    with path.open("ab") as log:
        done = subprocess.run(
            command, env=service_environment(city, service), cwd=city.run, stdout=log, stderr=log, check=False
        )
    if done.returncode != 0:
        raise Refusal(
            f"{service} 的数据库迁移失败:{last_line(path)}(见 {path})",
            f"The migration of {service} failed: {last_line(path)} (see {path})",
        )
    return service, mark


def last_line(path: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = path.read_bytes()[-4000:].decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    told = [line.strip() for line in lines if line.strip() and not line.startswith("(Background on this error")]
    return told[-1][:300] if told else ""
