"""Faults on a running city: processes killed at the worst moment, the database gone, everything gone; nothing lost."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from launcher import control
from launcher.city import City
from launcher.day.people import Person, persona, wait_for

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
HOTLINE = "/api/gov-collab/v1/hotline/tickets"
MESSAGES = "/api/citizen-pass/v1/messages"


@pytest.fixture(autouse=True)
def a_healthy_city(city_at_work: City) -> None:
    """Each fault meets a city that has got over the one before: the gateway, too, has seen that all are back."""
    wait_for("the city to be healthy", all_healthy(city_at_work))


@pytest.fixture
def citizen(city_at_work: City) -> Iterator[Person]:
    somebody = persona(city_at_work, "citizen")
    yield somebody
    somebody.close()


def send(city: City, name: str, number: signal.Signals) -> int:
    """Send a signal to a process, once there is one: one that was killed is on its way back. Answers its id."""

    def sent() -> int | None:
        pid = control.told(city)["processes"][name]["pid"]
        if not pid:
            return None
        try:
            os.kill(pid, number)
        except ProcessLookupError:  # it ended by itself, and its supervisor has yet to notice
            return None
        return int(pid)

    return wait_for(f"{name} to run", sent)


def submit(citizen: Person, title: str) -> dict[str, Any]:
    return dict(citizen.post(HOTLINE, {"title": title, "text": "测试用诉求，请忽略。"}))


def told_of(citizen: Person, number: str) -> Callable[[], list[dict[str, Any]] | None]:
    """The messages about a ticket, once there are any."""

    def look() -> list[dict[str, Any]] | None:
        items = citizen.get(MESSAGES, limit=100)["items"]
        return [item for item in items if number in str(item)] or None

    return look


def all_healthy(city: City) -> Callable[[], bool]:
    return lambda: set(control.states(city).values()) == {"healthy"}


class TestAWorkerIsKilled:
    def test_between_commit_and_delivery(self, city_at_work: City, citizen: Person) -> None:
        send(city_at_work, "gov-collab-worker", signal.SIGSTOP)
        ticket = submit(citizen, "工作进程在投递前被杀")
        send(city_at_work, "gov-collab-worker", signal.SIGKILL)
        assert len(wait_for("the message", told_of(citizen, ticket["number"]))) == 1

    def test_in_the_middle_of_a_delivery(self, city_at_work: City, citizen: Person) -> None:
        citizen.headers()  # signed in before the one who signs people in is frozen
        receiver = send(city_at_work, "citizen-pass", signal.SIGSTOP)
        try:
            ticket = submit(citizen, "工作进程在投递中被杀")
            wait_for("the delivery to be under way", lambda: _delivering(city_at_work))
            send(city_at_work, "gov-collab-worker", signal.SIGKILL)
        finally:
            os.kill(receiver, signal.SIGCONT)
        assert len(wait_for("the message", told_of(citizen, ticket["number"]))) == 1


def _delivering(city: City) -> bool:

    with psycopg.connect(city.admin_conninfo()) as connection:
        row = connection.execute(
            "select count(*) from gov_collab.procrastinate_jobs"
            " where status = 'doing' and task_name = 'citykit.deliver'"
        ).fetchone()
    return bool(row and row[0])


class TestAServiceIsKilled:
    def test_it_comes_back_and_its_neighbours_went_on(self, city_at_work: City, citizen: Person) -> None:
        send(city_at_work, "city-ops", signal.SIGKILL)
        assert submit(citizen, "城市运行服务被杀时照常受理")["state"] == "taken"
        wait_for("city-ops to be healthy again", all_healthy(city_at_work))

    def test_tokens_go_on_working_while_the_issuer_is_down(self, city_at_work: City, citizen: Person) -> None:
        headers = citizen.headers()
        control.hold(city_at_work, "citizen-pass")
        try:
            answer = httpx.get(f"{city_at_work.public_url}{HOTLINE}", headers=headers, trust_env=False, timeout=30)
        finally:
            control.release(city_at_work, "citizen-pass")
        assert answer.status_code == 200


class TestTheDatabaseIsGone:
    def test_the_city_says_so_and_comes_back_with_all_it_had(self, city_at_work: City, citizen: Person) -> None:
        ticket = submit(citizen, "数据库断电之前")
        headers = citizen.headers()
        send(city_at_work, "database", signal.SIGKILL)
        with httpx.Client(base_url=city_at_work.public_url, trust_env=False, timeout=30, headers=headers) as client:
            answer = client.post(HOTLINE, json={"title": "断电时", "text": "断电时"})
            assert answer.status_code in {201, 502, 503, 504}, answer.text
            assert answer.headers["content-type"] in {"application/problem+json", "application/json"}
        wait_for("the city to be healthy again", all_healthy(city_at_work))
        assert citizen.get(f"{HOTLINE}/{ticket['id']}")["title"] == "数据库断电之前"


class TestEverythingIsGone:
    def test_up_brings_back_the_city_with_all_its_data(self, city_at_work: City, citizen: Person) -> None:
        ticket = submit(citizen, "整机断电之前")
        supervisor = control.supervisor_pid(city_at_work)
        assert supervisor is not None
        victims = [supervisor, *(int(p["pid"]) for p in control.told(city_at_work)["processes"].values() if p["pid"])]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        with city_at_work.locked():
            control.up(city_at_work, None)
        assert citizen.get(f"{HOTLINE}/{ticket['id']}")["title"] == "整机断电之前"
        assert len(wait_for("the message", told_of(citizen, ticket["number"]))) == 1


class TestAQueueFills:
    def test_a_hundred_events_wait_for_a_subscriber_and_arrive_once_each(
        self, city_at_work: City, citizen: Person
    ) -> None:
        headers = citizen.headers()
        control.hold(city_at_work, "citizen-pass")
        with httpx.Client(base_url=city_at_work.public_url, trust_env=False, timeout=30, headers=headers) as client:
            answers = [client.post(HOTLINE, json={"title": f"第{place}件", "text": "排队"}) for place in range(100)]
        control.release(city_at_work, "citizen-pass")
        assert {answer.status_code for answer in answers} == {201}
        numbers = [answer.json()["number"] for answer in answers]

        def all_told() -> list[str] | None:
            told, after = [], None
            for _ in range(20):
                page = citizen.get(MESSAGES, limit=100, **({"after": after} if after else {}))
                told += [str(item) for item in page["items"]]
                after = page["next"]
                if after is None:
                    break
            counted = [sum(number in text for text in told) for number in numbers]
            return numbers if counted == [1] * len(numbers) else None

        wait_for("a hundred messages", all_told)
