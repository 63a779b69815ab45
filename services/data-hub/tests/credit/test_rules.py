"""What the city itself decides about credit: added from a day on, never changed, never for days that are over."""

from datetime import datetime
from typing import Any

import pytest

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest
from data_hub.credit.domain import method_faults

from .factories import CREDIT, FIRM, Town

MAINTAIN = "data-hub.credit.maintain"
LIMIT = {"act": "repair", "effective_from": "2026-03-01", "working_days": 5, "source": "衡信用办〔2026〕3号（示例）"}
TERM = {
    "severity": "general", "effective_from": "2026-03-01", "minimum_months": 6, "maximum_months": 12,
    "published": True, "source": "示例文件",
}  # fmt: skip
METHOD: dict[str, Any] = {
    "version": "2026-2", "effective_from": "2026-03-01", "title": "示例方法二", "beginning": 80,
    "points": {"penalty/general": -20, "honour": 4}, "most": {"honour": 8}, "grades": [["好", 70], ["一般", 0]],
    "source": "示例文件",
}  # fmt: skip


@pytest.fixture
async def town(city: ServiceUnderTest) -> Town:
    city.clock.set(at("2026-02-02 09:00"))
    return await Town(city).found()


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=CHINA)


async def add(town: Town, path: str, body: dict[str, Any], *scopes: str) -> Any:
    headers = town.city.token(scopes or [MAINTAIN])
    return await town.city.client.post(f"{CREDIT}/{path}", json=body, headers=headers)


class TestRules:
    async def test_a_limit_counts_from_its_day(self, town: Town) -> None:
        record = await town.record()
        table = (await add(town, "limits", LIMIT)).json()
        assert LIMIT in table["limits"]
        assert (await town.city.client.get(f"{CREDIT}/terms")).json() == table
        town.city.clock.set(at("2026-05-06 09:00"))
        repair = (await town.apply(record["id"])).json()
        assert repair["due_at"].startswith("2026-05-12"), "the Saturday between is a working day"

    async def test_a_term_leaves_the_days_of_earlier_records(self, town: Town) -> None:
        before = await town.record()
        assert (await add(town, "terms", TERM)).status_code == 201
        town.city.clock.set(at("2026-03-02 09:00"))
        after = await town.record(document_number="二")
        assert (before["repairable_from"], after["repairable_from"]) == ("2026-04-30", "2026-07-31")
        shown = (await town.get("/records")).json()["items"]
        assert {one["id"]: one["repairable_from"] for one in shown}[before["id"]] == "2026-04-30"

    async def test_a_method_leaves_earlier_ratings(self, town: Town) -> None:
        await town.record()
        first = (await town.post(f"/firms/{FIRM}/ratings", {})).json()
        assert (await add(town, "methods", METHOD)).status_code == 201
        town.city.clock.set(at("2026-03-02 09:00"))
        second = (await town.post(f"/firms/{FIRM}/ratings", {})).json()
        assert (first["method"], second["method"]) == ("2026-1", "2026-2")
        assert (second["grade"], second["points"]) == ("一般", 60)
        for rating in (first, second):
            again = (await town.get(f"/firms/{FIRM}/ratings/{rating['id']}/reproduction")).json()
            assert again["same"] is True

    @pytest.mark.parametrize(("path", "body"), [("limits", LIMIT), ("terms", TERM), ("methods", METHOD)])
    async def test_none_is_changed_or_backdated_or_added_by_others(
        self, town: Town, path: str, body: dict[str, Any]
    ) -> None:
        assert (await add(town, path, body)).status_code == 201
        assert (await add(town, path, body)).json()["type"] == "/problems/credit-rule-exists"
        past = await add(town, path, body | {"effective_from": "2026-02-01", "version": "x"} if path == "methods"
                         else body | {"effective_from": "2026-02-01"})  # fmt: skip
        assert (past.status_code, past.json()["errors"][0]["code"]) == (422, "past")
        assert (await add(town, path, body, "data-hub.credit.record")).status_code == 403

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("limits", LIMIT | {"working_days": 0}),
            ("limits", LIMIT | {"act": "score"}),
            ("terms", TERM | {"minimum_months": 13}),
            ("methods", METHOD | {"points": {"person": 1}}),
            ("methods", METHOD | {"grades": []}),
        ],
    )
    async def test_what_contradicts_itself_is_refused(self, town: Town, path: str, body: dict[str, Any]) -> None:
        assert (await add(town, path, body)).status_code == 422


@pytest.mark.parametrize(
    ("points", "most", "grades", "fault"),
    [
        ({"penalty/minor": 3}, {}, [("A", 0)], ("points", "raises: penalty/minor")),
        ({}, {"fun": 1}, [("A", 0)], ("most", "unknown: fun")),
        ({}, {}, [("A", 10), ("B", 20), ("C", 0)], ("grades", "order")),
        ({}, {}, [("A", 10), ("A", 0)], ("grades", "order")),
        ({}, {}, [("A", 10)], ("grades", "no-last")),
    ],
)
def test_a_method_is_looked_over(
    points: dict[str, int], most: dict[str, int], grades: list[tuple[str, int]], fault: tuple[str, str]
) -> None:
    assert method_faults(points, most, grades) == [fault]
