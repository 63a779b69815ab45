"""What keys and files leave behind, or do not: no secret in the database, no file beyond a quota."""

from sqlalchemy import select, text

from citykit.testing import ServiceUnderTest
from data_hub.services.models import ExportPartRow, KeyRow

from .factories import AIR, HUB, Office


async def test_a_secret_is_kept_as_a_hash_alone_and_not_told_to_a_request_that_is_repeated(
    city: ServiceUnderTest,
) -> None:
    office = Office(city)
    await office.publish()
    await office.grant()
    once = office.housing | {"Idempotency-Key": "0123456789abcdef"}
    first, again = [(await office.post("/keys", {"name": "平台", "resource": AIR}, once)).json() for _ in range(2)]
    assert first["id"] == again["id"]
    assert again["key"] is None
    secret = first["key"].split("_", 2)[2]
    async with city.work() as work:
        kept = await work.session.scalar(text("select string_agg(answer::text, '') from idempotency_key"))
        row = (await work.session.scalars(select(KeyRow))).one()
    assert secret not in kept
    assert secret.encode() not in row.secret_hash


async def test_a_key_is_acted_on_by_its_department_alone(city: ServiceUnderTest) -> None:
    office = Office(city)
    await office.publish()
    await office.grant()
    key = (await office.post("/keys", {"name": "平台", "resource": AIR})).json()
    other = city.token(["data-hub.services.maintain"], department="11131100MB0H00030L")
    assert (await office.post(f"/keys/{key['id']}/revocations", {"reason": "无"}, other)).status_code == 404
    assert (await office.ask({"X-Api-Key": key["key"]})).status_code == 200


async def test_the_source_of_the_data_sees_a_key_and_may_revoke_it(city: ServiceUnderTest) -> None:
    office = Office(city)
    await office.publish()
    await office.grant()
    key = (await office.post("/keys", {"name": "平台", "resource": AIR})).json()
    stranger = city.token(["data-hub.sharing.decide"], department="11131100MB0H00049H")
    revoke = f"/keys/{key['id']}/revocations"

    async def listed(who: dict[str, str]) -> list[str]:
        return [one["id"] for one in (await city.client.get(f"{HUB}/services/keys", headers=who)).json()["items"]]

    assert (await listed(office.ecology), await listed(stranger)) == ([key["id"]], [])
    assert (await office.post(revoke, {"reason": "无"}, stranger)).status_code == 404
    assert (await office.post(f"/keys/{key['id']}/rotations", {}, office.ecology)).status_code == 403
    assert (await office.post(revoke, {"reason": "密钥外泄"}, office.ecology)).status_code == 200
    assert (await office.ask({"X-Api-Key": key["key"]})).status_code == 401


async def test_a_file_beyond_the_quota_is_refused_and_leaves_no_piece(city: ServiceUnderTest) -> None:
    office = Office(city)
    await office.publish()
    await office.grant(daily_quota_rows=2)
    asked = (await office.post(f"/{AIR}/exports", {"format": "csv"})).json()
    await city.drain()
    export = (await city.client.get(f"{HUB}/services/exports/{asked['id']}", headers=office.housing)).json()
    assert (export["state"], export["refusal"], export["size"]) == ("refused", "grant-quota-used", None)
    async with city.work() as work:
        assert (await work.session.scalars(select(ExportPartRow))).first() is None
