"""The catalogue of data resources."""

from alembic import op

revision = "2026_11_25_0210_resources"
down_revision = "2026_11_25_0200_datasets"
branch_labels = None
depends_on = None

RESOURCES = """
CREATE TABLE resource (
  code VARCHAR(18) NOT NULL,
  directory VARCHAR(11) NOT NULL,
  state VARCHAR(12) NOT NULL,
  shown_version INTEGER NOT NULL,
  open_version INTEGER,
  open_state VARCHAR(12),
  latest_version INTEGER NOT NULL,
  provider VARCHAR(18) NOT NULL,
  provider_name TEXT NOT NULL,
  source_department VARCHAR(18) NOT NULL,
  name TEXT NOT NULL,
  summary TEXT NOT NULL,
  resource_class VARCHAR(12) NOT NULL,
  theme VARCHAR(40) NOT NULL,
  tags TEXT[] NOT NULL,
  share_type VARCHAR(16) NOT NULL,
  opening VARCHAR(16) NOT NULL,
  update_cycle VARCHAR(16) NOT NULL,
  format VARCHAR(16) NOT NULL,
  public BOOLEAN NOT NULL,
  name_key TEXT NOT NULL,
  summary_key TEXT NOT NULL,
  items_key TEXT NOT NULL,
  words TEXT[] NOT NULL,
  sample BOOLEAN DEFAULT false NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_resource PRIMARY KEY (code)
);
CREATE INDEX ix_resource_words ON resource USING gin (words);
CREATE INDEX ix_resource_provider_code ON resource (provider, code);
CREATE INDEX ix_resource_directory ON resource (directory);
CREATE INDEX ix_resource_name_key ON resource (name_key);
CREATE INDEX ix_resource_changed_at_code ON resource (changed_at, code);
CREATE INDEX ix_resource_public_code ON resource (code) WHERE public;
CREATE TABLE resource_version (
  code VARCHAR(18) NOT NULL,
  number INTEGER NOT NULL,
  state VARCHAR(12) NOT NULL,
  content JSONB NOT NULL,
  authors TEXT[] NOT NULL,
  drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  submitted_at TIMESTAMP WITH TIME ZONE,
  reviewer TEXT,
  decided_at TIMESTAMP WITH TIME ZONE,
  note TEXT,
  conflict_reason TEXT,
  published_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_resource_version PRIMARY KEY (code, number)
);
CREATE UNIQUE INDEX uq_resource_version_open ON resource_version (code) WHERE state in ('draft', 'review');
CREATE UNIQUE INDEX uq_resource_version_published ON resource_version (code) WHERE state = 'published';
"""


def upgrade() -> None:
    op.execute(RESOURCES)
