"""Micro-apps and their versions."""

from alembic import op

revision = "2026_11_25_0300_micro_apps"
down_revision = "2026_11_25_0290_macro_economy"
branch_labels = None
depends_on = None

MICRO_APPS = """
CREATE TABLE micro_app (
  app_id VARCHAR(100) NOT NULL,
  name_zh VARCHAR(200) NOT NULL,
  name_en VARCHAR(200) NOT NULL,
  summary TEXT NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name VARCHAR(200) NOT NULL,
  contact VARCHAR(200) NOT NULL,
  state VARCHAR(16) NOT NULL,
  state_reason TEXT,
  live_code INTEGER,
  scopes JSONB NOT NULL,
  registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_micro_app PRIMARY KEY (app_id)
);
CREATE INDEX ix_micro_app_department ON micro_app (department);
CREATE TABLE micro_app_version (
  app_id VARCHAR(100) NOT NULL,
  code INTEGER NOT NULL,
  name VARCHAR(64) NOT NULL,
  manifest JSONB NOT NULL,
  state VARCHAR(16) NOT NULL,
  submitted_by UUID,
  decided_by UUID,
  decision TEXT,
  granted_scopes JSONB NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_micro_app_version PRIMARY KEY (app_id, code),
  CONSTRAINT fk_micro_app_version_app_id_micro_app FOREIGN KEY (app_id) REFERENCES micro_app (app_id)
);
CREATE TABLE micro_app_file (
  app_id VARCHAR(100) NOT NULL,
  code INTEGER NOT NULL,
  path VARCHAR(200) NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT pk_micro_app_file PRIMARY KEY (app_id, code, path),
  CONSTRAINT fk_micro_app_file_app_id_code_micro_app_version FOREIGN KEY (app_id, code)
    REFERENCES micro_app_version (app_id, code)
);
"""


def upgrade() -> None:
    op.execute(MICRO_APPS)
