"""`./city test`: what reads the code (types, lint, imports, spelling), then every test, with one exit code."""

import os
import subprocess
import sys
import time
from pathlib import Path

from launcher.city import ROOT
from launcher.plan import base_environment
from launcher.terminal import GREEN, RED, coloured, say

CONTAINERS = "CITY_TEST_CONTAINERS"
BIN = Path(sys.executable).parent
PYTHON_FOLDERS = ("libs", "ops", "services", "tests", "conftest.py")


def members() -> list[Path]:
    """The folders of our own packages."""
    return [ROOT / "libs" / "citykit", ROOT / "ops", *sorted((ROOT / "services").iterdir())]


def readers() -> list[tuple[str, list[str], Path]]:
    """What reads the code: a name, a command and the folder to run it in."""
    sources = [str(path.relative_to(ROOT)) for member in members() for path in sorted((member / "src").iterdir())]
    found = [
        ("ruff check", [str(BIN / "ruff"), "check", "."], ROOT),
        ("ruff format", [str(BIN / "ruff"), "format", "--check", "."], ROOT),
        ("mypy --strict", [str(BIN / "mypy"), *sources], ROOT),
        ("lint-imports", [str(BIN / "lint-imports"), "--no-logo"], ROOT),
        ("codespell", [str(BIN / "codespell"), *PYTHON_FOLDERS, "docs", "gateway"], ROOT),
    ]
    return found + [(f"deptry {member.name}", [str(BIN / "deptry"), "src"], member) for member in members()]


def run(arguments: list[str]) -> int:
    """Run the checks and the tests; without paths or selections among the arguments, all of them.

    The exit code is pytest's, or 1 where a reader of the code found something.
    """
    containers = "--containers" in arguments
    rest = [word for word in arguments if word != "--containers"]
    environment = base_environment() | ({CONTAINERS: "1"} if containers else {})
    for name in ("CITY_STATE", "CITY_PORT", "CITY_PUBLIC_URL", "CITY_LISTEN"):
        environment.pop(name, None)
    failed = [] if rest else _read(environment)
    workers = [] if _names_workers(rest) else ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile"]
    command = [sys.executable, "-m", "pytest", *workers, *rest]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if failed:
        say(f"{coloured('✘', RED)} {', '.join(failed)}")
    return code or (1 if failed else 0)


def _names_workers(words: list[str]) -> bool:
    return any(word.startswith(("-n", "--numprocesses", "-p")) for word in words)


def _read(environment: dict[str, str]) -> list[str]:
    """Run the readers of the code; the names of those that found something, whose words are shown."""
    failed = []
    for name, command, folder in readers():
        began = time.monotonic()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        good = done.returncode == 0
        say(f"  {coloured('✔', GREEN) if good else coloured('✘', RED)} {name}  {time.monotonic() - began:.1f} s")
        if not good:
            failed.append(name)
            say(done.stdout + done.stderr)
    return failed
