"""Deliveries: batch files, subscriptions, notices; each under the grant as it is at that moment."""

import csv
import hashlib
import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from citykit.problems import Unavailable
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType
from data_hub.datasets.safe_csv import lines
from data_hub.datasets.service import Datasets
from data_hub.sharing import files, subscriptions
from data_hub.sharing.delivery_schemas import ChangedRows
from data_hub.sharing.service import NoticeKind, Recipients

from .factories import (
    AIR,
    BASE,
    BUREAU,
    ECOLOGY,
    FIRMS,
    HOUSING,
    POLICE,
    RESOURCES,
    act,
    applicant,
    auditor,
    bureau,
    decider,
    grant_to,
    granted,
    published,
    seen,
    with_rows,
)

WHY = {"reason": "按规定办理"}


async def asked(city: ServiceUnderTest, grant: str, kind: str = "csv") -> dict[str, Any]:
    """A file that was asked for, as it stands once the job has run."""
    answer = await act(city, applicant(city), f"grants/{grant}/files", {"format": kind})
    assert answer.status_code == 201, answer.text
    await city.drain()
    return dict(await seen(city, applicant(city), f"files/{answer.json()['id']}"))


async def fetched(city: ServiceUnderTest, file: dict[str, Any]) -> Any:
    """The answer to fetching a file."""
    return await city.client.get(f"{BASE}/files/{file['id']}/content", headers=applicant(city))


async def outcomes(city: ServiceUnderTest, grant: str) -> list[tuple[str, str, str | None, int]]:
    """What the records of a grant say."""
    found = (await seen(city, auditor(city), "evidence/records", stream=f"grant/{grant}"))["items"]
    said = [json.loads(one["entry"]) for one in found]
    return [(one["action"], one["outcome"], one["code"], one["rows"]) for one in said]


def one_row(number: int) -> list[tuple[Any, ...]]:
    """One more row."""
    return [(f"{number:04d}A", "131102", number, None)]


async def altered(city: ServiceUnderTest, how: LiteralString) -> None:
    """The table of the rows, altered behind the hub's back."""
    async with city.work() as work:
        table = sql.Identifier((await Datasets(work).need(AIR)).table)
        await (await work.driver()).execute(sql.SQL("alter table {} ").format(table) + sql.SQL(how))


