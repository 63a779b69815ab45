"""A table that is loaded anew: whoever keeps a copy of it is told, once, that all rows from before are gone."""

from datetime import datetime
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest

from .factories import AIR, ECOLOGY, act, applicant, decider, granted, published, seen

INGEST = "/api/data-hub/v1/ingest"
TELL = "data-hub.sharing.tell-changes"
Rows = list[tuple[str, str, str]]
OLD: Rows = [("1074A", "131102", "57"), ("1075A", "131103", "112")]
NEW: Rows = [("1075A", "131103", "80"), ("1076A", "131102", "9"), ("1077A", "131102", "12")]


def loader(city: ServiceUnderTest) -> dict[str, str]:
    """Who brings the rows."""
    return city.token(["data-hub.ingest.load", "data-hub.ingest.mend"], department=ECOLOGY, subject="loader")


async def brought(city: ServiceUnderTest, rows: Rows, **query: str) -> str:
    """A batch of rows, loaded a minute after what was before; its id."""
    city.clock.advance(minutes=1)
    content = "\n".join(["station,district,aqi", *(",".join(row) for row in rows)]).encode()
    answer = await city.client.post(f"{INGEST}/{AIR}/files", content=content, params=query, headers=loader(city))
    assert answer.status_code == 202, answer.text
    await city.drain()
    return str(answer.json()["id"])


async def replayed(city: ServiceUnderTest, batch: str, **values: str) -> None:
    """A batch whose one bad row is mended and that is played again."""
    city.clock.advance(minutes=1)
    path = f"{INGEST}/{AIR}/batches/{batch}"
    [bad] = (await city.client.get(f"{path}/quarantine", headers=loader(city))).json()["items"]
    for step, body in ((f"{INGEST}/quarantine/{bad['id']}/mendings", {"values": values}), (f"{path}/replays", None)):
        answer = await city.client.post(step, json=body, headers=loader(city))
        assert answer.status_code < 300, answer.text
    await city.drain()


class Copy:
    """A recipient that follows a resource and keeps a copy, as the answers tell her."""

    def __init__(self, city: ServiceUnderTest, subscription: str, grant: str = "") -> None:
        self.city, self.grant = city, grant
        self.path = f"subscriptions/{subscription}"
        self.rows: dict[str, int] = {}

    async def read(self, **query: Any) -> dict[str, Any]:
        """What came, kept in the copy."""
        page = dict(await seen(self.city, applicant(self.city), f"{self.path}/changes", **query))
        if page["reset"]:
            self.rows.clear()
        self.rows |= {row["station"]: row["aqi"] for row in page["items"]}
        return page

    async def confirm(self, page: dict[str, Any]) -> None:
        """Say that what came is kept."""
        told = {"cursor": page["cursor"]}
        answer = await act(self.city, applicant(self.city), f"{self.path}/confirmations", told)
        assert answer.status_code == 201, answer.text

    async def follow(self, **query: Any) -> list[bool]:
        """Read and confirm until nothing is left; of each page, whether it emptied the copy first."""
        pages: list[dict[str, Any]] = []
        while (page := await self.read(**query))["cursor"] is not None:
            await self.confirm(page)
            pages.append(page)
        assert (page["items"], page["more"], page["reset"]) == ([], False, False)
        return [page["reset"] for page in pages]


async def following(city: ServiceUnderTest, **policy: Any) -> Copy:
    """A recipient who has subscribed."""
    grant = await granted(city, columns=["station", "aqi"], **policy)
    made = await act(city, applicant(city), f"grants/{grant}/subscriptions", {"name": "扬尘系统"})
    assert made.status_code == 201, made.text
    return Copy(city, made.json()["id"], grant)


@pytest.fixture
async def loaded(city: ServiceUnderTest) -> ServiceUnderTest:
    await published(city)
    await brought(city, OLD)
    return city


