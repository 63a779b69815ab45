"""Token Status Lists (IETF draft-ietf-oauth-status-list): the status of credentials, for verifiers who ask nobody else.

Two bits for each place: 0 valid, 1 invalid for good, 2 suspended. Terms are in the credentials themselves.
"""

import asyncio
from typing import Annotated

from fastapi import Depends

from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.licences import repository
from data_hub.licences.domain import STATUS_BITS, packed
from data_hub.licences.forms import Forms
from data_hub.seals.service import Seals

TYPE = "statuslist+jwt"
TIME_TO_LIVE, COUNTS_FOR = 60, 86_400


class StatusLists:
    """Makes status lists of the statuses as they are."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def token(self, number: int) -> str:
        """The signed list. Raises NotFound where no licence stands in it, SealsMissing."""
        statuses = await repository.listed_statuses(self.work, number)
        if statuses is None:
            raise NotFound
        seals = Seals(self.work.settings)
        now = int(self.work.clock.now().timestamp())
        payload = {
            "sub": Forms(seals, self.work.settings.public_url).status_list(number), "iss": seals.issuer, "iat": now,
            "exp": now + COUNTS_FOR, "ttl": TIME_TO_LIVE,
            "status_list": {"bits": STATUS_BITS, "lst": await asyncio.to_thread(packed, statuses)},
        }  # fmt: skip
        return seals.jws(payload, typ=TYPE)


async def status_lists(work: WorkInRequest) -> StatusLists:
    """The lists, for a handler."""
    return StatusLists(work)


StatusListsInRequest = Annotated[StatusLists, Depends(status_lists)]
