"""Rows that are stated a thousand at once say what they say one by one, and one that is refused is refused alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from citykit.identifiers import gb11643
from citykit.testing import ServiceUnderTest, at
from data_hub.registries.feeding.jobs import feed_registry, find_batches
from data_hub.registries.legal_entities.errors import EntityStateProblem
from data_hub.registries.legal_entities.service import LegalEntities

from .factories import FIRM, MARKET, OTHER_FIRM, POLICE, register
from .test_corrections import DECIDE, FLOOR, HOUSING, SUPERVISE
from .test_feeding import (
    FEEDS,
    HOUSEHOLDS,
    LEASES,
    LI,
    PEOPLE_ITEMS,
    REGISTER,
    RUBBER,
    WANG,
    brought,
    fed,
    feeding,
    firms_feeding,
    last,
    person_of,
    published,
    seen,
    set_feed,
)

AT_ONCE = "data_hub.registries.feeding.jobs.ROWS_AT_ONCE"
NAMES = ("李秀英", "王建国", "张伟", "")
PEOPLES = ("汉族", "回族", "火星人", "")
STREETS = ("河北省衡水市桃城区人民路1号", "河北省衡水市冀州区新华路3号", "路", "")
PHONES = ("13900000001", "13900000002", "12", "")
PERSONS = 6


def number_of(county: str, person: int) -> str:
    first_17 = f"{county}19850315{110 + 2 * person:03d}"
    return first_17 + gb11643.check_character(first_17)


def drawn(draw: Random, rows: int) -> list[tuple[int, ...]]:
    """Rows as persons and places in the lists of values: some say too little, some what is no value."""
    pools, often = (NAMES, PEOPLES, STREETS, PHONES), (0, 0, 0, 1, 1, 1, 2, 3)
    return [(draw.randrange(PERSONS), *(draw.choice(often) for _ in pools)) for _ in range(rows)]


def rows_of(county: str, drawn_rows: Sequence[tuple[int, ...]]) -> list[tuple[str, ...]]:
    return [
        (number_of(county, person), *(pool[n] for pool, n in zip((NAMES, PEOPLES, STREETS, PHONES), told, strict=True)))
        for person, *told in drawn_rows
    ]


async def asked(city: ServiceUnderTest, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    async with city.work() as work:
        return await (await (await work.driver()).execute(statement.encode(), values)).fetchall()


async def kept_of(city: ServiceUnderTest, county: str) -> dict[int, Any]:
    """All that the registry keeps of each person of a county, but for her numbers and the instants."""
    found: dict[int, Any] = {}
    for person in range(PERSONS):
        shown = number_of(county, person)
        async with city.work() as work:
            index = work.vault.index("id-number", shown)
        ids = [
            str(one)
            for (one,) in await asked(city, "select person from person_number where id_number_index = %s", index)
        ]
        parts = {
            "row": "select name, former_names, name_bigrams, sex, birth_date, ethnicity, state, state_since,"
            " division_code, address_shown, phone_shown, version, cardinality(match_keys) from person"
            " where id::text = any(%s)",
            "values": "select field, case field when 'id_number' then '' else value end, true_from, true_to,"
            " known_to is null, sealed is null, act, department, batch is null, stated_at from person_value v"
            " join registry_statement s on s.id = v.statement where person::text = any(%s)",
            "conflicts": "select field, value, true_from, true_to, stated_by, source_department, state"
            " from registry_conflict where subject = any(%s)",
            "changes": "select act, fields, division_code, left_division from registry_change where subject = any(%s)",
            "events": "select type, data -> 'fields' from event_log where subject = any(%s)",
            "deliveries": "select task_name from procrastinate_jobs"
            " where lock in (select 'deliver/citizen-pass/' || p from unnest(%s::text[]) p)",
            "audit": "select act, seq from audit_entry"
            " where stream in (select 'person/' || p from unnest(%s::text[]) p)",
            "records": "select act, seq from audit_entry"
            " where stream in (select 'registry-record/population/' || p from unnest(%s::text[]) p)",
            "said": "select k from registry_feed_said, jsonb_object_keys(said) k where subject = any(%s)",
            "readers": "select action, fields from personal_access"
            " where person in (select 'person:' || p from unnest(%s::text[]) p)",
        }  # fmt: skip
        found[person] = {
            name: sorted(map(repr, await asked(city, statement, ids))) for name, statement in parts.items()
        }
    return found


async def told_of(city: ServiceUnderTest, feed: str) -> tuple[Any, Any]:
    """What became of a feed's rows, and which it refused."""
    runs = await asked(
        city,
        "select registered, changed, unchanged, conflicts, refused, state from registry_feed_run where feed::text = %s"
        " order by brought_at", feed,
    )  # fmt: skip
    faults = await asked(city, "select field, item, code, reason from registry_feed_fault where feed::text = %s", feed)
    return runs, Counter(faults)


