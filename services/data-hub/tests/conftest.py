"""The data hub as it runs, on a real PostgreSQL."""

from citykit.testing import service_fixture

city = service_fixture("data_hub.main:service")
