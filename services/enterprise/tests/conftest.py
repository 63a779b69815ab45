"""The enterprise service on a real PostgreSQL; its neighbours answer as the test tells them."""

from citykit.testing import service_fixture

city = service_fixture("enterprise.main:service")
