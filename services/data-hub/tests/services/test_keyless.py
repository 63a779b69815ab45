"""Rows of opened resources without a key: for everybody, and so often from one address."""

import pytest
from sqlalchemy import text

from citykit.callers import Allowance
from citykit.testing import ServiceUnderTest

from .factories import AIR, HUB, QUERY, ROWS, Office

SEARCH = "/api/data-hub/ckan/api/3/action/datastore_search"
FILE = f"{HUB}/catalogue/resources/{AIR}/rows.csv"
ONE, OTHER = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}


class Time:
    """The time of the process, which passes when told."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def office(city: ServiceUnderTest) -> Office:
    office = Office(city)
    await office.publish(opening="opened", share_type="unconditional", share_condition=None)
    return office


@pytest.fixture
def now(office: Office) -> Time:
    """A time in which an address has six requests in three seconds."""
    now = Time()
    office.city.app.state.keyless = Allowance(6, 3, now=now)
    return now


async def statuses(office: Office, times: int, path: str = ROWS, **headers: str) -> list[int]:
    """What an address is answered that asks several times."""
    return [(await office.city.client.get(path, headers=headers)).status_code for _ in range(times)]


class TestWithoutAKey:
    async def test_an_address_reads_so_often_and_is_told_when_again(self, office: Office, now: Time) -> None:
        assert await statuses(office, 6, **ONE) == [200] * 6
        refused = await office.city.client.get(ROWS, headers=ONE)
        told = refused.json()
        assert (refused.status_code, told["type"], told["title"]) == (
            429, "/problems/too-many-requests", "请求过于频繁",
        )  # fmt: skip
        assert (refused.headers["retry-after"], refused.headers["cache-control"]) == ("1", "no-store")
        english = await office.city.client.get(ROWS, headers=ONE | {"Accept-Language": "en"})
        assert english.json()["title"] == "Too many requests"
        now.at += int(refused.headers["retry-after"])
        assert await statuses(office, 3, **ONE) == [200, 200, 429]
        now.at += 3
        assert await statuses(office, 7, **ONE) == [200] * 6 + [429]

    async def test_two_addresses_do_not_share(self, office: Office, now: Time) -> None:
        assert await statuses(office, 7, **ONE) == [200] * 6 + [429]
        assert await statuses(office, 7, **OTHER) == [200] * 6 + [429]

    async def test_an_address_that_a_caller_makes_up_is_not_his(self, office: Office, now: Time) -> None:
        own = ONE["X-Forwarded-For"]
        made_up = [{"X-Forwarded-For": f"198.51.100.{number}, {own}"} for number in range(7)]
        asked = [await office.city.client.get(ROWS, headers=one) for one in made_up]
        assert [one.status_code for one in asked] == [200] * 6 + [429]

    async def test_the_citys_clock_frees_nobody(self, office: Office, now: Time) -> None:
        await statuses(office, 6, **ONE)
        office.city.clock.advance(days=1)
        assert await statuses(office, 1, **ONE) == [429]

    async def test_what_is_refused_or_wrong_counts_as_well(self, office: Office, now: Time) -> None:
        assert await statuses(office, 7, f"{ROWS}?nothing=eq.1", **ONE) == [422] * 6 + [429]
        assert await statuses(office, 7, f"{HUB}/services/203001-000099/rows", **OTHER) == [404] * 6 + [429]

    async def test_descriptions_are_not_counted(self, office: Office, now: Time) -> None:
        await statuses(office, 7, **ONE)
        for path in (f"{HUB}/services/{AIR}", f"{HUB}/catalogue/resources/{AIR}", f"/api/data-hub/services/{AIR}"):
            assert await statuses(office, 1, path, **ONE) == [200]


class TestOtherDoors:
    async def test_are_counted_together(self, office: Office, now: Time) -> None:
        search = f"{SEARCH}?resource_id={AIR}-rows"
        assert await statuses(office, 1, search, **ONE) == [200]
        assert await statuses(office, 2, FILE, **ONE) == [200, 429]
        assert await statuses(office, 1, **ONE) == [429]

    async def test_ckan_says_it_in_its_words(self, office: Office, now: Time) -> None:
        await statuses(office, 6, **ONE)
        told = await office.city.client.post(SEARCH, json={"resource_id": f"{AIR}-rows"}, headers=ONE)
        assert (told.status_code, told.headers["retry-after"]) == (429, "1")
        assert (told.json()["success"], told.json()["error"]["__type"]) == (False, "Too Many Requests")
        others = f"{SEARCH.rpartition('/')[0]}/package_search"
        assert await statuses(office, 1, others, **ONE) == [200]


class TestWithAKey:
    async def test_a_partner_is_not_counted(self, city: ServiceUnderTest) -> None:
        office = Office(city)
        await office.publish()
        await office.grant()
        made = await office.post("/keys", {"name": "住建局扬尘监测平台", "resource": AIR})
        city.app.state.keyless = Allowance(6, 3, now=Time())
        assert await statuses(office, 7, **ONE) == [401] * 6 + [429]
        assert await statuses(office, 7, **ONE, **{"X-Api-Key": made.json()["key"]}) == [200] * 7

    async def test_a_bad_key_leaves_so_many_records_and_no_more(self, city: ServiceUnderTest) -> None:
        office = Office(city)
        await office.publish()
        await office.grant()
        made = (await office.post("/keys", {"name": "住建局扬尘监测平台", "resource": AIR})).json()
        await office.post(f"/keys/{made['id']}/revocations", {"reason": "合同到期"})
        city.app.state.keyless = Allowance(60, 3, now=Time())
        assert await statuses(office, 8, **ONE, **{"X-Api-Key": made["key"]}) == [401] * 6 + [429] * 2
        async with city.work() as work:
            said = text("select count(*) from evidence where entry like '%key-revoked%'")
            told = await work.session.scalar(said)
        assert told == 6

    async def test_a_department_is_not_counted(self, office: Office, now: Time) -> None:
        assert await statuses(office, 7, **ONE, **office.ecology) == [200] * 7
        clerk = office.city.token([QUERY], department="11131100MB0H00099X")
        assert await statuses(office, 7, **ONE, **clerk) == [200] * 7

    async def test_a_token_that_may_not_query_reads_as_everybody(self, office: Office, now: Time) -> None:
        assert await statuses(office, 7, **ONE, **office.city.token([])) == [200] * 6 + [429]


async def test_ordinary_readers_are_never_refused(city: ServiceUnderTest) -> None:
    """As set out of the box, a page that asks for a hundred things at once, again and again, does not notice."""
    assert (city.settings.keyless_requests, city.settings.keyless_seconds) == (600, 10)
    answers = [await city.client.get(f"{HUB}/services/203001-000099/rows") for _ in range(100)]
    assert {one.status_code for one in answers} == {404}
