"""What other people's tools say about the whole tree: lint, types, imports, dependencies, spelling, migrations."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command

from citykit.migrate import config_for
from citykit.service import load
from citykit.testing import settings_for

from .tree import MEMBERS, ROOT, SERVICES, package_of, short, tracked_files

BIN = Path(sys.executable).parent
SOURCES = [f"{member}/src" for member in MEMBERS]
# Each with its reason: the wire types bound texts and integers before they reach a column, and a column of fixed length
# holds a code whose length a national standard fixes; the runner sets the lock timeout for every migration; a migration
# runs in one transaction, so that none of its statements needs to bear a second try.
NOT_OURS = ("prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-text-field")
NOT_OURS += ("require-timeout-settings", "prefer-robust-stmts")


def said_by(*words: str, cwd: Path = ROOT) -> str:
    """What a tool of the environment says; empty where it has nothing to say and ends well."""
    run = subprocess.run([str(BIN / words[0]), *words[1:]], cwd=cwd, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else f"{run.stdout}\n{run.stderr}"


def test_ruff_finds_nothing() -> None:
    assert said_by("ruff", "check", "--no-cache", "--output-format", "concise", ".") == ""


@pytest.mark.slow
def test_mypy_finds_nothing() -> None:
    assert said_by("mypy", *SOURCES) == ""


def test_import_contracts_are_kept() -> None:
    assert said_by("lint-imports", "--no-logo", "--no-cache") == ""


@pytest.mark.parametrize("member", MEMBERS)
def test_dependencies_are_declared(member: str) -> None:
    assert said_by("deptry", f"{member}/src", "--config", f"{member}/pyproject.toml", "--no-ansi") == ""


def test_words_are_spelled() -> None:
    assert said_by("codespell", "--quiet-level", "3", *_prose()) == ""


def _prose() -> list[str]:
    kinds = {".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".html", ".sql"}
    return [short(path) for path in tracked_files() if path.suffix in kinds]


@pytest.mark.parametrize("name", SERVICES)
def test_migrations_are_safe_to_run(
    name: str, city_postgres: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citykit.migrations.kernel_0001", lambda: None)  # the kernel's and the job queue's own tables
    service = load(f"{package_of(name)}.main:service")
    config = config_for(service, settings_for(service))
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    rendered = tmp_path / f"{name}.sql"
    rendered.write_text(config.output_buffer.getvalue(), encoding="utf-8")
    exclude = [f"--exclude={rule}" for rule in NOT_OURS]
    assert said_by("squawk", "--pg-version=15.0", "--reporter=gcc", *exclude, str(rendered)) == ""
