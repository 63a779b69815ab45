"""What was good once and is sent again: old grants, keys and requests after they were revoked or changed."""

from typing import Any

import httpx
import pytest

from citykit.testing import ServiceUnderTest

from .factories import AIR, HUB, Office

ONCE = {"Idempotency-Key": "replayed-0123456789"}
WHY = {"reason": "已终结"}


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    made = Office(city)
    await made.publish()
    return made


async def decided(office: Office, grant: str, act: str, body: dict[str, Any]) -> None:
    answer = await office.city.client.post(f"{HUB}/sharing/grants/{grant}/{act}", json=body, headers=office.ecology)
    assert answer.status_code == 201, answer.text


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


class TestGrants:
    async def test_that_were_revoked_stay_so_though_another_is_given(self, office: Office) -> None:
        old = await office.grant(columns=["station", "aqi"])
        await decided(office, old, "revocations", WHY)
        new = await office.grant(columns=["station"])
        assert refusal(await office.ask(grant=old)) == (403, "revoked")
        assert refusal(await office.post(f"/{AIR}/exports", {"format": "csv", "grant_id": old})) == (403, "revoked")
        shown = (await office.ask(grant=new, limit="1")).json()["items"]
        assert [list(row) for row in shown] == [["station"]]

    async def test_are_no_use_to_another_department(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        thief = office.city.token(["data-hub.services.query"], department="11131100MB0H00049H")
        answer = await office.ask(thief, grant=grant)
        assert answer.status_code == 403

    async def test_that_were_changed_do_not_go_on_from_an_old_page(self, office: Office) -> None:
        grant = await office.grant(columns=["station", "aqi"])
        page = (await office.ask(order="aqi.desc", limit="1")).json()
        await decided(office, grant, "changes", {"columns": ["station"], "reason": "缩小范围"})
        again = await office.ask(order="aqi.desc", limit="1", after=page["next"])
        assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "unknown-column")
        other = await office.ask(limit="1", after=page["next"])
        assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "bad-cursor")
        await decided(office, grant, "revocations", WHY)
        assert refusal(await office.ask(order="aqi.desc", after=page["next"])) == (403, "revoked")


class TestRequests:
    async def test_that_made_a_key_bring_neither_its_secret_nor_its_grant_back(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        asked = {"name": "平台", "resource": AIR}
        first = (await office.post("/keys", asked, office.housing | ONCE)).json()
        await decided(office, grant, "revocations", WHY)
        again = await office.post("/keys", asked, office.housing | ONCE)
        assert again.status_code >= 400 or (again.json()["id"], again.json()["key"]) == (first["id"], None)
        assert refusal(await office.ask({"X-Api-Key": first["key"]})) == (403, "revoked")
        fresh = await office.post("/keys", asked)
        assert (fresh.status_code, fresh.json()["type"]) == (409, "/problems/no-grant-for-key")

    async def test_with_a_key_of_an_old_grant_do_not_pass_under_a_new_one(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        made = (await office.post("/keys", {"name": "平台", "resource": AIR})).json()
        await decided(office, grant, "revocations", WHY)
        new = await office.grant(columns=["station", "aqi"])
        for more in ({}, {"grant": new}):
            assert refusal(await office.ask({"X-Api-Key": made["key"]}, **more)) == (403, "revoked")

    async def test_that_approved_once_give_nothing_back_after_the_grant_is_revoked(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        read = await office.city.client.get(f"{HUB}/sharing/grants/{grant}", headers=office.ecology)
        path = f"{HUB}/sharing/applications/{read.json()['application_id']}/approvals"
        await decided(office, grant, "revocations", WHY)
        answer = await office.city.client.post(path, json={"columns": ["station"]}, headers=office.ecology)
        assert answer.status_code == 409, answer.text
        assert refusal(await office.ask()) == (403, "revoked")

    async def test_that_asked_for_a_file_get_none_when_they_come_again(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        asked = {"format": "csv"}
        first = (await office.post(f"/{AIR}/exports", asked, office.housing | ONCE)).json()
        await office.city.drain()
        await decided(office, grant, "revocations", WHY)
        again = await office.post(f"/{AIR}/exports", asked, office.housing | ONCE)
        assert again.status_code in {202, 403}, again.text
        assert again.status_code == 403 or again.json()["id"] == first["id"]
        await office.city.drain()
        path = f"{HUB}/services/exports/{first['id']}/content"
        assert refusal(await office.city.client.get(path, headers=office.housing)) == (403, "revoked")

    async def test_that_come_again_with_another_content_are_refused(self, office: Office) -> None:
        await office.grant(columns=["station"])
        told = [
            await office.post("/keys", {"name": name, "resource": AIR}, office.housing | ONCE) for name in ("一", "二")
        ]
        assert [one.status_code for one in told] == [201, 422]
        assert told[1].json()["type"] == "/problems/idempotency-key-reused"