class TestFiles:
    async def test_hold_the_rows_that_the_grant_lets_through(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city, columns=["station", "aqi", "hour"], row_filter="district=eq.131102")
        file = await asked(city, grant)
        assert (file["state"], file["row_count"]) == ("made", 2)
        answer = await fetched(city, file)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert (len(answer.content), hashlib.sha256(answer.content).hexdigest()) == (file["size"], file["sha256"])
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert rows == [
            ["station", "aqi", "hour"],
            ["1074A", "57", "2026-11-01T16:00:00.000000+08:00"],
            ["'=1+1", "-3", ""],
        ]
        assert await outcomes(city, grant) == [
            ("file.ask", "served", None, 0), ("file.make", "served", None, 2), ("file.fetch", "served", None, 2),
        ]  # fmt: skip

    async def test_are_written_as_ndjson_too(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        file = await asked(city, await granted(city, columns=["station", "aqi"]), "ndjson")
        found = [json.loads(line) for line in (await fetched(city, file)).text.splitlines()]
        assert found[2] == {"station": "=1+1", "aqi": -3}

    async def test_span_chunks(self, city: ServiceUnderTest) -> None:
        many = [(f"{number:06d}" + "站" * 150, "131102", number, None) for number in range(6000)]
        await with_rows(city, await published(city), many)
        file = await asked(city, await granted(city))
        answer = await fetched(city, file)
        assert file["size"] > 2 * 1024 * 1024
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]

    async def test_spend_the_quota_and_are_refused_beyond_it(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city, asked={"daily_quota_rows": 5})
        file = await asked(city, grant)
        second = await asked(city, grant)
        assert (second["state"], second["refusal"], second["row_count"]) == ("refused", "quota", None)
        # What was made already is fetched: it spent its rows when it was made.
        assert (await fetched(city, file)).status_code == 200
        refused = await fetched(city, second)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/file-not-ready")
        read = await seen(city, applicant(city), f"grants/{grant}")
        assert read["rows_today"] == 3
        assert [end[:3] for end in await outcomes(city, grant)] == [
            ("file.ask", "served", None), ("file.make", "served", None), ("file.ask", "served", None),
            ("file.make", "refused", "quota"), ("file.fetch", "served", None),
            ("file.fetch", "refused", "file-not-ready"),
        ]  # fmt: skip

    async def test_have_a_largest_size(self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "MOST_BYTES", 100)
        monkeypatch.setattr(files, "CHUNK_BYTES", 50)
        await with_rows(city, await published(city), [(f"站点{number}", "131102", 1, None) for number in range(99)])
        grant = await granted(city)
        file = await asked(city, grant)
        assert (file["state"], file["refusal"]) == ("refused", "file-too-big")
        assert (await outcomes(city, grant))[1:] == [("file.make", "refused", "file-too-big", 0)]
        assert (await seen(city, applicant(city), f"grants/{grant}"))["rows_today"] == 0

    async def test_are_not_made_once_the_grant_is_revoked(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        answer = await act(city, applicant(city), f"grants/{grant}/files", {})
        await act(city, decider(city), f"grants/{grant}/revocations", WHY)
        await city.drain()
        read = await seen(city, applicant(city), f"files/{answer.json()['id']}")
        assert (read["state"], read["refusal"]) == ("refused", "revoked")

    async def test_are_not_fetched_once_the_grant_is_another(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        file = await asked(city, grant)
        await act(city, decider(city), f"grants/{grant}/changes", {"columns": ["aqi"], "reason": "缩小"})
        assert (await fetched(city, file)).json()["type"] == "/problems/file-not-ready"
        newer = await asked(city, grant)
        await act(city, decider(city), f"grants/{grant}/revocations", WHY)
        refused = await fetched(city, newer)
        assert (refused.status_code, refused.json()["code"]) == (403, "revoked")
        await city.run_task("data-hub.sharing.clear-files")
        assert (await seen(city, applicant(city), f"files/{newer['id']}"))["state"] == "gone"

    async def test_are_not_fetched_from_the_moment_their_resource_is_withdrawn(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        file = await asked(city, grant)
        assert (await fetched(city, file)).status_code == 200
        reviewer = city.token(["data-hub.resources.review"], department=BUREAU)
        withdrawn = await city.client.post(f"{RESOURCES}/{AIR}/withdrawals", json=WHY, headers=reviewer)
        assert withdrawn.status_code == 200, withdrawn.text
        answer = await fetched(city, file)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-rows-to-deliver")
        assert (await outcomes(city, grant))[-1][:3] == ("file.fetch", "refused", "no-rows-to-deliver")

    async def test_are_not_fetched_once_the_grant_ran_out(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        file = await asked(city, await granted(city))
        city.clock.advance(days=400)
        assert (await fetched(city, file)).json()["code"] == "expired"

    async def test_end_when_the_resource_is_withdrawn(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        await city.run_task("data-hub.sharing.deadlines")
        assert (await seen(city, applicant(city), f"grants/{grant}"))["state"] == "active"
        author = city.token(["data-hub.resources.catalogue"], department=ECOLOGY)
        withdrawn = await city.client.post(f"{RESOURCES}/{AIR}/withdrawals", json=WHY, headers=author)
        assert withdrawn.status_code == 200, withdrawn.text
        answer = await act(city, applicant(city), f"grants/{grant}/files", {})
        assert answer.json()["type"] == "/problems/no-rows-to-deliver"
        await city.run_task("data-hub.sharing.deadlines")
        refused = await act(city, applicant(city), f"grants/{grant}/files", {})
        assert refused.json()["code"] == "suspended"

    async def test_are_one_s_own(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        file = await asked(city, grant)
        stranger = await city.client.get(f"{BASE}/files/{file['id']}/content", headers=applicant(city, POLICE))
        assert stranger.status_code == 404
        assert (await act(city, applicant(city, POLICE), f"grants/{grant}/files", {})).status_code == 404
        assert len((await seen(city, decider(city), f"grants/{grant}/files"))["items"]) == 1

    async def test_may_be_empty(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city), [])
        file = await asked(city, await granted(city, columns=["aqi"]))
        assert (file["state"], file["row_count"]) == ("made", 0)
        assert (await fetched(city, file)).text == "\ufeffaqi\r\n"

    async def test_need_rows_and_the_right_delivery(self, city: ServiceUnderTest) -> None:
        nowhere = await grant_to(city, HOUSING)
        none = await act(city, applicant(city), f"grants/{nowhere}/files", {})
        assert none.json()["type"] == "/problems/no-rows-to-deliver"
        assert await outcomes(city, str(nowhere)) == [("file.ask", "refused", "no-rows-to-deliver", 0)]
        await with_rows(city, await published(city))
        grant = await granted(city)
        await act(city, decider(city), f"grants/{grant}/changes", {"deliveries": ["query"], "reason": "仅查询"})
        refused = await act(city, applicant(city), f"grants/{grant}/files", {})
        assert (refused.status_code, refused.json()["code"]) == (403, "delivery")

    async def test_end_where_the_rows_cannot_be_read_and_let_the_next_be_made(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        await altered(city, "drop column aqi")
        file = await asked(city, grant)
        assert (file["state"], file["refusal"]) == ("refused", "rows-unreadable")
        assert (await outcomes(city, grant))[1:] == [("file.make", "refused", "rows-unreadable", 0)]
        await altered(city, "add column aqi integer")
        assert (await asked(city, grant))["state"] == "made"

    @pytest.mark.parametrize("fault", [psycopg.OperationalError, Unavailable])
    async def test_come_again_where_the_database_only_could_not_for_the_moment(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
    ) -> None:
        async def down(*_: Any) -> Any:
            raise fault

        await with_rows(city, await published(city))
        grant = await granted(city)
        with monkeypatch.context() as during:
            during.setattr(files.Files, "_write", down)
            file = await asked(city, grant)
            assert file["state"] == "asked"
        city.clock.advance(minutes=10)
        await city.drain()
        assert (await seen(city, applicant(city), f"files/{file['id']}"))["state"] == "made"
        assert len(await outcomes(city, grant)) == 2

    def test_hold_no_formulas(self) -> None:
        text = (Column("a", "a", ColumnType.string), Column("n", "n", ColumnType.integer))
        for nasty in ("=1", "+1", "-1", "@x", "\tx", "\rx", "＝1", '=HYPERLINK("x")'):
            ((cell, number),) = csv.reader(io.StringIO(lines([(nasty, "-1")], text), newline=""))
            assert (cell, number) == (f"'{nasty}", "-1")
        assert lines([("a-b", None), ("", "1")], text) == "a-b,\r\n,1\r\n"


class TestSubscriptions:
    async def test_read_what_came_and_move_on_when_confirmed(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city, columns=["station"], row_filter="district=eq.131102")
        made = (await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "扬尘系统"})).json()
        path = f"subscriptions/{made['id']}"
        first = await seen(city, applicant(city), f"{path}/changes", limit=1)
        assert (first["items"], first["more"]) == ([{"station": "1074A"}], True)
        assert await seen(city, applicant(city), f"{path}/changes", limit=1) == first
        await act(city, applicant(city), f"{path}/confirmations", {"cursor": first["cursor"]})
        second = await seen(city, applicant(city), f"{path}/changes")
        assert (second["items"], second["more"]) == ([{"station": "=1+1"}], False)
        await act(city, applicant(city), f"{path}/confirmations", {"cursor": second["cursor"]})
        assert (await seen(city, applicant(city), f"{path}/changes"))["items"] == []
        city.clock.advance(hours=1)
        await with_rows(city, rows=[("2000A", "131102", 1, None), ("2001A", "131103", 1, None)])
        assert (await seen(city, applicant(city), f"{path}/changes"))["items"] == [{"station": "2000A"}]

    async def test_hand_amounts_on_to_their_last_digit(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city), rows=[])
        await altered(city, "alter column aqi type numeric")
        await with_rows(city, rows=[("1074A", "131102", Decimal("12345678901234567890.10"), None)])
        grant = await granted(city, columns=["aqi"])
        made = (await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "系统"})).json()
        answer = await city.client.get(f"{BASE}/subscriptions/{made['id']}/changes", headers=applicant(city))
        assert answer.text.startswith('{"items":[{"aqi":12345678901234567890.10}],"cursor":"'), answer.text
        assert ChangedRows.model_validate_json(answer.content).more is False

    async def test_are_told_once_until_they_confirm(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "系统"})
        for _ in range(2):
            await city.run_task("data-hub.sharing.tell-changes")
        (told,) = (await seen(city, applicant(city), "notices"))["items"]
        assert (told["kind"], told["subject"], told["resource"]) == ("change", "系统", AIR)

    async def test_are_told_of_however_many_there_are(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subscriptions, "TOLD_AT_ONCE", 2)
        await with_rows(city, await published(city))
        grant = await granted(city)
        names = [f"系统{number}" for number in range(5)]
        for name in names:
            await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": name})
        await city.run_task("data-hub.sharing.tell-changes")
        told = [one["subject"] for one in (await seen(city, applicant(city), "notices"))["items"]]
        assert sorted(told) == names

    async def test_are_told_though_others_always_have_something_to_hear(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subscriptions, "TOLD_AT_ONCE", 1)
        for code in (AIR, FIRMS):
            await with_rows(city, await published(city, code, name=f"数据{code}"), one_row(1))
            await act(city, applicant(city), f"grants/{await granted(city, code)}/subscriptions", {"name": code})
        for number in range(2, 4):
            await city.run_task("data-hub.sharing.tell-changes")
            city.clock.advance(minutes=1)
            for code in (AIR, FIRMS):
                await with_rows(city, code, one_row(number))
        told = [one["subject"] for one in (await seen(city, applicant(city), "notices"))["items"]]
        assert sorted(told) == sorted([AIR, FIRMS] * 2)

    async def test_refuse_backwards_and_garbage(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        made = (await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "系统"})).json()
        path = f"subscriptions/{made['id']}"
        early = (await seen(city, applicant(city), f"{path}/changes", limit=1))["cursor"]
        late = (await seen(city, applicant(city), f"{path}/changes"))["cursor"]
        await act(city, applicant(city), f"{path}/confirmations", {"cursor": late})
        back = await act(city, applicant(city), f"{path}/confirmations", {"cursor": early})
        assert back.json()["type"] == "/problems/cursor-not-read"
        for garbage in ("x", "W10", "é"):
            answer = await act(city, applicant(city), f"{path}/confirmations", {"cursor": garbage})
            assert answer.status_code == 400

    async def test_stop_with_the_grant_and_by_their_reader(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city)
        made = (await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "系统"})).json()
        twin = await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "系统"})
        assert twin.json()["type"] == "/problems/subscription-exists"
        path = f"{BASE}/subscriptions/{made['id']}/changes"
        await act(city, decider(city), f"grants/{grant}/suspensions", WHY)
        assert (await city.client.get(path, headers=applicant(city))).json()["code"] == "suspended"
        await act(city, decider(city), f"grants/{grant}/resumptions", WHY)
        assert (await city.client.get(path, headers=applicant(city))).status_code == 200
        await act(city, applicant(city), f"subscriptions/{made['id']}/endings", {})
        ended = await city.client.get(path, headers=applicant(city))
        assert ended.json()["type"] == "/problems/change-subscription-ended"

    async def test_spend_the_quota(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        grant = await granted(city, asked={"daily_quota_rows": 2})
        made = (await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "系统"})).json()
        first = await seen(city, applicant(city), f"subscriptions/{made['id']}/changes")
        assert (len(first["items"]), first["more"]) == (2, True)
        answer = await city.client.get(f"{BASE}/subscriptions/{made['id']}/changes", headers=applicant(city))
        assert (answer.status_code, answer.json()["type"]) == (429, "/problems/grant-quota-used")


