"""Indicators, vintages."""

revision = "2026_11_25_0290_macro_economy"
down_revision = "2026_11_25_0280_registries_completed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
