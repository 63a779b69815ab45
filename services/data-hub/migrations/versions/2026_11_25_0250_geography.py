"""Layers and features."""

revision = "2026_11_25_0250_geography"
down_revision = "2026_11_25_0240_services"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
