"""Batches, their parts, quarantine, tickets, sources, lineage."""

from alembic import op

revision = "2026_11_25_0220_ingest"
down_revision = "2026_11_25_0210_resources"
branch_labels = None
depends_on = None

BATCHES = """
CREATE TABLE ingest_batch (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  department VARCHAR(18) NOT NULL,
  origin VARCHAR(8) NOT NULL,
  source UUID,
  corrects UUID,
  mode VARCHAR(16) NOT NULL,
  merge VARCHAR(16) NOT NULL,
  format VARCHAR(16) NOT NULL,
  options JSONB NOT NULL,
  sealed BOOLEAN NOT NULL,
  expected_sha256 VARCHAR(64),
  sha256 VARCHAR(64),
  size BIGINT NOT NULL,
  encoding VARCHAR(16),
  dialect JSONB,
  contract VARCHAR(64),
  state VARCHAR(16) NOT NULL,
  parsed BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  quarantined BIGINT NOT NULL,
  inserted BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  converted JSONB NOT NULL,
  fault JSONB,
  repeats UUID,
  opened_by TEXT NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  completed_at TIMESTAMP WITH TIME ZONE,
  finished_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_ingest_batch PRIMARY KEY (id)
);
CREATE INDEX ix_ingest_batch_resource ON ingest_batch (resource, opened_at DESC, id DESC);
CREATE INDEX ix_ingest_batch_finished ON ingest_batch (resource, finished_at DESC) WHERE finished_at IS NOT NULL;

CREATE TABLE ingest_part (
  batch UUID NOT NULL,
  number INTEGER NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  size INTEGER NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT pk_ingest_part PRIMARY KEY (batch, number),
  CONSTRAINT fk_ingest_part_batch_ingest_batch FOREIGN KEY (batch) REFERENCES ingest_batch (id)
);
ALTER TABLE ingest_part ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE UNLOGGED TABLE ingest_progress (
  batch UUID NOT NULL,
  stage VARCHAR(16) NOT NULL,
  parsed BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  quarantined BIGINT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_ingest_progress PRIMARY KEY (batch)
);

CREATE TABLE ingest_outcome (
  batch UUID NOT NULL,
  column_name VARCHAR(63) NOT NULL,
  rule VARCHAR(32) NOT NULL,
  checked BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  CONSTRAINT pk_ingest_outcome PRIMARY KEY (batch, column_name, rule),
  CONSTRAINT fk_ingest_outcome_batch_ingest_batch FOREIGN KEY (batch) REFERENCES ingest_batch (id)
);
"""

QUALITY = """
CREATE TABLE ingest_quarantine (
  id UUID NOT NULL,
  batch UUID NOT NULL,
  resource TEXT NOT NULL,
  department VARCHAR(18) NOT NULL,
  line BIGINT NOT NULL,
  shown JSONB NOT NULL,
  sealed BYTEA,
  faults JSONB NOT NULL,
  state VARCHAR(16) NOT NULL,
  note TEXT,
  mended_by TEXT,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_ingest_quarantine PRIMARY KEY (id),
  CONSTRAINT uq_ingest_quarantine_batch UNIQUE (batch, line),
  CONSTRAINT fk_ingest_quarantine_batch_ingest_batch FOREIGN KEY (batch) REFERENCES ingest_batch (id)
);
CREATE INDEX ix_ingest_quarantine_resource ON ingest_quarantine (resource, id) WHERE state IN ('waiting', 'mended');

CREATE TABLE ingest_ticket (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  department VARCHAR(18) NOT NULL,
  column_name VARCHAR(63) NOT NULL,
  rule VARCHAR(32) NOT NULL,
  first_batch UUID NOT NULL,
  last_batch UUID NOT NULL,
  failed BIGINT NOT NULL,
  state VARCHAR(16) NOT NULL,
  answer TEXT,
  answered_by TEXT,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  answered_at TIMESTAMP WITH TIME ZONE,
  closed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_ingest_ticket PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_ingest_ticket_unsettled ON ingest_ticket (resource, column_name, rule) WHERE state <> 'closed';
CREATE INDEX ix_ingest_ticket_department ON ingest_ticket (department, id DESC);
"""

SOURCES = """
CREATE TABLE ingest_source (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  department VARCHAR(18) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  name VARCHAR(200) NOT NULL,
  address TEXT NOT NULL,
  sealed BYTEA,
  options JSONB NOT NULL,
  every_minutes INTEGER,
  state VARCHAR(16) NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE,
  last_at TIMESTAMP WITH TIME ZONE,
  last_batch UUID,
  last_fault JSONB,
  failures INTEGER NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_ingest_source PRIMARY KEY (id)
);
CREATE INDEX ix_ingest_source_due ON ingest_source (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_ingest_source_resource ON ingest_source (resource, id DESC);
"""

LINEAGE = """
CREATE TABLE ingest_lineage (
  id UUID NOT NULL,
  run UUID,
  batch UUID,
  resource TEXT,
  event_type VARCHAR(16),
  event_time TIMESTAMP WITH TIME ZONE NOT NULL,
  job_namespace TEXT,
  job_name TEXT,
  digest VARCHAR(64) NOT NULL,
  event JSONB NOT NULL,
  received_from TEXT,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_ingest_lineage PRIMARY KEY (id),
  CONSTRAINT uq_ingest_lineage_digest UNIQUE (digest)
);
CREATE INDEX ix_ingest_lineage_batch ON ingest_lineage (batch, id) WHERE batch IS NOT NULL;
CREATE INDEX ix_ingest_lineage_resource ON ingest_lineage (resource, id DESC) WHERE resource IS NOT NULL;
CREATE INDEX ix_ingest_lineage_run ON ingest_lineage (run, id) WHERE run IS NOT NULL;

CREATE TABLE ingest_lineage_edge (
  job_namespace TEXT NOT NULL,
  job_name TEXT NOT NULL,
  direction VARCHAR(8) NOT NULL,
  dataset_namespace TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  last_run UUID,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_ingest_lineage_edge PRIMARY KEY (job_namespace, job_name, direction, dataset_namespace, dataset_name)
);
CREATE INDEX ix_ingest_lineage_edge_dataset ON ingest_lineage_edge (dataset_namespace, dataset_name);
"""


def upgrade() -> None:
    for statements in (BATCHES, QUALITY, SOURCES, LINEAGE):
        op.execute(statements)
