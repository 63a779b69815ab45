"""Quarantine: rows mended and played again, given up, brought anew; tickets that open and close with them."""

from typing import Any

import pytest

from citykit.testing import ServiceUnderTest

from .factories import (
    AIR,
    AIR_ITEMS,
    BAD,
    GOOD,
    HOUSING,
    act,
    batch_of,
    brought,
    described_anew,
    loader,
    published,
    quarantined,
    raw,
    reasons,
    rows_of,
    seen,
    table,
)

RIGHT = {"aqi": "99", "level": "良"}


async def mended(city: ServiceUnderTest, row: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await act(city, f"quarantine/{row}/mendings", {"values": values or RIGHT})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def replayed(city: ServiceUnderTest, batch: str) -> dict[str, Any]:
    answer = await act(city, f"{AIR}/batches/{batch}/replays")
    assert answer.status_code == 202, answer.text
    await city.drain()
    return await batch_of(city, batch)


async def tickets(city: ServiceUnderTest) -> dict[str, str]:
    found = (await seen(city, "tickets", limit=100))["items"]
    return {f"{one['column']}/{one['rule']}": one["state"] for one in found}


class TestReplay:
    async def test_brings_a_mended_row_in(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        assert (await mended(city, row["id"]))["values"]["aqi"] == "99"
        done = await replayed(city, batch["id"])
        assert (done["state"], done["accepted"], done["quarantined"]) == ("loaded", 4, 0)
        assert (await rows_of(city))[-1]["aqi"] == 99
        assert (await quarantined(city, batch["id"]))[0]["state"] == "loaded"

    async def test_lets_a_row_wait_that_is_still_bad(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        await mended(city, row["id"], {"level": "良"})
        done = await replayed(city, batch["id"])
        assert (done["accepted"], done["quarantined"]) == (3, 1)
        [again] = await quarantined(city, batch["id"])
        assert (again["state"], reasons(again), again["id"]) == ("waiting", {"aqi/range"}, row["id"])
        await mended(city, row["id"], {"aqi": "5"})
        assert (await replayed(city, batch["id"]))["quarantined"] == 0

    async def test_of_a_whole_batch_brings_all_of_it_in(self, city: ServiceUnderTest) -> None:
        await published(city)
        worse = ("1077A", "2026-11-01 08:00:00", "-1", "优")
        batch = await brought(city, table([BAD, *GOOD, worse]))
        first, _ = await quarantined(city, batch["id"])
        await mended(city, first["id"])
        half = await replayed(city, batch["id"])
        assert (half["state"], await rows_of(city)) == ("refused", [])
        left = await quarantined(city, batch["id"])
        assert [(row["line"], row["state"]) for row in left] == [(1, "mended"), (5, "waiting")]
        await mended(city, left[1]["id"], {"aqi": "1"})
        done = await replayed(city, batch["id"])
        assert (done["state"], done["inserted"], done["quarantined"]) == ("loaded", 5, 0)
        assert sorted(row["aqi"] for row in await rows_of(city)) == [1, 41, 57, 99, 112]

    async def test_of_a_whole_batch_leaves_out_what_was_given_up(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]))
        [row] = await quarantined(city, batch["id"])
        answer = await act(city, f"quarantine/{row['id']}/discards", {"reason": "监测仪故障"})
        assert (answer.status_code, answer.json()["state"]) == (200, "discarded")
        assert (await replayed(city, batch["id"]))["inserted"] == 3

    async def test_of_nothing_mended_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        answer = await act(city, f"{AIR}/batches/{batch['id']}/replays")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/batch-state")

    async def test_never_brings_the_same_key_twice(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row", merge="append")
        [row] = await quarantined(city, batch["id"])
        await mended(city, row["id"], RIGHT | {"station": "1074A"})
        done = await replayed(city, batch["id"])
        assert done["quarantined"] == 1
        assert reasons((await quarantined(city, batch["id"]))[0]) == {"station/unique"}

    async def test_another_batch_may_bring_the_rows_right(self, city: ServiceUnderTest) -> None:
        await published(city)
        first = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        await brought(city, table([(*BAD[:2], "99", "良")]), corrects=first["id"])
        [row] = await quarantined(city, first["id"])
        assert row["state"] == "superseded"
        assert set((await tickets(city)).values()) == {"closed"}


class TestMending:
    async def test_wants_items_that_the_resource_has(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        for values in ({"nothing": "1"}, {"level": "a\x00b"}):
            answer = await act(city, f"quarantine/{row['id']}/mendings", {"values": values})
            assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)

    async def test_is_for_the_source_department_alone(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        answer = await act(city, f"quarantine/{row['id']}/mendings", {"values": RIGHT}, loader(city, HOUSING))
        assert answer.status_code == 404

    async def test_of_a_settled_row_is_refused(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        await act(city, f"quarantine/{row['id']}/discards", {"reason": "监测仪故障"})
        for path, body in (("mendings", {"values": RIGHT}), ("discards", {"reason": "再次弃用"})):
            answer = await act(city, f"quarantine/{row['id']}/{path}", body)
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/row-state")


class TestAfterAnItemLeftTheDescription:
    async def test_a_row_is_mended_and_what_nobody_describes_any_more_is_hidden(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        await described_anew(city, AIR_ITEMS[:3])
        done = await mended(city, row["id"], {"aqi": "99"})
        assert (done["values"]["aqi"], done["values"]["level"]) == ("99", "爆*")
        [(kept,)] = await raw(city, "select shown::text from ingest_quarantine")
        assert "爆表" not in kept
        answer = await act(city, f"quarantine/{row['id']}/mendings", {"values": {"level": "良"}})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "no-such-item")
        assert (await replayed(city, batch["id"]))["quarantined"] == 0
        assert (await rows_of(city))[-1]["aqi"] == 99

    async def test_a_row_is_mended_that_is_still_bad(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        await described_anew(city, AIR_ITEMS[:3])
        await mended(city, row["id"], {"aqi": "998"})
        assert (await replayed(city, batch["id"]))["quarantined"] == 1
        [again] = await quarantined(city, batch["id"])
        assert (again["state"], reasons(again)) == ("waiting", {"aqi/range"})

    async def test_a_row_is_given_up(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        [row] = await quarantined(city, batch["id"])
        await described_anew(city, AIR_ITEMS[:3])
        answer = await act(city, f"quarantine/{row['id']}/discards", {"reason": "监测仪故障"})
        assert (answer.status_code, answer.json()["state"]) == (200, "discarded")


class TestTickets:
    async def test_open_for_each_broken_rule_and_close_when_it_is_kept(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]), mode="row-by-row")
        assert await tickets(city) == {"aqi/range": "open", "level/codes": "open"}
        [row] = await quarantined(city, batch["id"])
        await mended(city, row["id"])
        await replayed(city, batch["id"])
        assert await tickets(city) == {"aqi/range": "closed", "level/codes": "closed"}

    async def test_are_one_for_a_rule_however_often_it_is_broken(self, city: ServiceUnderTest) -> None:
        await published(city)
        for hour in ("10", "11"):
            await brought(city, table([("1074A", f"2026-11-01 {hour}:00:00", "999", "优")]), mode="row-by-row")
        [ticket] = (await seen(city, "tickets"))["items"]
        assert (ticket["failed"], ticket["state"]) == (2, "open")
        assert ticket["first_batch"] != ticket["last_batch"]

    async def test_are_answered_by_the_source_department(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table([*GOOD, BAD]))
        one = (await seen(city, "tickets"))["items"][0]
        answer = await act(city, f"tickets/{one['id']}/answers", {"answer": "监测仪已检修"})
        assert (answer.status_code, answer.json()["state"]) == (200, "answered")
        other = await act(city, f"tickets/{one['id']}/answers", {"answer": "不是我的"}, loader(city, HOUSING))
        assert other.status_code == 404
        assert (await seen(city, "tickets", loader(city, HOUSING)))["items"] == []

    async def test_are_not_answered_when_they_are_closed(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table([*GOOD, BAD]))
        one = (await seen(city, "tickets"))["items"][0]
        await raw(city, "update ingest_ticket set state = 'closed' returning id")
        answer = await act(city, f"tickets/{one['id']}/answers", {"answer": "监测仪已检修"})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/quality-ticket-state")


class TestRecipients:
    @pytest.mark.parametrize("mode", ["row-by-row", "all-or-nothing"])
    async def test_of_the_data_are_told_of_bad_rows(self, city: ServiceUnderTest, mode: str) -> None:
        await published(city)
        await received(city)
        await brought(city, table([*GOOD, BAD]), mode=mode)
        [(department, kind, data)] = await raw(city, "select department, kind, data from sharing_notice")
        assert (department, kind, data["rows"]) == (HOUSING, "quality", 1)
        assert data["rules"] == ["aqi/range", "level/codes"]

    async def test_hear_nothing_of_good_rows(self, city: ServiceUnderTest) -> None:
        await published(city)
        await received(city)
        await brought(city, table(GOOD))
        assert await raw(city, "select id from sharing_notice") == []


async def received(city: ServiceUnderTest) -> None:
    """The housing bureau has a grant and used it."""
    share = "/api/data-hub/v1/sharing"
    applicant = city.token(["data-hub.sharing.apply"], department=HOUSING)
    decider = city.token(["data-hub.sharing.decide"], department="11131100MB0H00030L")
    asked = {
        "resource": AIR, "department_name": "衡水市住房和城乡建设局", "purpose": "扬尘治理",
        "legal_basis": "《中华人民共和国大气污染防治法》第六十九条", "deliveries": ["query", "file", "subscription"],
        "valid_until": "2027-06-01T00:00:00+08:00",
    }  # fmt: skip
    application = await city.client.post(f"{share}/applications", json=asked, headers=applicant)
    assert application.status_code == 201, application.text
    approval = f"{share}/applications/{application.json()['id']}/approvals"
    grant = await city.client.post(approval, json={}, headers=decider)
    assert grant.status_code == 201, grant.text
    used = "insert into sharing_grant_usage (grant_id, day, row_count) values (%s, current_date, 3) returning day"
    await raw(city, used, grant.json()["grant_id"])
