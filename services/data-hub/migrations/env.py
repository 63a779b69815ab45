"""The environment that alembic runs in: the kernel's."""

from citykit.migrations import run

run()
