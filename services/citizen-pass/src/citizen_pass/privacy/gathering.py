"""Asks all five services who read a person's data. A silent one is named, or stops what must be whole."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from citizen_pass.clients.usage import (
    NEIGHBOURS,
    ReadersView,
    UsagePageView,
    UsageView,
    readers_of,
    usages_of,
)
from citizen_pass.privacy.errors import TooManyUsages
from citykit.actors import Actor
from citykit.mesh import NeighbourRefused, NeighbourUnavailable
from citykit.usage import ReadersQuery, UsageQuery, readers, usages
from citykit.work import Work

OWN = "citizen-pass"
SERVICES = (*NEIGHBOURS, OWN)
AT_ONCE = 1000  # the most that a service answers at once
MOST = 50_000  # of one service in one file

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Gathering:
    """The questions of one person within one transaction."""

    work: Work
    by: Actor

    async def newest(self, query: UsageQuery) -> dict[str, UsagePageView]:
        """What each service that answers knows."""
        return await self._all(lambda name: self.page(name, query))

    async def readers(self, query: ReadersQuery) -> dict[str, ReadersView]:
        """Who read in each service that answers."""
        return await self._all(lambda name: self._readers(name, query))

    async def everything(self, query: UsageQuery) -> dict[str, list[UsageView]]:
        """All reads of the question in all services, newest first.

        Raises TooManyUsages, and NeighbourUnavailable where one does not answer: a file that lacks its reads would look
        like a whole one.
        """
        told = await self._all(lambda name: self._pages(name, query))
        for name in SERVICES:
            if name not in told:
                raise NeighbourUnavailable(name)
        return told

    async def page(self, name: str, query: UsageQuery) -> UsagePageView:
        """The page that one service answers. Raises NeighbourUnavailable, NeighbourRefused."""
        if name != OWN:
            return await usages_of(self.work.mesh, name, query, by=self.by)
        return UsagePageView.model_validate((await usages(self.work.session, OWN, query)).model_dump())

    async def _pages(self, name: str, query: UsageQuery) -> list[UsageView]:
        """Page after page until the last. A read that happens meanwhile moves the pages on: who comes twice is one."""
        found: dict[object, UsageView] = {}
        for offset in range(0, MOST, AT_ONCE):
            page = await self.page(name, query.model_copy(update={"offset": offset, "limit": AT_ONCE}))
            found |= {usage.id: usage for usage in page.usages}
            if page.total_usages > MOST:
                break
            if len(page.usages) < AT_ONCE:
                return list(found.values())
        raise TooManyUsages()

    async def _readers(self, name: str, query: ReadersQuery) -> ReadersView:
        if name != OWN:
            return await readers_of(self.work.mesh, name, query, by=self.by)
        return ReadersView.model_validate((await readers(self.work.session, query)).model_dump())

    async def _all(self, ask: Callable[[str], Awaitable[Answer]]) -> dict[str, Answer]:
        """The answers of those who answer, by service. The neighbours are asked at once."""
        answers = await asyncio.gather(*(_patiently(ask(name)) for name in NEIGHBOURS))
        told = {name: answer for name, answer in zip(NEIGHBOURS, answers, strict=True) if answer is not None}
        return told | {OWN: await ask(OWN)}


async def _patiently(asked: Awaitable[Answer]) -> Answer | None:
    try:
        return await asked
    except (NeighbourUnavailable, NeighbourRefused):
        return None
