"""The catalogue of data resources."""

revision = "2026_11_25_0210_resources"
down_revision = "2026_11_25_0200_datasets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with the slice."""
