"""Credit records, repair, ratings."""

revision = "2026_11_25_0270_credit"
down_revision = "2026_11_25_0260_licences"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
