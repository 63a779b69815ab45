"""Matching, conflicts, correction tickets, subscriptions."""

revision = "2026_11_25_0280_registries_completed"
down_revision = "2026_11_25_0270_credit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