class TestNotices:
    async def test_reach_recipients_and_want_an_answer(self, city: ServiceUnderTest) -> None:
        await with_rows(city, await published(city))
        await asked(city, await granted(city))
        async with city.work() as work:
            until = work.clock.now() + timedelta(days=3)
            told = await Recipients(work).tell(
                AIR, kind=NoticeKind.recall, subject="1074A", note=("请撤回", "Call it back"), acknowledge_by=until
            )
        assert told == 1
        (notice,) = (await seen(city, applicant(city), "notices", open=True))["items"]
        assert (notice["kind"], notice["note"], notice["overdue"]) == ("recall", "请撤回", False)
        assert (await seen(city, applicant(city, POLICE), "notices"))["items"] == []
        city.clock.advance(days=4)
        for _ in range(2):
            await city.run_task("data-hub.sharing.deadlines")
        (late,) = (await seen(city, bureau(city), "notices"))["items"]
        assert late["overdue"]
        stranger = await act(city, applicant(city, ECOLOGY), f"notices/{notice['id']}/acknowledgements", {"done": "x"})
        assert stranger.status_code == 404
        done = await act(city, applicant(city), f"notices/{notice['id']}/acknowledgements", {"done": "已删除"})
        assert (done.status_code, done.json()["done"]) == (201, "已删除")
        again = await act(city, applicant(city), f"notices/{notice['id']}/acknowledgements", {"done": "x"})
        assert again.json()["type"] == "/problems/acknowledged-already"
        assert (await seen(city, decider(city), "notices", open=False))["items"][0]["done"] == "已删除"
