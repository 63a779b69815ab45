"""A batch has its turn and ends, whatever happens: what would go wrong for ever does not hold up those behind it."""

from typing import Any

import pytest
from psycopg import sql
from psycopg.errors import UndefinedTable

from citykit.actors import Actor, ActorKind
from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets
from data_hub.ingest.jobs import load
from data_hub.ingest.schemas import BatchDraft
from data_hub.ingest.service import Ingest
from data_hub.ingest.tickets import Tickets

from .factories import (
    AIR,
    BAD,
    ECOLOGY,
    GOOD,
    act,
    batch_of,
    brought,
    published,
    quarantined,
    rows_of,
    seen,
    sent,
    table,
)
from .test_mending import mended

LAST = ("1079A", "2026-11-01 08:00:00", "7", "优")
FOR_EVER = ["XX000", "42P01", "25006", "57014", "54000"]  # internal, no such table, read only, took too long, a limit
PASSING = ["40P01", "40001", "53300", "57P03"]  # deadlock, serialization, too many connections, not ready yet


async def broken(city: ServiceUnderTest, sqlstate: str) -> None:
    """Every row that comes into the table of the resource meets a fault of the database."""
    async with city.work() as work:
        name = sql.Identifier((await Datasets(work).need(AIR)).table)
        connection = await work.driver()
        body = sql.Literal(f"begin raise exception 'broken' using errcode = '{sqlstate}'; end")
        await connection.execute(
            sql.SQL("create or replace function broken() returns trigger language plpgsql as {}").format(body)
        )
        await connection.execute(
            sql.SQL("create trigger broken before insert on {} for each row execute function broken()").format(name)
        )


async def whole_again(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await (await work.driver()).execute("drop function if exists broken() cascade")


class TestAFaultThatStays:
    @pytest.mark.parametrize("sqlstate", FOR_EVER)
    async def test_ends_the_batch_and_lets_the_next_have_its_turn(self, city: ServiceUnderTest, sqlstate: str) -> None:
        await published(city)
        await broken(city, sqlstate)
        first = await brought(city, table(GOOD))
        expected = {"57014": "too-long", "54000": "unstorable"}.get(sqlstate, "unexpected")
        assert first["state"] == ("refused" if sqlstate == "54000" else "failed")
        assert first["fault"]["code"] == expected
        assert first["fault"]["zh"]
        [told] = {one["event"]["eventType"] for one in (await seen(city, "lineage", batch=first["id"]))["items"]} - {
            "START"
        }
        assert told == "FAIL"
        await whole_again(city)
        assert (await brought(city, table([LAST])))["state"] == "loaded"
        if first["state"] == "failed":
            assert (await act(city, f"{AIR}/batches/{first['id']}/completion")).status_code == 202
            await city.drain()
            assert (await batch_of(city, first["id"]))["state"] == "loaded"

    async def test_outside_of_the_rows_leaves_nothing_of_the_batch(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def wrong(self: Tickets, *_: Any) -> None:
            await (await self.work.driver()).execute("select 1 / 0")

        await published(city)
        with monkeypatch.context() as patched:
            patched.setattr(Tickets, "raise_for", wrong)
            batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        assert (batch["state"], batch["fault"]["code"], batch["accepted"]) == ("failed", "unexpected", 0)
        assert batch["fault"]["sqlstate"] == "22012"
        assert await rows_of(city) == []
        assert await quarantined(city, batch["id"]) == []
        assert (await brought(city, table([LAST])))["state"] == "loaded"

    async def test_ends_a_replay_whose_rows_stay_mended(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        await mended(city, row["id"])
        await broken(city, "42P01")
        assert (await act(city, f"{AIR}/batches/{batch['id']}/replays")).status_code == 202
        await city.drain()
        done = await batch_of(city, batch["id"])
        assert (done["state"], done["fault"]["code"], done["accepted"]) == ("loaded", "unexpected", 3)
        assert [one["state"] for one in await quarantined(city, batch["id"])] == ["mended"]
        await whole_again(city)
        assert (await act(city, f"{AIR}/batches/{batch['id']}/replays")).status_code == 202
        await city.drain()
        assert (await batch_of(city, batch["id"]))["accepted"] == 4


class TestAFaultThatPasses:
    @pytest.mark.parametrize("sqlstate", PASSING)
    async def test_lets_the_batch_come_again_before_those_behind_it(
        self, city: ServiceUnderTest, sqlstate: str
    ) -> None:
        await published(city)
        await broken(city, sqlstate)
        first = (await sent(city, table(GOOD))).json()
        await city.drain()
        assert (await batch_of(city, first["id"]))["state"] in ("queued", "running")
        await whole_again(city)
        second = (await sent(city, table([LAST]))).json()
        city.clock.advance(minutes=10)
        await city.drain()
        for batch in (first, second):
            assert (await batch_of(city, batch["id"]))["state"] == "loaded"
        assert [row["station"] for row in await rows_of(city)] == ["1074A", "1075A", "1074A", "1079A"]


async def brought_at_once(city: ServiceUnderTest) -> None:
    """A batch made and loaded in one transaction, as the sample's are."""
    author = Actor(subject="data-hub", kind=ActorKind.service, department=ECOLOGY)
    async with city.work() as work:
        batch = await Ingest(work).upload(AIR, BatchDraft(), table(GOOD), by=author)
        await load(work, str(batch.id))


class TestABatchOfTheSameTransaction:
    async def test_does_not_end_in_silence(self, city: ServiceUnderTest) -> None:
        await published(city)
        await broken(city, "42P01")
        with pytest.raises(UndefinedTable):
            await brought_at_once(city)
