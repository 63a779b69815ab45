"""Which load last took the place of all rows of a data set, for those who keep copies of them."""

from alembic import op

revision = "2026_11_28_0500_replaced_rows"
down_revision = "2026_11_28_0400_licence_holders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Null: none did since this is noted."""
    op.execute("ALTER TABLE dataset ADD COLUMN replaced_at TIMESTAMP WITH TIME ZONE")
    op.execute("ALTER TABLE dataset ADD COLUMN replaced_by UUID")
    op.execute("ALTER TABLE dataset ADD COLUMN replaced_id BIGINT")
