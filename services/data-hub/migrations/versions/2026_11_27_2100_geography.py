"""Layers, their features with the versions in which each was known, names for the geocoder, disputes and notices.

The extension btree_gist, which lets one index hold a layer's name beside a box, is made with the database.
"""

from alembic import op

revision = "2026_11_27_2100_geography"
down_revision = "2026_11_25_0300_micro_apps"
branch_labels = None
depends_on = None

LAYERS = """
CREATE TABLE geo_layer (
  id TEXT NOT NULL,
  title TEXT NOT NULL,
  title_en TEXT NOT NULL,
  description TEXT NOT NULL,
  department TEXT NOT NULL,
  department_name TEXT NOT NULL,
  source TEXT NOT NULL,
  caution TEXT,
  access TEXT NOT NULL,
  fields JSONB NOT NULL,
  datetime_field TEXT,
  datetime_end_field TEXT,
  named_by JSONB,
  kind TEXT NOT NULL,
  sample BOOLEAN NOT NULL,
  resource TEXT,
  extent DOUBLE PRECISION[] NOT NULL,
  period_from TIMESTAMPTZ,
  period_to TIMESTAMPTZ,
  feature_count BIGINT NOT NULL,
  version BIGINT NOT NULL,
  edition UUID NOT NULL,
  digest TEXT NOT NULL,
  published_at TIMESTAMPTZ NOT NULL,
  published_by TEXT NOT NULL,
  withdrawn_at TIMESTAMPTZ,
  CONSTRAINT pk_geo_layer PRIMARY KEY (id),
  CONSTRAINT ck_geo_layer_access CHECK (access IN ('public', 'government', 'department'))
);
CREATE TABLE geo_edition (
  layer TEXT NOT NULL,
  version BIGINT NOT NULL,
  cause TEXT NOT NULL,
  feature_count BIGINT NOT NULL,
  added BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  digest TEXT NOT NULL,
  repaired BIGINT[] NOT NULL,
  department TEXT NOT NULL,
  access TEXT NOT NULL,
  fields JSONB NOT NULL,
  source TEXT NOT NULL,
  resource TEXT,
  note TEXT,
  published_at TIMESTAMPTZ NOT NULL,
  published_by TEXT NOT NULL,
  CONSTRAINT pk_geo_edition PRIMARY KEY (layer, version),
  CONSTRAINT ck_geo_edition_cause CHECK (cause IN ('publication', 'correction', 'withdrawal'))
);
"""
FEATURES = """
CREATE TABLE geo_feature (
  layer TEXT NOT NULL,
  fid TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT,
  geometry JSONB NOT NULL,
  extent box NOT NULL,
  properties JSONB NOT NULL,
  fingerprint BYTEA NOT NULL,
  batch TEXT,
  CONSTRAINT pk_geo_feature PRIMARY KEY (layer, fid, since),
  CONSTRAINT ck_geo_feature_order CHECK (until > since)
);
CREATE UNIQUE INDEX uq_geo_feature_living ON geo_feature (layer, fid) WHERE until IS NULL;
CREATE INDEX ix_geo_feature_layer_extent ON geo_feature USING gist (layer, extent) WHERE until IS NULL;
CREATE INDEX ix_geo_feature_layer_since ON geo_feature (layer, since);
CREATE INDEX ix_geo_feature_layer_until ON geo_feature (layer, until) WHERE until IS NOT NULL;
CREATE TABLE geo_name (
  layer TEXT NOT NULL,
  fid TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  keys TEXT[] NOT NULL,
  bigrams TEXT[] NOT NULL,
  address TEXT,
  division_code TEXT,
  location box,
  longitude DOUBLE PRECISION,
  latitude DOUBLE PRECISION,
  CONSTRAINT pk_geo_name PRIMARY KEY (layer, fid)
);
CREATE INDEX ix_geo_name_bigrams ON geo_name USING gin (bigrams);
CREATE INDEX ix_geo_name_keys ON geo_name USING gin (keys);
CREATE INDEX ix_geo_name_division ON geo_name (fid) WHERE kind = 'division';
CREATE INDEX ix_geo_name_village ON geo_name (division_code) WHERE kind = 'village' AND location IS NOT NULL;
CREATE INDEX ix_geo_name_location ON geo_name USING gist (location);
"""
DISPUTES = """
CREATE TABLE geo_dispute (
  layer TEXT NOT NULL,
  id UUID NOT NULL,
  fid TEXT COLLATE "C" NOT NULL,
  field TEXT NOT NULL,
  disputed JSONB,
  claimed JSONB,
  evidence_sealed BYTEA NOT NULL,
  asked_by TEXT NOT NULL,
  asked_department TEXT NOT NULL,
  department TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  due_at TIMESTAMPTZ NOT NULL,
  legal_basis TEXT NOT NULL,
  decided_at TIMESTAMPTZ,
  decided_by TEXT,
  reason TEXT,
  version BIGINT,
  told INTEGER NOT NULL,
  CONSTRAINT pk_geo_dispute PRIMARY KEY (layer, id)
);
CREATE INDEX ix_geo_dispute_department_id ON geo_dispute (department, id);
CREATE INDEX ix_geo_dispute_asked_department_id ON geo_dispute (asked_department, id);
CREATE UNIQUE INDEX uq_geo_dispute_open ON geo_dispute (layer, fid, field, asked_department) WHERE state = 'open';
CREATE TABLE geo_follower (
  layer TEXT NOT NULL,
  department TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_geo_follower PRIMARY KEY (layer, department)
);
CREATE TABLE geo_notice (
  layer TEXT NOT NULL,
  id UUID NOT NULL,
  department TEXT NOT NULL,
  version BIGINT NOT NULL,
  cause TEXT NOT NULL,
  fid TEXT COLLATE "C",
  field TEXT,
  dispute UUID,
  told_at TIMESTAMPTZ NOT NULL,
  acknowledged_at TIMESTAMPTZ,
  acknowledged_by TEXT,
  CONSTRAINT pk_geo_notice PRIMARY KEY (layer, id)
);
CREATE INDEX ix_geo_notice_department_id ON geo_notice (department, id);
"""


def upgrade() -> None:
    op.execute(LAYERS)
    op.execute(FEATURES)
    op.execute(DISPUTES)
