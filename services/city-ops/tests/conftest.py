"""The service under test."""

from citykit.testing import service_fixture

city = service_fixture("city_ops.main:service")
