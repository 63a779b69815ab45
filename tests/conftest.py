"""A whole demo city for the tests that cross services: real processes, real gateway, real PostgreSQL, started once."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launcher import control, sample
from launcher.city import City
from launcher.ports import Ports, refuse_taken
from launcher.refusals import Refusal


@contextmanager
def _free_ports() -> Iterator[Ports]:
    """A range of ports that is free, and ours for as long as the block lasts, also among test runs side by side."""
    for first in range(21_000, 29_000, 200):
        with (Path(tempfile.gettempdir()) / f"city-ports-{first}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                ports = Ports.of(first)
                refuse_taken(ports)
            except (Refusal, BlockingIOError):
                continue
            yield ports
            return
    pytest.fail("no free range of ports")


@pytest.fixture(scope="session")
def city_at_work() -> Iterator[City]:
    """A demo city with the sample loaded; it is taken down and removed at the end."""
    state = Path(tempfile.mkdtemp(prefix="city-day-"))
    with _free_ports() as ports:
        city = City(state / "state", ports)
        try:
            with city.locked():
                control.up(city, "demo")
                sample.load(city, 0.0)
            yield city
        finally:
            control.down(city)
            shutil.rmtree(state, ignore_errors=True)
