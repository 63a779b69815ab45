"""A licence is its holder's, whether the registry knew her when it was issued or learns of her later."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

from .factories import HANDED_OUT, LI, LI_PERSON, TYPE, WANG, Desk

FIND, OLDER = "data-hub.licences.find-holders", "data-hub.licences.keep-older-holders"
CSV = "holder_name,holder_number,trade,examined_on"


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


async def early(desk: Desk) -> dict[str, Any]:
    """A licence of a person whom nobody registered so far."""
    await desk.type()
    answer = await desk.draft()
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def own(desk: Desk, headers: dict[str, str] | None = None) -> list[str]:
    answer = await desk.get("/own", headers or desk.holder)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def told(desk: Desk) -> list[tuple[str, str]]:
    events = await desk.city.events(HANDED_OUT)
    return [(one["licence_id"], one["person"]) for event in events for one in event.data["licences"]]


async def waiting(desk: Desk) -> int:
    async with desk.city.work() as work:
        return int(await work.session.scalar(text("select count(*) from licence_awaiting")) or 0)


class TestIssuedBeforeItsHolderWasRegistered:
    async def test_it_is_hers_when_she_reads_her_licences(self, desk: Desk) -> None:
        licence = await early(desk)
        assert await own(desk) == []
        await desk.person()
        assert await own(desk) == [licence["id"]]
        assert await own(desk, desk.other) == []
        assert await told(desk) == [(licence["id"], str(LI_PERSON))]
        assert await waiting(desk) == 0

    async def test_it_is_hers_when_she_asks_for_it_by_its_number(self, desk: Desk) -> None:
        licence = await early(desk)
        await desk.person()
        assert (await desk.form(licence, "code.svg")).status_code == 200
        assert (await desk.get(f"/own/{licence['id']}", desk.other)).status_code == 404

    async def test_she_is_told_of_it_within_minutes_of_her_registration(self, desk: Desk) -> None:
        licence = await early(desk)
        await desk.city.run_task(FIND)
        assert await told(desk) == []
        await desk.person()
        await desk.city.run_task(FIND)
        await desk.city.run_task(FIND)
        assert await told(desk) == [(licence["id"], str(LI_PERSON))]

    async def test_she_is_told_once_however_many_look_at_once(self, desk: Desk) -> None:
        await early(desk)
        assert (await desk.draft()).status_code == 201
        await desk.person()
        found = await asyncio.gather(*(own(desk) for _ in range(4)), desk.city.run_task(FIND))
        assert [len(one) for one in found[:4]] == [2, 2, 2, 2]
        assert len(await told(desk)) == 2

    async def test_from_then_on_her_log_names_who_read_it(self, desk: Desk) -> None:
        licence = await early(desk)
        await desk.get(f"/{licence['id']}")
        await desk.person()
        await own(desk)
        await desk.get(f"/{licence['id']}")
        async with desk.city.work() as work:
            reads = await work.session.scalar(
                text("select count(*) from personal_access where action like '%电子证照%'")
            )
        assert reads == 1

    async def test_one_that_is_not_in_force_is_hers_without_a_word(self, desk: Desk) -> None:
        licence = await early(desk)
        await desk.act(licence, "revocations")
        await desk.person()
        await desk.city.run_task(FIND)
        assert await own(desk) == [licence["id"]]
        assert await told(desk) == []

    async def test_its_next_version_is_hers_as_well(self, desk: Desk) -> None:
        licence = await early(desk)
        desk.city.clock.advance(days=320)
        await desk.person()
        renewed = (await desk.post(f"/{licence['id']}/renewals", {})).json()
        assert await own(desk) == [renewed["id"], licence["id"]]
        assert await waiting(desk) == 0

    async def test_those_of_a_batch_are_told_apart_by_number(self, desk: Desk) -> None:
        await desk.type()
        rows = [f"{name},{number},餐饮,2026-11-01" for name, number in (LI, WANG, LI)]
        headers = desk.issuer | {"Content-Type": "text/csv"}
        await desk.send("POST", f"/batches?type_code={TYPE}", headers, content="\n".join([CSV, *rows]).encode())
        await desk.city.drain()
        assert await waiting(desk) == 3
        await desk.person()
        assert len(await own(desk)) == 2
        assert await waiting(desk) == 1

    async def test_nobody_with_another_number_gets_it(self, desk: Desk) -> None:
        await early(desk)
        await desk.person(WANG, LI_PERSON)
        assert await own(desk) == []
        await desk.city.run_task(FIND)
        assert (await waiting(desk), await told(desk)) == (1, [])

    async def test_nothing_of_her_number_lies_open(self, desk: Desk) -> None:
        await early(desk)
        async with desk.city.work() as work:
            kept = await work.session.scalar(text("select holder_index from licence_awaiting"))
        assert LI[1].encode() not in bytes(kept)
        assert len(bytes(kept)) == 32


async def test_one_that_was_issued_before_this_was_kept_is_found_as_well(desk: Desk) -> None:
    licence = await early(desk)
    async with desk.city.work() as work:
        await work.session.execute(text("delete from licence_awaiting"))
    await desk.person()
    assert await own(desk) == []
    for _ in range(2):
        await desk.city.run_task(OLDER)
    await desk.city.run_task(FIND)
    assert await own(desk) == [licence["id"]]


async def test_a_firms_licence_waits_for_nobody(desk: Desk) -> None:
    from .factories import FIRM, FIRM_TYPE

    await desk.type(code=FIRM_TYPE, holder_kind="organisation")
    body = {
        "type_code": FIRM_TYPE, "organisation": {"name": "衡水示例橡塑制品有限公司", "uscc": FIRM},
        "claims": {"trade": "餐饮", "examined_on": "2026-11-01"},
    }  # fmt: skip
    answer = await desk.post("", body)
    assert answer.status_code == 201, answer.text
    await desk.city.run_task(OLDER)
    assert await waiting(desk) == 0


async def test_a_firm_hears_through_who_represents_it_that_its_licence_counts_no_more(desk: Desk) -> None:
    from .factories import FIRM, FIRM_TYPE, MARKET

    await desk.person()
    keeper = desk.city.token(["data-hub.registries.maintain"], department=MARKET)
    registered = await desk.city.client.post("/api/data-hub/v1/legal-entities", headers=keeper, json={
        "uscc": FIRM, "name": "衡水示例橡塑制品有限公司", "legal_form": "limited-company", "division_code": "131102",
        "established_on": "2016-03-01", "legal_representative": str(LI_PERSON), "representative_name": LI[0],
        "source": {"department": MARKET, "batch": "m-1"},
    })  # fmt: skip
    assert registered.status_code == 201, registered.text
    await desk.type(code=FIRM_TYPE, holder_kind="organisation")
    body = {
        "type_code": FIRM_TYPE, "organisation": {"name": "衡水示例橡塑制品有限公司", "uscc": FIRM},
        "claims": {"trade": "餐饮", "examined_on": "2026-11-01"},
    }  # fmt: skip
    licence = (await desk.post("", body)).json()
    assert (await desk.act(licence, "revocations")).status_code == 200
    (event,) = await desk.city.events("cn.hengshui.data-hub.licence.status-changed.v1")
    assert (event.data["person"], event.data["representative"]) == (None, str(LI_PERSON))
