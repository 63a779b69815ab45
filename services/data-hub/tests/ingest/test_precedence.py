"""Which batch has the last word: a row that is mended late comes in beside what was brought meanwhile, not over it."""

import asyncio
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.ingest.service import LOAD_TASK, REPLAY_TASK

from .factories import (
    AIR,
    BUREAU,
    RESOURCES,
    act,
    batch_of,
    brought,
    known_id,
    published,
    quarantined,
    raw,
    rows_of,
    sent,
    table,
)
from .test_mending import mended, replayed

EIGHT, NINE = "2026-11-01 08:00:00", "2026-11-01 09:00:00"
GOOD = ("1074A", EIGHT, "57", "良")
BROKEN = ("1076A", EIGHT, "999", "优")
OTHER = ("1077A", EIGHT, "888", "优")
RIGHT = {"aqi": "99"}
NUMBER = {"name": "number", "title": "证件号码", "type": "string", "required": True, "sensitivity": "personal"}


async def values(city: ServiceUnderTest) -> dict[tuple[str, str], int]:
    return {(row["station"], row["hour"][11:13]): row["aqi"] for row in await rows_of(city)}


async def left(city: ServiceUnderTest, batch: dict[str, Any]) -> dict[int, tuple[str, str]]:
    """The state and the first reason of each row of quarantine, by line."""
    rows = await quarantined(city, batch["id"])
    return {row["line"]: (row["state"], row["faults"][0]["rule"]) for row in rows}


async def mend_all(city: ServiceUnderTest, batch: dict[str, Any], values: dict[str, str] | None = None) -> None:
    for row in await quarantined(city, batch["id"]):
        await mended(city, row["id"], values or RIGHT)


class TestAMendedRow:
    @pytest.mark.parametrize("merge", ["merge", "append", "replace"])
    async def test_never_overwrites_what_a_later_batch_brought(self, city: ServiceUnderTest, merge: str) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN, OTHER]), mode="row-by-row", merge=merge)
        await brought(city, table([("1076A", EIGHT, "30", "优")]))
        await mend_all(city, first)
        done = await replayed(city, first["id"])
        assert await values(city) == {("1074A", "00"): 57, ("1076A", "00"): 30, ("1077A", "00"): 99}
        assert await left(city, first) == {2: ("superseded", "newer"), 3: ("loaded", "range")}
        [late, _] = await quarantined(city, first["id"])
        assert (late["faults"][0]["column"], bool(late["settled_at"])) == ("station", True)
        assert "后来的批次" in late["faults"][0]["zh"]
        assert "A later batch" in late["faults"][0]["en"]
        assert (done["state"], done["accepted"], done["quarantined"]) == ("loaded", 2, 0)

    @pytest.mark.parametrize("merge", ["merge", "replace"])
    async def test_never_comes_into_a_table_that_was_loaded_anew(self, city: ServiceUnderTest, merge: str) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN, OTHER]), mode="row-by-row", merge=merge)
        await brought(city, table([("1074A", NINE, "57", "良")]), merge="replace")
        [row, _] = await quarantined(city, first["id"])
        await mended(city, row["id"], RIGHT)
        done = await replayed(city, first["id"])
        assert await values(city) == {("1074A", "01"): 57}
        assert await left(city, first) == {2: ("superseded", "replaced"), 3: ("superseded", "replaced")}
        assert (done["state"], done["quarantined"]) == ("loaded", 0)
        assert await raw(city, "select state from ingest_ticket where state <> 'closed'") == []

    async def test_overwrites_what_was_brought_before_it(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table([("1076A", EIGHT, "30", "优")]))
        second = await brought(city, table([GOOD, BROKEN]), mode="row-by-row")
        await mend_all(city, second)
        await replayed(city, second["id"])
        assert (await values(city))["1076A", "00"] == 99

    async def test_yields_to_a_later_batch_that_only_repeated_what_was_there(self, city: ServiceUnderTest) -> None:
        await published(city)
        right = table([("1076A", EIGHT, "30", "优")])
        await brought(city, right)
        before = (await rows_of(city))[0]["_loaded_at"]
        second = await brought(city, table([GOOD, BROKEN]), mode="row-by-row")
        await brought(city, right)
        await mend_all(city, second)
        await replayed(city, second["id"])
        assert await left(city, second) == {2: ("superseded", "newer")}
        row = next(row for row in await rows_of(city) if row["station"] == "1076A")
        assert (row["aqi"], row["_loaded_at"]) == (30, before)  # those who follow the data hear of no change

    async def test_whose_key_is_sealed_is_told_apart_all_the_same(self, city: ServiceUnderTest) -> None:
        items = [
            NUMBER,
            {"name": "aqi", "title": "数", "type": "integer", "rules": [{"kind": "range", "maximum": "500"}]},
        ]
        await published(city, items=items, key=["number"])
        head = ("number", "aqi")
        first = await brought(city, table([("a1", "1"), ("a2", "999"), ("a3", "999")], head), mode="row-by-row")
        await brought(city, table([("a2", "30")], head))
        await mend_all(city, first)
        await replayed(city, first["id"])
        rows = await rows_of(city)
        assert sorted(row["aqi"] for row in rows) == [1, 30, 99]
        assert all(row["_key"] for row in rows)
        assert await left(city, first) == {2: ("superseded", "newer"), 3: ("loaded", "range")}


