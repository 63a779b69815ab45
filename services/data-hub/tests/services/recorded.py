"""Who calls data services and deliveries in the tests of evidence, and what each call leaves."""

import json
from typing import Any

import httpx

from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.services.pages_router import router as pages
from data_hub.services.partners_router import router as partners
from data_hub.services.router import router as services
from data_hub.sharing.deliveries_router import router as deliveries

from .factories import AIR, HUB, QUERY, Office

POLICE = "11131100MB0H00049H"
SHARING, SERVICES = f"{HUB}/sharing", f"{HUB}/services"
WHY = {"reason": "已终结"}
EVERYBODY: dict[str, str] = {}
Record = tuple[str, str, str | None]
# What tells of one's own lists, notices and keys, and shows nothing of any resource.
BOOKS = {
    ("GET", f"{SHARING}/grants/{{grant_id}}/files"): "the list of one's own files",
    ("GET", f"{SHARING}/files/{{file_id}}"): "where one's own file stands",
    ("GET", f"{SHARING}/grants/{{grant_id}}/subscriptions"): "the list of one's own subscriptions",
    ("GET", f"{SHARING}/notices"): "notices to one's own department",
    ("POST", f"{SHARING}/notices/{{notice_id}}/acknowledgements"): "an answer to a notice, kept with it",
    ("GET", f"{SERVICES}/keys"): "the list of one's own keys",
    ("GET", f"{SERVICES}/meters"): "what was used",
    ("GET", f"{SERVICES}/exports"): "the list of one's own files",
    ("GET", f"{SERVICES}/exports/{{export_id}}"): "where one's own file stands",
    ("GET", "/api/data-hub/services/-/service.css"): "a style sheet",
}


def routes() -> set[tuple[str, str]]:
    """Every route of deliveries and data services."""
    found = [route for router in (deliveries, services, partners, pages) for route in router.routes]
    return {(method, one.path) for one in found for method in one.methods}  # type: ignore[attr-defined]  # all have both


def month(calls: "Calls") -> str:
    """The stream of refusals that no resource has a part in."""
    return f"refusals/{calls.office.city.clock.now().astimezone(CHINA):%Y-%m}"


class Records:
    """The records of evidence, as they grow."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        self.seen: set[str] = set()

    async def fresh(self) -> list[tuple[str, dict[str, Any]]]:
        """The streams and records that came since the last time."""
        async with self.city.work() as work:
            rows = await (await work.driver()).execute("select stream, entry from evidence order by at, stream, seq")
            found = [(stream, json.loads(entry)) for stream, entry in await rows.fetchall()]
        new = [one for one in found if one[1]["id"] not in self.seen]
        self.seen |= {said["id"] for _, said in new}
        return new


class Calls:
    """Departments and a partner that call, and what each call left."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.records = Records(office.city)
        self.walked: set[tuple[str, str]] = set()
        scopes = [QUERY, "data-hub.services.maintain", "data-hub.sharing.apply"]
        self.police = office.city.token(scopes, department=POLICE, subject=str(new_id()))

    async def call(
        self, method: str, path: str, who: dict[str, str], left: list[Record], body: Any = None, **named: str
    ) -> httpx.Response:
        """One call of a route, and exactly what it must leave: action, outcome and code of each record."""
        self.walked.add((method, path))
        await self.records.fresh()
        answer = await self.office.city.client.request(
            method, path.format(code=AIR, **named), json=body, headers=who, params=named.get("query")
        )
        found = [(said["action"], said["outcome"], said["code"]) for _, said in await self.records.fresh()]
        assert found == left, (method, path, answer.status_code, answer.text[:300])
        assert {outcome for _, outcome, _ in left} <= {"served" if answer.status_code < 300 else "refused"}
        return answer

    async def act(self, path: str, body: Any, who: dict[str, str] | None = None) -> None:
        """An act of sharing that is not looked at."""
        answer = await self.office.city.client.post(f"{SHARING}/{path}", json=body, headers=who or self.office.ecology)
        assert answer.status_code == 201, answer.text
