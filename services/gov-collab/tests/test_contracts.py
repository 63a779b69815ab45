"""The committed contracts say what the code says."""

from citykit.contracts import differing
from gov_collab.main import service


def test_openapi_and_events_equal_the_code() -> None:
    assert differing(service) == []
