"""Records that were merged into others of the same person or firm, and the change that tells followers so."""

from alembic import op

revision = "2026_11_28_0900_merging"
down_revision = "2026_11_28_0800_opened_reads"
branch_labels = None
depends_on = None

MERGERS = """
CREATE TABLE registry_merger (
  subject TEXT NOT NULL,
  id UUID NOT NULL,
  registry_name TEXT NOT NULL,
  survivor TEXT NOT NULL,
  number_index BYTEA,
  department TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  statement UUID NOT NULL,
  merged_at TIMESTAMP WITH TIME ZONE NOT NULL,
  version BIGINT NOT NULL,
  sample BOOLEAN NOT NULL,
  survivor_version BIGINT NOT NULL,
  taken JSONB NOT NULL,
  moved JSONB NOT NULL,
  conflicts JSONB NOT NULL,
  undone_at TIMESTAMP WITH TIME ZONE,
  undone_statement UUID,
  CONSTRAINT pk_registry_merger PRIMARY KEY (subject, id)
);
CREATE UNIQUE INDEX uq_registry_merger_in_force ON registry_merger (subject, registry_name) WHERE undone_at IS NULL;
CREATE INDEX ix_registry_merger_id ON registry_merger (id);
CREATE INDEX ix_registry_merger_survivor ON registry_merger (survivor) WHERE undone_at IS NULL;
CREATE INDEX ix_registry_merger_number_index ON registry_merger (number_index) WHERE undone_at IS NULL;
"""


def upgrade() -> None:
    """A table of its own; the new column of changes stays empty until a record is merged."""
    op.execute(MERGERS)
    op.execute("ALTER TABLE registry_change ADD COLUMN merged_into TEXT")
