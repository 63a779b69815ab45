"""Quality rules, each by the rows that break it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest

from .factories import PERMITS, act, brought, published, quarantined, raw, reasons, rows_of, table

CITIZEN, FIRM = "131102200002290019", "91131102MA07XY3K94"


async def one_item(city: ServiceUnderTest, type_: str, *rules: dict[str, Any], **more: Any) -> None:
    """A resource whose rows have a number and one item."""
    await published(
        city, PERMITS, key=["number"], **more,
        items=[{"name": "number", "title": "编号", "type": "integer", "required": True},
               {"name": "value", "title": "取值", "type": type_, "rules": list(rules)}],
    )  # fmt: skip


async def verdicts(city: ServiceUnderTest, values: list[str], **query: Any) -> list[set[str]]:
    """What the rules say to each value."""
    rows = [(str(at), value) for at, value in enumerate(values, 1)]
    batch = await brought(
        city, table(rows, ("number", "value")), PERMITS, mode="row-by-row", **query
    )  # fmt: skip
    assert batch["state"] == "loaded", batch["fault"]
    bad = {row["line"]: reasons(row) for row in await quarantined(city, batch["id"], PERMITS)}
    return [bad.get(at, set()) for at in range(1, len(values) + 1)]


TYPES: list[tuple[str, list[str], list[Any], list[str]]] = [
    ("integer", ["7", "-7", " 7 ", "７", ""], [7, -7, 7, 7, None], ["7.5", "seven", "9" * 30, "1e3", "0x1f"]),
    ("number", ["7.50", "-0.1", "1e3", "１.５"], [7.5, -0.1, 1000, 1.5], ["NaN", "inf", "1,5", "--1", "9" * 200]),
    ("boolean", ["true", "否", "1", "N"], [True, False, True, False], ["maybe", "2"]),
    ("date", ["2026-02-28", "2026/2/8", "20260228", "2026年2月28日"],
     ["2026-02-28", "2026-02-08", "2026-02-28", "2026-02-28"],
     ["2026-02-30", "28.2.2026", "2026-13-01", "10000-01-01"]),
    ("datetime", ["2026-02-28 08:00:00", "2026-02-28T08:00:00Z", "2026-02-28T08:00:00+08:00", "2026/02/28 08:00"],
     ["2026-02-28T00:00:00+00:00", "2026-02-28T08:00:00+00:00", "2026-02-28T00:00:00+00:00",
      "2026-02-28T00:00:00+00:00"], ["2026-02-28 25:00:00", "yesterday", "2026-02-30T00:00:00Z"]),
]  # fmt: skip


class TestType:
    @pytest.mark.parametrize(("type_", "good", "kept", "bad"), TYPES, ids=[case[0] for case in TYPES])
    async def test_is_kept_by_values_of_it_alone(
        self, city: ServiceUnderTest, type_: str, good: list[str], kept: list[Any], bad: list[str]
    ) -> None:
        await one_item(city, type_)
        said = await verdicts(city, good + bad)
        assert said == [set()] * len(good) + [{"value/type"}] * len(bad)
        assert [row["value"] for row in await rows_of(city, PERMITS)] == kept

    async def test_of_a_number_keeps_every_digit(self, city: ServiceUnderTest) -> None:
        await one_item(city, "number")
        await verdicts(city, ["0.1234567890123456789012345", "12345678901234567890.5"])
        async with city.work() as work:
            connection = await work.driver()
            [(name,)] = await (await connection.execute("select table_name from dataset")).fetchall()
            found = await connection.execute(f"select value::text from {name} order by number")
            assert await found.fetchall() == [("0.1234567890123456789012345",), ("12345678901234567890.5",)]

    async def test_required_values_are_there(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([("", "2026-11-01 08:00:00", "1", "优")]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        assert "station/required" in reasons(row)


class TestRules:
    async def test_range_of_numbers_times_and_days(self, city: ServiceUnderTest) -> None:
        await one_item(city, "number", {"kind": "range", "minimum": "-1.5", "maximum": "2"})
        assert await verdicts(city, ["-1.5", "2", "-1.51", "2.0001", ""]) == [
            set(), set(), {"value/range"}, {"value/range"}, set(),
        ]  # fmt: skip

    async def test_range_of_days(self, city: ServiceUnderTest) -> None:
        await one_item(city, "date", {"kind": "range", "minimum": "2020-01-01"})
        assert await verdicts(city, ["2020-01-01", "2019-12-31"]) == [set(), {"value/range"}]

    async def test_code_list(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string", {"kind": "codes", "values": ["A", "B"]})
        assert await verdicts(city, ["A", "Ｂ", "C", "a"]) == [set(), set(), {"value/codes"}, {"value/codes"}]

    async def test_pattern_is_of_the_whole_value(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string", {"kind": "pattern", "pattern": "冀T[0-9A-Z]{5}"})
        assert await verdicts(city, ["冀T12345", "冀T123456", "x冀T12345"]) == [
            set(), {"value/pattern"}, {"value/pattern"},
        ]  # fmt: skip

    async def test_check_characters_of_citizens(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string", {"kind": "check-digit", "scheme": "gb11643"})
        good = [CITIZEN, "11010519491231002x", "133001195801150027", "911156199006150012"]
        bad = ["131102200002290018", "131102202502290014", "131102202513010014", "13110220000229001", "阿131102"]
        assert await verdicts(city, good + bad) == [set()] * 4 + [{"value/check-digit"}] * 5

    async def test_check_characters_of_firms(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string", {"kind": "check-digit", "scheme": "gb32100"})
        good = [FIRM, "N2131102MF1234567R", "92131121MA0AB12CXD", "A113110070003456X7", "91131102ma07xy3k94"]
        bad = ["91131102MA07XY3K81", "91131102MA07XY3K95", "91131102MA07XY3K9", "OOOOOOOOOOOOOOOOOO"]
        assert await verdicts(city, good + bad) == [set()] * 5 + [{"value/check-digit"}] * 4

    async def test_codes_of_divisions(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string", {"kind": "check-digit", "scheme": "gbt2260"})
        assert await verdicts(city, ["131102", "13110"]) == [set(), {"value/check-digit"}]

    async def test_unique_values_within_a_batch_and_against_what_is_there(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string", {"kind": "unique"})
        assert await verdicts(city, ["a", "b", "a", "", ""]) == [set(), set(), {"value/unique"}, set(), set()]
        rows = [("1", "a"), ("7", "b"), ("8", "c")]  # the row of key 1 says the same again: no fault
        batch = await brought(city, table(rows, ("number", "value")), PERMITS, mode="row-by-row")
        [row] = await quarantined(city, batch["id"], PERMITS)
        assert (row["line"], reasons(row)) == (2, {"value/unique"})

    async def test_a_key_stands_once_in_a_batch(self, city: ServiceUnderTest) -> None:
        await one_item(city, "string")
        rows = [("1", "a"), ("2", "b"), ("1", "c")]
        batch = await brought(city, table(rows, ("number", "value")), PERMITS, mode="row-by-row")
        [row] = await quarantined(city, batch["id"], PERMITS)
        assert (row["line"], reasons(row), row["values"]["value"]) == (3, {"number/unique"}, "c")

    async def test_references_stand_in_the_other_resource(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table([("1074A", "2026-11-01 08:00:00", "57", "良")]))
        await one_item(city, "string", {"kind": "reference", "resource": "203001-000011", "item": "station"})
        assert await verdicts(city, ["1074A", "9999A", ""]) == [set(), {"value/reference"}, set()]

    async def test_freshness_looks_at_the_newest_value(self, city: ServiceUnderTest) -> None:
        await one_item(city, "datetime", {"kind": "freshness", "hours": 2})
        now = datetime.now(UTC)
        old, new = ((now - timedelta(hours=hours)).isoformat(timespec="seconds") for hours in (5, 1))
        stale = await brought(city, table([("1", old)], ("number", "value")), PERMITS)
        assert (stale["state"], stale["fault"]["code"]) == ("refused", "stale")
        fresh = await brought(city, table([("1", old), ("2", new)], ("number", "value")), PERMITS)
        assert fresh["state"] == "loaded"


class TestPersonalItems:
    async def test_are_masked_in_quarantine_and_sealed_in_the_tables(self, city: ServiceUnderTest) -> None:
        await published(
            city, PERMITS, key=["number"],
            items=[{"name": "number", "title": "编号", "type": "integer", "required": True},
                   {"name": "value", "title": "证件号码", "type": "string", "sensitivity": "personal",
                    "rules": [{"kind": "check-digit", "scheme": "gb11643"}]}],
        )  # fmt: skip
        wrong = "131102200002290018"
        batch = await brought(city, table([("1", wrong)], ("number", "value")), PERMITS, mode="row-by-row")
        [row] = await quarantined(city, batch["id"], PERMITS)
        assert wrong not in str(row)
        assert row["values"]["value"].endswith("18")
        async with city.work() as work:
            found = await (await work.driver()).execute(
                "select shown::text, faults::text, encode(sealed, 'escape') from ingest_quarantine"
            )
            [kept] = await found.fetchall()
            assert wrong not in "".join(kept)
            found = await (await work.driver()).execute("select encode(content, 'escape') from ingest_part")
            [(content,)] = await found.fetchall()
            assert wrong not in content

    async def test_are_forgotten_when_their_time_is_over(self, city: ServiceUnderTest) -> None:
        await published(
            city, PERMITS, key=["number"],
            items=[{"name": "number", "title": "编号", "type": "integer", "required": True},
                   {"name": "value", "title": "姓名", "type": "string", "sensitivity": "personal",
                    "rules": [{"kind": "codes", "values": ["甲"]}]}],
        )  # fmt: skip
        batch = await brought(city, table([("1", "乙"), ("2", "丙")], ("number", "value")), PERMITS, mode="row-by-row")
        first, _ = await quarantined(city, batch["id"], PERMITS)
        await act(city, f"quarantine/{first['id']}/discards", {"reason": "姓名有误"})
        look = "select (select count(*) from ingest_part), count(sealed) from ingest_quarantine"
        for days, left in ((179, (1, 2)), (2, (0, 1))):
            city.clock.advance(days=days)
            await city.run_task("data-hub.ingest.forget")
            assert await raw(city, look) == [left]
