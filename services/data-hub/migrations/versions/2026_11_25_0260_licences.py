"""Licence types, licences, authorisations, uses, and batches of licences."""

from alembic import op

revision = "2026_11_25_0260_licences"
down_revision = "2026_11_25_0240_services"
branch_labels = None
depends_on = None

LICENCES = """
CREATE TABLE licence_type (
  code VARCHAR(21) NOT NULL,
  name_zh VARCHAR(200) NOT NULL,
  name_en VARCHAR(200) NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name VARCHAR(200) NOT NULL,
  holder_kind VARCHAR(16) NOT NULL,
  valid_months INTEGER,
  renew_before_days INTEGER NOT NULL,
  renew_after_days INTEGER NOT NULL,
  fields JSONB NOT NULL,
  template JSONB NOT NULL,
  retired BOOLEAN NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_licence_type PRIMARY KEY (code)
);
CREATE INDEX ix_licence_type_department ON licence_type (department);
CREATE TABLE licence_counter (
  name VARCHAR(60) NOT NULL,
  used BIGINT NOT NULL,
  CONSTRAINT pk_licence_counter PRIMARY KEY (name)
);
CREATE TABLE licence (
  id UUID NOT NULL,
  type_code VARCHAR(21) NOT NULL,
  issuer VARCHAR(18) NOT NULL,
  serial VARCHAR(30) NOT NULL,
  version INTEGER NOT NULL,
  identifier VARCHAR(100) NOT NULL,
  holder_person UUID,
  holder_code VARCHAR(18),
  holder_shown TEXT NOT NULL,
  number_shown VARCHAR(40) NOT NULL,
  sealed BYTEA NOT NULL,
  valid_from DATE NOT NULL,
  valid_to DATE,
  status VARCHAR(16) NOT NULL,
  status_reason TEXT,
  status_at TIMESTAMP WITH TIME ZONE NOT NULL,
  status_list INTEGER NOT NULL,
  status_place INTEGER NOT NULL,
  batch UUID,
  issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
  issued_by TEXT NOT NULL,
  CONSTRAINT pk_licence PRIMARY KEY (id),
  CONSTRAINT uq_licence_identifier UNIQUE (identifier),
  CONSTRAINT uq_licence_type_code_serial_version UNIQUE (type_code, serial, version),
  CONSTRAINT uq_licence_status_list_status_place UNIQUE (status_list, status_place),
  CONSTRAINT fk_licence_type_code_licence_type FOREIGN KEY (type_code) REFERENCES licence_type (code)
);
CREATE INDEX ix_licence_batch ON licence (batch);
CREATE INDEX ix_licence_holder_code_id ON licence (holder_code, id);
CREATE INDEX ix_licence_holder_person_id ON licence (holder_person, id);
CREATE INDEX ix_licence_not_valid ON licence (status_list) WHERE status <> 'valid';
CREATE INDEX ix_licence_issuer_id ON licence (issuer, id);
CREATE TABLE licence_authorisation (
  id UUID NOT NULL,
  licence_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name VARCHAR(200) NOT NULL,
  matter VARCHAR(200) NOT NULL,
  fields JSONB NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  uses_left INTEGER,
  withdrawn_at TIMESTAMP WITH TIME ZONE,
  granted_by TEXT NOT NULL,
  granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_licence_authorisation PRIMARY KEY (id),
  CONSTRAINT fk_licence_authorisation_licence_id_licence FOREIGN KEY (licence_id) REFERENCES licence (id)
);
CREATE INDEX ix_licence_authorisation_department_id ON licence_authorisation (department, id);
CREATE INDEX ix_licence_authorisation_licence_id ON licence_authorisation (licence_id);
CREATE TABLE licence_use (
  id UUID NOT NULL,
  licence_id UUID NOT NULL,
  authorisation_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name VARCHAR(200) NOT NULL,
  actor TEXT NOT NULL,
  matter VARCHAR(200) NOT NULL,
  case_number VARCHAR(200),
  fields JSONB NOT NULL,
  outcome VARCHAR(40) NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_licence_use PRIMARY KEY (id),
  CONSTRAINT fk_licence_use_licence_id_licence FOREIGN KEY (licence_id) REFERENCES licence (id),
  CONSTRAINT fk_licence_use_authorisation_id_licence_authorisation FOREIGN KEY (authorisation_id)
    REFERENCES licence_authorisation (id)
);
CREATE INDEX ix_licence_use_licence_id_id ON licence_use (licence_id, id);
CREATE TABLE licence_batch (
  id UUID NOT NULL,
  type_code VARCHAR(21) NOT NULL,
  department VARCHAR(18) NOT NULL,
  row_count INTEGER NOT NULL,
  first_serial BIGINT NOT NULL,
  first_place BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_licence_batch PRIMARY KEY (id),
  CONSTRAINT fk_licence_batch_type_code_licence_type FOREIGN KEY (type_code) REFERENCES licence_type (code)
);
CREATE INDEX ix_licence_batch_department ON licence_batch (department);
CREATE TABLE licence_batch_part (
  batch UUID NOT NULL,
  part INTEGER NOT NULL,
  sealed BYTEA,
  issued INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_licence_batch_part PRIMARY KEY (batch, part),
  CONSTRAINT fk_licence_batch_part_batch_licence_batch FOREIGN KEY (batch) REFERENCES licence_batch (id)
);
CREATE TABLE licence_batch_fault (
  batch UUID NOT NULL,
  line INTEGER NOT NULL,
  faults JSONB NOT NULL,
  CONSTRAINT pk_licence_batch_fault PRIMARY KEY (batch, line),
  CONSTRAINT fk_licence_batch_fault_batch_licence_batch FOREIGN KEY (batch) REFERENCES licence_batch (id)
);
"""


def upgrade() -> None:
    op.execute(LICENCES)
