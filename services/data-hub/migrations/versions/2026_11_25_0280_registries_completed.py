"""Source departments, conflicts, correction tickets, changes and who follows them, notices."""

from alembic import op

revision = "2026_11_25_0280_registries_completed"
down_revision = "2026_11_25_0270_credit"
branch_labels = None
depends_on = None

SOURCES = """
CREATE TABLE registry_source (
  registry_name TEXT NOT NULL,
  field TEXT NOT NULL,
  registrar TEXT NOT NULL,
  valid_from DATE NOT NULL,
  valid_to DATE,
  department TEXT NOT NULL,
  department_name TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  CONSTRAINT pk_registry_source PRIMARY KEY (registry_name, field, registrar, valid_from),
  CONSTRAINT ex_registry_source_one_source EXCLUDE USING gist (
    registry_name WITH =, field WITH =, registrar WITH =, daterange(valid_from, valid_to) WITH &&
  )
);
CREATE TABLE registry_deadline (
  kind TEXT NOT NULL,
  valid_from DATE NOT NULL,
  valid_to DATE,
  working_days INTEGER NOT NULL,
  legal_basis TEXT NOT NULL,
  CONSTRAINT pk_registry_deadline PRIMARY KEY (kind, valid_from)
);
"""
CONFLICTS = """
CREATE TABLE registry_conflict (
  id UUID NOT NULL,
  subject TEXT NOT NULL,
  registry_name TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT,
  sealed BYTEA,
  true_from DATE NOT NULL,
  true_to DATE,
  statement UUID NOT NULL,
  stated_by TEXT NOT NULL,
  source_department TEXT NOT NULL,
  state TEXT NOT NULL,
  stated_at TIMESTAMPTZ NOT NULL,
  decided_at TIMESTAMPTZ,
  decided_by TEXT,
  reason TEXT,
  CONSTRAINT pk_registry_conflict PRIMARY KEY (subject, id)
);
CREATE INDEX ix_registry_conflict_source_department_state_id ON registry_conflict (source_department, state, id);
CREATE INDEX ix_registry_conflict_stated_by_state_id ON registry_conflict (stated_by, state, id);
CREATE INDEX ix_registry_conflict_id ON registry_conflict (id);
CREATE UNIQUE INDEX uq_registry_conflict_open ON registry_conflict (subject, registry_name, field, stated_by)
  WHERE state = 'open';
"""
DISPUTES = """
CREATE TABLE registry_dispute (
  id UUID NOT NULL,
  subject TEXT NOT NULL,
  registry_name TEXT NOT NULL,
  field TEXT NOT NULL,
  disputed TEXT,
  claimed TEXT,
  claimed_sealed BYTEA,
  evidence_sealed BYTEA NOT NULL,
  asked_by TEXT NOT NULL,
  asked_department TEXT,
  asked_oneself BOOLEAN NOT NULL,
  source_department TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at TIMESTAMPTZ NOT NULL,
  due_at TIMESTAMPTZ NOT NULL,
  legal_basis TEXT NOT NULL,
  escalated_at TIMESTAMPTZ,
  decided_at TIMESTAMPTZ,
  decided_by TEXT,
  reason TEXT,
  told INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_registry_dispute PRIMARY KEY (subject, id)
);
CREATE INDEX ix_registry_dispute_id ON registry_dispute (id);
CREATE INDEX ix_registry_dispute_source_department_state_id ON registry_dispute (source_department, state, id);
CREATE INDEX ix_registry_dispute_asked_by_id ON registry_dispute (asked_by, id);
CREATE INDEX ix_registry_dispute_asked_department_id ON registry_dispute (asked_department, id);
CREATE INDEX ix_registry_dispute_due ON registry_dispute (due_at) WHERE state = 'open' AND escalated_at IS NULL;
CREATE UNIQUE INDEX uq_registry_dispute_open ON registry_dispute (subject, registry_name, field, asked_by)
  WHERE state = 'open';
"""
CHANGES = """
CREATE TABLE registry_change (
  id UUID NOT NULL,
  subject TEXT NOT NULL,
  registry_name TEXT NOT NULL,
  fields TEXT[] NOT NULL,
  division_code TEXT,
  act TEXT NOT NULL,
  statement UUID NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  number BIGINT,
  CONSTRAINT pk_registry_change PRIMARY KEY (subject, id)
);
CREATE INDEX ix_registry_change_registry_name_number ON registry_change (registry_name, number);
CREATE INDEX ix_registry_change_unnumbered ON registry_change (registry_name, id) WHERE number IS NULL;
CREATE TABLE registry_change_head (
  registry_name TEXT NOT NULL,
  number BIGINT NOT NULL,
  CONSTRAINT pk_registry_change_head PRIMARY KEY (registry_name)
);
INSERT INTO registry_change_head (registry_name, number) VALUES ('population', 0), ('legal-entities', 0);
CREATE TABLE registry_subscription (
  id UUID NOT NULL,
  registry_name TEXT NOT NULL,
  department TEXT NOT NULL,
  fields TEXT[] NOT NULL,
  division_code TEXT,
  purpose TEXT,
  number_from BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  CONSTRAINT pk_registry_subscription PRIMARY KEY (id)
);
CREATE INDEX ix_registry_subscription_department_id ON registry_subscription (department, id);
"""
NOTICES = """
CREATE TABLE registry_notice (
  id UUID NOT NULL,
  department TEXT NOT NULL,
  registry_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  ticket UUID NOT NULL,
  told_at TIMESTAMPTZ NOT NULL,
  acknowledged_at TIMESTAMPTZ,
  acknowledged_by TEXT,
  CONSTRAINT pk_registry_notice PRIMARY KEY (id)
);
CREATE INDEX ix_registry_notice_department_id ON registry_notice (department, id);
"""


def upgrade() -> None:
    for part in (SOURCES, CONFLICTS, DISPUTES, CHANGES, NOTICES):
        op.execute(part)
