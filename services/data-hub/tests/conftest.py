"""The data hub as it runs, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from psycopg import sql

from citykit.testing import ServiceUnderTest, service_fixture

hub = service_fixture("data_hub.main:service")
ROW_TABLES = "select tablename from pg_tables where schemaname = current_schema() and tablename like 'data\\_%'"


@pytest.fixture
async def city(hub: ServiceUnderTest) -> AsyncIterator[ServiceUnderTest]:
    """The running data hub; tables of rows that a test made go with it."""
    yield hub
    async with hub.work() as work:
        connection = await work.driver()
        for (name,) in await (await connection.execute(ROW_TABLES)).fetchall():
            await connection.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
