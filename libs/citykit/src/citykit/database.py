"""The way to this service's own schema: engine, sessions, column types. No service reads another's tables."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import DateTime, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import UserDefinedType, Uuid

from citykit.ids import new_id
from citykit.settings import ServiceSettings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_DRIVER = "citykit.driver"

Uuid7Key = Annotated[UUID, mapped_column(Uuid, primary_key=True, default=new_id)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Box(UserDefinedType[str]):
    """PostgreSQL's `box`: a bounding box under a GiST index, without PostGIS."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "box"


def new_metadata() -> MetaData:
    """Metadata with the naming convention, so that every constraint has a name that a migration can say.

    A service's models stand on `class Base(DeclarativeBase): metadata = new_metadata()` in its `database.py`.
    """
    return MetaData(naming_convention=NAMING)


def open_engine(settings: ServiceSettings) -> AsyncEngine:
    """The engine of one process.

    Every connection runs in UTC with bounded statements and locks, so that no request can hold the city up; a pool
    that stays empty for two seconds answers 503 instead of queueing callers without end.
    """
    options = (
        f"-c timezone=UTC -c statement_timeout={settings.statement_timeout_ms}"
        f" -c lock_timeout={settings.lock_timeout_ms} -c idle_in_transaction_session_timeout=60000"
    )
    return create_async_engine(
        settings.database_url,
        # No overflow: a connection beyond the pool's size is closed after its request, and opening one costs ten reads.
        pool_size=settings.pool_size * 2,
        max_overflow=0,
        pool_timeout=2,
        pool_pre_ping=False,
        # Sessions and transactions roll back what they did not commit before they give a connection back.
        pool_reset_on_return=None,
        connect_args={"options": options, "application_name": "city", "connect_timeout": 5},
    )


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose objects stay readable after the commit: the answer is built from them."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=True)


async def driver(session: AsyncSession) -> AsyncConnection[Any]:
    """The psycopg connection under `session`, inside the same transaction: for prepared hot paths, COPY and jobs."""
    inner = session.sync_session
    transaction, connection = inner.info.get(_DRIVER, (None, None))
    if connection is None or transaction is not inner.get_transaction():
        raw = await (await session.connection()).get_raw_connection()
        connection = raw.driver_connection
        # Kept for the length of this transaction: asking the pool's layers again costs as much as a short statement.
        inner.info[_DRIVER] = inner.get_transaction(), connection
    if not isinstance(connection, AsyncConnection):
        raise TypeError("the driver under the session is not psycopg")
    return connection
