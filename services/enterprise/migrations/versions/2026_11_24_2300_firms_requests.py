"""The kernel's tables, firm files, requests with their clocks."""

from alembic import op

from citykit.migrations import kernel_0001

revision = "2026_11_24_2300_firms_requests"
down_revision = None
branch_labels = None
depends_on = None

FIRMS = """
CREATE TABLE firms (
  uscc TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  legal_form TEXT,
  division_code TEXT,
  established_on DATE,
  source TEXT NOT NULL,
  as_of TIMESTAMPTZ NOT NULL,
  industry TEXT,
  staff BIGINT,
  revenue_fen BIGINT,
  assets_fen BIGINT,
  size_class TEXT,
  declared_at TIMESTAMPTZ,
  CONSTRAINT pk_firms PRIMARY KEY (uscc)
);
CREATE TABLE firm_bindings (
  id UUID NOT NULL,
  uscc TEXT NOT NULL,
  subject TEXT NOT NULL,
  person UUID NOT NULL,
  role TEXT,
  bound_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  end_reason TEXT,
  CONSTRAINT pk_firm_bindings PRIMARY KEY (id),
  CONSTRAINT fk_firm_bindings_uscc_firms FOREIGN KEY(uscc) REFERENCES firms (uscc)
);
CREATE INDEX ix_firm_bindings_subject ON firm_bindings (subject);
CREATE UNIQUE INDEX uq_firm_bindings_living ON firm_bindings (uscc) WHERE ended_at IS NULL;
CREATE TABLE firm_reads (
  id UUID NOT NULL,
  uscc TEXT NOT NULL,
  reader TEXT NOT NULL,
  department_code TEXT,
  action TEXT NOT NULL,
  purpose TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_firm_reads PRIMARY KEY (id),
  CONSTRAINT fk_firm_reads_uscc_firms FOREIGN KEY(uscc) REFERENCES firms (uscc)
);
CREATE INDEX ix_firm_reads_uscc_at ON firm_reads (uscc, at, id);
CREATE TABLE firm_delegates (
  id UUID NOT NULL,
  uscc TEXT NOT NULL,
  binding_id UUID NOT NULL,
  subject TEXT NOT NULL,
  granted_at TIMESTAMPTZ NOT NULL,
  valid_to TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  CONSTRAINT pk_firm_delegates PRIMARY KEY (id),
  CONSTRAINT fk_firm_delegates_uscc_firms FOREIGN KEY(uscc) REFERENCES firms (uscc),
  CONSTRAINT fk_firm_delegates_binding_id_firm_bindings FOREIGN KEY(binding_id) REFERENCES firm_bindings (id)
);
CREATE INDEX ix_firm_delegates_binding_id ON firm_delegates (binding_id);
CREATE INDEX ix_firm_delegates_subject ON firm_delegates (subject);
CREATE UNIQUE INDEX uq_firm_delegates_living ON firm_delegates (uscc, subject) WHERE revoked_at IS NULL;
"""

