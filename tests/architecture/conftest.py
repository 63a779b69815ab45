"""The five services, each on its own schema of one real PostgreSQL."""

import pytest

from citykit.testing import ServiceUnderTest, service_fixture
from launcher.sealing import seal_files

from .tree import SERVICES, package_of

data_hub = service_fixture("data_hub.main:service", files=seal_files(rsa_bits=2048))
gov_collab = service_fixture("gov_collab.main:service")
city_ops = service_fixture("city_ops.main:service")
enterprise = service_fixture("enterprise.main:service")
citizen_pass = service_fixture("citizen_pass.main:service", argon2_memory_kib=8192, argon2_time_cost=1)


@pytest.fixture(params=SERVICES)
def city(request: pytest.FixtureRequest) -> ServiceUnderTest:
    """Each service in turn, running."""
    running: ServiceUnderTest = request.getfixturevalue(package_of(request.param))
    return running
