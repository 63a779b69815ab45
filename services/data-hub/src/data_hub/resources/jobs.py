"""What happens to resources by itself: rows are sealed as their descriptions say."""

from citykit.service import Task
from citykit.work import Work
from data_hub.resources.sealing import SEAL_TASK, Sealing

_PATIENCE = "set local statement_timeout = '30min'; set local idle_in_transaction_session_timeout = '30min'"


async def seal(work: Work, resource: str) -> None:
    """Seal the rows of a resource."""
    await (await work.driver()).execute(_PATIENCE)
    await Sealing(work).seal(resource)


async def find(work: Work) -> None:
    """Queue the resources whose rows are to be sealed."""
    await Sealing(work).find()


TASKS = (
    Task(SEAL_TASK, seal),
    Task("data-hub.resources.find-unsealed", find, every="*/10 * * * *"),
)
