"""Batches: opened, sent in parts, gone on with, loaded whole or row by row, the same one once only."""

import hashlib
from typing import Any
from uuid import UUID

import pytest

from citykit.testing import ServiceUnderTest
from data_hub.ingest.domain import Stage
from data_hub.ingest.progress import progress_of

from .factories import (
    AIR,
    BAD,
    BASE,
    BUREAU,
    GOOD,
    HEAD,
    HOUSING,
    RESOURCES,
    act,
    batch_of,
    brought,
    known_id,
    loader,
    published,
    put,
    quarantined,
    reasons,
    rows_of,
    seen,
    sent,
    table,
)


async def opened(city: ServiceUnderTest, **draft: Any) -> dict[str, Any]:
    answer = await act(city, f"{AIR}/batches", draft)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


class TestUpload:
    async def test_of_good_rows_brings_them_in(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table(GOOD))
        assert (batch["state"], batch["stage"], batch["accepted"], batch["inserted"]) == ("loaded", "done", 3, 3)
        assert (batch["encoding"], batch["dialect"]["separator"]) == ("utf-8", ",")
        assert batch["sha256"] == hashlib.sha256(table(GOOD)).hexdigest()
        rows = await rows_of(city)
        assert [(row["station"], row["aqi"], row["level"]) for row in rows] == [
            ("1074A", 57, "良"), ("1075A", 41, "优"), ("1074A", 112, "轻度"),
        ]  # fmt: skip
        assert {row["_batch"] for row in rows} == {batch["id"]}
        assert rows[0]["hour"] == "2026-11-01T00:00:00+00:00"  # written without a zone: Beijing time

    async def test_with_one_bad_row_brings_nothing_in(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]))
        assert (batch["state"], batch["fault"]["code"], batch["quarantined"]) == ("refused", "bad-rows", 1)
        assert batch["sha256"] == hashlib.sha256(table([*GOOD, BAD])).hexdigest()
        assert await rows_of(city) == []
        [row] = await quarantined(city, batch["id"])
        assert (row["line"], reasons(row)) == (4, {"aqi/range", "level/codes"})
        assert row["values"] == dict(zip(HEAD, BAD, strict=True))

    async def test_row_by_row_leaves_the_bad_ones_out(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        assert (batch["state"], batch["accepted"], batch["quarantined"]) == ("loaded", 3, 1)
        assert len(await rows_of(city)) == 3
        rates = {(one["column"], one["rule"]): (one["checked"], one["failed"]) for one in batch["outcomes"]}
        assert rates["aqi", "range"] == (4, 1)
        assert rates["station", "pattern"] == (4, 0)

    async def test_of_the_same_file_again_changes_nothing(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await brought(city, table(GOOD))
        before = await rows_of(city)
        second = await brought(city, table(GOOD))
        assert (second["state"], second["repeats"]) == ("repeated", first["id"])
        assert await rows_of(city) == before

    async def test_of_the_same_file_every_day_is_in_time(self, city: ServiceUnderTest) -> None:
        await published(city, update_cycle="daily")
        await brought(city, table(GOOD))
        for _ in range(3):
            city.clock.advance(days=1)
            assert (await brought(city, table(GOOD)))["state"] == "repeated"
        reader = city.token(["data-hub.resources.read"], department=HOUSING)
        for days, expected in ((0, []), (3, [AIR])):
            city.clock.advance(days=days)
            late = await city.client.get(RESOURCES, params={"overdue": "true"}, headers=reader)
            assert [one["code"] for one in late.json()["items"]] == expected

    async def test_with_the_same_id_is_the_same_batch(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = str(known_id())
        first = await brought(city, table(GOOD), id=batch)
        again = await brought(city, table(GOOD), id=batch)
        assert first["id"] == again["id"] == batch
        assert again["state"] == "loaded"
        assert len((await seen(city, f"{AIR}/batches"))["items"]) == 1

    @pytest.mark.parametrize("other", [{"mode": "row-by-row"}, {"merge": "append"}, {"format": "ndjson"}])
    async def test_with_the_same_id_and_other_terms_is_refused(
        self, city: ServiceUnderTest, other: dict[str, str]
    ) -> None:
        await published(city)
        batch = str(known_id())
        await brought(city, table(GOOD), id=batch)
        answer = await sent(city, table(GOOD), id=batch, **other)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/batch-differs")

    async def test_with_the_same_id_and_another_file_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = str(known_id())
        await brought(city, table(GOOD), id=batch)
        assert (await sent(city, table(GOOD[:1]), id=batch)).json()["type"] == "/problems/batch-differs"

    async def test_is_for_the_source_department_alone(self, city: ServiceUnderTest) -> None:
        await published(city)
        for department in (HOUSING, None):
            answer = await sent(city, table(GOOD), who=loader(city, department))
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-the-resource-source")

    async def test_of_an_unknown_resource_is_not_found(self, city: ServiceUnderTest) -> None:
        assert (await sent(city, table(GOOD), "203001-000099")).status_code == 404

    async def test_of_nothing_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert (await sent(city, b"")).status_code == 422

    async def test_needs_the_scope(self, city: ServiceUnderTest) -> None:
        await published(city)
        answer = await sent(city, table(GOOD), who=city.token(["data-hub.ingest.mend"], department=HOUSING))
        assert answer.status_code == 403

    async def test_with_another_digest_than_promised_loads_nothing(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table(GOOD), sha256="0" * 64)
        assert (batch["state"], batch["fault"]["code"]) == ("refused", "digest")
        assert await rows_of(city) == []


class TestMerge:
    async def test_changes_known_keys_and_leaves_equal_rows_alone(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await brought(city, table(GOOD))
        second = await brought(city, table([GOOD[0], (*GOOD[1][:2], "42", "优")]))
        assert (second["inserted"], second["changed"]) == (0, 1)
        rows = await rows_of(city)
        assert [row["aqi"] for row in rows] == [57, 42, 112]
        assert [row["_batch"] for row in rows] == [first["id"], second["id"], first["id"]]

    async def test_append_refuses_a_known_key(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        more = ("1075A", "2026-11-01 09:00:00", "44", "优")
        batch = await brought(city, table([GOOD[0], more]), merge="append", mode="row-by-row")
        assert (batch["accepted"], batch["quarantined"]) == (1, 1)
        [row] = await quarantined(city, batch["id"])
        assert reasons(row) == {"station/unique"}

    async def test_replace_puts_the_file_in_the_place_of_all(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        batch = await brought(city, table(GOOD[1:2]), merge="replace")
        assert batch["inserted"] == 1
        assert [row["station"] for row in await rows_of(city)] == ["1075A"]

    async def test_a_refused_replacement_leaves_all_as_it_was(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        before = await rows_of(city)
        assert (await brought(city, table([*GOOD[:1], BAD]), merge="replace"))["state"] == "refused"
        assert await rows_of(city) == before

    async def test_without_a_key_rows_are_only_added(self, city: ServiceUnderTest) -> None:
        await published(city, key=[])
        answer = await sent(city, table(GOOD))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "no-key")
        assert (await brought(city, table(GOOD), merge="append"))["inserted"] == 3

    async def test_counts_the_rows_of_the_data_set(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        await brought(city, table(GOOD[:2]), merge="replace")
        await brought(city, table(GOOD))
        async with city.work() as work:
            found = await (await work.driver()).execute("select row_count, refreshed_at from dataset")
            [(count, refreshed)] = await found.fetchall()
        assert (count, refreshed is not None) == (3, True)


class TestParts:
    async def test_make_one_file_in_whatever_order_they_come(self, city: ServiceUnderTest) -> None:
        await published(city)
        content = table(GOOD)
        batch = await opened(city, sha256=hashlib.sha256(content).hexdigest())
        for number, part in ((3, content[50:]), (1, content[:20]), (2, content[20:50])):
            answer = await put(city, batch["id"], number, part)
            assert (answer.status_code, answer.json()["size"]) == (200, len(part))
        assert (await act(city, f"{AIR}/batches/{batch['id']}/completion")).status_code == 202
        await city.drain()
        loaded = await batch_of(city, batch["id"])
        assert (loaded["state"], loaded["received"], loaded["accepted"]) == ("loaded", len(content), 3)

    async def test_tell_who_was_cut_off_what_is_here(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await opened(city)
        await put(city, batch["id"], 1, b"station,hour")
        await put(city, batch["id"], 3, b"more")
        parts = await seen(city, f"{AIR}/batches/{batch['id']}/parts")
        assert ([part["number"] for part in parts["items"]], parts["received"]) == ([1, 3], 16)
        gap = await act(city, f"{AIR}/batches/{batch['id']}/completion")
        assert (gap.status_code, gap.json()["type"]) == (422, "/problems/part")

    async def test_again_change_nothing_and_otherwise_replace(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await opened(city)
        for content in (b"one", b"one", b"other"):
            assert (await put(city, batch["id"], 1, content)).status_code == 200
        assert (await seen(city, f"{AIR}/batches/{batch['id']}/parts"))["received"] == 5

    async def test_with_a_wrong_digest_are_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await opened(city)
        answer = await put(city, batch["id"], 1, b"damaged on the way", digest=hashlib.sha256(b"sent").digest())
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/part")
        nothing = await put(city, batch["id"], 1, b"")
        assert nothing.status_code == 422

    async def test_are_not_taken_once_the_batch_is_complete(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await opened(city)
        await put(city, batch["id"], 1, table(GOOD))
        for _ in range(2):  # completing twice is completing once
            assert (await act(city, f"{AIR}/batches/{batch['id']}/completion")).status_code == 202
        late = await put(city, batch["id"], 2, b"late")
        assert (late.status_code, late.json()["type"]) == (409, "/problems/batch-state")
        await city.drain()
        assert (await batch_of(city, batch["id"]))["inserted"] == 3

    async def test_of_another_department_are_not_found(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await opened(city)
        for path in ("", "/parts", "/quarantine"):
            answer = await city.client.get(
                f"{BASE}/{AIR}/batches/{batch['id']}{path}", headers=loader(city, HOUSING)
            )  # fmt: skip
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-batch")


class TestList:
    async def test_shows_the_newest_first_page_by_page(self, city: ServiceUnderTest) -> None:
        await published(city)
        made = [str((await opened(city))["id"]) for _ in range(3)]
        page = await seen(city, f"{AIR}/batches", limit=2)
        rest = await seen(city, f"{AIR}/batches", limit=2, after=page["next"])
        assert [one["id"] for one in page["items"] + rest["items"]] == made[::-1]
        assert (await seen(city, f"{AIR}/batches", state="loaded"))["items"] == []


class TestWithdrawal:
    async def test_is_told_to_who_brings_rows_or_registers_a_source(self, city: ServiceUnderTest) -> None:
        code = await published(city)
        source = {"kind": "http", "name": "每日文件", "address": "https://data.example.cn/air.csv", "every_minutes": 60}
        reviewer = city.token(["data-hub.resources.review"], subject=str(known_id()), department=BUREAU)
        gone = await city.client.post(f"{RESOURCES}/{code}/withdrawals", json={"reason": "停止"}, headers=reviewer)
        assert gone.status_code == 200, gone.text
        for answer in (
            await sent(city, table(GOOD)),
            await act(city, f"{code}/batches", {}),
            await act(city, f"{code}/sources", source),
        ):
            told = answer.json()
            assert (answer.status_code, told["type"], told["title"]) == (
                409, "/problems/resource-withdrawn", "该数据资源已撤销",
            )  # fmt: skip
        never = await act(city, "203001-999999/batches", {})
        assert (never.status_code, never.json()["type"]) == (404, "/problems/no-resource")

    async def test_of_the_resource_on_the_way_refuses_the_batch(self, city: ServiceUnderTest) -> None:
        await published(city)
        answer = await sent(city, table(GOOD))
        await raw_withdraw(city)
        await city.drain()
        async with city.work() as work:
            found = await (await work.driver()).execute("select state, fault->>'code' from ingest_batch")
            assert await found.fetchall() == [("refused", "withdrawn")]
        assert answer.status_code == 202


async def raw_withdraw(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await (await work.driver()).execute("update resource_version set state = 'withdrawn'")


class TestProgress:
    async def test_is_seen_while_the_batch_is_worked_on(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = (await sent(city, table(GOOD))).json()
        assert (batch["state"], batch["stage"]) == ("queued", "assembling")
        # What the job says on a connection of its own, while nothing of its transaction shows yet.
        async with city.work() as work, progress_of(work, UUID(batch["id"])) as progress:
            await progress.tell(Stage.checking, 50_000, 49_990, 10)
            seen_now = await batch_of(city, batch["id"])
            assert (seen_now["state"], seen_now["stage"]) == ("running", "checking")
            assert (seen_now["parsed"], seen_now["accepted"], seen_now["quarantined"]) == (50_000, 49_990, 10)
        await city.drain()
        assert (await batch_of(city, batch["id"]))["stage"] == "done"
