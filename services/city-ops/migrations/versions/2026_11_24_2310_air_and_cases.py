"""The kernel's tables, the air with its orders, and cases."""

from alembic import op

from citykit.migrations import kernel_0001

revision = "2026_11_24_2310_air_and_cases"
down_revision = None
branch_labels = None
depends_on = None

AIR = """
CREATE TABLE air_stations (
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  longitude FLOAT(53) NOT NULL,
  latitude FLOAT(53) NOT NULL,
  division_code TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_air_stations PRIMARY KEY (code)
);
CREATE TABLE air_hours (
  station_code TEXT NOT NULL,
  observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  day DATE NOT NULL,
  revision BIGINT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  pm2_5 NUMERIC(9, 3),
  pm10 NUMERIC(9, 3),
  so2 NUMERIC(9, 3),
  no2 NUMERIC(9, 3),
  co NUMERIC(9, 3),
  o3 NUMERIC(9, 3),
  aqi BIGINT,
  primary_pollutants TEXT[] NOT NULL,
  individual JSONB NOT NULL,
  missing TEXT[] NOT NULL,
  standard TEXT NOT NULL,
  CONSTRAINT pk_air_hours PRIMARY KEY (station_code, observed_at),
  CONSTRAINT fk_air_hours_station_code_air_stations FOREIGN KEY(station_code) REFERENCES air_stations (code)
);
CREATE INDEX ix_air_hours_station_code_day ON air_hours (station_code, day);
CREATE TABLE air_hour_revisions (
  station_code TEXT NOT NULL,
  observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  revision BIGINT NOT NULL,
  concentrations JSONB NOT NULL,
  aqi BIGINT,
  standard TEXT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  superseded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_air_hour_revisions PRIMARY KEY (station_code, observed_at, revision)
);
CREATE TABLE air_days (
  station_code TEXT NOT NULL,
  day DATE NOT NULL,
  hours BIGINT NOT NULL,
  validity_standard TEXT NOT NULL,
  computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  pm2_5 NUMERIC(9, 3),
  pm10 NUMERIC(9, 3),
  so2 NUMERIC(9, 3),
  no2 NUMERIC(9, 3),
  co NUMERIC(9, 3),
  o3 NUMERIC(9, 3),
  aqi BIGINT,
  primary_pollutants TEXT[] NOT NULL,
  individual JSONB NOT NULL,
  missing TEXT[] NOT NULL,
  standard TEXT NOT NULL,
  CONSTRAINT pk_air_days PRIMARY KEY (station_code, day),
  CONSTRAINT fk_air_days_station_code_air_stations FOREIGN KEY(station_code) REFERENCES air_stations (code)
);
CREATE TABLE environment_orders (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  rule_code TEXT NOT NULL,
  matter TEXT NOT NULL,
  station_code TEXT NOT NULL,
  division_code TEXT NOT NULL,
  observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  aqi BIGINT NOT NULL,
  primary_pollutants TEXT[] NOT NULL,
  standard TEXT NOT NULL,
  state TEXT NOT NULL,
  department_code TEXT,
  department_name TEXT,
  legal_basis TEXT,
  raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
  assigned_at TIMESTAMP WITH TIME ZONE,
  acknowledge_by TIMESTAMP WITH TIME ZONE NOT NULL,
  acknowledged_at TIMESTAMP WITH TIME ZONE,
  acknowledged_by UUID,
  due_at TIMESTAMP WITH TIME ZONE NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  done_by UUID,
  report TEXT,
  CONSTRAINT pk_environment_orders PRIMARY KEY (id),
  CONSTRAINT uq_environment_orders_number UNIQUE (number),
  CONSTRAINT fk_environment_orders_station_code_air_stations FOREIGN KEY(station_code) REFERENCES air_stations (code)
);
CREATE INDEX ix_environment_orders_raised_at_id ON environment_orders (raised_at, id);
CREATE INDEX ix_environment_orders_station_code_observed_at ON environment_orders (station_code, observed_at);
CREATE UNIQUE INDEX uq_environment_orders_open ON environment_orders (station_code) WHERE state <> 'done';
CREATE SEQUENCE environment_order_numbers;
"""

CASES = """
CREATE TABLE cases (
  id UUID NOT NULL,
  number TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT,
  outcome_text TEXT,
  source_kind TEXT NOT NULL,
  source_reference UUID,
  source_round BIGINT,
  source_number TEXT,
  source_due_at TIMESTAMP WITH TIME ZONE,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  class_code TEXT,
  class_version TEXT,
  standard BIGINT,
  longitude FLOAT(53),
  latitude FLOAT(53),
  address TEXT,
  division_code TEXT,
  division_name TEXT,
  reporter UUID,
  reported_by TEXT NOT NULL,
  reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
  department_code TEXT,
  department_name TEXT,
  handlers TEXT[] NOT NULL,
  result TEXT,
  handled_at TIMESTAMP WITH TIME ZONE,
  verified_at TIMESTAMP WITH TIME ZONE,
  closed_at TIMESTAMP WITH TIME ZONE,
  stage_started_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_cases PRIMARY KEY (id),
  CONSTRAINT uq_cases_number UNIQUE (number)
);
CREATE INDEX ix_cases_department_code_reported_at ON cases (department_code, reported_at);
CREATE INDEX ix_cases_reported_at_id ON cases (reported_at, id);
CREATE INDEX ix_cases_reporter_reported_at ON cases (reporter, reported_at);
CREATE UNIQUE INDEX uq_cases_source_reference_source_round ON cases (source_reference, source_round)
  WHERE source_reference is not null;
CREATE TABLE case_trail (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  act TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  by TEXT NOT NULL,
  department_code TEXT,
  note TEXT,
  stage_due_at TIMESTAMP WITH TIME ZONE,
  in_time BOOLEAN,
  due_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_case_trail PRIMARY KEY (id),
  CONSTRAINT fk_case_trail_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_trail_case_id_id ON case_trail (case_id, id);
CREATE TABLE case_extensions (
  id UUID NOT NULL,
  case_id UUID NOT NULL,
  amount BIGINT NOT NULL,
  unit TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_by TEXT,
  decided_at TIMESTAMP WITH TIME ZONE,
  note TEXT,
  CONSTRAINT pk_case_extensions PRIMARY KEY (id),
  CONSTRAINT fk_case_extensions_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_extensions_case_id_asked_at ON case_extensions (case_id, asked_at);
CREATE UNIQUE INDEX uq_case_extensions_asked ON case_extensions (case_id) WHERE state = 'asked';
CREATE TABLE case_photos (
  id UUID NOT NULL,
  case_id UUID,
  purpose TEXT,
  owner TEXT NOT NULL,
  media_type TEXT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  sha256 BYTEA NOT NULL,
  content BYTEA NOT NULL,
  uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_case_photos PRIMARY KEY (id),
  CONSTRAINT fk_case_photos_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE INDEX ix_case_photos_case_id ON case_photos (case_id);
CREATE INDEX ix_case_photos_loose ON case_photos (uploaded_at) WHERE case_id is null;
CREATE SEQUENCE case_numbers;
"""


def upgrade() -> None:
    kernel_0001()
    op.execute(AIR)
    op.execute(CASES)


def downgrade() -> None:
    raise NotImplementedError("the first migration is not taken back: drop the schema")
