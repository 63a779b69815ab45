"""Times are Beijing's with +08:00, in every year and wherever they are shown: what is shown finds the same row."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from psycopg import sql

from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import ColumnType, value
from data_hub.datasets.sealed import text_of
from data_hub.datasets.service import Datasets
from data_hub.ingest.contract import Item
from data_hub.ingest.typing_rules import typed
from data_hub.services.domain import BadQuestion, question

from .factories import AIR, HUB, Office

# By the rules of Asia/Shanghai none of these is at +08:00: local mean time, and the summers of three laws.
MOMENTS = ("1880-01-01T00:00:00", "1927-12-31T23:59:59", "1940-07-01T00:00:00", "1988-07-01T00:00:00")
EVERYBODY: dict[str, str] = {}
OPENED = {"opening": "opened", "share_type": "unconditional", "share_condition": None}


async def told(city: ServiceUnderTest, **more: Any) -> Office:
    """The resource with one row for each moment, named by it."""
    office = Office(city)
    await office.publish(**more)
    async with city.work() as work:
        table = sql.Identifier((await Datasets(work).need(AIR)).table)
        statement = sql.SQL("insert into {} (_batch, station, hour) values (%s, %s, %s)").format(table)
        for moment in MOMENTS:
            at = datetime.fromisoformat(f"{moment}+08:00")
            await (await work.driver()).execute(statement, (new_id(), moment, at))
    return office


class TestTimes:
    async def test_are_shown_as_they_were_sent_and_found_as_they_are_shown(self, city: ServiceUnderTest) -> None:
        office = await told(city, **OPENED)
        answer = await office.ask(EVERYBODY, station="like.1*T*", select="station,hour", order="hour")
        rows = answer.json()["items"]
        assert [(row["station"], row["hour"]) for row in rows] == [(one, f"{one}.000000+08:00") for one in MOMENTS]
        for row in rows:
            assert await office.stations(EVERYBODY, hour=f"eq.{row['hour']}") == [row["station"]]
        least = await office.ask(EVERYBODY, select="min(hour)")
        assert least.json()["items"] == [{"min_hour": f"{MOMENTS[0]}.000000+08:00"}]

    async def test_are_the_same_in_every_file(self, city: ServiceUnderTest) -> None:
        office = await told(city, **OPENED)
        meant = {one: f"{one}.000000+08:00" for one in MOMENTS}
        found = {}
        for kind in ("csv", "ndjson", "parquet"):
            body = {"format": kind, "question": "select=station,hour&station=like.1*T*"}
            asked = await office.post(f"/{AIR}/exports", body)
            await city.drain()
            path = f"{HUB}/services/exports/{asked.json()['id']}/content"
            found[kind] = (await city.client.get(path, headers=office.housing)).content
        rows = csv.DictReader(io.StringIO(found["csv"].decode("utf-8-sig")))
        assert {row["station"]: row["hour"] for row in rows} == meant
        assert {row["station"]: row["hour"] for row in pl.read_ndjson(found["ndjson"]).iter_rows(named=True)} == meant
        told_ = pl.read_parquet(found["parquet"]).iter_rows(named=True)
        assert {row["station"]: row["hour"].isoformat(timespec="microseconds") for row in told_} == meant

    async def test_are_the_same_in_the_open_catalogue(self, city: ServiceUnderTest) -> None:
        await told(city, **OPENED)
        file = await city.client.get(f"{HUB}/catalogue/resources/{AIR}/rows.csv")
        rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
        found = {row["station"]: row["hour"] for row in rows if row["station"] in MOMENTS}
        assert found == {one: f"{one}+08:00" for one in MOMENTS}
        search = "/api/data-hub/ckan/api/3/action/datastore_search"
        answer = await city.client.get(search, params={"resource_id": AIR})
        records = answer.json()["result"]["records"]
        assert {row["station"]: row["hour"] for row in records if row["station"] in MOMENTS} == found

    async def test_are_the_same_in_what_a_grant_delivers(self, city: ServiceUnderTest) -> None:
        office = await told(city)
        grant = await office.grant(deliveries=("file",), columns=["station", "hour"])
        asked = await city.client.post(f"{HUB}/sharing/grants/{grant}/files", json={}, headers=office.housing)
        await city.drain()
        file = await city.client.get(f"{HUB}/sharing/files/{asked.json()['id']}/content", headers=office.housing)
        for one in MOMENTS:
            assert f"{one}.000000+08:00" in file.text

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_without_a_zone_are_taken_for_the_same(self, moment: str) -> None:
        at = datetime.fromisoformat(f"{moment}+08:00")
        assert value(ColumnType.datetime, moment) == at
        item = Item("hour", "时间", ColumnType.datetime, required=False, sensitive=False, is_key=False, rules=())
        assert typed(pl.DataFrame({"hour": [moment.replace("T", " ")]}), item).to_list() == [at]
        assert text_of(at) == f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000000Z"
        assert at.astimezone(CHINA).isoformat() == f"{moment}+08:00"


class TestDays:
    @pytest.mark.parametrize("text", ["2026-W01-4", "20260101", "2026-W014", "2026-01-1", "２０２６-01-01"])
    def test_are_written_in_one_way(self, text: str) -> None:
        columns = {"day": ColumnType.date, "hour": ColumnType.datetime}
        for asked in ({"day": f"eq.{text}"}, {"hour": f"eq.{text}T08:00:00+08:00"}):
            with pytest.raises(BadQuestion) as refused:
                question(asked.items(), columns)
            assert refused.value.code == "type-mismatch"
        for kind, given in ((ColumnType.date, text), (ColumnType.datetime, f"{text}T08:00:00+08:00")):
            with pytest.raises(ValueError, match="YYYY-MM-DD"):
                value(kind, given)
        assert question([("day", "eq.2026-01-01")], columns).where.parts[0].values == (date(2026, 1, 1),)  # type: ignore[union-attr]
