"""How long licences of a type last, those entered from paper with its number, and who issues beside whom."""

from alembic import op

revision = "2026_11_28_1400_terms"
down_revision = "2026_11_28_0900_merging"
branch_labels = None
depends_on = None

TYPES = """
ALTER TABLE licence_type ADD COLUMN validity VARCHAR(8) DEFAULT 'months' NOT NULL,
  ADD COLUMN stock BOOLEAN DEFAULT false NOT NULL;
UPDATE licence_type SET validity = 'long' WHERE valid_months IS NULL;
"""
# No licence has such a number yet: the index is empty, and one glance at the table makes it. Made concurrently it would
# wait for the processes that wait for this migration.
PAPERS = """
ALTER TABLE licence ADD COLUMN paper_index BYTEA;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX uq_licence_paper ON licence (type_code, issuer, paper_index)
  WHERE paper_index IS NOT NULL AND status IN ('valid', 'suspended');
"""
ISSUERS = """
CREATE TABLE licence_type_issuer (
  type_code VARCHAR(21) NOT NULL,
  department VARCHAR(18) NOT NULL,
  department_name VARCHAR(200) NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_licence_type_issuer PRIMARY KEY (type_code, department),
  CONSTRAINT fk_licence_type_issuer_type_code_licence_type FOREIGN KEY (type_code) REFERENCES licence_type (code)
);
"""


def upgrade() -> None:
    """Types keep the terms that they had, and the one issuer that they name."""
    op.execute(TYPES)
    op.execute(PAPERS)
    op.execute(ISSUERS)
