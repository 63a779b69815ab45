"""A type and its issuers are two things: the bureaus of the counties issue what the city's does, each its own."""

from typing import Any

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.licences.domain import Identifier

from .factories import LI, MARKET, TYPE, WANG, Desk, type_draft

COUNTY, COUNTY_NAME = "11131102MB0H00153J", "桃城区市场监督管理局"
HEAD = "holder_name,holder_number,trade,examined_on"


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    city.clock.set(at("2026-11-20T10:00:00+08:00"))
    return Desk(city)


@pytest.fixture
def county(desk: Desk) -> dict[str, str]:
    scopes = [f"data-hub.licences.{one}" for one in ("issue", "read")]
    return desk.city.token(scopes, department=COUNTY, name="区局")


async def added(desk: Desk, headers: dict[str, str] | None = None) -> Any:
    body = {"department": COUNTY, "department_name": COUNTY_NAME}
    return await desk.post(f"/types/{TYPE}/issuers", body, headers or desk.steward)


async def drafted(desk: Desk, county: dict[str, str], who: tuple[str, str] = LI) -> Any:
    body = {
        "type_code": TYPE, "person": {"name": who[0], "id_number": who[1]},
        "claims": {"trade": "餐饮", "examined_on": "2026-11-01"},
    }  # fmt: skip
    return await desk.post("", body, county)


class TestIssuers:
    async def test_are_added_by_who_keeps_the_types_and_listed_for_everybody(self, desk: Desk) -> None:
        await desk.type()
        assert (await added(desk, desk.issuer)).status_code == 403
        answer = await added(desk)
        assert answer.status_code == 201, answer.text
        assert (await desk.send("GET", f"/types/{TYPE}/issuers")).json()["items"] == [answer.json()]
        for department in (COUNTY, MARKET):
            of = (await desk.send("GET", "/types", params={"department": department})).json()["items"]
            assert [one["code"] for one in of] == [TYPE]

    async def test_are_each_added_once(self, desk: Desk) -> None:
        await desk.type()
        await added(desk)
        assert (await added(desk)).json()["type"] == "/problems/licence-issuer-exists"
        again = {"department": MARKET, "department_name": "市局"}
        assert (await desk.post(f"/types/{TYPE}/issuers", again, desk.steward)).status_code == 409

    async def test_a_county_issues_in_its_own_name_and_by_its_own_code(
        self, desk: Desk, county: dict[str, str]
    ) -> None:
        await desk.person()
        await desk.type()
        assert (await drafted(desk, county)).json()["type"] == "/problems/unknown-licence-type"
        await added(desk)
        licence = (await drafted(desk, county)).json()
        named = Identifier.parse(licence["identifier"])
        assert named is not None
        assert (licence["issuer"], named.issuer, named.type_code) == (COUNTY, COUNTY, TYPE)
        told = await desk.verify(text=await desk.credential(licence))
        assert (told["verdict"], told["shown"]["issuing_authority"]) == ("valid", COUNTY_NAME)

    async def test_each_acts_on_its_own_and_sees_its_own(self, desk: Desk, county: dict[str, str]) -> None:
        ours = await desk.issued()
        await added(desk)
        theirs = (await drafted(desk, county, WANG)).json()
        reason = {"reason": "复查"}
        assert (await desk.post(f"/{theirs['id']}/suspensions", reason)).status_code == 404
        assert (await desk.post(f"/{ours['id']}/suspensions", reason, county)).status_code == 404
        assert (await desk.post(f"/{theirs['id']}/suspensions", reason, county)).json()["status"] == "suspended"
        assert [one["id"] for one in (await desk.get("", county)).json()["items"]] == [theirs["id"]]

    async def test_a_county_issues_by_a_file(self, desk: Desk, county: dict[str, str]) -> None:
        await desk.type()
        await added(desk)
        data = f"{HEAD}\n{WANG[0]},{WANG[1]},餐饮,2026-11-01".encode()
        path, headers = f"/batches?type_code={TYPE}", county | {"Content-Type": "text/csv"}
        batch = (await desk.send("POST", path, headers, content=data)).json()
        await desk.city.drain()
        assert (await desk.get(f"/batches/{batch['id']}", county)).json()["issued"] == 1
        assert (await desk.get(f"/batches/{batch['id']}")).status_code == 404
        (issued,) = (await desk.get("", county)).json()["items"]
        assert issued["issuer"] == COUNTY
        late = (await desk.send("POST", path, headers, content=data.replace(b"2026-11-01", b"2026-11-02"))).json()
        await desk.post(f"/types/{TYPE}/issuers/{COUNTY}/endings", {"reason": "上收市局"}, desk.steward)
        await desk.city.drain()
        (fault,) = (await desk.get(f"/batches/{late['id']}/faults", county)).json()["items"]
        assert fault == {"line": 2, "faults": [{"field": "", "code": "issuer-ended"}]}

    async def test_one_that_is_none_any_more_keeps_what_it_issued(self, desk: Desk, county: dict[str, str]) -> None:
        await desk.person()
        await desk.type()
        await added(desk)
        licence = (await drafted(desk, county)).json()
        path = f"/types/{TYPE}/issuers/{COUNTY}/endings"
        ended = await desk.post(path, {"reason": "上收市局"}, desk.steward)
        assert ended.json()["ended_at"] is not None
        assert (await desk.post(path, {"reason": "上收市局"}, desk.steward)).status_code == 404
        assert (await drafted(desk, county, WANG)).status_code == 404
        revoked = await desk.post(f"/{licence['id']}/revocations", {"reason": "吊销"}, county)
        assert revoked.json()["status"] == "revoked"
        assert (await added(desk)).status_code == 201, "it may come back"

    async def test_a_type_code_is_still_taken_once(self, desk: Desk) -> None:
        await desk.type()
        other = type_draft(department=COUNTY, department_name=COUNTY_NAME)
        assert (await desk.post("/types", other, desk.steward)).status_code == 409
