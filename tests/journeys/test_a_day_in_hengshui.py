"""A day in Hengshui, step by step, through the real gateway: the same steps that `./city demo` plays.

Each step is a fixture that rests on the one before it, so that any test may be run alone and in any order.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher import control
from launcher.city import ROOT, City
from launcher.day import Day, air, firm, identity, matter, privacy

pytestmark = pytest.mark.xdist_group("city")
MESSAGES = ROOT.parent / "shared" / "data" / "hotline" / "messages_labelled.csv"


def real_message(path: Path) -> dict[str, str] | None:
    """A real message about street lamps from the test data; None where that is absent (it may not be shipped)."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        found = next(row for row in csv.DictReader(file) if "路灯" in row["留言主题"])
    return {"title": found["留言主题"].strip()[:200], "text": found["留言详情"].strip()[:4000]}


@pytest.fixture(scope="module")
def day(city_at_work: City) -> Iterator[Day]:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()
    city_at_work.move_clock(0)


@pytest.fixture(scope="module")
def registered(day: Day) -> Day:
    identity.register(day)
    return day


@pytest.fixture(scope="module")
def sent(registered: Day) -> dict[str, Any]:
    return matter.send(registered, real_message(MESSAGES))


@pytest.fixture(scope="module")
def case(registered: Day, sent: dict[str, Any]) -> str:
    return matter.assign_while_city_ops_is_down(registered)


@pytest.fixture(scope="module")
def rated(registered: Day, case: str) -> dict[str, Any]:
    matter.handle(registered)
    return matter.rate(registered)


@pytest.fixture(scope="module")
def compared(day: Day) -> dict[str, int]:
    return air.breathe(day)


@pytest.fixture(scope="module")
def confirmed(day: Day) -> dict[str, Any]:
    return firm.ask(day)


class TestStep1Registration:
    def test_she_is_verified_and_the_token_says_so(self, registered: Day) -> None:
        assert registered.citizen is not None
        me = registered.citizen.get("/api/citizen-pass/v1/accounts/me")
        assert (me["assurance"], me["masked_name"]) == (2, "王*兰")
        assert me["subject"] == registered.facts["subject"]

    def test_a_second_account_cannot_take_the_same_person(self, day: Day, registered: Day) -> None:
        stranger = day.persona("guardian")
        answer = stranger.send(
            "POST", "/api/citizen-pass/v1/accounts/me/verifications", json={"name": "王秀兰", "id_number": "x" * 18}
        )
        assert answer.status_code in {409, 422}


class TestStep2AHotlineMessageBecomesACase:
    def test_the_operator_got_the_right_class_suggested(self, registered: Day, sent: dict[str, Any]) -> None:
        codes = [suggestion["matter"]["code"] for suggestion in registered.facts["suggested"]["items"]]
        assert "street-lighting" in codes

    def test_the_message_arrived_as_it_was_written(self, registered: Day, sent: dict[str, Any]) -> None:
        expected = real_message(MESSAGES) or matter.MESSAGE
        assert registered.citizen is not None
        ticket = registered.citizen.get(f"{matter.HOTLINE}/{sent['id']}")
        assert (ticket["title"], ticket["text"]) == (expected["title"], expected["text"])

    def test_she_rates_it_and_sees_the_whole_trail(self, rated: dict[str, Any]) -> None:
        assert (rated["state"], rated["satisfaction"]) == ("closed", 1)
        acts = [entry["act"] for entry in rated["trail"]]
        assert len(acts) >= 5
        assert [entry["at"] for entry in rated["trail"]] == sorted(entry["at"] for entry in rated["trail"])
        assert all(entry["public"] for entry in rated["trail"])

    def test_a_stranger_sees_neither_ticket_nor_case(self, day: Day, rated: dict[str, Any], case: str) -> None:
        stranger = day.persona("guardian")
        assert stranger.send("GET", f"{matter.HOTLINE}/{rated['id']}").status_code == 404
        assert stranger.send("GET", f"{matter.CASES}/{case}").status_code == 404

    def test_she_was_told_of_each_turn(self, registered: Day, rated: dict[str, Any]) -> None:
        assert registered.citizen is not None
        page = registered.citizen.get("/api/citizen-pass/v1/messages", limit=50)
        assert len(page["items"]) >= 4


class TestStep3TheAir:
    def test_every_published_index_is_met(self, compared: dict[str, int]) -> None:
        assert compared["hours"] == 96
        assert compared["equal"] == compared["published"] > 80

    def test_the_first_crossing_raised_an_order_that_is_done(self, day: Day, compared: dict[str, int]) -> None:
        assert day.facts["air"]["orders"] >= 1
        officer = day.persona("environment")
        orders = officer.get(f"{air.AIR}/orders", limit=50)["items"]
        assert {order["state"] for order in orders} == {"done"}
        assert min(order["aqi"] for order in orders) > air.THRESHOLD

    def test_the_same_hours_again_change_nothing(self, day: Day, compared: dict[str, int]) -> None:
        station = day.program("air-station-gateway", "city-ops.environment.report")
        batch = {"observations": [air.observation(row) for row in air.rows()]}
        report = station.post(f"{air.AIR}/air/observations", batch)
        assert (report["unchanged"], report["orders"]) == (96, [])


class TestStep4TheFirm:
    def test_one_request_is_answered_in_time(self, confirmed: dict[str, Any]) -> None:
        assert confirmed["state"] in {"confirmed", "closed"}
        assert not any(milestone["escalated_at"] for milestone in confirmed["milestones"])

    def test_the_other_one_escalates_once_for_each_milestone(self, day: Day, confirmed: dict[str, Any]) -> None:
        supervisor = day.persona("administrator")
        escalations = supervisor.get(f"{firm.REQUESTS}/escalations", limit=100)["items"]
        mine = [one["milestone"] for one in escalations if one["request_id"] == day.facts["late_request"]]
        assert sorted(mine) == sorted(set(mine))
        assert set(mine) >= set(day.facts["escalated"]) != set()


class TestStep5WhoReadMyData:
    def test_she_finds_exactly_the_readings_that_happened(self, registered: Day, rated: dict[str, Any]) -> None:
        readings = privacy.look(registered)
        assert all(reading["purpose"] and reading["fields"] for reading in readings)

    def test_a_service_that_is_down_is_named(self, registered: Day, rated: dict[str, Any]) -> None:

        assert registered.citizen is not None
        control.hold(registered.city, "enterprise")
        try:
            page = registered.citizen.get("/api/citizen-pass/v1/privacy/usages", limit=100)
        finally:
            control.release(registered.city, "enterprise")
        assert page["silent"] == ["enterprise"]


class TestStep6OneServiceWasDown:
    def test_nothing_was_lost_and_nothing_happened_twice(self, registered: Day, rated: dict[str, Any]) -> None:
        assert matter.nothing_twice(registered) == 1


class TestTheDoor:
    def test_without_a_token_nobody_sees_a_ticket(self, day: Day) -> None:
        answer = day.anyone().send("GET", matter.HOTLINE)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"

    def test_the_inside_is_not_on_the_street(self, day: Day) -> None:
        answer = day.anyone().send("GET", "/internal/data-hub/v1/divisions/131102")
        assert answer.status_code == 404

    def test_personas_are_people_of_this_city(self, day: Day) -> None:
        assert day.persona("citizen").get("/api/citizen-pass/v1/accounts/me")["masked_name"] == "李*英"
