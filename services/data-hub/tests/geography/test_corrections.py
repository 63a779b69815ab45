"""Corrections of layers: doubted by a department that uses one, decided by its publisher, told to all who follow."""

import asyncio
import json
from typing import Any

import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, at
from data_hub.registries.geography.models import NameRow

from .office import EAST, HUB, LAYERS, NORTH, OGC, PARKS, PUBLISH, READ, Office, area, draft, layer_id, point

DISPUTES, SUPERVISE = f"{HUB}/geography/disputes", "data-hub.registries.supervise"
ELSEWHERE = {"type": "Point", "coordinates": [EAST + 0.02, NORTH]}
NAMES = {"kind": "place", "name": "name"}


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


async def layer_of(office: Office, **more: Any) -> str:
    layer = layer_id()
    await office.publish(draft(layer, point("a", name="人民公园", beds=3), point("b", name="湖滨公园", beds=4), **more))
    return layer


async def ticket(office: Office, layer: str, field: str = "geometry", claimed: Any = ELSEWHERE, **more: Any) -> Any:
    body = {"fid": "a", "field": field, "claimed": claimed, "evidence": "现场核实"} | more
    return await office.post(f"/layers/{layer}/disputes", body, office.housing)


async def decided(office: Office, asked: Any, *, correct: bool = True, **more: Any) -> Any:
    body = {"correct": correct, "reason": "与现场一致"} | more
    return await office.post(f"/disputes/{asked.json()['dispute']}/decisions", body)


