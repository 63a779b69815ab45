"""One transaction and what it may touch: one per request, per event received, per job."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from citykit import ledger
from citykit.audit import AuditTrail
from citykit.calendar import WorkingCalendar
from citykit.clock import Clock
from citykit.jobs import Jobs
from citykit.mesh import Mesh
from citykit.transaction import Transaction
from citykit.usage import AccessLog
from citykit.vault import Vault

if TYPE_CHECKING:
    from citykit.events import EventLog


@dataclass(frozen=True, slots=True)
class Work:
    """What an act may touch. Whoever opened it commits; an act never does.

    Events, jobs, audit entries and access-log lines are collected and written just before the commit, in the same
    transaction: either all of it happened or nothing.
    """

    transaction: Transaction
    clock: Clock
    calendar: WorkingCalendar
    events: "EventLog"
    audit: AuditTrail
    access: AccessLog
    jobs: Jobs
    mesh: Mesh
    vault: Vault
    settings: Any  # the service's own ServiceSettings subclass

    @property
    def session(self) -> AsyncSession:
        """The session of this transaction."""
        return self.transaction.session

    async def driver(self) -> AsyncConnection[Any]:
        """The psycopg connection of this transaction, for statements of the hot path."""
        return await self.transaction.driver()

    async def flush(self) -> None:
        """Write what was collected. The owner of the transaction calls it before it commits."""
        await self.transaction.flush()
        events, reads, notes, jobs = self.events.take(), self.access.take(), self.audit.take(), self.jobs.take()
        if events or reads or notes or jobs:
            connection = await self.transaction.driver()
            await ledger.write(connection, events=events, reads=reads, notes=notes, jobs=jobs)


class Opener:
    """Opens works for one process."""

    def __init__(self, make: Any) -> None:
        self._make = make

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Work]:
        """A work whose transaction is committed at the end, and rolled back on any exception."""
        work: Work = self._make()
        try:
            yield work
            await work.flush()
            await work.transaction.commit()
        finally:
            await work.transaction.close()


async def _work(request: Request) -> AsyncIterator[Work]:
    async with request.app.state.city.open_work() as work:
        yield work


# `scope="function"`: the commit happens before the response leaves; with the default scope a failed commit has
# already answered 200.
WorkInRequest = Annotated[Work, Depends(_work, scope="function")]

__all__ = ["Opener", "Work", "WorkInRequest"]
