"""Applications, grants, evidence, recipients."""

from alembic import op

revision = "2026_11_25_0230_sharing"
down_revision = "2026_11_25_0220_ingest"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE evidence (
  stream TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  entry TEXT NOT NULL,
  prev_hash BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  outcome TEXT GENERATED ALWAYS AS (entry::jsonb ->> 'outcome') STORED NOT NULL,
  row_count BIGINT GENERATED ALWAYS AS ((entry::jsonb ->> 'rows')::bigint) STORED NOT NULL,
  CONSTRAINT pk_evidence PRIMARY KEY (stream, seq)
);
CREATE INDEX ix_evidence_at ON evidence (at);
CREATE TABLE evidence_key (
  key_id TEXT NOT NULL,
  public TEXT NOT NULL,
  first_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_evidence_key PRIMARY KEY (key_id)
);
CREATE TABLE evidence_head (
  stream TEXT NOT NULL,
  seq BIGINT NOT NULL,
  prev_hash BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  CONSTRAINT pk_evidence_head PRIMARY KEY (stream)
) WITH (fillfactor = 50);
CREATE TABLE evidence_stamp (
  id UUID NOT NULL,
  root BYTEA NOT NULL,
  seals INTEGER NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  tries INTEGER NOT NULL,
  fault TEXT,
  stamped_at TIMESTAMP WITH TIME ZONE,
  token BYTEA,
  authority TEXT,
  late BOOLEAN NOT NULL,
  CONSTRAINT pk_evidence_stamp PRIMARY KEY (id)
);
CREATE INDEX ix_evidence_stamp_stamped_at ON evidence_stamp (stamped_at, id);
CREATE TABLE sharing_application (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  resource_version INTEGER NOT NULL,
  share_type VARCHAR(16) NOT NULL,
  source_department VARCHAR(18) NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name TEXT NOT NULL,
  columns TEXT[] NOT NULL,
  row_filter TEXT,
  purpose TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
  daily_quota_rows BIGINT,
  deliveries TEXT[] NOT NULL,
  onward BOOLEAN NOT NULL,
  state VARCHAR(16) NOT NULL,
  applied_by TEXT NOT NULL,
  applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE NOT NULL,
  stopped_at TIMESTAMP WITH TIME ZONE,
  extended BOOLEAN NOT NULL,
  escalated_at TIMESTAMP WITH TIME ZONE,
  decided_at TIMESTAMP WITH TIME ZONE,
  grant_id UUID,
  CONSTRAINT pk_sharing_application PRIMARY KEY (id)
);
CREATE INDEX ix_sharing_application_applicant ON sharing_application (department, applied_at);
CREATE INDEX ix_sharing_application_source ON sharing_application (source_department, state, due_at);
CREATE UNIQUE INDEX uq_sharing_application_open ON sharing_application (resource, department, purpose)
  WHERE state in ('submitted', 'supplement', 'disputed');