class TestACopy:
    async def test_is_emptied_before_the_rows_of_the_new_load(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        assert await copy.follow() == [False]
        assert copy.rows == {"1074A": 57, "1075A": 112}
        before = loaded.clock.now()
        batch = await brought(loaded, NEW, merge="replace")
        page = await copy.read()
        assert (page["reset"], page["reset_batch"], len(page["items"])) == (True, batch, 3)
        assert before < datetime.fromisoformat(page["reset_at"]) < loaded.clock.now()
        assert copy.rows == {"1075A": 80, "1076A": 9, "1077A": 12}

    async def test_is_told_again_until_that_is_confirmed_and_never_after(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        await copy.follow()
        await brought(loaded, NEW, merge="replace")
        first = await copy.read(limit=1)
        assert await copy.read(limit=1) == first
        await copy.confirm(first)
        assert await copy.follow(limit=1) == [False, False]
        await brought(loaded, [("1078A", "131102", "1")])
        assert await copy.follow() == [False]
        assert copy.rows == {"1075A": 80, "1076A": 9, "1077A": 12, "1078A": 1}

    async def test_is_emptied_though_no_new_row_is_for_its_keeper(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded, row_filter="district=eq.131103")
        await copy.follow()
        assert copy.rows == {"1075A": 112}
        await brought(loaded, [row for row in NEW if row[1] == "131102"], merge="replace")
        assert await copy.follow() == [True]
        assert copy.rows == {}

    async def test_is_emptied_though_rows_from_before_are_confirmed_after_the_load(
        self, loaded: ServiceUnderTest
    ) -> None:
        copy = await following(loaded)
        before = await copy.read(limit=1)
        await brought(loaded, NEW, merge="replace")
        await copy.confirm(before)
        assert await copy.follow() == [True]
        assert copy.rows == {"1075A": 80, "1076A": 9, "1077A": 12}

    async def test_is_emptied_once_for_loads_that_followed_each_other(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        await copy.follow()
        await brought(loaded, NEW, merge="replace")
        last = await brought(loaded, OLD[:1], merge="replace")
        page = await copy.read()
        assert (page["reset"], page["reset_batch"]) == (True, last)
        assert await copy.follow() == [True]
        assert copy.rows == {"1074A": 57}

    async def test_holds_what_a_later_batch_brought_before_a_held_up_load(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        held_up = await brought(loaded, [*NEW, ("1079A", "131102", "much")], merge="replace")
        await brought(loaded, [("1080A", "131102", "30"), ("1081A", "131102", "31")])
        await copy.follow()
        assert copy.rows == {"1074A": 57, "1075A": 112, "1080A": 30, "1081A": 31}
        await replayed(loaded, held_up, aqi="5")
        assert await copy.follow(limit=2) == [True, False, False]
        assert copy.rows == {"1075A": 80, "1076A": 9, "1077A": 12, "1079A": 5, "1080A": 30, "1081A": 31}

    async def test_that_is_begun_later_begins_empty(self, loaded: ServiceUnderTest) -> None:
        await brought(loaded, NEW, merge="replace")
        copy = await following(loaded)
        assert await copy.follow() == [True]
        assert copy.rows == {"1075A": 80, "1076A": 9, "1077A": 12}


async def test_a_load_that_is_refused_takes_nothing_from_a_copy(loaded: ServiceUnderTest) -> None:
    copy = await following(loaded)
    await copy.follow()
    await brought(loaded, [("1079A", "131102", "much")], merge="replace")
    assert await copy.follow() == []
    assert copy.rows == {"1074A": 57, "1075A": 112}


async def test_subscribers_are_told_that_there_is_something_to_read_though_only_rows_went(
    loaded: ServiceUnderTest,
) -> None:
    copy = await following(loaded)
    await copy.follow()
    await loaded.run_task(TELL)
    assert (await seen(loaded, applicant(loaded), "notices"))["items"] == []
    await brought(loaded, NEW, merge="replace")
    for _ in range(2):
        await loaded.run_task(TELL)
    assert [one["kind"] for one in (await seen(loaded, applicant(loaded), "notices"))["items"]] == ["change"]


class TestACopyUnderAChangedGrant:
    @staticmethod
    async def change(copy: Copy, **policy: Any) -> None:
        """Let the source department change the grant, a minute after what was before."""
        copy.city.clock.advance(minutes=1)
        told = policy | {"reason": "按新职责调整"}
        answer = await act(copy.city, decider(copy.city), f"grants/{copy.grant}/changes", told)
        assert answer.status_code == 201, answer.text
        copy.city.clock.advance(minutes=1)

    async def test_that_shows_more_gets_the_rows_of_before_as_well(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded, row_filter="district=eq.131103")
        await copy.follow()
        assert copy.rows == {"1075A": 112}
        await self.change(copy, every_row=True)
        assert await copy.follow(limit=1) == [True, False]
        assert copy.rows == {"1074A": 57, "1075A": 112}

    async def test_that_shows_less_is_emptied_of_what_is_not_granted_any_more(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        await copy.follow()
        await self.change(copy, row_filter="district=eq.131102")
        assert await copy.follow() == [True]
        assert copy.rows == {"1074A": 57}

    async def test_that_shows_nothing_is_emptied_once(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        await copy.follow()
        await self.change(copy, row_filter="district=eq.131199")
        assert await copy.follow() == [True]
        assert copy.rows == {}

    async def test_is_not_said_to_be_kept_by_what_was_read_before_the_change(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded, row_filter="district=eq.131103")
        page = await copy.read()
        await self.change(copy, every_row=True)
        told = {"cursor": page["cursor"]}
        answer = await act(loaded, applicant(loaded), f"{copy.path}/confirmations", told)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/cursor-not-read")
        await copy.follow()
        assert copy.rows == {"1074A": 57, "1075A": 112}

    async def test_goes_on_where_only_term_or_quota_changed(self, loaded: ServiceUnderTest) -> None:
        copy = await following(loaded)
        await copy.follow()
        await self.change(copy, daily_quota_rows=50)
        await brought(loaded, [("1078A", "131102", "1")])
        assert await copy.follow() == [False]
        assert copy.rows == {"1074A": 57, "1075A": 112, "1078A": 1}
