"""What reaches cases by event: tickets of the hotline, exactly once."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import text

from citykit.ids import new_id

from .factories import ASSIGNED, CASES, People, act, deliver, departments_answer, ticket


async def cases(city):
    async with city.work() as work:
        return [dict(row._mapping) for row in await work.session.execute(text("select * from cases"))]


class TestTicketAssigned:
    async def test_a_ticket_becomes_a_case_with_its_source(self, city):
        data = ticket()
        assert (await deliver(city, data)).status_code < 300
        (case,) = await cases(city)
        assert case["source_kind"] == "hotline"
        assert str(case["source_reference"]) == data["ticket_id"]
        assert (case["source_number"], case["title"], case["description"]) == (
            data["number"], data["title"], data["text"],
        )  # fmt: skip
        assert (case["longitude"], case["latitude"], case["address"]) == (115.7, 37.73, "和平路")
        assert (case["division_code"], str(case["reporter"])) == ("131102", data["citizen"])
        assert case["source_due_at"] == datetime.fromisoformat(data["due_at"])
        (event,) = await city.events("cn.hengshui.city-ops.case.reported.v1")
        assert (event.data["source_kind"], event.data["source_reference"]) == ("hotline", data["ticket_id"])

    async def test_one_event_twice_is_one_case(self, city):
        data, event_id = ticket(), new_id()
        for _ in range(2):
            assert (await deliver(city, data, event_id)).status_code < 300
        assert len(await cases(city)) == 1
        assert len(await city.events()) == 1

    async def test_at_once_too(self, city):
        data, event_id = ticket(), new_id()
        answers = await asyncio.gather(*(deliver(city, data, event_id) for _ in range(3)))
        assert all(answer.status_code < 300 for answer in answers)
        assert len(await cases(city)) == 1

    async def test_and_so_is_a_ticket_that_is_assigned_again(self, city):
        data = ticket()
        await asyncio.gather(deliver(city, data), deliver(city, data))
        await deliver(city, data)
        assert len(await cases(city)) == 1
        assert len(await city.events()) == 1

    async def test_a_ticket_that_was_opened_again_is_a_new_case(self, city):
        data = ticket()
        await deliver(city, data | {"round": 1})
        for _ in range(2):
            await deliver(city, data | {"round": 2})
        assert [case["source_round"] for case in await cases(city)] == [1, 2]

    async def test_other_tickets_are_not_ours(self, city):
        assert (await deliver(city, ticket(handled_as="ticket"))).status_code < 300
        assert await cases(city) == []

    async def test_without_citizen_place_and_due_time(self, city):
        data = ticket(citizen=None, location=None, due_at=None, division_code=None)
        assert (await deliver(city, data)).status_code < 300
        (case,) = await cases(city)
        assert (case["reporter"], case["longitude"], case["source_due_at"]) == (None, None, None)

    @pytest.mark.parametrize("place", [(37.7, 115.7), (2.3, 48.8), (None, 37.7)])
    async def test_an_impossible_point_is_dropped_and_the_words_stay(self, city, place):
        longitude, latitude = place
        data = ticket(location={"longitude": longitude, "latitude": latitude, "address": "和平路"})
        assert (await deliver(city, data)).status_code < 300
        (case,) = await cases(city)
        assert (case["longitude"], case["latitude"], case["address"]) == (None, None, "和平路")

    async def test_only_gov_collab_is_heard_with_a_signed_token(self, city):
        answer = await city.client.post(
            "/internal/city-ops/v1/events", json={"type": ASSIGNED}, headers=city.token(["city-ops.cases.accept"])
        )
        assert answer.status_code in {401, 403}
        assert await cases(city) == []


class TestOutcomeReturns:
    async def test_the_citizen_of_the_ticket_sees_her_case_and_the_outcome_names_the_ticket(self, city):
        departments_answer(city)
        data = ticket()
        await deliver(city, data)
        people = People(city)
        caller = city.token(["city-ops.cases.report"], subject=data["citizen"])
        (case,) = (await city.client.get(CASES, headers=caller)).json()["items"]
        answer = await act(city, case, "rejections", people.desk, outcome_text="已由供电公司处理")
        assert answer.status_code == 200
        (closed,) = await city.events("cn.hengshui.city-ops.case.closed.v1")
        assert closed.data["source_reference"] == data["ticket_id"]
        assert (closed.data["outcome"], closed.data["reporter"]) == ("rejected", data["citizen"])
