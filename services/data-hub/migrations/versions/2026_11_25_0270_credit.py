"""Credit records, repair, ratings."""

from alembic import op

revision = "2026_11_25_0270_credit"
down_revision = "2026_11_25_0260_licences"
branch_labels = None
depends_on = None

CREDIT = """
CREATE TABLE credit_term (
  severity VARCHAR(16) NOT NULL,
  effective_from DATE NOT NULL,
  minimum_months INTEGER NOT NULL,
  maximum_months INTEGER NOT NULL,
  published BOOLEAN NOT NULL,
  source TEXT NOT NULL,
  CONSTRAINT pk_credit_term PRIMARY KEY (severity, effective_from)
);
CREATE TABLE credit_limit (
  act VARCHAR(32) NOT NULL,
  effective_from DATE NOT NULL,
  working_days INTEGER NOT NULL,
  source TEXT NOT NULL,
  CONSTRAINT pk_credit_limit PRIMARY KEY (act, effective_from)
);
CREATE TABLE credit_method (
  version VARCHAR(32) NOT NULL,
  effective_from DATE NOT NULL,
  method JSONB NOT NULL,
  CONSTRAINT pk_credit_method PRIMARY KEY (version)
);
CREATE TABLE credit_record (
  uscc VARCHAR(18) NOT NULL,
  id UUID NOT NULL,
  kind VARCHAR(16) NOT NULL,
  severity VARCHAR(16),
  title VARCHAR(200) NOT NULL,
  content TEXT NOT NULL,
  basis TEXT NOT NULL,
  document_number VARCHAR(200) NOT NULL,
  document_date DATE NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name VARCHAR(200) NOT NULL,
  state VARCHAR(16) NOT NULL,
  state_reason TEXT,
  repairable_from DATE,
  published_until DATE,
  published BOOLEAN NOT NULL,
  lifted_until DATE,
  lift_reason TEXT,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_credit_record PRIMARY KEY (uscc, id),
  CONSTRAINT uq_credit_record_uscc_department_kind_document_number UNIQUE (uscc, department, kind, document_number)
);
CREATE INDEX ix_credit_record_department_id ON credit_record (department, id);
CREATE TABLE credit_repair (
  uscc VARCHAR(18) NOT NULL,
  id UUID NOT NULL,
  record_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  applicant UUID NOT NULL,
  duties TEXT NOT NULL,
  commitment TEXT NOT NULL,
  supplements JSONB NOT NULL,
  state VARCHAR(16) NOT NULL,
  applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE,
  asked_at TIMESTAMP WITH TIME ZONE,
  alarmed_at TIMESTAMP WITH TIME ZONE,
  decided_at TIMESTAMP WITH TIME ZONE,
  decision TEXT,
  CONSTRAINT pk_credit_repair PRIMARY KEY (uscc, id)
);
CREATE UNIQUE INDEX uq_credit_repair_open ON credit_repair (uscc, record_id) WHERE state IN ('applied', 'supplement');
CREATE INDEX ix_credit_repair_department_id ON credit_repair (department, id);
CREATE TABLE credit_dispute (
  uscc VARCHAR(18) NOT NULL,
  id UUID NOT NULL,
  record_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  applicant UUID NOT NULL,
  reason TEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE NOT NULL,
  alarmed_at TIMESTAMP WITH TIME ZONE,
  decided_at TIMESTAMP WITH TIME ZONE,
  decision TEXT,
  CONSTRAINT pk_credit_dispute PRIMARY KEY (uscc, id)
);
CREATE UNIQUE INDEX uq_credit_dispute_open ON credit_dispute (uscc, record_id) WHERE state = 'raised';
CREATE INDEX ix_credit_dispute_department_id ON credit_dispute (department, id);
CREATE TABLE credit_delivery (
  uscc VARCHAR(18) NOT NULL,
  record_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  delivered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_credit_delivery PRIMARY KEY (uscc, record_id, department)
);
CREATE TABLE credit_recall (
  uscc VARCHAR(18) NOT NULL,
  record_id UUID NOT NULL,
  department VARCHAR(18) NOT NULL,
  why VARCHAR(16) NOT NULL,
  told_at TIMESTAMP WITH TIME ZONE NOT NULL,
  acknowledge_by TIMESTAMP WITH TIME ZONE NOT NULL,
  acknowledged_at TIMESTAMP WITH TIME ZONE,
  note TEXT,
  alarmed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_credit_recall PRIMARY KEY (uscc, record_id, department)
);
CREATE INDEX ix_credit_recall_department_told_at ON credit_recall (department, told_at);
CREATE TABLE credit_rating (
  uscc VARCHAR(18) NOT NULL,
  id UUID NOT NULL,
  rated_on DATE NOT NULL,
  method VARCHAR(32) NOT NULL,
  facts JSONB NOT NULL,
  result JSONB NOT NULL,
  fingerprint VARCHAR(64) NOT NULL,
  rated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_credit_rating PRIMARY KEY (uscc, id)
);
CREATE INDEX ix_credit_rating_uscc_rated_on ON credit_rating (uscc, rated_on);
CREATE TABLE credit_report (
  uscc VARCHAR(18) NOT NULL,
  number VARCHAR(32) NOT NULL,
  department VARCHAR(18),
  content JSONB NOT NULL,
  valid_until DATE NOT NULL,
  issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_credit_report PRIMARY KEY (uscc, number)
);
"""

# The periods are those of the document named. The limits in working days are samples: the city has to set its own.
REFERENCE = """
INSERT INTO credit_term (severity, effective_from, minimum_months, maximum_months, published, source) VALUES
  ('minor', '2025-03-31', 0, 3, false, '国办发〔2025〕22号：轻微失信信息原则上不公示，最长不超过3个月'),
  ('general', '2025-03-31', 3, 12, true, '国办发〔2025〕22号：一般失信信息公示期最短3个月、最长1年'),
  ('serious', '2025-03-31', 12, 36, true, '国办发〔2025〕22号：严重失信信息公示期最短1年、最长3年');
INSERT INTO credit_limit (act, effective_from, working_days, source) VALUES
  ('repair', '2025-01-01', 10, '示例值，待本市规定 Sample value: the city has to set its own'),
  ('dispute', '2025-01-01', 7, '示例值，待本市规定 Sample value: the city has to set its own'),
  ('recall', '2025-01-01', 3, '示例值，待本市规定 Sample value: the city has to set its own');
INSERT INTO credit_method (version, effective_from, method) VALUES ('2026-1', '2026-01-01', '{
  "title": "衡水市企业公共信用综合评价方法（示例） Public credit rating of firms (sample)",
  "beginning": 85,
  "points": {"penalty/serious": -40, "penalty/general": -15, "penalty/minor": -3, "honour": 5, "basic": 1},
  "most": {"honour": 15, "basic": 3},
  "grades": [["A", 90], ["B", 75], ["C", 60], ["D", 0]],
  "source": "示例方法，仅依据行政记录，不含个人信息 A sample: administrative records only, nothing about persons"
}');
"""


def upgrade() -> None:
    op.execute(CREDIT)
    op.execute(REFERENCE)
