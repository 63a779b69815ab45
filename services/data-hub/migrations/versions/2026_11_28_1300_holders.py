"""Licence types of which a holder has one in force at a time."""

from alembic import op

revision = "2026_11_28_1300_holders"
down_revision = "2026_11_28_1400_terms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No type says so yet: their holders have as many as before."""
    op.execute("ALTER TABLE licence_type ADD COLUMN one_per_holder BOOLEAN DEFAULT false NOT NULL")
