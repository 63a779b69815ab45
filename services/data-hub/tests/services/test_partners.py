"""Keys for partners, and files of rows: shown once, rotated, revoked at once; made by a job, safe to open."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from citykit.problems import Unavailable
from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets
from data_hub.services.files import File

from .factories import AIR, ECOLOGY, HUB, QUERY, READINGS, Office, catalogued, described


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    made = Office(city)
    await made.publish()
    return made


async def key(office: Office, **more: Any) -> dict[str, Any]:
    answer = await office.post("/keys", {"name": "高德地图", "resource": AIR} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def called(office: Office, secret: str, **query: str) -> httpx.Response:
    return await office.ask({"X-Api-Key": secret}, **query)


async def exported(office: Office, kind: str = "csv", question: str = "", **more: Any) -> dict[str, Any]:
    answer = await office.post(f"/{AIR}/exports", {"format": kind, "question": question} | more)
    assert answer.status_code == 202, answer.text
    await office.city.drain()
    made = await office.city.client.get(f"{HUB}/services/exports/{answer.json()['id']}", headers=office.housing)
    return dict(made.json())


async def content(office: Office, export: dict[str, Any]) -> httpx.Response:
    return await office.city.client.get(f"{HUB}/services/exports/{export['id']}/content", headers=office.housing)


class TestKeys:
    async def test_read_what_the_grant_shows(self, office: Office) -> None:
        await office.grant(columns=["station"], row_filter="district=eq.131103")
        made = await key(office)
        answer = await called(office, made["key"])
        assert answer.json()["items"] == [{"station": "1075A"}]

    async def test_are_shown_once_and_kept_as_hashes(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await key(office)
        listed = await office.city.client.get(f"{HUB}/services/keys", headers=office.housing)
        assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
        assert made["key"].rsplit("_", 1)[1] not in listed.text
        other = await office.city.client.get(
            f"{HUB}/services/keys", headers=office.city.token(["data-hub.services.maintain"], department=ECOLOGY)
        )
        assert other.json()["items"] == []

    async def test_need_a_grant(self, office: Office) -> None:
        answer = await office.post("/keys", {"name": "高德地图", "resource": AIR})
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (409, "no-grant-for-key")

    async def test_that_are_wrong_are_refused_alike(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await key(office)
        unknown = made["key"].replace(made["key"][4:36], "0" * 32)
        for wrong in ("x", made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B"), unknown, made["key"] + "\t"):
            answer = await called(office, wrong)
            assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (401, "key-refused")

    async def test_that_are_revoked_end_with_the_next_call(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await key(office)
        revoked = await office.post(f"/keys/{made['id']}/revocations", {"reason": "合作终止"})
        assert revoked.json()["revoked_at"] is not None
        assert (await called(office, made["key"])).status_code == 401
        assert (await office.post(f"/keys/{made['id']}/rotations", {})).status_code == 409

    async def test_are_rotated_with_an_overlap(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await key(office)
        again = (await office.post(f"/keys/{made['id']}/rotations", {"overlap_hours": 2})).json()
        assert again["key"] != made["key"]
        assert [(await called(office, one["key"])).status_code for one in (made, again)] == [200, 200]
        office.city.clock.advance(hours=2)
        assert [(await called(office, one["key"])).status_code for one in (made, again)] == [401, 200]

    async def test_run_out(self, office: Office) -> None:
        await office.grant(columns=["station"])
        until = office.city.clock.now() + timedelta(days=1)
        made = await key(office, valid_until=until.isoformat())
        office.city.clock.advance(days=1)
        assert (await called(office, made["key"])).status_code == 401

    async def test_end_within_their_grant(self, office: Office) -> None:
        await office.grant(columns=["station"])
        until = office.city.clock.now() + timedelta(days=900)
        answer = await office.post("/keys", {"name": "x", "resource": AIR, "valid_until": until.isoformat()})
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (422, "bad-dates")

    async def test_end_with_their_grant(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        made = await key(office)
        path = f"{HUB}/sharing/grants/{grant}/revocations"
        await office.city.client.post(path, json={"reason": "已终结"}, headers=office.ecology)
        answer = await called(office, made["key"])
        assert (answer.status_code, answer.json()["code"]) == (403, "revoked")

    async def test_have_a_quota_of_their_own(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await key(office, daily_quota_rows=3)
        answers = await asyncio.gather(*(called(office, made["key"], limit="2") for _ in range(3)))
        assert sorted(one.status_code for one in answers) == [200, 429, 429]
        meters = await office.city.client.get(f"{HUB}/services/meters", headers=office.housing)
        assert [(one["caller"], one["rows"]) for one in meters.json()["items"]] == [(f"key:{made['id']}", 2)]


class TestExports:
    async def test_hold_what_the_grant_shows_as_csv_that_no_spreadsheet_runs(self, office: Office) -> None:
        await office.grant(columns=["station", "aqi"], row_filter="district=eq.131102")
        made = await exported(office, question="order=station")
        assert (made["state"], made["rows"]) == ("made", 3)
        answer = await content(office, made)
        lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert lines[0] == ["station", "aqi"]
        assert sorted(lines[1:]) == [["'=1+1", "-3"], ["1074A", "57"], ["1076A", "57"]]

    async def test_hold_the_same_in_every_form(self, office: Office) -> None:
        await office.grant(columns=["station", "pm25", "hour"])
        question = "station=like.107*&order=station"
        lines = (await content(office, await exported(office, "ndjson", question))).text.splitlines()
        rows = [json.loads(line) for line in lines]
        assert [row["pm25"] for row in rows] == [35.5, 80, 0.1]
        import polars as pl

        frame = pl.read_parquet((await content(office, await exported(office, "parquet", question))).content)
        assert frame["station"].to_list() == [row["station"] for row in rows]
        assert frame["pm25"].to_list() == [Decimal("35.5"), Decimal(80), Decimal("0.1")]
        assert frame["hour"][0].isoformat() == "2026-11-01T08:00:00+08:00"

    async def test_of_nothing_are_files_too(self, office: Office) -> None:
        await office.grant(columns=["station"])
        for kind in ("csv", "ndjson", "parquet"):
            made = await exported(office, kind, "station=eq.nobody")
            assert (made["state"], made["rows"]) == ("made", 0)
            assert (await content(office, made)).status_code == 200

    async def test_of_many_pages_lose_no_row(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("data_hub.services.exports.MOST_ROWS", 3)
        await office.grant(columns=["station", "aqi"])
        made = await exported(office, "ndjson", "order=aqi.desc")
        lines = (await content(office, made)).text.splitlines()
        assert [json.loads(line)["aqi"] for line in lines] == [112, 57, 57, -3]

    async def test_show_the_table_as_it_stood_at_one_moment(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_hub.services.exports.MOST_ROWS", 2)
        await office.grant(columns=["station", "aqi"])
        async with office.city.work() as work:
            table, address = (await Datasets(work).need(AIR)).table, work.settings.conninfo
        add, changed = File.add, []

        def slowly(file: File, page: str) -> None:
            if not changed:  # the table is loaded anew after the first rows were read
                changed.append(True)
                anew = (
                    "with gone as (delete from {0} returning *) insert into {0} (_batch, station, aqi)"
                    " select _batch, station || '-new', aqi from gone"
                )
                with psycopg.connect(address) as connection:
                    assert connection.execute(sql.SQL(anew).format(sql.Identifier(table))).rowcount == len(READINGS)
            add(file, page)

        monkeypatch.setattr(File, "add", slowly)
        made = await exported(office, "ndjson", "order=aqi.desc&select=station,aqi")
        stations = [json.loads(line)["station"] for line in (await content(office, made)).text.splitlines()]
        assert (len(stations), [one for one in stations if one.endswith("-new")]) == (len(READINGS), [])

    async def test_that_are_too_big_are_refused_and_leave_nothing(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_hub.services.exports.MOST_EXPORTED", 2)
        await office.grant(columns=["station"])
        made = await exported(office)
        assert (made["state"], made["refusal"]) == ("refused", "export-too-big")
        assert (await content(office, made)).status_code == 409

    async def test_are_made_under_the_grant_as_it_is_then(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        asked = await office.post(f"/{AIR}/exports", {})
        path = f"{HUB}/sharing/grants/{grant}/revocations"
        await office.city.client.post(path, json={"reason": "已终结"}, headers=office.ecology)
        await office.city.drain()
        made = await office.city.client.get(f"{HUB}/services/exports/{asked.json()['id']}", headers=office.housing)
        assert (made.json()["state"], made.json()["refusal"]) == ("refused", "not-granted")

    async def test_are_not_handed_out_once_the_grant_has_changed(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        made = await exported(office)
        path = f"{HUB}/sharing/grants/{grant}/changes"
        change = {"columns": ["station"], "row_filter": "aqi=gt.100", "reason": "仅超标"}
        assert (await office.city.client.post(path, json=change, headers=office.ecology)).status_code < 300
        assert (await content(office, made)).status_code == 409

    async def test_of_an_opened_resource_end_with_the_description_that_opened_their_columns(
        self, city: ServiceUnderTest
    ) -> None:
        office, opened = Office(city), {"opening": "opened", "share_type": "unconditional", "share_condition": None}
        await office.publish(**opened)
        made = await exported(office, question="select=station,aqi")
        assert (await content(office, made)).status_code == 200
        items = [one for one in described(**opened)["items"] if one["name"] != "aqi"]
        await catalogued(city, AIR, again=True, items=items, **opened)
        assert (await office.ask(select="aqi")).status_code == 422
        late = await content(office, made)
        assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (409, "export-not-ready")

    async def test_are_for_the_department_that_asked(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await exported(office)
        other = office.city.token([QUERY], department=ECOLOGY)
        path = f"{HUB}/services/exports/{made['id']}"
        assert (await office.city.client.get(path, headers=other)).status_code == 404

    async def test_with_a_wrong_question_are_refused_at_once(self, office: Office) -> None:
        await office.grant(columns=["station"])
        answer = await office.post(f"/{AIR}/exports", {"question": "district=eq.131102"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-column")

    async def test_end_where_the_rows_cannot_be_read_and_let_the_next_be_made(self, office: Office) -> None:
        grant = await office.grant(columns=["station", "aqi", "hour"])
        await office.alter("drop column aqi")
        assert (await exported(office))["refusal"] == "rows-unreadable"
        await office.alter("add column aqi integer")
        assert (await exported(office))["state"] == "made"
        await office.alter("alter column hour type timestamptz using '10000-01-01T00:00:00Z'::timestamptz")
        assert (await exported(office, "parquet", "select=hour"))["refusal"] == "rows-unreadable"
        records = await office.city.client.get(
            f"{HUB}/sharing/evidence/records", params={"stream": f"grant/{grant}"},
            headers=office.city.token(["data-hub.sharing.audit"]),
        )  # fmt: skip
        told = [json.loads(one["entry"]) for one in records.json()["items"]]
        made = [(one["outcome"], one["code"]) for one in told if one["action"] == "export.make"]
        assert made == [("refused", "rows-unreadable"), ("served", None), ("refused", "rows-unreadable")]

    @pytest.mark.parametrize("fault", [psycopg.OperationalError, Unavailable])
    async def test_come_again_where_the_database_only_could_not_for_the_moment(
        self, office: Office, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
    ) -> None:
        async def down(*_: Any) -> Any:
            raise fault

        await office.grant(columns=["station"])
        with monkeypatch.context() as during:
            during.setattr("data_hub.services.exports.Exports._fill", down)
            made = await exported(office)
            assert made["state"] == "asked"
        office.city.clock.advance(minutes=10)
        await office.city.drain()
        assert (await content(office, made)).status_code == 200

    async def test_go_away_after_their_days(self, office: Office) -> None:
        await office.grant(columns=["station"])
        made = await exported(office)
        office.city.clock.advance(days=4)
        await office.city.run_task("data-hub.services.clear-exports")
        assert (await content(office, made)).status_code == 409
