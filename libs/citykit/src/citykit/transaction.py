"""One database transaction, by statements of the driver, by a session, or by both in turn, on one connection.

A session is made where somebody asks for it: an act that needs none pays for none.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from psycopg import AsyncConnection, Error
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.ext.asyncio import AsyncConnection as AsyncAlchemyConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.util import greenlet_spawn

from citykit.database import driver


class Transaction:
    """Begins with its first statement. Its owner commits and closes it."""

    def __init__(self, engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._engine = engine
        self._sessions = sessions
        self._session: AsyncSession | None = None
        self._lent: PoolProxiedConnection | None = None

    @property
    def session(self) -> AsyncSession:
        """The session of this transaction; what the driver did before is part of it."""
        if self._session is None:
            if self._lent is None:
                self._session = self._sessions()
            else:
                shared = Connection(self._engine.sync_engine, connection=self._lent)
                self._session = self._sessions(bind=AsyncAlchemyConnection(self._engine, shared))
        return self._session

    async def driver(self) -> AsyncConnection[Any]:
        """The psycopg connection of this transaction. What a session holds back is not flushed by asking for it."""
        if self._lent is None:
            if self._session is not None:
                return await driver(self._session)
            self._lent = await self._engine.raw_connection()
        connection = self._lent.driver_connection
        if not isinstance(connection, AsyncConnection):
            raise TypeError("the driver under the engine is not psycopg")
        return connection

    @property
    def has_begun(self) -> bool:
        """Whether a session or a connection was asked for: something may have been done already."""
        return self._session is not None or self._lent is not None

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection on which one statement is a whole transaction. Only where nothing has begun."""
        assert not self.has_begun
        connection = await self.driver()
        await connection.set_autocommit(True)
        try:
            yield connection
        finally:
            if not connection.closed:
                await connection.set_autocommit(False)

    async def flush(self) -> None:
        """Send what the session holds back."""
        if self._session is not None:
            inner = self._session.sync_session
            if inner.new or inner.dirty or inner.deleted:
                await self._session.flush()

    async def commit(self) -> None:
        """Make it last."""
        if self._session is not None:
            await self._session.commit()
        if self._lent is not None:
            connection = await self.driver()
            if connection.info.transaction_status is not TransactionStatus.IDLE:
                await connection.commit()

    async def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        try:
            if self._session is not None:
                await self._session.close()
        finally:
            if self._lent is not None:
                connection = await self.driver()
                lent, self._lent = self._lent, None
                with suppress(Error):
                    if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
                        await connection.rollback()
                if connection.closed:
                    # The server is gone or was: no connection from before is worth a try, as after a session's error.
                    await greenlet_spawn(self._engine.sync_engine.pool._invalidate, lent)
                else:
                    await greenlet_spawn(lent.close)
