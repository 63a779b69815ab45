"""When a source is pulled each day, and up to where its rows are here."""

from alembic import op

revision = "2026_11_28_1700_pulling"
down_revision = "2026_11_28_1300_holders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns without a value: sources that stand are pulled as before, all of their rows."""
    op.execute("ALTER TABLE ingest_source ADD COLUMN daily_at VARCHAR(5)")
    op.execute("ALTER TABLE ingest_source ADD COLUMN since TEXT")
    op.execute("ALTER TABLE ingest_source ADD COLUMN since_next TEXT")
