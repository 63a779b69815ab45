"""Micro-apps and their versions."""

revision = "2026_11_25_0300_micro_apps"
down_revision = "2026_11_25_0290_macro_economy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
