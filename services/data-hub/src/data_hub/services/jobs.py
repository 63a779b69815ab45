"""What happens to data services by itself: files are made, and cleared away."""

from uuid import UUID

from citykit.service import Task
from citykit.work import Work
from data_hub.services.exports import TASK as MAKE_EXPORT
from data_hub.services.exports import Exports


async def make_export(work: Work, export: str) -> None:
    """Make a file."""
    await Exports(work).make(UUID(export))


async def clear_exports(work: Work) -> None:
    """Take away files that were kept long enough."""
    await Exports(work).clear()


TASKS = (
    Task(MAKE_EXPORT, make_export),
    Task("data-hub.services.clear-exports", clear_exports, every="37 * * * *"),
)
