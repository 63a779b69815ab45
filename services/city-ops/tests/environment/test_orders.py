"""Orders over HTTP, on a real database."""

import asyncio

from sqlalchemy import text

from .factories import (
    ECOLOGY,
    HANDLE,
    ORDERS,
    READ,
    URBAN,
    hour,
    raised,
    report,
    with_stations,
)


class TestOneOrderPerStation:
    async def test_two_hours_at_once_raise_one(self, city):
        await with_stations(city)
        rows = [hour(f"2026-03-02T{n:02}:00:00+08:00", pm2_5=140) for n in (8, 10, 12, 14)]
        answers = await asyncio.gather(*(report(city, [row]) for row in rows))
        assert sum(len(answer.json()["orders"]) for answer in answers) == 1

    async def test_each_station_has_its_own(self, city):
        await with_stations(city)
        when = "2026-03-02T08:00:00+08:00"
        answer = await report(city, [hour(when, station=s, pm10=300) for s in ("1074A", "1075A")])
        assert len(answer.json()["orders"]) == 2

    async def test_a_revision_can_raise_one(self, city):
        await with_stations(city)
        when = "2026-03-02T08:00:00+08:00"
        await report(city, [hour(when)])
        assert len((await report(city, [hour(when, pm10=300)])).json()["orders"]) == 1

    async def test_after_it_is_done_the_same_episode_raises_none_and_the_next_one_does(self, city):
        order = await raised(city)
        head = city.token(HANDLE, department=ECOLOGY)
        await city.client.post(f"{ORDERS}/{order['id']}/acknowledgements", headers=head)
        await city.client.post(f"{ORDERS}/{order['id']}/reports", json={"text": "已处理"}, headers=head)
        goes_on = await report(city, [hour("2026-03-02T11:00:00+08:00", pm2_5=150)])
        assert goes_on.json()["orders"] == []
        again = await report(city, [hour("2026-03-02T12:00:00+08:00"), hour("2026-03-02T13:00:00+08:00", pm2_5=150)])
        assert len(again.json()["orders"]) == 1

    async def test_the_event_says_who_and_why(self, city):
        order = await raised(city)
        (event,) = await city.events("cn.hengshui.city-ops.order.raised.v1")
        assert event.subject == order["id"]
        assert event.data["department_code"] == ECOLOGY
        assert event.data["station_code"] == "1074A"
        assert event.data["primary_pollutants"] == ["pm2_5"]
        assert event.data["aqi"] == order["aqi"] > 150


class TestListOrders:
    async def test_a_department_sees_its_own_alone(self, city):
        await raised(city)
        own = await city.client.get(ORDERS, headers=city.token(HANDLE, department=ECOLOGY))
        other = await city.client.get(ORDERS, headers=city.token(HANDLE, department=URBAN))
        assert (len(own.json()["items"]), len(other.json()["items"])) == (1, 0)

    async def test_by_state_and_station(self, city):
        await raised(city)
        head = city.token(READ)
        for params, found in (({"state": "done"}, 0), ({"state": "assigned", "station_code": "1074A"}, 1)):
            assert len((await city.client.get(ORDERS, params=params, headers=head)).json()["items"]) == found

    async def test_nobody_else(self, city):
        assert (await city.client.get(ORDERS)).status_code == 401
        assert (await city.client.get(ORDERS, headers=city.token(["city-ops.cases.read"]))).status_code == 403


class TestReadOrder:
    async def test_by_its_department(self, city):
        order = await raised(city)
        answer = await city.client.get(f"{ORDERS}/{order['id']}", headers=city.token(HANDLE, department=ECOLOGY))
        assert answer.json() == order

    async def test_another_department_finds_none(self, city):
        order = await raised(city)
        answer = await city.client.get(f"{ORDERS}/{order['id']}", headers=city.token(HANDLE, department=URBAN))
        assert answer.status_code == 404


class TestHandleOrder:
    async def test_it_is_taken_up_and_reported(self, city):
        order = await raised(city)
        head = city.token(HANDLE, department=ECOLOGY)
        taken = await city.client.post(f"{ORDERS}/{order['id']}/acknowledgements", headers=head)
        assert taken.json()["state"] == "acknowledged"
        done = await city.client.post(f"{ORDERS}/{order['id']}/reports", json={"text": "已督促停工降尘"}, headers=head)
        assert (done.json()["state"], done.json()["report"]) == ("done", "已督促停工降尘")
        async with city.work() as work:
            acts = await work.session.scalars(
                text("select act from audit_entry where stream = :stream order by seq"),
                {"stream": f"order/{order['id']}"},
            )
            assert list(acts) == ["raise", "assign", "acknowledge", "report"]

    async def test_no_step_is_skipped_or_repeated(self, city):
        order = await raised(city)
        head = city.token(HANDLE, department=ECOLOGY)
        early = await city.client.post(f"{ORDERS}/{order['id']}/reports", json={"text": "早"}, headers=head)
        assert (early.status_code, early.json()["type"]) == (409, "/problems/order-state")
        await city.client.post(f"{ORDERS}/{order['id']}/acknowledgements", headers=head)
        again = await city.client.post(f"{ORDERS}/{order['id']}/acknowledgements", headers=head)
        assert again.status_code == 409

    async def test_two_hands_at_once_take_it_up_once(self, city):
        order = await raised(city)
        head = city.token(HANDLE, department=ECOLOGY)
        path = f"{ORDERS}/{order['id']}/acknowledgements"
        answers = await asyncio.gather(*(city.client.post(path, headers=head) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]

    async def test_another_department_may_not_though_it_may_read(self, city):
        order = await raised(city)
        path = f"{ORDERS}/{order['id']}/acknowledgements"
        sees = await city.client.post(path, headers=city.token(HANDLE + READ, department=URBAN))
        assert (sees.status_code, sees.json()["type"]) == (403, "/problems/other-department")
        blind = await city.client.post(path, headers=city.token(HANDLE, department=URBAN))
        assert blind.status_code == 404

    async def test_a_report_has_words(self, city):
        order = await raised(city)
        head = city.token(HANDLE, department=ECOLOGY)
        for body in ({"text": ""}, {"text": "a\x00"}, {}, {"text": "a", "x": 1}, {"text": 5}):
            answer = await city.client.post(f"{ORDERS}/{order['id']}/reports", json=body, headers=head)
            assert answer.status_code == 422