class TestTogether:
    @pytest.mark.parametrize("seed", range(4))
    async def test_rows_leave_the_same_one_by_one_and_together(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        """Unknown and known records, contradicted sources, numbers that come again, wrong and empty cells."""
        city.clock.set(at("2026-11-01 10:00"))
        naming = {
            "registry": "population", "field": "phone", "valid_from": "2026-01-01", "department": HOUSING,
            "department_name": "住建局", "legal_basis": "一数一源",
        }  # fmt: skip
        draw = Random(seed)
        batches, feeds = [drawn(draw, 14), drawn(draw, 14)], {}
        for county in ("131102", "131103"):
            await register(city, id_number=number_of(county, 0))
            await register(city, id_number=number_of(county, 1), source={"department": HOUSING, "batch": "h-1"})
        if seed % 2:
            answer = await city.client.post(f"{FLOOR}/sources", json=naming, headers=city.token([SUPERVISE]))
            assert answer.status_code == 201, answer.text
        sides = (("131102", HOUSEHOLDS, 1), ("131103", LEASES, 1000))
        for county, code, _ in sides:
            await published(city, code, PEOPLE_ITEMS, POLICE, [])
            feeds[county] = (await set_feed(city, resource=code)).json()["feed"]
        for day, batch in enumerate(batches):
            city.clock.set(at(f"2026-11-1{day} 10:00"))
            for county, code, most in sides:
                monkeypatch.setattr(AT_ONCE, most)
                await brought(city, code, rows_of(county, batch), POLICE, merge="append")
                await fed(city)
        one_by_one, together = [await told_of(city, feeds[county]) for county, _, _ in sides]
        assert together == one_by_one
        assert await kept_of(city, "131103") == await kept_of(city, "131102")

    async def test_a_row_that_the_database_refuses_is_refused_alone(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        others = [(number_of("131121", n), "张伟", "汉族", "", "") for n in range(PERSONS)]
        async with refusing(city, "person", "name <> '王建国'"):
            await brought(city, HOUSEHOLDS, [LI, *others[:3], WANG, *others[3:]], POLICE)
            await fed(city)
        assert await last(city, feed) == {"registered": PERSONS + 1, "refused": 1}
        (fault,) = (await seen(city, f"{FEEDS}/{feed}/faults"))["items"]
        assert (fault["row"], fault["code"], fault["shown"]) == (5, "unexpected", "131102********0028")
        assert (await person_of(city))["name"] == "李*英"
        kinds = Counter(event.subject for event in await city.events() if event.type.endswith("person.changed.v1"))
        assert sorted(kinds.values()) == [1] * (PERSONS + 1)

    async def test_a_change_that_the_database_refuses_is_refused_whole_and_alone(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        await brought(city, HOUSEHOLDS, [LI, WANG], POLICE)
        await fed(city)
        moved = [(*LI[:3], "河北省衡水市冀州区新华路3号", LI[4]), (*WANG[:3], "河北省衡水市深州市1号", "13900000003")]
        async with refusing(city, "person", "phone_shown <> '139****0003'"):
            await brought(city, HOUSEHOLDS, moved, POLICE, merge="replace")
            await fed(city)
        assert await last(city, feed) == {"changed": 1, "refused": 1}
        numbers = dict(await asked(city, "select id_number_shown, version from person"))
        assert numbers == {"131102********0049": 2, "131102********0028": 1}
        assert len(await asked(city, "select from person_value where known_to is not null")) == 1

    @pytest.mark.parametrize("capital", ["500000000", "600000000"])
    async def test_a_value_that_the_registry_refuses_takes_its_row_with_it_and_no_other(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, capital: str
    ) -> None:
        """Also where another value of the row, its capital, was stated before."""
        feed = await firms_feeding(city)
        nameless = (OTHER_FIRM, "衡水无名有限公司", *RUBBER[2:])
        await brought(city, REGISTER, [RUBBER, nameless], MARKET)
        await fed(city)
        correct = LegalEntities.correct

        async def refuse(self: LegalEntities, row: Any, correction: Any, **said: Any) -> Any:
            if (row.uscc, correction.field) == (OTHER_FIRM, "name"):
                raise EntityStateProblem
            return await correct(self, row, correction, **said)

        monkeypatch.setattr(LegalEntities, "correct", refuse)
        named = [(*one[:1], "衡水改名有限公司", *one[2:6], capital, "") for one in (RUBBER, nameless)]
        await brought(city, REGISTER, named, MARKET, merge="replace")
        await fed(city)
        market = city.token([DECIDE], department=MARKET)
        assert await last(city, feed, market) == {"changed": 1, "refused": 1}
        (fault,) = (await seen(city, f"{FEEDS}/{feed}/faults", market))["items"]
        assert (fault["shown"], fault["code"]) == (OTHER_FIRM, "legal-entity-state")
        kept = await asked(city, "select name, capital_fen, version from legal_entity where uscc = %s", OTHER_FIRM)
        assert kept == [("衡水无名有限公司", 500_000_000, 1)]
        ((name,),) = await asked(city, "select name from legal_entity where uscc = %s", FIRM)
        assert name == "衡水改名有限公司"


class TestTwoFeeds:
    async def test_speak_of_the_same_records_crosswise(self, city: ServiceUnderTest) -> None:
        persons = [(number_of("131122", n), "张伟", "汉族", "", "") for n in range(8)]
        feeds = [await feeding(city), await feeding(city, LEASES, HOUSING)]
        await brought(city, HOUSEHOLDS, persons[:4], POLICE)
        await fed(city)
        called = [(*one[:4], f"1390000001{n}") for n, one in enumerate(persons)]
        await brought(city, HOUSEHOLDS, called, POLICE, merge="replace")
        await brought(city, LEASES, called[::-1], HOUSING)
        async with city.work() as work:
            await find_batches(work)

        async def run(feed: str) -> None:
            async with city.work() as work:
                await feed_registry(work, feed)

        await asyncio.gather(*(run(feed) for feed in feeds))
        await city.drain()
        assert len(await asked(city, "select from person")) == 8
        assert await asked(city, "select state from registry_feed_run where state <> 'done'") == []

    async def test_one_waits_for_a_person_whom_the_other_enters_and_knows_her_then(
        self, city: ServiceUnderTest
    ) -> None:
        for code, department, rows in (
            (HOUSEHOLDS, POLICE, [LI]), (LEASES, HOUSING, [WANG, (*LI[:4], "13900000007")]),
        ):  # fmt: skip
            await published(city, code, PEOPLE_ITEMS, department, ["zjhm"])
            await brought(city, code, rows, department)
        feeds = [str((await set_feed(city, resource=code)).json()["feed"]) for code in (HOUSEHOLDS, LEASES)]
        async with city.work() as work:
            await find_batches(work)

        async def run(feed: str) -> None:
            async with city.work() as work:
                await feed_registry(work, feed)

        async with city.work() as first:
            await feed_registry(first, feeds[0])
            await first.flush()
            second = asyncio.create_task(run(feeds[1]))
            await asyncio.sleep(0.5)
            assert not second.done()
        await second
        supervisor = city.token([SUPERVISE])
        assert await last(city, feeds[1], supervisor) == {"registered": 1, "unchanged": 1, "conflicts": 1}
        assert await asked(city, "select field, stated_by from registry_conflict") == [("phone", HOUSING)]


@asynccontextmanager
async def refusing(city: ServiceUnderTest, table: str, rule: str) -> AsyncIterator[None]:
    """For a while the database refuses rows that break a rule."""
    async with city.work() as work:
        await (await work.driver()).execute(
            f"alter table {table} add constraint refusing check ({rule}) not valid".encode()
        )
    yield
    async with city.work() as work:
        await (await work.driver()).execute(f"alter table {table} drop constraint refusing".encode())
