"""Every call leaves evidence, refusals included: all routes of deliveries and data services, served and refused."""

from datetime import timedelta

import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.resources.domain import POPULATION

from .factories import AIR, ECOLOGY, HUB, QUERY, Office, catalogued
from .recorded import BOOKS, EVERYBODY, SERVICES, SHARING, WHY, Calls, month, routes


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    made = Office(city)
    await made.publish()
    return made


@pytest.fixture
def calls(office: Office) -> Calls:
    return Calls(office)


async def test_every_route_of_deliveries_and_data_services_leaves_evidence_served_and_refused(calls: Calls) -> None:
    grant = await calls.office.grant(deliveries=("query", "file", "subscription"), columns=["station", "aqi"])
    for walk in (questions, exports, keys, files, subscriptions):
        await walk(calls, grant)
    assert calls.walked | set(BOOKS) == routes()
    assert calls.walked.isdisjoint(BOOKS)


async def questions(calls: Calls, _: str) -> None:
    ours, theirs = calls.office.housing, calls.police
    for path, action in (
        (f"{SERVICES}/{{code}}", "describe"), (f"{SERVICES}/{{code}}/rows", "query"),
        (f"{SERVICES}/{{code}}/openapi.json", "describe"), ("/api/data-hub/services/{code}", "describe"),
    ):  # fmt: skip
        await calls.call("GET", path, ours, [(action, "served", None)])
        await calls.call("GET", path, theirs, [(action, "refused", "none")])
        await calls.call("GET", path, EVERYBODY, [(action, "refused", "key-wanted")])


async def exports(calls: Calls, _: str) -> None:
    ours, theirs = calls.office.housing, calls.police
    ask, fetch = f"{SERVICES}/{{code}}/exports", f"{SERVICES}/exports/{{export_id}}/content"
    made = (await calls.call("POST", ask, ours, [("export.ask", "served", None)], {"format": "csv"})).json()["id"]
    await calls.call("POST", ask, theirs, [("export.ask", "refused", "none")], {"format": "csv"})
    await calls.call("GET", fetch, ours, [("export.fetch", "refused", "export-not-ready")], export_id=made)
    await calls.office.city.drain()
    await calls.call("GET", fetch, ours, [("export.fetch", "served", None)], export_id=made)
    await calls.call("GET", fetch, theirs, [("export.fetch", "refused", "not-found")], export_id=made)
    await calls.call("GET", fetch, theirs, [("export.fetch", "refused", "not-found")], export_id=str(new_id()))


async def keys(calls: Calls, _: str) -> None:
    ours, theirs = calls.office.housing, calls.police
    make, rotate, revoke = (f"{SERVICES}/keys{rest}" for rest in ("", "/{key_id}/rotations", "/{key_id}/revocations"))
    asked = {"name": "平台", "resource": AIR}
    key = (await calls.call("POST", make, ours, [("key.make", "served", None)], asked)).json()["id"]
    await calls.call("POST", make, theirs, [("key.make", "refused", "none")], asked)
    late = asked | {"valid_until": (calls.office.city.clock.now() + timedelta(days=900)).isoformat()}
    await calls.call("POST", make, ours, [("key.make", "refused", "bad-dates")], late)
    nothing = asked | {"resource": "203001-000099"}
    await calls.call("POST", make, theirs, [("key.make", "refused", "no-grant-for-key")], nothing)
    await calls.call("POST", rotate, theirs, [("key.rotate", "refused", "not-found")], {}, key_id=key)
    await calls.call("POST", revoke, theirs, [("key.revoke", "refused", "not-found")], WHY, key_id=key)
    await calls.call("POST", rotate, ours, [("key.rotate", "served", None)], {}, key_id=key)
    await calls.call("POST", revoke, ours, [("key.revoke", "served", None)], WHY, key_id=key)
    await calls.call("POST", rotate, ours, [("key.rotate", "refused", "key-state")], {}, key_id=key)
    await calls.call("POST", revoke, ours, [("key.revoke", "refused", "key-state")], WHY, key_id=key)


async def files(calls: Calls, grant: str) -> None:
    ours, theirs = calls.office.housing, calls.police
    ask, fetch = f"{SHARING}/grants/{{grant_id}}/files", f"{SHARING}/files/{{file_id}}/content"
    made = (await calls.call("POST", ask, ours, [("file.ask", "served", None)], {}, grant_id=grant)).json()["id"]
    await calls.call("POST", ask, theirs, [("file.ask", "refused", "not-found")], {}, grant_id=grant)
    await calls.call("GET", fetch, ours, [("file.fetch", "refused", "file-not-ready")], file_id=made)
    await calls.office.city.drain()
    await calls.call("GET", fetch, ours, [("file.fetch", "served", None)], file_id=made)
    await calls.call("GET", fetch, theirs, [("file.fetch", "refused", "not-found")], file_id=made)
    await calls.call("GET", fetch, theirs, [("file.fetch", "refused", "not-found")], file_id=str(new_id()))


