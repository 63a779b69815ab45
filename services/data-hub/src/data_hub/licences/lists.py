"""The status of licences' credentials as Token Status Lists, made of the statuses as they are."""

import asyncio
from typing import Annotated

from fastapi import Depends

from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.licences import repository
from data_hub.licences.forms import Forms
from data_hub.seals.service import Seals


class StatusLists:
    """Makes the lists."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def token(self, number: int) -> str:
        """The signed list. Raises NotFound where no licence stands in it, SealsMissing."""
        statuses = await repository.listed_statuses(self.work, number)
        if statuses is None:
            raise NotFound
        seals = Seals(self.work.settings)
        uri = Forms(seals, self.work.settings.public_url).status_list(number)
        return await asyncio.to_thread(seals.status_list, statuses, uri=uri, at=self.work.clock.now())


async def status_lists(work: WorkInRequest) -> StatusLists:
    """The lists, for a handler."""
    return StatusLists(work)


StatusListsInRequest = Annotated[StatusLists, Depends(status_lists)]
