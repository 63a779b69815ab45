"""Authorised use: who, for what, until when; every use is the holder's to see."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

from .factories import LI, LI_PERSON, URBAN, Desk


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


async def uses(desk: Desk, licence: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await desk.get(f"/own/{licence['id']}/uses", desk.holder)).json()["items"])


async def test_a_department_sees_what_it_was_let_see_and_the_holder_sees_that(desk: Desk) -> None:
    licence = await desk.issued()
    leave = (await desk.leave(licence)).json()
    listed = (await desk.get("/authorisations", desk.clerk)).json()["items"]
    assert [one["id"] for one in listed] == [leave["id"]]
    used = (await desk.use(leave)).json()
    assert used["fields"] == {"holder_name": LI[0], "trade": "餐饮"}
    assert (used["licence"]["standing"], used["type_name"], used["uses_left"]) == ("valid", "健康证明", 0)
    (line,) = await uses(desk, licence)
    assert (line["department"], line["matter"], line["case_number"]) == (URBAN, "占道经营许可", "B-1")
    assert (line["fields"], line["outcome"]) == (["holder_name", "trade"], "served")


async def test_the_city_wide_access_log_has_it_too(desk: Desk) -> None:
    leave = (await desk.leave(await desk.issued())).json()
    await desk.use(leave)
    async with desk.city.work() as work:
        rows = await work.session.execute(text("select person, purpose, organisation, fields from personal_access"))
        (row,) = rows.all()
    assert row.person == f"person:{LI_PERSON}"
    assert (row.purpose, row.organisation, list(row.fields)) == ("占道经营许可", URBAN, ["holder_name", "trade"])


async def test_her_log_calls_licence_and_fields_as_on_paper(desk: Desk) -> None:
    leave = (await desk.leave(await desk.issued())).json()
    await desk.use(leave)
    async with desk.city.work() as work:
        words = await work.session.scalar(text("select words from personal_access"))
    assert words["record"].startswith("健康证明")
    assert (words["matter"], words["fields"]["holder_name"]) == ("B-1", "持证人姓名 Name of the holder")
    assert words["fields"]["trade"] != "trade"


async def test_of_two_uses_at_once_a_single_one_is_served(desk: Desk) -> None:
    licence = await desk.issued()
    leave = (await desk.leave(licence)).json()
    answers = await asyncio.gather(*(desk.use(leave) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert sorted(line["outcome"] for line in await uses(desk, licence)) == ["authorisation-over"] * 4 + ["served"]


async def test_a_withdrawn_leave_ends_with_the_next_call(desk: Desk) -> None:
    licence = await desk.issued()
    leave = (await desk.leave(licence, uses=None)).json()
    assert (await desk.use(leave)).status_code == 200
    path = f"/own/{licence['id']}/authorisations/{leave['id']}/withdrawals"
    assert (await desk.post(path, None, desk.holder)).json()["withdrawn_at"] is not None
    assert (await desk.use(leave)).json()["type"] == "/problems/authorisation-over"
    assert (await desk.post(path, None, desk.holder)).status_code == 409
    assert [line["outcome"] for line in await uses(desk, licence)] == ["authorisation-over", "served"]


async def test_a_leave_ends_at_its_time(desk: Desk) -> None:
    licence = await desk.issued()
    until = desk.city.clock.now() + timedelta(hours=1)
    leave = (await desk.leave(licence, until=until.isoformat(), uses=None)).json()
    assert (await desk.use(leave)).status_code == 200
    desk.city.clock.advance(hours=1)
    assert (await desk.use(leave)).status_code == 409


@pytest.mark.parametrize("act", ["suspensions", "revocations"])
async def test_a_licence_that_does_not_count_is_not_used_and_the_try_is_seen(desk: Desk, act: str) -> None:
    licence = await desk.issued()
    leave = (await desk.leave(licence)).json()
    await desk.act(licence, act)
    refused = await desk.use(leave)
    assert refused.json()["type"] == "/problems/licence-not-in-force"
    assert [line["outcome"] for line in await uses(desk, licence)] == ["licence-not-in-force"]
    left = (await desk.get(f"/own/{licence['id']}/authorisations", desk.holder)).json()["items"]
    assert left[0]["uses_left"] == 1


async def test_a_leave_is_for_the_department_that_it_names(desk: Desk) -> None:
    leave = (await desk.leave(await desk.issued())).json()
    assert (await desk.use(leave, desk.stranger)).status_code == 404
    assert (await desk.get("/authorisations", desk.stranger)).json()["items"] == []


async def test_nobody_but_the_holder_gives_takes_or_sees(desk: Desk) -> None:
    licence = await desk.issued()
    leave = (await desk.leave(licence)).json()
    own = f"/own/{licence['id']}"
    for method, path in (
        ("GET", own), ("GET", f"{own}/uses"), ("GET", f"{own}/authorisations"),
        ("POST", f"{own}/authorisations/{leave['id']}/withdrawals"),
    ):  # fmt: skip
        assert (await desk.send(method, path, desk.other)).status_code == 404
    listed = (await desk.get("/own", desk.other)).json()
    assert listed["items"] == []
    assert (await desk.get("/own", desk.city.token(["data-hub.licences.hold"], person=None))).status_code == 403
    assert [one["id"] for one in (await desk.get("/own", desk.holder)).json()["items"]] == [licence["id"]]


async def test_a_weakly_proven_person_is_no_holder(desk: Desk) -> None:
    licence = await desk.issued()
    weak = desk.city.token(["data-hub.licences.hold"], person=str(LI_PERSON), assurance=1)
    assert (await desk.get(f"/own/{licence['id']}", weak)).status_code == 403


@pytest.mark.parametrize(
    ("more", "slug"),
    [
        ({"until": "2020-01-01T00:00:00+08:00"}, "authorisation-term"),
        ({"until": "2035-01-01T00:00:00+08:00"}, "authorisation-term"),
        ({"fields": ["holder_name", "secret"]}, "licence-claims"),
        ({"uses": 0}, "invalid"),
        ({"department": "x"}, "invalid"),
    ],
)
async def test_a_leave_without_measure_is_refused(desk: Desk, more: dict[str, Any], slug: str) -> None:
    assert (await desk.leave(await desk.issued(), **more)).json()["type"] == f"/problems/{slug}"


async def test_a_leave_without_fields_shows_all(desk: Desk) -> None:
    leave = (await desk.leave(await desk.issued(), fields=[])).json()
    used = (await desk.use(leave)).json()
    assert set(used["fields"]) == {"holder_name", "holder_number", "trade", "examined_on"}


class TestRepeatedRequests:
    """A window that lost the answer asks again with its key: that is the same use."""

    async def use(self, desk: Desk, leave: dict[str, Any], key: str = "counter-7-case-1") -> Any:
        path = f"/authorisations/{leave['id']}/uses"
        return await desk.post(path, {"case_number": "B-1"}, desk.clerk | {"Idempotency-Key": key})

    async def test_is_one_use_with_one_answer_one_after_the_other_and_at_once(self, desk: Desk) -> None:
        licence = await desk.issued()
        leave = (await desk.leave(licence)).json()
        first = await self.use(desk, leave)
        assert first.status_code == 200, first.text
        answers = await asyncio.gather(*(self.use(desk, leave) for _ in range(3)))
        assert [answer.json() for answer in answers] == [first.json()] * 3
        assert [line["outcome"] for line in await uses(desk, licence)] == ["served"]
        assert (await self.use(desk, leave, "counter-7-case-2")).status_code == 409

    async def test_keeps_nothing_of_what_the_licence_says(self, desk: Desk) -> None:
        await self.use(desk, (await desk.leave(await desk.issued())).json())
        async with desk.city.work() as work:
            kept = await work.session.scalar(text("select string_agg(answer::text, '') from idempotency_key"))
        assert "uses_left" in kept
        assert not [word for word in (*LI, "餐饮") if word in kept]

    async def test_is_seen_by_the_holder_each_time_that_it_is_answered(self, desk: Desk) -> None:
        leave = (await desk.leave(await desk.issued())).json()
        for _ in range(2):
            await self.use(desk, leave)
        async with desk.city.work() as work:
            assert await work.session.scalar(text("select count(*) from personal_access")) == 2

    async def test_is_answered_no_more_once_the_leave_is_withdrawn(self, desk: Desk) -> None:
        licence = await desk.issued()
        leave = (await desk.leave(licence)).json()
        assert (await self.use(desk, leave)).status_code == 200
        await desk.post(f"/own/{licence['id']}/authorisations/{leave['id']}/withdrawals", None, desk.holder)
        assert (await self.use(desk, leave)).json()["type"] == "/problems/authorisation-over"
        assert [line["outcome"] for line in await uses(desk, licence)] == ["authorisation-over", "served"]

    async def test_a_refused_use_leaves_its_line_and_its_key_free(self, desk: Desk) -> None:
        licence = await desk.issued()
        leave = (await desk.leave(licence)).json()
        await desk.act(licence, "suspensions")
        assert (await self.use(desk, leave)).json()["type"] == "/problems/licence-not-in-force"
        await desk.act(licence, "resumptions")
        assert (await self.use(desk, leave)).status_code == 200
        assert [line["outcome"] for line in await uses(desk, licence)] == ["served", "licence-not-in-force"]
