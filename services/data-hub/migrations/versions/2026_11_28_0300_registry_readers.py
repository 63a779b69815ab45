"""Who read a legal entity, whence a record moved away, and how a relation of persons ended."""

from alembic import op

revision = "2026_11_28_0300_registry_readers"
down_revision = "2026_11_28_0200_sealed_files"
branch_labels = None
depends_on = None

READERS = """
CREATE TABLE legal_entity_reader (
  uscc TEXT NOT NULL,
  department TEXT NOT NULL,
  whole BOOLEAN NOT NULL,
  read_on DATE NOT NULL,
  CONSTRAINT pk_legal_entity_reader PRIMARY KEY (uscc, department)
)
"""


def upgrade() -> None:
    """A table of its own for readers: reads never touch the rows of the entities. The columns stay empty until used."""
    op.execute(READERS)
    op.execute("ALTER TABLE registry_change ADD COLUMN left_division TEXT")
    op.execute("ALTER TABLE person_relation ADD COLUMN end_statement UUID")
    op.execute("ALTER TABLE person_relation ADD COLUMN ended_at TIMESTAMPTZ")
