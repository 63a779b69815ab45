"""The air over HTTP, on a real database."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from city_ops.environment.handover import ASSIGN
from citykit.testing import at

from .factories import (
    AIR,
    ECOLOGY,
    GATEWAY_SCOPE,
    HENGSHUI,
    OBSERVATIONS,
    count,
    gov_collab_answers,
    hour,
    hours,
    observation,
    orders,
    published,
    raised,
    report,
    with_stations,
)


class TestReportObservations:
    async def test_two_real_winter_days_come_in_hour_by_hour(self, city):
        await with_stations(city)
        gov_collab_answers(city)
        by_hour = {}
        for row in published(HENGSHUI):
            by_hour.setdefault(row["timepoint"], []).append(row)
        numbers = []
        for _, rows in sorted(by_hour.items()):
            answer = await report(city, [observation(row) for row in rows])
            assert answer.status_code == 200, answer.text
            numbers += answer.json()["orders"]
        assert await count(city, "air_hours") == 96
        said = {(r["stationcode"], r["timepoint"]): int(r["aqi"]) for r in published(HENGSHUI) if r["aqi"]}
        async with city.work() as work:
            kept = await work.session.execute(text("select station_code, observed_at, aqi, standard from air_hours"))
            stored = {(r.station_code, r.observed_at + timedelta(hours=8)): (r.aqi, r.standard) for r in kept}
        for (station, timepoint), aqi in said.items():
            key = (station, datetime.fromisoformat(f"{timepoint}+00:00"))
            assert stored[key] == (aqi, "HJ 633-2012")
        # One order per station: the first crossing of each, and none while it is open.
        assert len(numbers) == 2
        listed = sorted(await orders(city), key=lambda order: order["observed_at"])
        assert [(o["station_code"], o["observed_at"], o["aqi"]) for o in listed] == [
            ("1075A", "2023-01-07T17:00:00.000+08:00", 152),
            ("1074A", "2023-01-07T18:00:00.000+08:00", 153),
        ]

    async def test_a_known_hour_with_the_same_values_changes_nothing(self, city):
        await with_stations(city)
        rows = hours("2026-03-02T08:00:00+08:00", 3)
        assert (await report(city, rows)).json() == {
            "received": 3, "stored": 3, "revised": 0, "unchanged": 0, "orders": [],
        }  # fmt: skip
        assert (await report(city, rows)).json()["unchanged"] == 3
        assert await count(city, "air_hour_revisions") == 0

    async def test_a_revised_value_keeps_the_earlier_one(self, city):
        await with_stations(city)
        when = "2026-03-02T08:00:00+08:00"
        await report(city, [hour(when, pm2_5=60)])
        assert (await report(city, [hour(when, pm2_5=61)])).json()["revised"] == 1
        assert (await report(city, [hour(when, pm2_5=None)])).json()["revised"] == 1
        latest = (await city.client.get(f"{AIR}/stations/1074A/hours")).json()["items"]
        assert (latest[0]["revision"], latest[0]["index"]["aqi"]) == (2, None)
        async with city.work() as work:
            kept = await work.session.execute(
                text("select revision, aqi, concentrations ->> 'pm2_5' as pm from air_hour_revisions order by revision")
            )
            assert [tuple(row) for row in kept] == [(0, 100, "60.0"), (1, 101, "61.0")]

    async def test_the_same_hour_sent_twice_at_once_is_one_hour(self, city):
        await with_stations(city)
        batch = hours("2026-03-02T01:00:00+08:00", 5, pm2_5=130)
        answers = await asyncio.gather(*(report(city, batch) for _ in range(4)))
        assert {answer.status_code for answer in answers} == {200}
        assert sum(answer.json()["stored"] for answer in answers) == 5
        assert await count(city, "air_hours") == 5
        assert await count(city, "environment_orders") == 1

    async def test_the_table_follows_the_date(self, city):
        city.clock.set(at("2026-03-01 12:00"))
        await with_stations(city)
        rows = [hour(f"2026-{when}:00:00+08:00", pm2_5=75) for when in ("02-28T23", "03-01T00", "03-01T01")]
        await report(city, rows)
        items = (await city.client.get(f"{AIR}/stations/1074A/hours")).json()["items"]
        assert [(i["index"]["standard"], i["index"]["aqi"]) for i in items] == [
            ("HJ 633-2026", 114), ("HJ 633-2012", 100), ("HJ 633-2012", 100),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("row", "pointer", "code"),
        [
            (hour("2026-03-02T08:00:00+08:00", station="9999X"), "station_code", "unknown-station"),
            (hour("2099-03-02T08:00:00+08:00"), "observed_at", "in-the-future"),
            (hour("2011-03-02T08:00:00+08:00"), "observed_at", "no-standard"),
            (hour("2026-03-02T07:00:00+08:00"), "observed_at", "twice"),
        ],
    )
    async def test_one_wrong_row_refuses_the_batch(self, city, row, pointer, code):
        await with_stations(city)
        answer = await report(city, [hour("2026-03-02T07:00:00+08:00"), row])
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/observations-refused"
        assert answer.json()["errors"][0]["pointer"] == f"/body/observations/1/{pointer}"
        assert answer.json()["errors"][0]["code"] == code
        assert await count(city, "air_hours") == 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("pm10", -1), ("pm10", "40"), ("pm10", 1e9), ("pm10", True), ("pm10", 1.23456), ("co", [1]), ("pm1", 3),
            ("observed_at", "2026-03-02T08:30:00+08:00"), ("observed_at", "2026-03-02T08:00:00"),
            ("observed_at", "2026-02-30T08:00:00+08:00"), ("observed_at", 1e99), ("observed_at", 1767225600),
            ("observed_at", "1767225600"), ("station_code", "1074\x00"),
            ("station_code", ""), ("station_code", "x" * 300), ("station_code", None),
        ],
    )  # fmt: skip
    async def test_impossible_values_are_pointed_at(self, city, field, value):
        await with_stations(city)
        answer = await report(city, [hour("2026-03-02T08:00:00+08:00") | {field: value}])
        assert answer.status_code == 422
        assert await count(city, "air_hours") == 0

    async def test_nan_is_not_json(self, city):
        headers = city.token(GATEWAY_SCOPE, kind="client") | {"Content-Type": "application/json"}
        body = '{"observations": [{"station_code": "1074A", "observed_at": "2026-03-02T08:00:00+08:00", "co": NaN}]}'
        assert (await city.client.post(OBSERVATIONS, content=body, headers=headers)).status_code == 422

    @pytest.mark.parametrize("size", [0, 501])
    async def test_a_batch_has_bounds(self, city, size):
        await with_stations(city)
        assert (await report(city, hours("2024-01-01T01:00:00+08:00", size))).status_code == 422

    async def test_a_full_batch_of_three_weeks(self, city):
        await with_stations(city)
        answer = await report(city, hours("2024-01-01T01:00:00+08:00", 500))
        assert answer.json()["stored"] == 500
        assert await count(city, "air_days") == 21

    async def test_without_the_scope_nobody_reports(self, city):
        headers = city.token(["city-ops.environment.read"])
        body = {"observations": hours("2024-01-01T01:00:00+08:00", 1)}
        assert (await city.client.post(OBSERVATIONS, json=body, headers=headers)).status_code == 403
        assert (await city.client.post(OBSERVATIONS, json=body)).status_code == 401

    async def test_it_goes_on_while_gov_collab_is_down(self, city):
        order = await raised(city, drain=False)
        await city.drain()
        assert order["state"] == "raised"
        assert (await orders(city))[0]["department_code"] is None
        assert await city.events() == []
        gov_collab_answers(city)
        city.clock.advance(minutes=10)
        await city.run_task(ASSIGN, order_id=order["id"])
        assert (await orders(city))[0]["state"] == "assigned"
        assert len(await city.events()) == 1

    async def test_where_nobody_answers_the_order_asks_again(self, city):
        await raised(city, drain=False)
        route = city.neighbours.get(path__regex=r".*/resolution.*").respond(404, json={"type": "/problems/not-found"})
        await city.drain()
        assert (await orders(city))[0]["state"] == "raised"
        route.respond(json={"department_code": ECOLOGY, "department_name": "生态局", "legal_basis": None})
        city.clock.advance(minutes=11)
        await city.drain()
        assert (await orders(city))[0]["state"] == "assigned"


class TestReadAir:
    async def test_latest_of_every_station_and_null_before_the_first(self, city):
        await with_stations(city)
        await report(city, hours("2026-03-02T08:00:00+08:00", 3, pm2_5=36))
        items = (await city.client.get(f"{AIR}/latest")).json()["items"]
        assert [item["station"]["code"] for item in items] == ["1074A", "1075A"]
        assert items[1]["hour"] is None
        assert items[0]["hour"]["observed_at"] == "2026-03-02T10:00:00.000+08:00"
        assert items[0]["hour"]["index"]["level"] == {"number": 2, "name": "良 Good", "colour": "#FFFF00"}
        assert items[0]["hour"]["concentrations"]["co"] == 0.5

    async def test_hours_by_key_without_gap_or_repeat_while_more_come_in(self, city):
        await with_stations(city)
        await report(city, hours("2026-03-02T01:00:00+08:00", 7))
        first = (await city.client.get(f"{AIR}/stations/1074A/hours", params={"limit": 4})).json()
        await report(city, hours("2026-03-02T09:00:00+08:00", 1))
        rest = (
            await city.client.get(f"{AIR}/stations/1074A/hours", params={"limit": 4, "after": first["next"]})
        ).json()
        seen = [item["observed_at"][11:13] for item in first["items"] + rest["items"]]
        assert seen == ["07", "06", "05", "04", "03", "02", "01"]
        assert rest["next"] is None

    async def test_hours_between(self, city):
        await with_stations(city)
        await report(city, hours("2026-03-02T01:00:00+08:00", 7))
        span = {"since": "2026-03-02T03:00:00+08:00", "until": "2026-03-02T05:00:00+08:00"}
        items = (await city.client.get(f"{AIR}/stations/1074A/hours", params=span)).json()["items"]
        assert len(items) == 2

    async def test_days_by_key(self, city):
        await with_stations(city)
        await report(city, hours("2026-03-02T01:00:00+08:00", 60))
        page = (await city.client.get(f"{AIR}/stations/1074A/days", params={"limit": 2})).json()
        assert [(day["day"], day["hours"]) for day in page["items"]] == [("2026-03-04", 12), ("2026-03-03", 24)]
        assert page["items"][0]["index"]["aqi"] is None
        assert page["items"][1]["index"]["aqi"] == 40
        more = (await city.client.get(f"{AIR}/stations/1074A/days", params={"limit": 2, "after": page["next"]})).json()
        assert [day["day"] for day in more["items"]] == ["2026-03-02"]

    async def test_a_real_day(self, city):
        await with_stations(city)
        rows = [row for row in published(HENGSHUI) if row["stationcode"] == "1075A"]
        await report(city, [observation(row) for row in rows])
        (day,) = (
            await city.client.get(f"{AIR}/stations/1075A/days", params={"since": "2023-01-08", "until": "2023-01-08"})
        ).json()["items"]
        # The published running mean at the day's end is the mean of the day.
        midnight = next(row for row in rows if row["timepoint"] == "2023-01-09T00:00:00")
        assert day["hours"] == 24
        assert day["concentrations"]["pm2_5"] == float(Decimal(midnight["pm2_5_24h"]))
        assert day["concentrations"]["pm10"] == float(Decimal(midnight["pm10_24h"]))
        assert day["concentrations"]["o3"] == float(Decimal(midnight["o3_8h"]))
        assert day["validity_standard"] == "GB 3095-2012"

    async def test_the_city_is_the_mean_of_its_stations(self, city):
        await with_stations(city)
        when = "2026-03-02T08:00:00+08:00"
        await report(city, [hour(when, pm2_5=60), hour(when, station="1075A", pm2_5=61)])
        body = (await city.client.get(f"{AIR}/city")).json()
        assert body["now"]["concentrations"]["pm2_5"] == 60
        assert body["now"]["index"]["aqi"] == 100
        assert body["now"]["stations"] == 2
        assert len(body["last_hours"]) == 1

    async def test_the_city_before_the_first_hour(self, city):
        assert (await city.client.get(f"{AIR}/city")).json() == {"now": None, "stations": [], "last_hours": []}

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("stations/nowhere/hours", 404), ("stations/1074A/hours?limit=0", 422), ("stations/1074A/hours?x=1", 400),
            ("stations/1074A/hours?after=zzz", 400), ("stations/1074A/days?since=2026-02-30", 422),
            ("stations/1074A/hours?since=yesterday", 422), ("stations/1074A/hours?since=0", 422),
            ("stations/1074A/days?until=0.5", 422), ("latest?station=1", 400), ("stations/%00/hours", 422),
            ("stations/1074A/days?after=WzFd", 400),
        ],
    )  # fmt: skip
    async def test_bad_questions(self, city, path, status):
        await with_stations(city)
        assert (await city.client.get(f"{AIR}/{path}")).status_code == status


class TestRegisterStation:
    BODY = {"name": "新站", "longitude": 115.7, "latitude": 37.7, "division_code": "131102"}  # noqa: RUF012
    PATH = f"{AIR}/stations/2000A"

    async def test_it_is_registered_and_corrected(self, city):
        head = city.token(["city-ops.environment.maintain"])
        assert (await city.client.put(self.PATH, json=self.BODY, headers=head)).json()["name"] == "新站"
        body = self.BODY | {"name": "更名"}
        assert (await city.client.put(self.PATH, json=body, headers=head)).json()["name"] == "更名"
        assert await count(city, "air_stations") == 1

    @pytest.mark.parametrize("wrong", [{"longitude": 37.7, "latitude": 115.7}, {"latitude": -37.7}, {"name": "a\x00b"}])
    async def test_impossible_places_and_texts(self, city, wrong):
        head = city.token(["city-ops.environment.maintain"])
        assert (await city.client.put(self.PATH, json=self.BODY | wrong, headers=head)).status_code == 422
        assert await count(city, "air_stations") == 0
