"""Keys, meters, exports of the data services."""

from alembic import op

revision = "2026_11_25_0240_services"
down_revision = "2026_11_25_0230_sharing"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE service_key (
  id UUID NOT NULL,
  name VARCHAR(200) NOT NULL,
  department VARCHAR(18) NOT NULL,
  resource VARCHAR(18) NOT NULL,
  grant_id UUID NOT NULL,
  secret_hash BYTEA NOT NULL,
  former_hash BYTEA,
  former_until TIMESTAMP WITH TIME ZONE,
  daily_quota_rows BIGINT,
  valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  rotated_at TIMESTAMP WITH TIME ZONE,
  revoked_at TIMESTAMP WITH TIME ZONE,
  revoke_reason TEXT,
  CONSTRAINT pk_service_key PRIMARY KEY (id)
);
CREATE INDEX ix_service_key_department_id ON service_key (department, id);
CREATE TABLE service_meter (
  resource VARCHAR(18) NOT NULL,
  day DATE NOT NULL,
  caller VARCHAR(64) NOT NULL,
  department VARCHAR(18),
  source_department VARCHAR(18) NOT NULL,
  calls BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  CONSTRAINT pk_service_meter PRIMARY KEY (resource, day, caller)
) WITH (fillfactor = 50);
CREATE INDEX ix_service_meter_department_day ON service_meter (department, day);
CREATE INDEX ix_service_meter_source_department_day ON service_meter (source_department, day);
CREATE TABLE service_export (
  id UUID NOT NULL,
  resource VARCHAR(18) NOT NULL,
  department VARCHAR(18) NOT NULL,
  grant_id UUID,
  grant_version INTEGER,
  question TEXT NOT NULL,
  format VARCHAR(8) NOT NULL,
  state VARCHAR(8) NOT NULL,
  refusal VARCHAR(40),
  asked_by JSONB NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE,
  kept_until TIMESTAMP WITH TIME ZONE,
  row_count BIGINT,
  size BIGINT,
  sha256 BYTEA,
  CONSTRAINT pk_service_export PRIMARY KEY (id)
);
CREATE INDEX ix_service_export_department_id ON service_export (department, id);
CREATE INDEX ix_service_export_kept_until ON service_export (kept_until);
CREATE TABLE service_export_part (
  export_id UUID NOT NULL,
  number INTEGER NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT pk_service_export_part PRIMARY KEY (export_id, number)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
