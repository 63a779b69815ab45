"""When a correction ticket about a layer was put before supervision. The few open ones have an index already."""

from alembic import op

revision = "2026_11_28_0100_layer_escalations"
down_revision = "2026_11_27_2100_geography"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE geo_dispute ADD COLUMN escalated_at TIMESTAMPTZ")
