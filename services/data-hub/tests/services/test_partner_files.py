"""A partner's program with its key: files of rows under its grant, what it used, and opened rows as anybody reads."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest

from .factories import AIR, HUB, Office, catalogued

EXPORTS = f"{HUB}/services/exports"
OPENED = {"opening": "opened", "share_type": "unconditional", "share_condition": None}


class Partner:
    """A program with a key."""

    def __init__(self, office: Office, made: dict[str, Any]) -> None:
        self.office, self.id, self.key = office, str(made["id"]), {"X-Api-Key": str(made["key"])}

    @classmethod
    async def of(cls, office: Office, **more: Any) -> "Partner":
        made = await office.post("/keys", {"name": "高德地图", "resource": AIR} | more)
        assert made.status_code == 201, made.text
        return cls(office, made.json())

    async def ask(self, question: str = "", **more: Any) -> httpx.Response:
        return await self.office.post(f"/{AIR}/exports", {"question": question} | more, self.key)

    async def file(self, question: str = "") -> dict[str, Any]:
        """A file that it asked for, once the job is done."""
        asked = await self.ask(question)
        assert asked.status_code == 202, asked.text
        await self.office.city.drain()
        return dict((await self.read(f"/{asked.json()['id']}")).json())

    async def read(self, rest: str = "", who: dict[str, str] | None = None) -> httpx.Response:
        return await self.office.city.client.get(f"{EXPORTS}{rest}", headers=who or self.key)


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    made = Office(city)
    await made.publish()
    return made


async def meters(office: Office, who: dict[str, str]) -> list[tuple[str, int, int]]:
    answer = await office.city.client.get(f"{HUB}/services/meters", headers=who)
    assert answer.status_code == 200, answer.text
    return [(one["caller"], one["calls"], one["rows"]) for one in answer.json()["items"]]


class TestFiles:
    async def test_hold_what_the_grant_of_the_key_shows(self, office: Office) -> None:
        await office.grant(columns=["station"], row_filter="district=eq.131102")
        made = await (partner := await Partner.of(office)).file("order=station")
        assert (made["state"], made["rows"]) == ("made", 3)
        content = await partner.read(f"/{made['id']}/content")
        rows = list(csv.reader(io.StringIO(content.content.decode("utf-8-sig"))))
        assert sorted(rows) == [["'=1+1"], ["1074A"], ["1076A"], ["station"]]
        hidden = await partner.ask("district=eq.131102")
        assert (hidden.status_code, hidden.json()["errors"][0]["code"]) == (422, "unknown-column")

    async def test_are_the_keys_own(self, office: Office) -> None:
        await office.grant(columns=["station"])
        one, other = await Partner.of(office), await Partner.of(office, name="百度地图")
        made = await one.file()
        department = (await office.post(f"/{AIR}/exports", {})).json()["id"]
        for who, own in ((one.key, [made["id"]]), (other.key, []), (office.housing, [department])):
            assert [item["id"] for item in (await one.read(who=who)).json()["items"]] == own
        for path in (f"/{made['id']}", f"/{made['id']}/content"):
            answers = [(await one.read(path, who)).status_code for who in (one.key, other.key, office.housing)]
            assert answers == [200, 404, 404]
        assert (await one.read(f"/{department}/content")).status_code == 404

    async def test_are_asked_for_once_though_the_request_is_repeated(self, office: Office) -> None:
        await office.grant(columns=["station"])
        one, other = await Partner.of(office), await Partner.of(office, name="百度地图")
        told = {"Idempotency-Key": "nightly-2026-11-01"}
        answers = [await office.post(f"/{AIR}/exports", {}, who.key | told) for who in (one, one, other)]
        ids = [answer.json()["id"] for answer in answers]
        assert ids[0] == ids[1] != ids[2]

    async def test_spend_the_rows_of_the_key_and_end_where_these_do_not_suffice(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        partner = await Partner.of(office, daily_quota_rows=5)
        assert (await partner.file())["state"] == "made"
        again = await partner.file()
        assert (again["state"], again["refusal"]) == ("refused", "key-quota-used")
        assert await meters(office, partner.key) == [(f"key:{partner.id}", 1, 4)]
        assert [one for one in await told(office, grant) if one[0] == "export.make"] == [
            ("export.make", "served", None, 4), ("export.make", "refused", "key-quota-used", 0),
        ]  # fmt: skip

    async def test_end_with_the_key(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        partner = await Partner.of(office)
        made = await partner.file()
        late = (await partner.ask()).json()["id"]
        await office.post(f"/keys/{partner.id}/revocations", {"reason": "合作终止"})
        await office.city.drain()
        assert (await partner.read(f"/{made['id']}/content")).status_code == 401
        async with office.city.work() as work:
            row = await (await work.driver()).execute(
                "select state, refusal from service_export where id = %s::uuid", (late,)
            )
            assert await row.fetchone() == ("refused", "key-refused")
        assert ("key.use", "refused", "key-revoked", 0) in await told(office, grant)

    async def test_are_on_record_with_the_key_that_asked(self, office: Office) -> None:
        grant = await office.grant(columns=["station"])
        partner = await Partner.of(office)
        made = await partner.file()
        await partner.read(f"/{made['id']}/content")
        found = await told(office, grant, of=f"client:key:{partner.id}")
        assert found == [
            ("export.ask", "served", None, 0), ("export.make", "served", None, 4), ("export.fetch", "served", None, 4),
        ]  # fmt: skip


async def told(office: Office, grant: str, of: str | None = None) -> list[tuple[str, str, str | None, int]]:
    """What evidence says under a grant: action, outcome, code, rows; of one actor where one is named."""
    auditor = office.city.token(["data-hub.sharing.audit"])
    path = f"{HUB}/sharing/evidence/records"
    answer = await office.city.client.get(path, params={"stream": f"grant/{grant}", "limit": 100}, headers=auditor)
    said = [json.loads(one["entry"]) for one in answer.json()["items"]]
    return [(one["action"], one["outcome"], one["code"], one["rows"]) for one in said if of in (None, one["actor"])]


class TestMeters:
    async def test_show_a_key_what_was_used_with_it_alone(self, office: Office) -> None:
        await office.grant(columns=["station"])
        one, other = await Partner.of(office), await Partner.of(office, name="百度地图")
        await office.ask(one.key, limit="2")
        await office.ask(other.key, limit="1")
        await office.ask(limit="3")
        assert await meters(office, one.key) == [(f"key:{one.id}", 1, 2)]
        assert len(await meters(office, office.housing)) == 3


class TestOpened:
    async def test_rows_are_read_with_a_key_as_without(self, office: Office) -> None:
        await office.grant(columns=["station"])
        partner = await Partner.of(office, daily_quota_rows=1)
        await catalogued(office.city, AIR, again=True, **OPENED)
        without, with_key = await office.ask({}), await office.ask(partner.key)
        assert (with_key.status_code, with_key.json()) == (200, without.json())
        assert (await partner.file("select=station,aqi"))["rows"] == 4

    async def test_files_are_where_whoever_asks_without_a_key_is_told(self, city: ServiceUnderTest) -> None:
        await (office := Office(city)).publish(**OPENED)
        answer = await city.client.post(f"{HUB}/services/{AIR}/exports", json={}, headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        path = answer.json()["detail"].rpartition(" ")[2]
        file = await city.client.get(path)
        assert (file.status_code, len(file.text.splitlines())) == (200, 5)
        assert (await city.client.get(f"{HUB}/services/meters", headers={})).status_code == 401
        assert await office.stations(office.ecology, limit="1") == ["1074A"]


class TestQuestions:
    @pytest.mark.parametrize(
        "word", ["limit=1", "after=zzz", "count=exact", "grant=01890000-0000-7000-8000-000000000000"]
    )
    async def test_of_files_know_no_pages(self, office: Office, word: str) -> None:
        await office.grant(columns=["station"])
        answer = await office.post(f"/{AIR}/exports", {"question": f"order=station&{word}"})
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["pointer"], error["code"]) == (
            422,
            f"?{word.partition('=')[0]}",
            "not-of-files",
        )

    async def test_of_files_are_in_utf_8(self, office: Office) -> None:
        await office.grant(columns=["station"])
        answer = await office.post(f"/{AIR}/exports", {"question": "station=eq.%CD%F5%CE%E5"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not-text")


class TestKeys:
    async def test_that_ran_out_ask_for_nothing(self, office: Office) -> None:
        await office.grant(columns=["station"])
        partner = await Partner.of(office, valid_until=(office.city.clock.now() + timedelta(days=1)).isoformat())
        office.city.clock.advance(days=2)
        assert (await partner.ask()).status_code == 401
        assert (await partner.read(f"/{new_id()}")).status_code == 401
