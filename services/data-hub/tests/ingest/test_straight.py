"""Rows go straight into the data set where only they themselves can keep them out; else the long way tells the same."""

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets

from .factories import AIR, AIR_ITEMS, BAD, GOOD, brought, published, quarantined, reasons, rows_of, table

PERSONAL = [one | ({"sensitivity": "personal"} if one["name"] in ("station", "aqi") else {}) for one in AIR_ITEMS]
OTHERS = [("1090A", "2026-11-02 08:00:00", "7", "优"), ("1091A", "2026-11-02 08:00:00", "", "良")]
TWIN = ("1074A", "2026-11-01 08:00:00", "58", "良")
TWINNED = ("1099A", "2026-11-03 08:00:00", "57", "良")


@pytest.fixture(params=[AIR_ITEMS, PERSONAL], ids=["open", "sealed"])
async def air(request: pytest.FixtureRequest, city: ServiceUnderTest) -> ServiceUnderTest:
    """The hub with a published resource, none of whose items are personal, or some."""
    await published(city, items=request.param)
    return city


async def kept(city: ServiceUnderTest) -> list[tuple[str, str, str]]:
    """Station, index and level of all rows, opened, in the order in which they came."""
    async with city.work() as work:
        datasets = Datasets(work)
        sealed = datasets.sealed(await datasets.need(AIR))
    told = []
    for row in await rows_of(city):
        if sealed:
            row |= {n: row[n] and sealed.open(n, bytes.fromhex(row[n][2:])) for n in ("station", "aqi")}
        told.append((row["station"], "" if row["aqi"] is None else str(row["aqi"]), row["level"]))
    return told


def said(*rows: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """The same of rows of a file."""
    return [(station, aqi, level) for station, _, aqi, level in rows]


async def numbers(city: ServiceUnderTest) -> list[int]:
    """The numbers of the rows; one is spent on each row that is written, whatever becomes of it."""
    return [row["_id"] for row in await rows_of(city)]


class TestTheFirstRows:
    async def test_are_written_once_in_the_order_of_the_file(self, air: ServiceUnderTest) -> None:
        batch = await brought(air, table([*GOOD, *OTHERS]))
        assert (batch["state"], batch["accepted"], batch["inserted"], batch["changed"]) == ("loaded", 5, 5, 0)
        assert await kept(air) == said(*GOOD, *OTHERS)
        assert await numbers(air) == [1, 2, 3, 4, 5]
        assert {row["_batch"] for row in await rows_of(air)} == {batch["id"]}

    async def test_leave_a_bad_one_behind(self, air: ServiceUnderTest) -> None:
        batch = await brought(air, table([GOOD[0], BAD, GOOD[1]]), mode="row-by-row")
        assert (batch["state"], batch["accepted"], batch["quarantined"]) == ("loaded", 2, 1)
        assert await kept(air) == said(*GOOD[:2])
        assert await numbers(air) == [1, 2]

    async def test_take_the_long_way_where_two_are_one(self, air: ServiceUnderTest) -> None:
        batch = await brought(air, table([*GOOD, TWIN]), mode="row-by-row")
        assert (batch["state"], batch["accepted"], batch["quarantined"]) == ("loaded", 3, 1)
        (row,) = await quarantined(air, batch["id"])
        assert (row["line"], reasons(row)) == (4, {"station/unique"})
        assert await kept(air) == said(*GOOD)
        assert min(await numbers(air)) > 3  # the first try spent its numbers, and left nothing else
        assert batch["parsed"] == 4

    async def test_are_none_where_all_must_come_and_two_are_one(self, air: ServiceUnderTest) -> None:
        batch = await brought(air, table([*GOOD, TWIN, BAD]))
        assert (batch["state"], batch["quarantined"]) == ("refused", 2)
        assert await rows_of(air) == []

    async def test_meet_those_that_are_there(self, air: ServiceUnderTest) -> None:
        await brought(air, table(GOOD))
        batch = await brought(air, table([TWIN, *OTHERS]))
        assert (batch["inserted"], batch["changed"]) == (2, 1)
        assert sorted(await kept(air)) == sorted(said(TWIN, *GOOD[1:], *OTHERS))


class TestAWholeTable:
    async def test_is_replaced_by_good_rows(self, air: ServiceUnderTest) -> None:
        await brought(air, table(GOOD))
        batch = await brought(air, table([GOOD[0], *OTHERS]), merge="replace")
        assert (batch["state"], batch["inserted"]) == ("loaded", 3)
        assert await kept(air) == said(GOOD[0], *OTHERS)

    @pytest.mark.parametrize("wrong", [BAD, TWIN], ids=["bad", "twin"])
    async def test_stays_as_it_was_where_one_row_is_wrong(self, air: ServiceUnderTest, wrong: tuple[str, ...]) -> None:
        await brought(air, table([*GOOD, *OTHERS]))
        before = await rows_of(air)
        batch = await brought(air, table([GOOD[0], wrong, *OTHERS]), merge="replace")
        assert (batch["state"], batch["quarantined"]) == ("refused", 1)
        assert await rows_of(air) == before
        async with air.work() as work:
            assert (await Datasets(work).need(AIR)).replaced is None

    async def test_is_replaced_but_for_the_twin_row_by_row(self, air: ServiceUnderTest) -> None:
        await brought(air, table(OTHERS))
        batch = await brought(air, table([*GOOD, TWIN]), merge="replace", mode="row-by-row")
        assert (batch["state"], batch["inserted"], batch["quarantined"]) == ("loaded", 3, 1)
        assert await kept(air) == said(*GOOD)


class TestRowsWithoutAKey:
    async def test_are_added_to_those_that_are_there(self, city: ServiceUnderTest) -> None:
        await published(city, items=PERSONAL, key=[])
        await brought(city, table(GOOD), merge="append")
        batch = await brought(city, table([*GOOD, *OTHERS]), merge="append")
        assert (batch["state"], batch["inserted"]) == ("loaded", 5)
        assert await kept(city) == said(*GOOD, *GOOD, *OTHERS)
        assert await numbers(city) == list(range(1, 9))

    async def test_wait_where_an_item_that_is_unique_stands_twice(self, city: ServiceUnderTest) -> None:
        items = [one | ({"rules": [{"kind": "unique"}]} if one["name"] == "aqi" else {}) for one in PERSONAL]
        await published(city, items=items, key=[])
        batch = await brought(city, table([*GOOD, TWINNED]), merge="append", mode="row-by-row")
        (row,) = await quarantined(city, batch["id"])
        assert (row["line"], reasons(row)) == (4, {"aqi/unique"})
        assert await kept(city) == said(*GOOD)
