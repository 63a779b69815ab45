"""The register of data sets."""

from alembic import op

revision = "2026_11_25_0200_datasets"
down_revision = "2026_11_24_2300_registries"
branch_labels = None
depends_on = None

DATASETS = """
CREATE TABLE dataset (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  shape JSONB NOT NULL,
  table_name VARCHAR(63) NOT NULL,
  row_count BIGINT NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  refreshed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_dataset PRIMARY KEY (id),
  CONSTRAINT uq_dataset_resource UNIQUE (resource)
);
"""


def upgrade() -> None:
    op.execute(DATASETS)
