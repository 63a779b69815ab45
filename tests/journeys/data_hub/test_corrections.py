"""A wrong value: doubted by the person herself, corrected by its source, mended by every department that has it."""

from typing import Any

import pytest

from launcher.city import City
from launcher.day import Day
from launcher.day.people import wait_for
from launcher.signin import personas

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
HUB = "/api/data-hub/v1"
FLOOR = f"{HUB}/registries"
FOR_A_SERVICE = {"purpose": "public-service"}
SUBJECT = "environment"  # whose record it is; no other journey looks at her address


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


def inbox(person: Any) -> set[str]:
    """The kinds of a person's messages."""
    return {one["kind"] for one in person.get("/api/citizen-pass/v1/messages", limit=50)["items"]}


def read(day: Day, person: str) -> dict[str, Any]:
    """The record as the housing bureau sees it."""
    return dict(day.persona("housing-steward").get(f"{HUB}/population/persons/{person}", **FOR_A_SERVICE))


def test_a_correction_reaches_who_has_the_value(day: Day) -> None:
    person = personas()[SUBJECT]["person"]
    herself, housing, police = (day.persona(key) for key in (SUBJECT, "housing-steward", "police-steward"))
    before = read(day, person)
    here = [one["code"] for one in day.anyone().get(f"{HUB}/divisions/131102/children", limit=50)["items"]]
    moved = next(code for code in here if not before["division_code"].startswith(code))
    draft = {"registry": "population", "fields": ["division_code"], **FOR_A_SERVICE}
    follows = housing.post(f"{FLOOR}/subscriptions", draft)["subscription"]

    claim = {"field": "division_code", "claimed": moved, "evidence": "户口簿首页"}
    ticket = herself.post(f"{HUB}/population/me/disputes", claim)
    assert (ticket["state"], ticket["due_at"] > ticket["asked_at"]) == ("open", True)
    case = police.get(f"{FLOOR}/disputes/{ticket['dispute']}")
    assert (case["claimed"], case["present"]) == (moved, before["division_code"])
    stranger = day.persona("market-officer").send("GET", f"{FLOOR}/disputes/{ticket['dispute']}")
    assert stranger.status_code == 404
    decided = police.post(
        f"{FLOOR}/disputes/{ticket['dispute']}/decisions", {"verdict": "corrected", "reason": "与户口簿一致"}
    )
    assert (decided["state"], decided["told"] >= 1) == ("corrected", True)
    assert wait_for("the answer in her inbox", lambda: "correction-decided" in inbox(herself))

    assert read(day, person)["division_code"] == moved
    told = housing.get(f"{FLOOR}/notices", waiting="true")["items"]
    mine = next(one for one in told if one["ticket"] == ticket["dispute"])
    assert (mine["subject"], mine["field"]) == (person, "division_code")
    changed = housing.get(f"{FLOOR}/subscriptions/{follows}/changes")["items"]
    assert [(one["subject"], one["fields"]) for one in changed] == [(person, ["division_code"])]
    mended = housing.post(f"{FLOOR}/notices/{mine['notice']}/acknowledgements")
    assert mended["acknowledged_at"] is not None

    was = housing.get(
        f"{HUB}/population/persons/{person}/values", known_at=ticket["asked_at"], limit=200, **FOR_A_SERVICE
    )
    (line,) = [one for one in was["items"] if one["field"] == "division_code"]
    assert (line["value"], line["known_to"] is not None) == (before["division_code"], True)


def test_what_another_department_says_does_not_overwrite_the_source(day: Day) -> None:
    person = personas()[SUBJECT]["person"]
    before = read(day, person)
    body = {
        "registry": "population", "subject": person, "field": "division_code", "value": "131103",
        "source": {"department": personas()["housing-steward"]["department_code"], "batch": "housing-2026-11"},
    }  # fmt: skip
    foreign = day.persona("registrar").send("POST", f"{FLOOR}/statements", json=body)
    assert foreign.status_code == 403, "nobody speaks in another department's name"
    said = day.persona("housing-steward").post(f"{FLOOR}/statements", body)
    assert said["said"] == "conflict"
    assert read(day, person)["division_code"] == before["division_code"]
    shown = day.persona("housing-steward").get(
        f"{HUB}/population/persons/{person}/conflicts", state="open", **FOR_A_SERVICE
    )
    assert [(one["value"], one["stated_by"]) for one in shown["items"]] == [("131103", body["source"]["department"])]
    decision = {"adopt": False, "reason": "未办理迁移"}
    decided = day.persona("police-steward").post(f"{FLOOR}/conflicts/{said['conflict']}/decisions", decision)
    assert decided["state"] == "dismissed"
