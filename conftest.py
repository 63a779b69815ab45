"""One throw-away PostgreSQL per test run, one database per process of it, and nothing left behind.

Tests find their database in the environment: `CITY_TEST_POSTGRES` is JSON, `{"admin": libpq address of the superuser,
"<service>": DATABASE_URL of the service's role, …}`. The services' fixtures (`citykit.testing`) read it and run the
migrations themselves.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

from launcher.provision import SERVICES, drop_database, give_roles, make_database, role_of
from launcher.throwaway import READY

ROOT = Path(__file__).resolve().parent
FOLDER = "CITY_TEST_CLUSTER"
PASSWORD = "throw-away"  # noqa: S105 - the socket's folder is closed to others and the cluster lives for one run
keeper: subprocess.Popen[bytes] | None = None
settings.register_profile("city", deadline=None)  # a slow machine is no fault of the code
settings.load_profile("city")


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster beside the collection of tests; processes of xdist inherit its folder."""
    global keeper  # noqa: PLW0603 - one per run, and a hook has no other place to keep it
    config.pluginmanager.register(LongestFirst())
    if hasattr(config, "workerinput") or config.option.collectonly or FOLDER in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="city-test-")
    os.environ[FOLDER] = folder
    command = [sys.executable, "-m", "launcher.throwaway", folder]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own words


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and wait for it, so that the next run starts on a quiet machine."""
    global keeper  # noqa: PLW0603 - as above
    if keeper is not None and keeper.stdin is not None:
        keeper.stdin.close()
        keeper.wait(timeout=60)
        keeper = None
        del os.environ[FOLDER]


GROUP = re.compile(r'xdist_group\("(\w+)"\)')


@cache
def group_of(file: str) -> str:
    """What a file's tests share a process with: those of the group that it names, or themselves alone."""
    named = GROUP.search((ROOT / file).read_text(encoding="utf-8"))
    return named[1] if named else file


class Grouped(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Keeps a group in one process: the marker alone does not, its plugin writes where pytest 9 no longer reads."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One group after the other, in the order of collection."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Grouped(config, log)


# What lasts longest begins first, so that no process is left alone with it at the end.
LONGEST_FIRST = ("tests/containers/", "tests/journeys/", "tests/faults/", "tests/contracts/", "tests/conformance/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a file's tests, and those of one city, in one process; leave the container run out unless asked for."""
    if not os.environ.get("CITY_TEST_CONTAINERS"):
        left_out = [item for item in items if item.get_closest_marker("containers")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in set(left_out)]
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


class LongestFirst:
    """Puts the long folders first, after the order was shuffled."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort by folder; within a folder the shuffled order stays."""
        items.sort(key=self._rank)

    @staticmethod
    def _rank(item: pytest.Item) -> int:
        places = [place for place, folder in enumerate(LONGEST_FIRST) if item.nodeid.startswith(folder)]
        return places[0] if places else len(LONGEST_FIRST)


@pytest.fixture(scope="session", autouse=True)
def city_postgres(request: pytest.FixtureRequest) -> dict[str, str]:
    """The addresses of this process's own database, by service and for the `admin`."""
    server = _server(Path(os.environ[FOLDER]))
    name = f"city_{getattr(request.config, 'workerinput', {}).get('workerid', 'main')}"
    drop_database(server, name)
    make_database(server, name)
    admin = server.replace("/postgres?", f"/{name}?")
    give_roles(admin, dict.fromkeys(SERVICES, PASSWORD))
    host = server.partition("?")[2]
    addresses = {"admin": admin} | {
        service: f"postgresql+psycopg://{role_of(service)}:{PASSWORD}@/{name}?{host}" for service in SERVICES
    }
    os.environ["CITY_TEST_POSTGRES"] = json.dumps(addresses)
    return addresses


def _server(folder: Path) -> str:
    """Wait for the cluster's address. Fails where the cluster could not be made or stays silent for a minute."""
    limit = time.monotonic() + 60
    while not (folder / READY).exists():
        if time.monotonic() > limit:
            pytest.exit(f"the throw-away PostgreSQL did not start; its log was in {folder}", returncode=3)
        time.sleep(0.02)
    told: dict[str, str] = json.loads((folder / READY).read_text())
    if "refusal" in told:
        pytest.exit(f"the throw-away PostgreSQL did not start: {told['refusal']}", returncode=3)
    return told["admin"]