async def subscriptions(calls: Calls, grant: str) -> None:
    ours, theirs = calls.office.housing, calls.police
    begin, one = f"{SHARING}/grants/{{grant_id}}/subscriptions", f"{SHARING}/subscriptions/{{subscription_id}}"
    read, confirm, end = (f"{one}/{rest}" for rest in ("changes", "confirmations", "endings"))
    made = await calls.call("POST", begin, ours, [("subscribe", "served", None)], {"name": "系统"}, grant_id=grant)
    await calls.call(
        "POST", begin, ours, [("subscribe", "refused", "subscription-exists")], {"name": "系统"}, grant_id=grant
    )
    await calls.call("POST", begin, theirs, [("subscribe", "refused", "not-found")], {"name": "x"}, grant_id=grant)
    which = {"subscription_id": made.json()["id"]}
    cursor = (await calls.call("GET", read, ours, [("changes", "served", None)], **which)).json()["cursor"]
    told = {"cursor": cursor}
    for method, path, action, body in (
        ("GET", read, "changes", None), ("POST", confirm, "changes.confirm", told),
        ("POST", end, "subscription.end", None),
    ):  # fmt: skip
        await calls.call(method, path, theirs, [(action, "refused", "not-found")], body, **which)
    await calls.call("POST", confirm, ours, [("changes.confirm", "served", None)], told, **which)
    await calls.call("POST", confirm, ours, [("changes.confirm", "refused", "bad-cursor")], {"cursor": "x"}, **which)
    await calls.call("POST", end, ours, [("subscription.end", "served", None)], **which)
    for method, path, action, body in (
        ("GET", read, "changes", None), ("POST", confirm, "changes.confirm", told),
        ("POST", end, "subscription.end", None),
    ):  # fmt: skip
        await calls.call(method, path, ours, [(action, "refused", "change-subscription-ended")], body, **which)


class TestKeys:
    """A call with a key that is not good: on record under the grant of the key, or with the resource that it names."""

    async def refused(self, calls: Calls, secret: str) -> list[tuple[str, str, str, str | None]]:
        await calls.records.fresh()
        answer = await calls.office.ask({"X-Api-Key": secret})
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/key-refused")
        return [
            (stream, said["action"], said["code"], said["actor_org"]) for stream, said in await calls.records.fresh()
        ]

    async def test_that_are_wrong_rotated_revoked_or_over_leave_a_refusal_under_their_grant(self, calls: Calls) -> None:
        office = calls.office
        grant = await office.grant(columns=["station"])
        until = (office.city.clock.now() + timedelta(days=1)).isoformat()
        made = (await office.post("/keys", {"name": "平台", "resource": AIR, "valid_until": until})).json()
        wrong = made["key"][:-4] + ("AAAA" if made["key"][-4:] != "AAAA" else "BBBB")
        stream, department = f"grant/{grant}", "11131100MB0H000732"
        assert await self.refused(calls, wrong) == [(stream, "key.use", "key-wrong", None)]
        again = (await office.post(f"/keys/{made['id']}/rotations", {"overlap_hours": 0})).json()
        assert await self.refused(calls, made["key"]) == [(stream, "key.use", "key-rotated", department)]
        office.city.clock.advance(days=2)
        assert await self.refused(calls, again["key"]) == [(stream, "key.use", "key-expired", department)]
        await office.post(f"/keys/{made['id']}/revocations", WHY)
        assert await self.refused(calls, again["key"]) == [(stream, "key.use", "key-revoked", department)]

    async def test_that_nobody_ever_had_leave_a_refusal_with_the_resource(self, calls: Calls) -> None:
        made_up = f"hsk_{new_id().hex}_{'A' * 43}"
        for secret in ("x", made_up):
            assert await self.refused(calls, secret) == [(f"resource/{AIR}", "query", "key-refused", None)]


class TestRefusals:
    async def streams(self, calls: Calls, who: dict[str, str], code: str = AIR) -> list[tuple[str, str]]:
        """Where the refusal of a question is kept, and its code."""
        await calls.records.fresh()
        answer = await calls.office.city.client.get(f"{SERVICES}/{code}/rows", headers=who)
        assert answer.status_code >= 400
        return [(stream, said["code"]) for stream, said in await calls.records.fresh()]

    async def test_of_a_call_without_a_grant_are_kept_with_the_resource(self, calls: Calls) -> None:
        assert await self.streams(calls, calls.police) == [(f"resource/{AIR}", "none")]
        of_no_department = calls.office.city.token([QUERY], subject=str(new_id()))
        assert await self.streams(calls, of_no_department) == [(f"resource/{AIR}", "key-wanted")]

    async def test_of_a_resource_that_was_withdrawn_are_kept_with_it_and_of_nothing_with_the_month(
        self, calls: Calls
    ) -> None:
        author = calls.office.city.token(["data-hub.resources.catalogue"], department=ECOLOGY)
        gone = await calls.office.city.client.post(f"{HUB}/resources/{AIR}/withdrawals", json=WHY, headers=author)
        assert gone.status_code == 200, gone.text
        assert await self.streams(calls, calls.police) == [(f"resource/{AIR}", "no-service")]
        assert await self.streams(calls, calls.police, "203001-000099") == [(month(calls), "no-service")]
        assert await self.streams(calls, EVERYBODY) == [(f"resource/{AIR}", "no-service")]

    async def test_of_a_registry_that_is_read_elsewhere_are_kept_with_it(self, calls: Calls) -> None:
        elsewhere = "registry-read-elsewhere"
        assert await self.streams(calls, calls.police, POPULATION) == [(month(calls), elsewhere)]
        await catalogued(calls.office.city, POPULATION)
        assert await self.streams(calls, calls.police, POPULATION) == [(f"resource/{POPULATION}", elsewhere)]

    async def test_begin_with_the_first_call_after_a_resource_is_shared_no_more(self, calls: Calls) -> None:
        office = calls.office
        grant = await office.grant(columns=["station"])
        key = (await office.post("/keys", {"name": "平台", "resource": AIR})).json()["key"]
        assert (await office.ask()).status_code == 200
        await catalogued(office.city, AIR, again=True, share_type="refused")
        for who in (office.housing, {"X-Api-Key": key}):
            assert await self.streams(calls, who) == [(f"grant/{grant}", "unshared")]
            answer = await office.ask(who)
            assert (answer.status_code, answer.json()["code"]) == (403, "unshared")
        assert (await office.ask(office.ecology)).status_code == 200