CREATE TABLE sharing_notice (
  id UUID NOT NULL,
  resource TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  source_department VARCHAR(18) NOT NULL,
  department VARCHAR(18) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  subject TEXT,
  note_zh TEXT NOT NULL,
  note_en TEXT NOT NULL,
  data JSONB NOT NULL,
  told_at TIMESTAMP WITH TIME ZONE NOT NULL,
  acknowledge_by TIMESTAMP WITH TIME ZONE,
  acknowledged_at TIMESTAMP WITH TIME ZONE,
  acknowledged_by TEXT,
  done TEXT,
  alarmed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_sharing_notice PRIMARY KEY (id)
);
CREATE INDEX ix_sharing_notice_department ON sharing_notice (department, told_at);
CREATE INDEX ix_sharing_notice_source ON sharing_notice (source_department, told_at);
CREATE TABLE sharing_rule (
  resource TEXT NOT NULL,
  automatic BOOLEAN NOT NULL,
  daily_quota_rows BIGINT,
  set_by TEXT NOT NULL,
  set_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_sharing_rule PRIMARY KEY (resource)
);
CREATE TABLE sharing_step (
  id UUID NOT NULL,
  of_id UUID NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  act VARCHAR(24) NOT NULL,
  actor TEXT NOT NULL,
  department VARCHAR(18),
  note TEXT,
  data JSONB NOT NULL,
  CONSTRAINT pk_sharing_step PRIMARY KEY (id)
);
CREATE INDEX ix_sharing_step_of ON sharing_step (of_id, at);
CREATE TABLE sharing_term (
  step VARCHAR(24) NOT NULL,
  valid_from DATE NOT NULL,
  working_days INTEGER NOT NULL,
  source TEXT NOT NULL,
  CONSTRAINT pk_sharing_term PRIMARY KEY (step, valid_from)
);
CREATE TABLE evidence_seal (
  stream TEXT NOT NULL,
  number BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  statement TEXT NOT NULL,
  key_id TEXT NOT NULL,
  signature BYTEA NOT NULL,
  sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  stamp_id UUID NOT NULL,
  position INTEGER NOT NULL,
  path BYTEA[] NOT NULL,
  CONSTRAINT pk_evidence_seal PRIMARY KEY (stream, number),
  CONSTRAINT fk_evidence_seal_stamp_id_evidence_stamp FOREIGN KEY(stamp_id) REFERENCES evidence_stamp (id)
);
CREATE TABLE sharing_grant (
  id UUID NOT NULL,
  application_id UUID NOT NULL,
  resource TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  source_department VARCHAR(18) NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name TEXT NOT NULL,
  version INTEGER NOT NULL,
  state VARCHAR(16) NOT NULL,
  columns TEXT[] NOT NULL,
  row_filter TEXT,
  purpose TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  deliveries TEXT[] NOT NULL,
  daily_quota_rows BIGINT,
  onward BOOLEAN NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
  deliver_by TIMESTAMP WITH TIME ZONE NOT NULL,
  granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_sharing_grant PRIMARY KEY (id),
  CONSTRAINT fk_sharing_grant_application_id_sharing_application
    FOREIGN KEY(application_id) REFERENCES sharing_application (id)
);
CREATE INDEX ix_sharing_grant_department ON sharing_grant (department, granted_at);
CREATE INDEX ix_sharing_grant_of ON sharing_grant (resource, department);
CREATE INDEX ix_sharing_grant_source ON sharing_grant (source_department, granted_at);
CREATE TABLE sharing_file (
  id UUID NOT NULL,
  grant_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  format VARCHAR(8) NOT NULL,
  state VARCHAR(16) NOT NULL,
  asked_by JSONB NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE,
  grant_version INTEGER,
  row_count BIGINT,
  size BIGINT,
  sha256 BYTEA,
  refusal VARCHAR(24),
  kept_until TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_sharing_file PRIMARY KEY (id),
  CONSTRAINT fk_sharing_file_grant_id_sharing_grant FOREIGN KEY(grant_id) REFERENCES sharing_grant (id)
);
CREATE INDEX ix_sharing_file_grant ON sharing_file (grant_id, asked_at);
CREATE TABLE sharing_grant_usage (
  grant_id UUID NOT NULL,
  day DATE NOT NULL,
  row_count BIGINT NOT NULL,
  CONSTRAINT pk_sharing_grant_usage PRIMARY KEY (grant_id, day),
  CONSTRAINT fk_sharing_grant_usage_grant_id_sharing_grant FOREIGN KEY(grant_id) REFERENCES sharing_grant (id)
);
CREATE TABLE sharing_grant_version (
  grant_id UUID NOT NULL,
  version INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT,
  policy JSONB NOT NULL,
  CONSTRAINT pk_sharing_grant_version PRIMARY KEY (grant_id, version),
  CONSTRAINT fk_sharing_grant_version_grant_id_sharing_grant FOREIGN KEY(grant_id) REFERENCES sharing_grant (id)
);
CREATE TABLE sharing_subscription (
  id UUID NOT NULL,
  grant_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  name TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  read_at TIMESTAMP WITH TIME ZONE,
  read_id BIGINT NOT NULL,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  told_until TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_sharing_subscription PRIMARY KEY (id),
  CONSTRAINT uq_sharing_subscription_grant_id_name UNIQUE (grant_id, name),
  CONSTRAINT fk_sharing_subscription_grant_id_sharing_grant FOREIGN KEY(grant_id) REFERENCES sharing_grant (id)
);
CREATE TABLE sharing_file_chunk (
  file_id UUID NOT NULL,
  number INTEGER NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT pk_sharing_file_chunk PRIMARY KEY (file_id, number),
  CONSTRAINT fk_sharing_file_chunk_file_id_sharing_file FOREIGN KEY(file_id) REFERENCES sharing_file (id)
);
"""

# What was written stays: the records and their seals, what a grant said, and a stamp once it is there.
STAYS = """
CREATE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON evidence
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_is_not_emptied BEFORE TRUNCATE ON evidence EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_key_stays BEFORE UPDATE OR DELETE ON evidence_key
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_key_is_not_emptied BEFORE TRUNCATE ON evidence_key EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_head_stays BEFORE DELETE ON evidence_head
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_head_is_not_emptied BEFORE TRUNCATE ON evidence_head EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_seal_stays BEFORE UPDATE OR DELETE ON evidence_seal
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_seal_is_not_emptied BEFORE TRUNCATE ON evidence_seal EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_stamp_stays BEFORE UPDATE ON evidence_stamp
  FOR EACH ROW WHEN (old.token IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_stamp_is_kept BEFORE DELETE ON evidence_stamp
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_stamp_is_not_emptied BEFORE TRUNCATE ON evidence_stamp EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sharing_grant_version_stays BEFORE UPDATE OR DELETE ON sharing_grant_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

# Day counts are data with a source and a beginning: the bureau corrects them against the gazette, or dates new ones.
TERMS = """
INSERT INTO sharing_term (step, valid_from, working_days, source) VALUES
  ('unconditional', '2025-08-01', 1, '《政务数据共享条例》（国务院令第809号）：无条件共享类，收到申请之日起答复'),
  ('conditional', '2025-08-01', 10, '《政务数据共享条例》（国务院令第809号）：有条件共享类，收到申请之日起答复'),
  ('extension', '2025-08-01', 10, '《政务数据共享条例》（国务院令第809号）：特殊情况延长答复期限，以一次为限'),
  ('delivery', '2025-08-01', 20, '《政务数据共享条例》（国务院令第809号）：同意共享之日起提供数据'),
  ('mediation', '2025-08-01', 10, '数据主管部门协调处理争议的内部时限');
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(STAYS)
    op.execute(TERMS)
