"""Data services: keys, metering, exports."""

revision = "2026_11_25_0240_services"
down_revision = "2026_11_25_0230_sharing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
