"""Gathered resources that feed the registries: what feeds what, how far, what was refused, what was said last."""

from alembic import op

revision = "2026_11_28_0600_feeding"
down_revision = "2026_11_28_0500_replaced_rows"
branch_labels = None
depends_on = None

FEEDS = """
CREATE TABLE registry_feed (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  registry_name TEXT NOT NULL,
  department TEXT NOT NULL,
  fields JSONB NOT NULL,
  with_earlier BOOLEAN NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_by TEXT,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_registry_feed PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_registry_feed_current ON registry_feed (resource, registry_name) WHERE ended_at IS NULL;
CREATE INDEX ix_registry_feed_department_id ON registry_feed (department, id);
CREATE TABLE registry_feed_run (
  feed UUID NOT NULL,
  batch UUID NOT NULL,
  brought_at TIMESTAMP WITH TIME ZONE NOT NULL,
  accepted BIGINT NOT NULL,
  state TEXT NOT NULL,
  place BIGINT NOT NULL,
  registered BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  unchanged BIGINT NOT NULL,
  conflicts BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  fault TEXT,
  CONSTRAINT pk_registry_feed_run PRIMARY KEY (feed, batch)
);
CREATE INDEX ix_registry_feed_run_feed_brought_at ON registry_feed_run (feed, brought_at, batch);
CREATE INDEX ix_registry_feed_run_waiting ON registry_feed_run (feed, brought_at, batch) WHERE state = 'waiting';
"""
ROWS = """
CREATE TABLE registry_feed_fault (
  id UUID NOT NULL,
  feed UUID NOT NULL,
  batch UUID NOT NULL,
  row BIGINT NOT NULL,
  subject TEXT,
  shown TEXT NOT NULL,
  field TEXT NOT NULL,
  item TEXT,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_registry_feed_fault PRIMARY KEY (id)
);
CREATE INDEX ix_registry_feed_fault_feed_batch_id ON registry_feed_fault (feed, batch, id);
CREATE TABLE registry_feed_said (
  feed UUID NOT NULL,
  subject TEXT NOT NULL,
  batch UUID NOT NULL,
  said JSONB NOT NULL,
  CONSTRAINT pk_registry_feed_said PRIMARY KEY (feed, subject)
);
"""


def upgrade() -> None:
    """New tables alone."""
    op.execute(FEEDS)
    op.execute(ROWS)
