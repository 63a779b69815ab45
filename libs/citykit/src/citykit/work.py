"""One transaction and what it may touch: one per request, per event received, per job."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends
from psycopg import AsyncConnection, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from citykit.audit import AuditTrail
from citykit.calendar import WorkingCalendar
from citykit.clock import Clock
from citykit.jobs import Jobs
from citykit.ledger import Ledger, Staged, seeing, text_of
from citykit.mesh import Mesh
from citykit.problems import Unavailable
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
    staged: list[Staged] = field(default_factory=list)

    @property
    def session(self) -> AsyncSession:
        """The session of this transaction."""
        return self.transaction.session

    async def driver(self) -> AsyncConnection[Any]:
        """The psycopg connection of this transaction, for statements of the hot path."""
        return await self.transaction.driver()

    def stage(self, parts: str, values: Mapping[str, Any]) -> None:
        """Keep changes for the commit whose answer nobody needs before it: `name as (insert …)` parts of a WITH.

        They are written with the events and audit entries in one statement. Where an act does nothing else, this
        statement is the whole transaction: one round trip instead of four. Names and values must be the act's own.
        """
        self.staged.append(Staged(parts, values))

    async def seen(self, found: str, values: Mapping[str, Any], persons: Collection[str]) -> list[tuple[Any, ...]]:
        """Read rows of `persons` in the one statement that also writes what the access log has noted of them.

        `found` is a SELECT whose first column is `reference`, the person as her access log names her. Of a person who
        is not there no line is written. Where the act has done nothing before, the statement is a transaction of its
        own: one round trip instead of four. Raises Unavailable where the database cannot.
        """
        statement, given = seeing(found), {**values, "reads": text_of(self.access.take(persons))}
        try:
            if self.transaction.has_begun:
                return await (await (await self.driver()).execute(statement, given, prepare=True)).fetchall()
            async with self.transaction.autocommit() as connection:
                return await (await connection.execute(statement, given, prepare=True)).fetchall()
        except OperationalError as error:
            raise Unavailable(headers={"Retry-After": "2"}) from error

    def _ledger(self) -> Ledger:
        staged, self.staged[:] = list(self.staged), []
        return Ledger(
            events=self.events.take(), reads=self.access.take(), notes=self.audit.take(), jobs=self.jobs.take(),
            staged=staged,
        )  # fmt: skip

    async def flush(self) -> None:
        """Write what was collected, inside the transaction."""
        await self.transaction.flush()
        ledger = self._ledger()
        if not ledger.is_empty:
            await ledger.write(await self.transaction.driver())

    async def finish(self) -> None:
        """Write what was collected and commit. The owner of the transaction calls it at the end."""
        if self.transaction.has_begun:
            await self.flush()
            await self.transaction.commit()
            return
        ledger = self._ledger()
        if ledger.is_empty:
            return
        if ledger.is_one_statement:
            async with self.transaction.autocommit() as connection:
                await ledger.write(connection)
        else:
            await ledger.write(await self.transaction.driver())
            await self.transaction.commit()


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
            await work.finish()
        finally:
            await work.transaction.close()


async def _work(request: Request) -> AsyncIterator[Work]:
    async with request.app.state.city.open_work() as work:
        yield work


# `scope="function"`: the commit happens before the response leaves; with the default scope a failed commit has
# already answered 200.
WorkInRequest = Annotated[Work, Depends(_work, scope="function")]

__all__ = ["Opener", "Work", "WorkInRequest"]
