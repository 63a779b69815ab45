"""The directory when several hands are at it at once, and when what a description leans on goes away meanwhile."""

import asyncio

from sqlalchemy import select

from citykit.testing import ServiceUnderTest
from data_hub.datasets.models import DatasetRow

from . import factories as f

RIVAL, OWNER = "303009-000001", "203009-000001"
HOUSING = {"source_department": f.HOUSING, "source_department_name": "衡水市住房和城乡建设局"}
APPROVE = {"approve": True}


async def sent_in(city: ServiceUnderTest, body: dict[str, object], department: str = f.ECOLOGY) -> str:
    """A description that waits for its review."""
    code = str((await f.drafted(city, body, department))["resource"]["code"])
    await f.submitted(city, code, department)
    return code


class TestTwoAtOnce:
    async def test_of_two_sources_of_the_same_data_only_one_is_published_unasked(self, city: ServiceUnderTest) -> None:
        codes = [await sent_in(city, f.draft()), await sent_in(city, f.draft(RIVAL, **HOUSING), f.HOUSING)]
        paths = [f"{f.RESOURCES}/{code}/reviews" for code in codes]
        answers = await asyncio.gather(
            *[city.client.post(path, json=APPROVE, headers=f.reviewer(city)) for path in paths]
        )
        assert sorted(one.status_code for one in answers) == [200, 409], [one.text for one in answers]
        refused = next(one.json() for one in answers if one.status_code == 409)
        assert refused["type"] == "/problems/source-conflict"
        assert len(refused["conflicts"]) == 1

    async def test_two_who_publish_the_same_publish_it_once(self, city: ServiceUnderTest) -> None:
        code = await sent_in(city, f.draft())
        who = [f.reviewer(city), f.reviewer(city, "01890000-0000-7000-8000-000000000099")]
        path = f"{f.RESOURCES}/{code}/reviews"
        answers = await asyncio.gather(*[city.client.post(path, json=APPROVE, headers=one) for one in who])
        assert sorted(one.status_code for one in answers) == [200, 409]
        assert len([one for one in await city.events() if ".resource." in one.type]) == 1


