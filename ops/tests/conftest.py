"""A city that was never started, for what needs only its folders."""

from pathlib import Path

import pytest

from launcher.city import City
from launcher.ports import Ports


@pytest.fixture
def unbuilt(tmp_path: Path) -> City:
    return City(tmp_path / "state", Ports.of(30_000))
