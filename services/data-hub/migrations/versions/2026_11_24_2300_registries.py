"""The kernel's tables, divisions, purposes, the population registry and the legal-entity registry.

The extension btree_gist, which the exclusions stand on, is made with the database.
"""

from alembic import op

from citykit.migrations import kernel_0001

revision = "2026_11_24_2300_registries"
down_revision = None
branch_labels = None
depends_on = None

DIVISIONS = """
CREATE TABLE division (
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name_bigrams TEXT[] NOT NULL,
  level TEXT NOT NULL,
  kind TEXT NOT NULL,
  parent_code TEXT,
  valid_from DATE,
  valid_to DATE,
  successor_code TEXT,
  edition TEXT NOT NULL,
  CONSTRAINT pk_division PRIMARY KEY (code)
);
CREATE INDEX ix_division_name_bigrams ON division USING gin (name_bigrams);
CREATE INDEX ix_division_parent_code_code ON division (parent_code, code);
CREATE TABLE division_boundary (
  code TEXT NOT NULL,
  geometry JSONB NOT NULL,
  extent box NOT NULL,
  edition TEXT NOT NULL,
  CONSTRAINT pk_division_boundary PRIMARY KEY (code)
);
CREATE INDEX ix_division_boundary_extent ON division_boundary USING gist (extent);
CREATE TABLE reference_edition (
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  loaded_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_reference_edition PRIMARY KEY (name)
);
"""
SHARED = """
CREATE TABLE registry_statement (
  id UUID NOT NULL,
  registry_name TEXT NOT NULL,
  act TEXT NOT NULL,
  department TEXT NOT NULL,
  batch TEXT,
  stated_at TIMESTAMPTZ NOT NULL,
  reason TEXT,
  recorded_by TEXT NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_registry_statement PRIMARY KEY (id)
);
CREATE TABLE purpose (
  code TEXT NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  fields TEXT[] NOT NULL,
  disclosable TEXT[] NOT NULL,
  verifies BOOLEAN NOT NULL,
  in_force BOOLEAN NOT NULL,
  CONSTRAINT pk_purpose PRIMARY KEY (code)
);
"""
POPULATION = """
CREATE TABLE person (
  id UUID NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name_bigrams TEXT[] NOT NULL,
  id_number_sealed BYTEA NOT NULL,
  id_number_shown TEXT NOT NULL,
  sex TEXT NOT NULL,
  birth_date DATE NOT NULL,
  ethnicity TEXT,
  state TEXT NOT NULL,
  state_since DATE NOT NULL,
  division_code TEXT,
  address_sealed BYTEA,
  address_shown TEXT,
  phone_sealed BYTEA,
  phone_shown TEXT,
  version BIGINT NOT NULL,
  sample BOOLEAN DEFAULT false NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_person PRIMARY KEY (id)
);
CREATE INDEX ix_person_division_code_id ON person (division_code, id);
CREATE INDEX ix_person_name_bigrams ON person USING gin (name_bigrams);
CREATE INDEX ix_person_name_key_id ON person (name_key, id);
CREATE TABLE person_number (
  id_number_index BYTEA NOT NULL,
  person UUID NOT NULL,
  CONSTRAINT pk_person_number PRIMARY KEY (id_number_index)
);
CREATE TABLE person_value (
  person UUID NOT NULL,
  field TEXT NOT NULL,
  known_from TIMESTAMPTZ NOT NULL,
  true_from DATE NOT NULL,
  true_to DATE,
  known_to TIMESTAMPTZ,
  value TEXT,
  sealed BYTEA,
  statement UUID NOT NULL,
  CONSTRAINT pk_person_value PRIMARY KEY (person, field, known_from, true_from),
  CONSTRAINT ex_person_value_one_truth EXCLUDE USING gist (
    person WITH =, field WITH =, daterange(true_from, true_to) WITH &&, tstzrange(known_from, known_to) WITH &&
  )
);
CREATE TABLE person_relation (
  id UUID NOT NULL,
  person UUID NOT NULL,
  other UUID NOT NULL,
  kind TEXT NOT NULL,
  true_from DATE NOT NULL,
  true_to DATE,
  statement UUID NOT NULL,
  known_from TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_person_relation PRIMARY KEY (id, person)
);
CREATE INDEX ix_person_relation_other_kind ON person_relation (other, kind);
CREATE UNIQUE INDEX uq_person_relation_current ON person_relation (person, other, kind) WHERE true_to is null;
CREATE TABLE person_disclosure (
  id UUID NOT NULL,
  person UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  by TEXT NOT NULL,
  department TEXT,
  purpose TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  matter TEXT NOT NULL,
  fields TEXT[] NOT NULL,
  CONSTRAINT pk_person_disclosure PRIMARY KEY (id, person)
);
CREATE INDEX ix_person_disclosure_person_at ON person_disclosure (person, at);
CREATE TABLE verification_attempt (
  id UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  by TEXT NOT NULL,
  on_behalf_of TEXT,
  purpose TEXT NOT NULL,
  id_number_index BYTEA NOT NULL,
  matched BOOLEAN NOT NULL,
  CONSTRAINT pk_verification_attempt PRIMARY KEY (id)
);
CREATE INDEX ix_verification_attempt_id_number_index_at ON verification_attempt (id_number_index, at);
"""
LEGAL_ENTITIES = """
CREATE TABLE legal_entity (
  uscc TEXT NOT NULL,
  name TEXT NOT NULL,
  former_names TEXT[] NOT NULL,
  name_keys TEXT[] NOT NULL,
  name_bigrams TEXT[] NOT NULL,
  state TEXT NOT NULL,
  state_since DATE NOT NULL,
  legal_form TEXT NOT NULL,
  division_code TEXT NOT NULL,
  county_code TEXT GENERATED ALWAYS AS (left(division_code, 6)) STORED NOT NULL,
  address TEXT,
  established_on DATE NOT NULL,
  legal_representative UUID,
  representative_name TEXT,
  representative_shown TEXT,
  capital_fen BIGINT,
  scope TEXT,
  version BIGINT NOT NULL,
  sample BOOLEAN DEFAULT false NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_legal_entity PRIMARY KEY (uscc)
);
CREATE INDEX ix_legal_entity_county_code_uscc ON legal_entity (county_code, uscc);
CREATE INDEX ix_legal_entity_legal_representative ON legal_entity (legal_representative);
CREATE INDEX ix_legal_entity_name_bigrams ON legal_entity USING gin (name_bigrams);
CREATE TABLE legal_entity_value (
  uscc TEXT NOT NULL,
  field TEXT NOT NULL,
  known_from TIMESTAMPTZ NOT NULL,
  true_from DATE NOT NULL,
  true_to DATE,
  known_to TIMESTAMPTZ,
  value TEXT,
  sealed BYTEA,
  statement UUID NOT NULL,
  CONSTRAINT pk_legal_entity_value PRIMARY KEY (uscc, field, known_from, true_from),
  CONSTRAINT ex_legal_entity_value_one_truth EXCLUDE USING gist (
    uscc WITH =, field WITH =, daterange(true_from, true_to) WITH &&, tstzrange(known_from, known_to) WITH &&
  )
);
"""

# What finds a record in spite of a slip of the pen.
MATCHING = """
ALTER TABLE person ADD COLUMN former_names TEXT[] DEFAULT '{}' NOT NULL,
  ADD COLUMN match_keys INTEGER[] DEFAULT '{}' NOT NULL;
ALTER TABLE legal_entity ADD COLUMN match_keys INTEGER[] DEFAULT '{}' NOT NULL;
"""
INDEXES = """
CREATE INDEX ix_person_match_keys ON person USING gin (match_keys);
CREATE INDEX ix_person_name_key_birth_date ON person (name_key, birth_date);
CREATE INDEX ix_person_birth_date ON person (birth_date);
CREATE INDEX ix_legal_entity_match_keys ON legal_entity USING gin (match_keys);
CREATE INDEX ix_person_value_known_to ON person_value (known_to) WHERE known_to IS NOT NULL;
CREATE INDEX ix_legal_entity_value_known_to ON legal_entity_value (known_to) WHERE known_to IS NOT NULL;
"""


def upgrade() -> None:
    kernel_0001()
    op.execute(DIVISIONS)
    op.execute(SHARED)
    op.execute(POPULATION)
    op.execute(LEGAL_ENTITIES)
    op.execute(MATCHING)
    op.execute(INDEXES)
