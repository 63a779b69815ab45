"""Where things stand in the repository, for the tests that walk it."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("data-hub", "gov-collab", "city-ops", "enterprise", "citizen-pass")
MEMBERS = ("libs/citykit", "ops", *(f"services/{name}" for name in SERVICES))
_SKIPPED = {".git", ".venv", ".city", "__pycache__", "node_modules", "dist"}


class Module(NamedTuple):
    """A source file of ours: its dotted name, its place and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.path.read_text(encoding="utf-8").count("\n") + 1


def package_of(service: str) -> str:
    """The package of a service."""
    return service.replace("-", "_")


@cache
def modules(*members: str) -> tuple[Module, ...]:
    """The source modules of the members named (all where none is), tests and migrations not among them."""
    found = []
    for member in members or MEMBERS:
        source = ROOT / member / "src"
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(part for part in parts if part != "__init__")
            found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


@cache
def tracked_files() -> tuple[Path, ...]:
    """The files that belong to the repository: git's own list, or every file where this is no clone."""
    if (ROOT / ".git").exists() and (git := shutil.which("git")) is not None:
        listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
        return tuple(ROOT / name for name in names if (ROOT / name).is_file())
    return tuple(_all_files(ROOT))


def _all_files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in _SKIPPED and not entry.name.endswith("_cache"):
            yield from _all_files(entry)
        elif entry.is_file():
            yield entry


def tracked_texts() -> Iterator[tuple[Path, str]]:
    """The tracked files that are text, with what they hold."""
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def short(path: Path) -> str:
    """A path as the repository sees it."""
    return str(path.relative_to(ROOT))
