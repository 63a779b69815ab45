"""The data hub as it runs, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from psycopg import sql

from citykit.testing import ServiceUnderTest, service_fixture
from data_hub.opened_reads import OpenedReads
from launcher.keyring import new_mesh_key
from launcher.sealing import seal_files
from launcher.stamping import EVIDENCE_KEY, authority_files

SECRETS = {**seal_files(rsa_bits=2048), **authority_files(), EVIDENCE_KEY: new_mesh_key("evidence-test")}
hub = service_fixture("data_hub.main:service", files=SECRETS)
ROW_TABLES = "select tablename from pg_tables where schemaname = current_schema() and tablename like 'data\\_%'"


@pytest.fixture
async def city(hub: ServiceUnderTest) -> AsyncIterator[ServiceUnderTest]:
    """The running data hub; tables of rows that a test made go with it."""
    yield hub
    await OpenedReads.of(hub.app.state).write()  # what was noted of its readers goes with it, too
    async with hub.work() as work:
        connection = await work.driver()
        for (name,) in await (await connection.execute(ROW_TABLES)).fetchall():
            await connection.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
