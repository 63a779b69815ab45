"""Where a type says so, a holder has one of its licences in force at a time: in a batch and between two at once too."""

import asyncio
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest, at

from .factories import FIRM, FIRM_TYPE, LI, TYPE, WANG, Desk

HELD = "/problems/licence-already-held"


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    city.clock.set(at("2026-11-20T10:00:00+08:00"))
    return Desk(city)


async def sent(desk: Desk, *holders: tuple[str, str]) -> tuple[int, list[Any]]:
    lines = [f"{name},{number},餐饮,2026-11-01" for name, number in holders]
    file = "\n".join(["holder_name,holder_number,trade,examined_on", *lines]).encode()
    headers = desk.issuer | {"Content-Type": "text/csv"}
    made = (await desk.send("POST", f"/batches?type_code={TYPE}", headers, content=file)).json()
    await desk.city.drain()
    faults = (await desk.get(f"/batches/{made['id']}/faults")).json()["items"]
    return (await desk.get(f"/batches/{made['id']}")).json()["issued"], faults


async def test_a_second_one_is_refused_until_the_first_ends_or_is_revoked(desk: Desk) -> None:
    await desk.person()
    await desk.type(one_per_holder=True)
    first = (await desk.draft()).json()
    refused = await desk.draft()
    assert (refused.status_code, refused.json()["type"]) == (409, HELD)
    await desk.act(first, "suspensions")
    assert (await desk.draft()).json()["type"] == HELD, "it may be resumed"
    await desk.act(first, "revocations")
    second = await desk.draft()
    assert second.status_code == 201
    assert (await desk.draft(WANG)).status_code == 201, "another holder"
    assert (await desk.draft(valid_from="2027-11-19")).json()["type"] == HELD, "the last day of the second"
    assert (await desk.draft(valid_from="2027-11-20")).status_code == 201


async def test_it_is_renewed_as_before_but_not_beside_another(desk: Desk) -> None:
    await desk.person()
    await desk.type(one_per_holder=True)
    first = (await desk.draft(valid_from="2025-11-01")).json()
    renewed = await desk.post(f"/{first['id']}/renewals", {})
    assert renewed.status_code == 201, renewed.text
    desk.city.clock.advance(days=375)
    other = await desk.draft()
    assert other.status_code == 201, "the renewed one ended"
    refused = await desk.post(f"/{renewed.json()['id']}/renewals", {})
    assert (refused.status_code, refused.json()["type"]) == (409, HELD)


async def test_of_two_at_once_one_is_issued(desk: Desk) -> None:
    await desk.person()
    await desk.type(one_per_holder=True)
    answers = await asyncio.gather(*(desk.draft() for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [201, *[409] * 5]


async def test_a_file_sent_twice_makes_no_second_ones(desk: Desk) -> None:
    await desk.person()
    await desk.type(one_per_holder=True)
    holders = (LI, WANG, LI)
    held = {"field": "holder_number", "code": "held"}
    assert await sent(desk, *holders) == (2, [{"line": 4, "faults": [held]}])
    assert await sent(desk, *holders) == (0, [{"line": line, "faults": [held]} for line in (2, 3, 4)])


async def test_one_that_waited_for_its_holder_counts_once_it_is_hers(desk: Desk) -> None:
    await desk.type(one_per_holder=True)
    assert (await desk.draft()).status_code == 201
    assert (await desk.draft()).json()["type"] == HELD
    await desk.person()
    assert (await desk.draft()).json()["type"] == HELD, "not hers yet"
    await desk.city.run_task("data-hub.licences.find-holders")
    assert (await desk.draft()).json()["type"] == HELD


async def test_firms_have_one_each_too(desk: Desk) -> None:
    await desk.type(code=FIRM_TYPE, holder_kind="organisation", one_per_holder=True)
    firms = {"type_code": FIRM_TYPE, "person": None, "organisation": {"name": "衡水示例橡塑", "uscc": FIRM}}
    assert [(await desk.draft(**firms)).status_code for _ in range(2)] == [201, 409]


async def test_of_other_types_a_holder_has_as_many_as_are_issued(desk: Desk) -> None:
    await desk.type()
    assert (await desk.get(f"/types/{TYPE}")).json()["one_per_holder"] is False
    assert [(await desk.draft()).status_code for _ in range(2)] == [201, 201]
