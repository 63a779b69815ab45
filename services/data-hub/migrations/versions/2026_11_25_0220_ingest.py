"""Batches, quarantine, lineage."""

revision = "2026_11_25_0220_ingest"
down_revision = "2026_11_25_0210_resources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