REQUESTS = """
CREATE SEQUENCE request_numbers AS bigint;
CREATE TABLE sla_profiles (
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  minimum_age_minutes INTEGER NOT NULL,
  CONSTRAINT pk_sla_profiles PRIMARY KEY (code)
);
CREATE TABLE request_categories (
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  position INTEGER NOT NULL,
  profile_code TEXT NOT NULL,
  CONSTRAINT pk_request_categories PRIMARY KEY (code),
  CONSTRAINT fk_request_categories_profile_code_sla_profiles FOREIGN KEY(profile_code) REFERENCES sla_profiles (code)
);
CREATE INDEX ix_request_categories_profile_code ON request_categories (profile_code);
CREATE TABLE sla_limits (
  profile_code TEXT NOT NULL,
  kind TEXT NOT NULL,
  position INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  unit TEXT NOT NULL,
  level INTEGER NOT NULL,
  CONSTRAINT pk_sla_limits PRIMARY KEY (profile_code, kind),
  CONSTRAINT fk_sla_limits_profile_code_sla_profiles FOREIGN KEY(profile_code) REFERENCES sla_profiles (code)
);
CREATE TABLE requests (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  category TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  uscc TEXT,
  firm_name TEXT NOT NULL,
  division_code TEXT NOT NULL,
  submitter TEXT NOT NULL,
  phone BYTEA,
  state TEXT NOT NULL,
  round INTEGER NOT NULL,
  department_code TEXT,
  department_name TEXT,
  legal_basis TEXT,
  answer TEXT,
  outcome TEXT,
  rating INTEGER,
  minimum_age_minutes INTEGER NOT NULL,
  submitted_at TIMESTAMPTZ NOT NULL,
  answered_at TIMESTAMPTZ,
  closed_at TIMESTAMPTZ,
  CONSTRAINT pk_requests PRIMARY KEY (id),
  CONSTRAINT uq_requests_number UNIQUE (number),
  CONSTRAINT fk_requests_category_request_categories FOREIGN KEY(category) REFERENCES request_categories (code),
  CONSTRAINT fk_requests_uscc_firms FOREIGN KEY(uscc) REFERENCES firms (uscc)
);
CREATE INDEX ix_requests_category ON requests (category);
CREATE INDEX ix_requests_department ON requests (department_code, submitted_at, id);
CREATE INDEX ix_requests_submitted ON requests (submitted_at, id);
CREATE INDEX ix_requests_submitter ON requests (submitter, submitted_at, id);
CREATE INDEX ix_requests_uscc ON requests (uscc, submitted_at, id);
CREATE TABLE request_clock (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  round INTEGER NOT NULL,
  act TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  reason TEXT,
  calendar_version TEXT NOT NULL,
  before JSONB,
  CONSTRAINT pk_request_clock PRIMARY KEY (id),
  CONSTRAINT fk_request_clock_request_id_requests FOREIGN KEY(request_id) REFERENCES requests (id)
);
CREATE INDEX ix_request_clock_request_id ON request_clock (request_id, id);
CREATE TABLE request_escalations (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  round INTEGER NOT NULL,
  kind TEXT NOT NULL,
  level INTEGER NOT NULL,
  department_code TEXT,
  due_at TIMESTAMPTZ NOT NULL,
  escalated_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_request_escalations PRIMARY KEY (id),
  CONSTRAINT uq_request_escalations_request_id_round_kind UNIQUE (request_id, round, kind),
  CONSTRAINT fk_request_escalations_request_id_requests FOREIGN KEY(request_id) REFERENCES requests (id)
);
CREATE INDEX ix_request_escalations_at ON request_escalations (escalated_at, id);
CREATE TABLE request_milestones (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  round INTEGER NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL,
  unit TEXT NOT NULL,
  level INTEGER NOT NULL,
  due_at TIMESTAMPTZ,
  calendar_version TEXT NOT NULL,
  met_at TIMESTAMPTZ,
  escalated_at TIMESTAMPTZ,
  CONSTRAINT pk_request_milestones PRIMARY KEY (id),
  CONSTRAINT uq_request_milestones_request_id_round_kind UNIQUE (request_id, round, kind),
  CONSTRAINT fk_request_milestones_request_id_requests FOREIGN KEY(request_id) REFERENCES requests (id)
);
CREATE INDEX ix_request_milestones_due ON request_milestones (due_at) WHERE met_at IS NULL AND escalated_at IS NULL;
CREATE TABLE request_trail (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  act TEXT NOT NULL,
  state TEXT NOT NULL,
  side TEXT NOT NULL,
  actor TEXT,
  department_name TEXT,
  note TEXT,
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pk_request_trail PRIMARY KEY (id),
  CONSTRAINT fk_request_trail_request_id_requests FOREIGN KEY(request_id) REFERENCES requests (id)
);
CREATE INDEX ix_request_trail_request_id ON request_trail (request_id, id);
"""


def upgrade() -> None:
    kernel_0001()
    op.execute(FIRMS)
    op.execute(REQUESTS)
