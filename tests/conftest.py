"""A whole demo city for the tests that cross services: real processes, real gateway, real PostgreSQL, started once."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import control, sample
from launcher.city import City
from launcher.ports import Ports, refuse_taken
from launcher.refusals import Refusal


def _free_ports() -> Ports:
    """A first port whose whole range is free."""
    for first in range(21_000, 29_000, 200):
        ports = Ports.of(first)
        try:
            refuse_taken(ports)
        except Refusal:
            continue
        return ports
    pytest.fail("no free range of ports")


@pytest.fixture(scope="session")
def city_at_work() -> Iterator[City]:
    """A demo city with the sample loaded; it is taken down and removed at the end."""
    state = Path(tempfile.mkdtemp(prefix="city-day-"))
    city = City(state / "state", _free_ports())
    try:
        with city.locked():
            control.up(city, "demo")
            sample.load(city, 0.0)
        yield city
    finally:
        control.down(city)
        shutil.rmtree(state, ignore_errors=True)
