"""The kernel's tests run a small example service of their own, with a role and schema like any other."""

import json
import os
import sys
from pathlib import Path

import pytest
from citykit.testing import service_fixture
from launcher.provision import give_roles, role_of

sys.path.insert(0, str(Path(__file__).parent / "example" / "src"))

_service_fixture = service_fixture("example.main:service")


@pytest.fixture(scope="session", autouse=True)
def example_role(city_postgres: dict[str, str]) -> None:
    """Give the example service its role and schema in this process's database."""
    addresses = json.loads(os.environ["CITY_TEST_POSTGRES"])
    if "example" not in addresses:
        give_roles(addresses["admin"], {"example": "throw-away"})
        model = addresses["data-hub"].replace(f"{role_of('data-hub')}:", f"{role_of('example')}:", 1)
        os.environ["CITY_TEST_POSTGRES"] = json.dumps(addresses | {"example": model})


city = _service_fixture
