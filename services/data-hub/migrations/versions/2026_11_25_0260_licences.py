"""Licence types, licences, authorisations, uses."""

revision = "2026_11_25_0260_licences"
down_revision = "2026_11_25_0250_geography"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
