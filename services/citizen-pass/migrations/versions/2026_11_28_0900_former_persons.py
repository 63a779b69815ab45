"""An account remembers the registry records of its person that were merged into others."""

from alembic import op

revision = "2026_11_28_0900_former_persons"
down_revision = "2026_11_28_0630_access_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that stays empty until a record is merged."""
    op.execute("ALTER TABLE account ADD COLUMN former_persons UUID[] NOT NULL DEFAULT '{}'")
