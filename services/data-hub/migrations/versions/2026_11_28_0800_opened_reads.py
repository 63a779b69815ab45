"""Reads of opened data on their way into evidence: noted one by one, and counted beyond."""

from alembic import op

revision = "2026_11_28_0800_opened_reads"
down_revision = "2026_11_28_0630_access_words"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE opened_read (
  id UUID NOT NULL,
  read_at TIMESTAMP WITH TIME ZONE NOT NULL,
  said JSONB NOT NULL,
  CONSTRAINT pk_opened_read PRIMARY KEY (id)
);
CREATE TABLE opened_count (
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  reader TEXT NOT NULL,
  resource TEXT NOT NULL,
  action TEXT NOT NULL,
  said JSONB NOT NULL,
  calls BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  first_at TIMESTAMP WITH TIME ZONE NOT NULL,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_opened_count PRIMARY KEY (until, reader, resource, action)
);
"""


def upgrade() -> None:
    """New tables alone."""
    op.execute(TABLES)
