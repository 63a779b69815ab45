"""The service under test, on its own database."""

from citykit.testing import service_fixture

city = service_fixture("gov_collab.main:service")
