"""What happens to firm files after the commit."""

from citykit.work import Work
from enterprise.clients import data_hub
from enterprise.firms import repository
from enterprise.firms.service import Firms


async def refresh(work: Work, uscc: str) -> None:
    """Fetch the firm's facts anew and end a binding whose person the registry no longer names.

    While the registry is down the job fails and is tried again; nothing is changed on a guess.
    """
    entity = await data_hub.legal_entity(work.mesh, uscc)
    if entity is None:
        return
    firms = Firms(work)
    await firms.keep_facts(entity)
    standing = await repository.living_binding(work.session, uscc)
    if standing is None:
        return
    answer = await data_hub.representation(work.mesh, uscc, standing.person)
    if not answer.represents:
        await firms.end_binding(standing, reason="representative-changed", by="service:enterprise")
