"""Licences of a person who was registered twice, and of a firm whose code was wrong: they follow the merger."""

from typing import Any
from uuid import UUID

from citykit.testing import ServiceUnderTest

from .factories import FIRM, FIRM_TYPE, HANDED_OUT, LI, LI_PERSON, MARKET, POLICE, Desk

MERGERS = "/api/data-hub/v1/registries/mergers"
MAINTAIN = "data-hub.registries.maintain"
MISTYPED = (LI[0], "131102198505150042")
TWIN = UUID("01890000-0000-7000-8000-000000001009")  # her record under the mistyped number
WRONG_CODE = "91131102MA0H000105"
FIRM_NAME = "衡水示例橡塑制品有限公司"


async def merged(city: ServiceUnderTest, registry: str, subject: str, survivor: str, department: str) -> dict[str, Any]:
    body = {
        "registry": registry, "subject": subject, "survivor": survivor, "subject_version": 1, "survivor_version": 1,
        "legal_basis": "《户口登记条例》第十七条", "source": {"department": department},
    }  # fmt: skip
    answer = await city.client.post(MERGERS, json=body, headers=city.token([MAINTAIN], department=department))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def registered(city: ServiceUnderTest, uscc: str, person: UUID) -> None:
    body = {
        "uscc": uscc, "name": FIRM_NAME, "legal_form": "limited-company", "division_code": "131102",
        "established_on": "2016-03-01", "legal_representative": str(person), "representative_name": LI[0],
        "source": {"department": MARKET},
    }  # fmt: skip
    headers = city.token([MAINTAIN], department=MARKET)
    assert (await city.client.post("/api/data-hub/v1/legal-entities", json=body, headers=headers)).status_code == 201


class TestOfAPerson:
    async def twice(self, desk: Desk) -> None:
        await desk.person(who=LI, person=LI_PERSON)
        await desk.person(who=MISTYPED, person=TWIN)
        await desk.type()

    async def own(self, desk: Desk, person: UUID) -> list[str]:
        headers = desk.city.token(["data-hub.licences.hold"], person=str(person))
        answer = await desk.get("/own", headers)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    async def test_she_holds_those_of_both_records_by_whichever_she_signs_in(self, city: ServiceUnderTest) -> None:
        desk = Desk(city)
        await self.twice(desk)
        first = (await desk.draft(MISTYPED)).json()
        second = (await desk.draft(LI)).json()
        assert await self.own(desk, LI_PERSON) == [second["id"]]
        made = await merged(city, "population", str(TWIN), str(LI_PERSON), POLICE)
        for person in (LI_PERSON, TWIN):
            assert set(await self.own(desk, person)) == {first["id"], second["id"]}
        await desk.departments()
        assert (await desk.leave(first)).status_code == 201
        body = {"reason": "并非同一人", "source": {"department": POLICE}}
        parted = await city.client.post(
            f"{MERGERS}/{made['merger']}/partings", json=body, headers=city.token([MAINTAIN], department=POLICE)
        )
        assert parted.status_code == 201, parted.text
        assert (await self.own(desk, LI_PERSON), await self.own(desk, TWIN)) == ([second["id"]], [first["id"]])

    async def test_one_issued_under_the_number_that_was_given_up_is_hers(self, city: ServiceUnderTest) -> None:
        desk = Desk(city)
        await self.twice(desk)
        await merged(city, "population", str(TWIN), str(LI_PERSON), POLICE)
        assert (await desk.draft(MISTYPED)).status_code == 201
        assert await city.events(HANDED_OUT) == []
        await city.run_task("data-hub.licences.find-holders")
        (told,) = await city.events(HANDED_OUT)
        assert told.data["licences"][0]["person"] == str(LI_PERSON)


class TestOfAFirm:
    async def test_those_under_its_wrong_code_are_its_own(self, city: ServiceUnderTest) -> None:
        desk = Desk(city)
        await desk.person(who=LI, person=LI_PERSON)
        for uscc in (FIRM, WRONG_CODE):
            await registered(city, uscc, LI_PERSON)
        await desk.type(code=FIRM_TYPE, holder_kind="organisation")
        held = {"type_code": FIRM_TYPE, "person": None, "organisation": {"name": FIRM_NAME, "uscc": WRONG_CODE}}
        licence = (await desk.draft(**held)).json()
        await merged(city, "legal-entities", WRONG_CODE, FIRM, MARKET)
        for uscc in (FIRM, WRONG_CODE):
            answer = await desk.get("/own", desk.holder, uscc=uscc)
            assert [one["id"] for one in answer.json()["items"]] == [licence["id"]]

    async def test_whose_representative_was_registered_twice_obeys_her_either_way(self, city: ServiceUnderTest) -> None:
        desk = Desk(city)
        await desk.person(who=LI, person=LI_PERSON)
        await desk.person(who=MISTYPED, person=TWIN)
        await registered(city, FIRM, TWIN)
        assert (await desk.get("/own", desk.holder, uscc=FIRM)).status_code == 403
        await merged(city, "population", str(TWIN), str(LI_PERSON), POLICE)
        assert (await desk.get("/own", desk.holder, uscc=FIRM)).status_code == 200
