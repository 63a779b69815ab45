"""The kernel's tables and notes."""

import sqlalchemy as sa
from alembic import op

from citykit.migrations import kernel_0001, kernel_0002

revision = "2026_11_24_0001_notes"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    kernel_0001()
    kernel_0002()
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    )
