"""The words of the access log: names and titles as they were when somebody read, kept with the line."""

from citykit.migrations import kernel_0002

revision = "2026_11_28_0630_access_words"
down_revision = "2026_11_24_2310_hotline"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kernel_0002()


def downgrade() -> None:
    raise NotImplementedError("the names of that day stand in no other place")
