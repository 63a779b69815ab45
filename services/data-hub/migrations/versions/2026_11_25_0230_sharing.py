"""Applications, grants, evidence, recipients."""

revision = "2026_11_25_0230_sharing"
down_revision = "2026_11_25_0220_ingest"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
