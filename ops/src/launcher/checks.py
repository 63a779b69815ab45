"""`./city test`: every test by one command, with one exit code. What reads the code is among the tests."""

import os
import subprocess
import sys

from launcher.city import ROOT
from launcher.plan import base_environment

CONTAINERS = "CITY_TEST_CONTAINERS"
MOST_WORKERS = 4
# A city of the person who tests must not lend its folder and its ports to those of the tests.
NOT_HANDED_ON = ("CITY_STATE", "CITY_PORT", "CITY_LISTEN", "CITY_PUBLIC_URL")


def run(arguments: list[str]) -> int:
    """Run pytest with `arguments`, on all tests where they name none; its exit code.

    `--containers` adds those that build and run the containers. A file's tests stay in one process, and so do all that
    share a running city (`conftest.py` says which).
    """
    containers = "--containers" in arguments
    rest = [word for word in arguments if word != "--containers"]
    environment = {name: value for name, value in base_environment().items() if name not in NOT_HANDED_ON}
    if containers:
        environment[CONTAINERS] = "1"
    return subprocess.run(command(rest), cwd=ROOT, env=environment, check=False).returncode


def command(arguments: list[str]) -> list[str]:
    """The words that start pytest: one process per core, unless the arguments say how many."""
    chosen = any(word.startswith(("-n", "--numprocesses")) for word in arguments)
    spread = [] if chosen else ["-n", str(min(os.cpu_count() or 1, MOST_WORKERS)), "--dist", "loadgroup"]
    return [sys.executable, "-m", "pytest", *spread, *arguments]
