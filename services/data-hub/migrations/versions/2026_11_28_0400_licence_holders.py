"""Licences whose holder the registry does not know yet, parts of batches that failed, places of credit reports."""

from alembic import op

revision = "2026_11_28_0400_licence_holders"
down_revision = "2026_11_28_0300_registry_readers"
branch_labels = None
depends_on = None

AWAITING = """
CREATE TABLE licence_awaiting (
  licence_id UUID NOT NULL,
  holder_index BYTEA NOT NULL,
  CONSTRAINT pk_licence_awaiting PRIMARY KEY (licence_id),
  CONSTRAINT fk_licence_awaiting_licence_id_licence FOREIGN KEY (licence_id) REFERENCES licence (id)
);
CREATE INDEX ix_licence_awaiting_holder_index_licence_id ON licence_awaiting (holder_index, licence_id);
"""
PLACES = """
CREATE SEQUENCE credit_report_place_number AS BIGINT MINVALUE 0 START WITH 0;
CREATE TABLE credit_report_place (
  uscc VARCHAR(18) NOT NULL,
  number VARCHAR(32) NOT NULL,
  status_list INTEGER NOT NULL,
  status_place INTEGER NOT NULL,
  valid_until DATE NOT NULL,
  CONSTRAINT pk_credit_report_place PRIMARY KEY (uscc, number)
);
CREATE INDEX ix_credit_report_place_status_list_valid_until ON credit_report_place (status_list, valid_until);
"""


def upgrade() -> None:
    """Small tables beside the great ones: neither licences nor reports are locked or scanned for them."""
    op.execute(AWAITING)
    op.execute("ALTER TABLE licence_batch_part ADD COLUMN failure TEXT")
    op.execute(PLACES)