class TestDispute:
    async def test_a_position_is_corrected_in_the_next_version(self, office: Office) -> None:
        layer = await layer_of(office, names=NAMES)
        asked = await ticket(office, layer)
        assert (asked.status_code, asked.json()["state"]) == (201, "open")
        assert asked.json()["disputed"]["coordinates"] == [EAST, NORTH]
        assert asked.json()["due_at"] > asked.json()["asked_at"]
        done = (await decided(office, asked)).json()
        assert (done["state"], done["version"], done["told"]) == ("corrected", 2, 1)
        found = await office.items(layer)
        assert found["a"]["geometry"] == ELSEWHERE
        assert (await office.get(f"{OGC}/{layer}")).json()["extent"]["spatial"]["bbox"] == [
            [EAST, NORTH, EAST + 0.02, NORTH]
        ]
        states = (await office.get(f"{LAYERS}/{layer}/features/a/history", office.housing)).json()
        assert [(one["since"], one["origin"]["cause"]) for one in states] == [(2, "correction"), (1, "publication")]
        assert (states[0]["origin"]["note"], states[1]["until"]) == ("与现场一致", 2)
        async with office.city.work() as work:
            name = await work.session.get_one(NameRow, (layer, "a"))
            assert (name.longitude, name.name) == (EAST + 0.02, "人民公园")

    async def test_an_attribute_is_corrected_to_what_its_publisher_says(self, office: Office) -> None:
        layer = await layer_of(office)
        asked = await ticket(office, layer, "beds", 5)
        done = (await decided(office, asked, value=6)).json()
        assert (done["disputed"], done["claimed"], done["state"]) == (3, 5, "corrected")
        assert (await office.items(layer))["a"]["properties"]["beds"] == 6
        assert (await office.items(layer))["b"]["properties"]["beds"] == 4

    async def test_the_digest_is_that_of_the_same_features_published(self, office: Office) -> None:
        layer, other = await layer_of(office), layer_id()
        await decided(office, await ticket(office, layer, "beds", 5))
        same = draft(other, point("a", name="人民公园", beds=5), point("b", name="湖滨公园", beds=4))
        made = await office.publish(same)
        (listed,) = [one for one in (await office.get(LAYERS, office.parks, limit=200)).json()["items"]
                     if one["id"] == layer]  # fmt: skip
        assert listed["digest"] == made["layer"]["digest"]

    async def test_a_value_that_stands_stays(self, office: Office) -> None:
        layer = await layer_of(office)
        done = (await decided(office, await ticket(office, layer, "beds", 5), correct=False)).json()
        assert (done["state"], done["version"], done["told"]) == ("dismissed", None, 0)
        assert (await office.items(layer))["a"]["properties"]["beds"] == 3

    async def test_without_a_claim_the_publisher_must_say_the_value(self, office: Office) -> None:
        layer = await layer_of(office)
        asked = await ticket(office, layer, "beds", None)
        assert (await decided(office, asked)).json()["type"] == "/problems/nothing-claimed"
        assert (await decided(office, asked, value=9)).json()["state"] == "corrected"

    async def test_what_does_not_fit_is_refused_and_nothing_is_half_done(self, office: Office) -> None:
        layer = await layer_of(office, hidden=["beds"])
        square = area("x", [(0, 0), (0.01, 0), (0.01, 0.01)])["geometry"]
        for field, claimed, status in (
            ("beds", 5, 422), ("nothing", 5, 422), ("name", 5, 422), ("geometry", square, 422),
            ("geometry", {"type": "Point", "coordinates": [NORTH, EAST]}, 422), ("geometry", "here", 422),
        ):  # fmt: skip
            assert (await ticket(office, layer, field, claimed)).status_code == status, (field, claimed)
        assert (await ticket(office, layer, fid="z")).status_code == 404
        strange = ELSEWHERE | {"x": float("nan")}
        body = json.dumps({"fid": "a", "field": "geometry", "evidence": "x", "claimed": strange}).encode()
        headers = office.housing | {"Content-Type": "application/json"}
        answer = await office.city.client.post(f"{LAYERS}/{layer}/disputes", content=body, headers=headers)
        assert answer.status_code in {201, 400, 422}, answer.text
        asked = await ticket(office, layer, "name", "新名")
        assert (await decided(office, asked, value=7)).status_code == 422
        assert (await decided(office, asked)).json()["version"] == 2

    async def test_own_layers_and_unseen_ones_are_not_disputed(self, office: Office) -> None:
        layer, inside = await layer_of(office), await layer_of(office, access="department")
        body = {"fid": "a", "field": "geometry", "evidence": "x"}
        assert (await office.post(f"/layers/{layer}/disputes", body)).json()["type"] == "/problems/own-layer"
        assert (await ticket(office, inside)).status_code == 404
        alone = office.city.token([READ])
        assert (await office.post(f"/layers/{layer}/disputes", body, alone)).status_code == 403

    async def test_a_department_asks_once_and_is_answered_once(self, office: Office) -> None:
        layer = await layer_of(office)
        answers = await asyncio.gather(*(ticket(office, layer, "beds", number) for number in range(3)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409]
        asked = next(one for one in answers if one.status_code == 201)
        decisions = await asyncio.gather(*(decided(office, asked) for _ in range(3)))
        assert sorted(one.status_code for one in decisions) == [200, 409, 409]
        assert (await ticket(office, layer, "beds", 8)).status_code == 201

    async def test_tickets_are_seen_by_the_two_departments_alone(self, office: Office) -> None:
        layer = await layer_of(office)
        asked = (await ticket(office, layer)).json()
        path = f"/api/data-hub/v1/geography/disputes/{asked['dispute']}"
        third = office.city.token([READ, PUBLISH], department="11131100MB0H00022R")
        for who, status in ((office.housing, 200), (office.parks, 200), (third, 404)):
            answer = await office.get(path, who)
            assert answer.status_code == status
        assert answer.status_code == 404
        case = (await office.get(path, office.parks)).json()
        assert (case["evidence"], case["present"]["coordinates"]) == ("现场核实", [EAST, NORTH])
        listed = await office.get("/api/data-hub/v1/geography/disputes", third, limit=200)
        assert asked["dispute"] not in {one["dispute"] for one in listed.json()["items"]}
        for act, who in (("decisions", office.housing), ("decisions", third), ("withdrawals", office.parks)):
            body = {"correct": True, "reason": "x"} if act == "decisions" else None
            answer = await office.post(f"/disputes/{asked['dispute']}/{act}", body, who)
            assert answer.status_code == 404, (act, answer.text)
        back = await office.post(f"/disputes/{asked['dispute']}/withdrawals", None, office.housing)
        assert back.json()["state"] == "withdrawn"
        listed = await office.get("/api/data-hub/v1/geography/disputes", office.housing, state="open", limit=200)
        assert asked["dispute"] not in {one["dispute"] for one in listed.json()["items"]}

    async def test_a_feature_that_is_gone_cannot_be_corrected(self, office: Office) -> None:
        layer = await layer_of(office)
        asked = await ticket(office, layer, "beds", 5)
        await office.publish(draft(layer, point("b", name="湖滨公园", beds=4)))
        assert (await decided(office, asked)).status_code == 404
        assert (await decided(office, asked, correct=False)).json()["state"] == "dismissed"

    async def test_asked_twice_with_one_key_makes_one_ticket(self, office: Office) -> None:
        layer, key = await layer_of(office), {"Idempotency-Key": str(new_id())}
        body = {"fid": "a", "field": "geometry", "evidence": "现场核实"}
        answers = [await office.post(f"/layers/{layer}/disputes", body, office.housing | key) for _ in range(2)]
        assert answers[0].json() == answers[1].json()


class TestDeadline:
    """The clock counts working days: the days around National Day are off, the Sunday before it is not."""

    async def late(self, office: Office, layer: str, who: dict[str, str], **query: str) -> list[dict[str, Any]]:
        answer = await office.get(DISPUTES, who, limit=200, **query)
        assert answer.status_code == 200, answer.text
        return [one for one in answer.json()["items"] if one["layer"] == layer]

    async def pass_until(self, office: Office, told: str) -> None:
        office.city.clock.set(at(told))
        await office.city.run_task("data-hub.geography.escalate")

    async def test_a_ticket_that_is_not_answered_in_time_is_escalated_once(self, office: Office) -> None:
        office.city.clock.set(at("2026-09-24 10:00"))
        layer = await layer_of(office)
        asked = (await ticket(office, layer)).json()
        assert asked["escalated_at"] is None
        supervision = office.city.token([SUPERVISE])
        for now, count in (("2026-10-15 17:00", 0), ("2026-10-15 18:00", 1), ("2026-10-16 18:00", 1)):
            await self.pass_until(office, now)
            found = await self.late(office, layer, supervision, escalated="true")
            assert len(found) == count, now
        assert found[0]["escalated_at"].startswith("2026-10-15T18:00")
        assert await self.late(office, layer, office.parks, escalated="false") == []
        async with office.city.work() as work:
            rows = await work.driver()
            told = await rows.execute(
                "select actor, entry::jsonb -> 'data' from audit_entry where stream = %s and act = 'escalate'",
                (f"layer/{layer}",),
            )
            ((by, data),) = await told.fetchall()
        assert by == "service:data-hub"
        assert (data["dispute"], data["waits_for"]) == (asked["dispute"], PARKS)

    async def test_one_that_was_answered_or_taken_back_is_not(self, office: Office) -> None:
        office.city.clock.set(at("2026-09-24 10:00"))
        layer = await layer_of(office)
        await decided(office, await ticket(office, layer, "beds", 5), correct=False)
        back = (await ticket(office, layer, "name", "新名")).json()
        await office.post(f"/disputes/{back['dispute']}/withdrawals", None, office.housing)
        await self.pass_until(office, "2026-10-16 18:00")
        assert [one["escalated_at"] for one in await self.late(office, layer, office.parks)] == [None, None]

    async def test_the_department_still_decides_when_it_is_late(self, office: Office) -> None:
        office.city.clock.set(at("2026-09-24 10:00"))
        layer = await layer_of(office)
        asked = await ticket(office, layer, "beds", 5)
        await self.pass_until(office, "2026-10-16 18:00")
        done = (await decided(office, asked)).json()
        assert (done["state"], done["version"]) == ("corrected", 2)
        assert done["escalated_at"] is not None

    async def test_supervision_sees_where_a_ticket_stands_and_not_its_evidence(self, office: Office) -> None:
        layer = await layer_of(office)
        asked = (await ticket(office, layer, "beds", 5)).json()
        supervision = office.city.token([SUPERVISE])
        case = (await office.get(f"{DISPUTES}/{asked['dispute']}", supervision)).json()
        assert (case["dispute"]["state"], case["evidence"]) == ("open", "")
        assert (await office.post(f"/disputes/{asked['dispute']}/decisions", {"correct": True, "reason": "x"},
                                  supervision)).status_code == 403  # fmt: skip

    async def test_the_ticket_of_a_layer_that_was_withdrawn_comes_to_an_end(self, office: Office) -> None:
        layer = await layer_of(office)
        asked = await ticket(office, layer, "beds", 5)
        assert (await office.post(f"/layers/{layer}/withdrawals", {"reason": "重复"})).status_code == 204
        assert (await decided(office, asked)).json()["type"] == "/problems/no-such-layer"
        assert (await decided(office, asked, correct=False)).json()["state"] == "dismissed"


class TestFollowers:
    async def notices(self, office: Office, layer: str, who: dict[str, str]) -> list[dict[str, Any]]:
        answer = await office.get("/api/data-hub/v1/geography/notices", who, waiting="true", limit=200)
        return [one for one in answer.json()["items"] if one["layer"] == layer]

    async def test_followers_are_told_of_each_version_without_its_values(self, office: Office) -> None:
        layer = await layer_of(office)
        path = f"{LAYERS}/{layer}/followers/own"
        third = office.city.token([READ], department="11131100MB0H00022R")
        for _ in range(2):
            answer = await office.city.client.put(path, headers=third)
            assert (answer.status_code, answer.json()["department"]) == (200, "11131100MB0H00022R")
        done = (await decided(office, await ticket(office, layer, "beds", 5))).json()
        assert done["told"] == 2
        await office.publish(draft(layer, point("a", name="人民公园", beds=5)))
        told = await self.notices(office, layer, third)
        assert [(one["version"], one["cause"], one["fid"], one["field"]) for one in told] == [
            (3, "publication", None, None), (2, "correction", "a", "beds"),
        ]  # fmt: skip
        assert [one["dispute"] for one in await self.notices(office, layer, office.housing)] == [done["dispute"]]
        assert await self.notices(office, layer, office.parks) == []
        seen = await office.post(f"/notices/{told[0]['notice']}/acknowledgements", None, third)
        assert seen.json()["acknowledged_at"] is not None
        assert len(await self.notices(office, layer, third)) == 1
        foreign = await office.post(f"/notices/{told[1]['notice']}/acknowledgements", None, office.housing)
        assert foreign.status_code == 404
        assert (await office.city.client.delete(path, headers=third)).status_code == 204
        await office.post(f"/layers/{layer}/withdrawals", {"reason": "重复"})
        assert len(await self.notices(office, layer, third)) == 1

    async def test_who_may_not_see_a_layer_any_more_is_told_nothing(self, office: Office) -> None:
        layer = await layer_of(office)
        await office.city.client.put(f"{LAYERS}/{layer}/followers/own", headers=office.housing)
        await office.publish(draft(layer, point("a"), access="department"))
        assert await self.notices(office, layer, office.housing) == []


async def test_the_trail_says_who_did_what(office: Office) -> None:
    layer = await layer_of(office)
    await decided(office, await ticket(office, layer))
    async with office.city.work() as work:
        rows = await work.driver()
        found = await rows.execute("select act from audit_entry where stream = %s order by 1", (f"layer/{layer}",))
        assert [one for (one,) in await found.fetchall()] == ["dispute", "dispute-corrected", "publish"]
