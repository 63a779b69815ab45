"""Indicators, vintages."""

from alembic import op

revision = "2026_11_25_0290_macro_economy"
down_revision = "2026_11_25_0280_registries_completed"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE indicator_artefact (
  kind TEXT NOT NULL,
  agency TEXT NOT NULL,
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  document JSONB NOT NULL,
  sample BOOLEAN DEFAULT false NOT NULL,
  maintained_by TEXT NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  data_changed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_indicator_artefact PRIMARY KEY (kind, agency, id, version)
);
CREATE TABLE indicator (
  code TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  description TEXT,
  unit TEXT NOT NULL,
  unit_mult INTEGER NOT NULL,
  decimals INTEGER NOT NULL,
  additive BOOLEAN NOT NULL,
  department TEXT NOT NULL,
  department_name TEXT NOT NULL,
  flow TEXT NOT NULL,
  sample BOOLEAN DEFAULT false NOT NULL,
  defined_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_indicator PRIMARY KEY (code)
);
CREATE INDEX ix_indicator_flow_code ON indicator (flow, code);
CREATE TABLE indicator_release (
  id UUID NOT NULL,
  flow TEXT NOT NULL,
  release TEXT NOT NULL,
  released_at TIMESTAMP WITH TIME ZONE NOT NULL,
  department TEXT NOT NULL,
  department_name TEXT,
  batch TEXT,
  revision_kind TEXT,
  reason TEXT,
  fingerprint BYTEA NOT NULL,
  created INTEGER NOT NULL,
  revised INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  suppressed INTEGER NOT NULL,
  sample BOOLEAN DEFAULT false NOT NULL,
  recorded_by TEXT NOT NULL,
  CONSTRAINT pk_indicator_release PRIMARY KEY (id),
  CONSTRAINT uq_indicator_release_flow_release UNIQUE (flow, release)
);
CREATE TABLE indicator_series (
  id UUID NOT NULL,
  flow TEXT NOT NULL,
  key TEXT NOT NULL,
  codes TEXT[] NOT NULL,
  attributes JSONB NOT NULL,
  CONSTRAINT pk_indicator_series PRIMARY KEY (id),
  CONSTRAINT uq_indicator_series_flow_key UNIQUE (flow, key)
);
CREATE TABLE indicator_observation (
  series UUID NOT NULL,
  period TEXT NOT NULL,
  known_from TIMESTAMP WITH TIME ZONE NOT NULL,
  known_to TIMESTAMP WITH TIME ZONE,
  period_start DATE NOT NULL,
  period_end DATE NOT NULL,
  value NUMERIC,
  obs_status TEXT NOT NULL,
  conf_status TEXT NOT NULL,
  secondary BOOLEAN NOT NULL,
  attributes JSONB NOT NULL,
  release UUID NOT NULL,
  CONSTRAINT pk_indicator_observation PRIMARY KEY (series, period, known_from),
  CONSTRAINT fk_indicator_observation_series_indicator_series FOREIGN KEY (series) REFERENCES indicator_series (id)
);
CREATE UNIQUE INDEX uq_indicator_observation_present ON indicator_observation (series, period) WHERE known_to IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
