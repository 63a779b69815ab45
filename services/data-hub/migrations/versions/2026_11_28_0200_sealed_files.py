"""Pieces of files of rows lie encrypted from now on; those that are there already do not."""

from alembic import op

revision = "2026_11_28_0200_sealed_files"
down_revision = "2026_11_28_0100_layer_escalations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of each piece whether it is sealed; null: it is not."""
    op.execute("ALTER TABLE sharing_file_chunk ADD COLUMN sealed BOOLEAN")
    op.execute("ALTER TABLE service_export_part ADD COLUMN sealed BOOLEAN")