class TestAtOnce:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    async def test_two_replays_end_with_what_was_brought_last(
        self, city: ServiceUnderTest, order: tuple[int, int]
    ) -> None:
        await published(city)
        batches = [
            await brought(city, table([("1074A", hour, "57", "良"), BROKEN]), mode="row-by-row")
            for hour in (EIGHT, NINE)
        ]
        for batch, aqi in zip(batches, ("11", "22"), strict=True):
            await mend_all(city, batch, {"aqi": aqi})
        for place in order:
            assert (await act(city, f"{AIR}/batches/{batches[place]['id']}/replays")).status_code == 202
        await city.drain()
        assert (await values(city))["1076A", "00"] == 22
        expected = {2: ("loaded", "range")} if order == (0, 1) else {2: ("superseded", "newer")}
        assert await left(city, batches[0]) == expected
        assert await left(city, batches[1]) == {2: ("loaded", "range")}

    async def test_a_replay_and_a_table_loaded_anew_that_is_played_again_itself(self, city: ServiceUnderTest) -> None:
        await published(city)
        old = await brought(city, table([GOOD, BROKEN]), mode="row-by-row")
        new = await brought(city, table([("1074A", NINE, "57", "良"), OTHER]), mode="row-by-row", merge="replace")
        for batch in (old, new):
            await mend_all(city, batch)
        for batch in (old, new):
            assert (await act(city, f"{AIR}/batches/{batch['id']}/replays")).status_code == 202
        await city.drain()
        assert await left(city, old) == {2: ("superseded", "replaced")}
        assert await values(city) == {("1074A", "01"): 57, ("1077A", "00"): 99}

    async def test_a_batch_that_comes_in_before_the_replay_has_its_turn(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN]), mode="row-by-row")
        await mend_all(city, first)
        assert (await sent(city, table([("1076A", EIGHT, "30", "优")]))).status_code == 202
        assert (await act(city, f"{AIR}/batches/{first['id']}/replays")).status_code == 202
        await city.drain()
        assert (await values(city))["1076A", "00"] == 30
        again = await act(city, f"{AIR}/batches/{first['id']}/replays")
        assert (again.status_code, again.json()["type"]) == (409, "/problems/batch-state")

    async def test_a_batch_and_a_replay_in_two_workers_end_alike(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN]), mode="row-by-row")
        await mend_all(city, first)
        second = (await sent(city, table([("1076A", EIGHT, "30", "优")]))).json()
        assert (await act(city, f"{AIR}/batches/{first['id']}/replays")).status_code == 202
        await asyncio.gather(
            city.run_task(REPLAY_TASK, batch=first["id"]), city.run_task(LOAD_TASK, batch=second["id"])
        )
        await city.drain()
        assert (await values(city))["1076A", "00"] == 30
        for batch in (first, second):
            assert (await batch_of(city, batch["id"]))["state"] == "loaded"

    async def test_a_replay_of_what_was_withdrawn_meanwhile_leaves_the_batch_loaded(
        self, city: ServiceUnderTest
    ) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN]), mode="row-by-row")
        await mend_all(city, first)
        assert (await act(city, f"{AIR}/batches/{first['id']}/replays")).status_code == 202
        reviewer = city.token(["data-hub.resources.review"], subject=str(known_id()), department=BUREAU)
        gone = await city.client.post(f"{RESOURCES}/{AIR}/withdrawals", json={"reason": "停止"}, headers=reviewer)
        assert gone.status_code < 300, gone.text
        await city.drain()
        done = await batch_of(city, first["id"])
        assert (done["state"], done["fault"]["code"], done["quarantined"]) == ("loaded", "withdrawn", 1)


class TestAWholeBatch:
    async def test_played_again_leaves_out_what_a_later_batch_brought(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN, ("1078A", EIGHT, "5", "优")]))
        assert first["state"] == "refused"
        await brought(city, table([("1076A", EIGHT, "30", "优"), ("1074A", EIGHT, "31", "优")]))
        await mend_all(city, first)
        done = await replayed(city, first["id"])
        assert await values(city) == {("1074A", "00"): 31, ("1076A", "00"): 30, ("1078A", "00"): 5}
        assert await left(city, first) == {1: ("superseded", "newer"), 2: ("superseded", "newer")}
        assert (done["state"], done["parsed"], done["accepted"], done["quarantined"]) == ("loaded", 3, 1, 0)

    async def test_that_replaces_the_table_keeps_what_a_later_batch_brought(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table([("1070A", EIGHT, "1", "优")]))
        first = await brought(city, table([GOOD, BROKEN]), merge="replace")
        await brought(city, table([("1076A", EIGHT, "30", "优"), ("1079A", EIGHT, "31", "优")]))
        await mend_all(city, first)
        await replayed(city, first["id"])
        assert await values(city) == {("1074A", "00"): 57, ("1076A", "00"): 30, ("1079A", "00"): 31}
        assert await raw(city, "select row_count from dataset where resource = %s", AIR) == [(3,)]

    @pytest.mark.parametrize("merge", ["merge", "replace"])
    async def test_is_refused_once_the_table_was_loaded_anew(self, city: ServiceUnderTest, merge: str) -> None:
        await published(city)
        first = await brought(city, table([GOOD, BROKEN]), merge=merge)
        await brought(city, table([("1074A", NINE, "57", "良")]), merge="replace")
        await mend_all(city, first)
        done = await replayed(city, first["id"])
        assert (done["state"], done["fault"]["code"], done["quarantined"]) == ("refused", "replaced", 0)
        assert await values(city) == {("1074A", "01"): 57}
        assert await left(city, first) == {2: ("superseded", "replaced")}
        assert (await act(city, f"{AIR}/batches/{first['id']}/replays")).status_code == 409
        assert (await batch_of(city, first["id"]))["state"] == "refused"