class TestWhileABatchComesIn:
    async def test_a_reviewer_is_told_to_come_again_and_not_kept_waiting(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        wider = f.description(items=[*f.description()["items"], f.item("pm10", "integer")])
        await city.client.post(f"{f.RESOURCES}/{f.AIR}/changes", json=wider, headers=f.steward(city))
        await f.submitted(city)
        path = f"{f.RESOURCES}/{f.AIR}/reviews"
        async with city.work() as batch:
            held = select(DatasetRow.id).where(DatasetRow.resource == f.AIR).with_for_update()
            await batch.session.execute(held)
            told = await city.client.post(path, json=APPROVE, headers=f.reviewer(city))
            gone = await city.client.get(f"{f.CATALOGUE}/resources/{f.AIR}")
        assert (told.status_code, told.json()["type"]) == (409, "/problems/rows-busy")
        assert (told.headers["retry-after"], gone.json()["version"]) == ("10", 1)
        assert (await f.reviewed(city))["version"] == 2


class TestBetweenSubmissionAndReview:
    async def test_a_reference_that_was_withdrawn_meanwhile_is_refused(self, city: ServiceUnderTest) -> None:
        owner = await f.published(city, f.draft(OWNER, name="站点名录"))
        rule = {"kind": "reference", "resource": owner, "item": "station"}
        items = [f.item("station", required=True, rules=[rule])]
        code = await sent_in(city, f.draft(items=items, key=["station"], related=[owner]))
        gone = await city.client.post(
            f"{f.RESOURCES}/{owner}/withdrawals", json={"reason": "合并"}, headers=f.reviewer(city)
        )
        assert gone.status_code == 200
        answer = await city.client.post(f"{f.RESOURCES}/{code}/reviews", json=APPROVE, headers=f.reviewer(city))
        assert answer.status_code == 422, answer.text
        assert {one["pointer"] for one in answer.json()["errors"]} == {"/body/related/0", "/body/items/0/rules/0"}
        back = await f.reviewed(city, code, approve=False, note="引用的资源已撤销")
        assert back["state"] == "draft"


class TestOutside:
    async def test_nobody_sees_that_a_change_is_being_written(self, city: ServiceUnderTest) -> None:
        """A harvester does not fetch all anew, and a reader cannot tell, because somebody drafts inside."""
        await f.published(city)
        path, package = "/api/data-hub/v1/catalogue.jsonld", f"{f.CATALOGUE}/resources/{f.AIR}"
        before, told = await city.client.get(path), (await city.client.get(package)).json()
        city.clock.advance(hours=1)
        await city.client.post(f"{f.RESOURCES}/{f.AIR}/changes", json=f.description(), headers=f.steward(city))
        rewritten = f.description(name="空气质量")
        put = await city.client.put(f"{f.RESOURCES}/{f.AIR}/draft", json=rewritten, headers=f.steward(city))
        assert put.status_code == 200
        await f.drafted(city, f.closed("203002-000001"))
        assert (await city.client.get(package)).json()["changed_at"] == told["changed_at"]
        after = await city.client.get(path, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 304

    async def test_what_is_withdrawn_changes_the_catalogue(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.published(city, f.draft(OWNER, name="站点名录"))
        path = "/api/data-hub/v1/catalogue.jsonld"
        before = await city.client.get(path)
        city.clock.advance(hours=1)
        await city.client.post(f"{f.RESOURCES}/{f.AIR}/withdrawals", json={"reason": "合并"}, headers=f.reviewer(city))
        after = await city.client.get(path, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200
        old, new = (one.json()["@graph"][0]["dct:modified"]["@value"] for one in (before, after))
        assert new > old


class TestReferences:
    """A rule that wants values to stand in another resource tells of each value whether it does."""

    async def refused(self, city: ServiceUnderTest, resource: str, item: str = "number") -> set[str]:
        """Why the housing bureau's description that refers to an item is not taken; empty where it is."""
        rule = {"kind": "reference", "resource": resource, "item": item}
        items = [f.item("number", required=True, rules=[rule])]
        await f.drafted(city, f.draft(RIVAL, name="在建工程", items=items, key=["number"], **HOUSING), f.HOUSING)
        headers = f.steward(city, f.HOUSING)
        answer = await city.client.post(f"{f.RESOURCES}/{RIVAL}/submissions", headers=headers)
        assert answer.status_code in {200, 422}
        return {one["code"] for one in answer.json().get("errors", [])}

    async def test_to_another_departments_personal_items_are_refused(self, city: ServiceUnderTest) -> None:
        items = [f.item("number", required=True, sensitivity="personal"), f.item("firm")]
        await f.published(city, f.closed(OWNER, items=items, key=["number"]))
        assert await self.refused(city, OWNER) == {"not-shared"}

    async def test_to_what_is_not_shared_are_refused(self, city: ServiceUnderTest) -> None:
        body = f.closed(OWNER, items=[f.item("number", required=True)], key=["number"], share_type="refused")
        await f.published(city, body)
        assert await self.refused(city, OWNER) == {"not-shared"}

    async def test_to_a_code_that_is_shared_are_taken(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed(OWNER, items=[f.item("number", required=True)], key=["number"]))
        assert await self.refused(city, OWNER) == set()

    async def test_to_one_s_own_personal_items_are_taken(self, city: ServiceUnderTest) -> None:
        items = [f.item("number", required=True, sensitivity="personal")]
        await f.published(city, f.closed(OWNER, items=items, key=["number"], **HOUSING), f.HOUSING)
        assert await self.refused(city, OWNER) == set()

    async def test_to_what_a_registry_holds_are_refused(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed("102001-000001", items=[f.item("number", required=True)], key=["number"]))
        assert await self.refused(city, "102001-000001") == {"no-rows"}
