"""An issuer finds a licence by who holds it, by its serial, by its batch: among her department's, and on record."""

from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

from .factories import FIRM, FIRM_TYPE, LI, LI_PERSON, POLICE, TYPE, WANG, Desk

FIRMS = {"type_code": FIRM_TYPE, "person": None, "organisation": {"name": "衡水示例橡塑", "uscc": FIRM}}


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


async def found(desk: Desk, **asked: Any) -> list[str]:
    answer = await desk.post("/searches", asked)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def logged(desk: Desk) -> list[str]:
    async with desk.city.work() as work:
        rows = await work.session.scalars(text("select person from personal_access where action like '按持证人号码%'"))
        return list(rows)


async def test_by_the_number_of_a_person_who_finds_the_search_in_her_log(desk: Desk) -> None:
    licence = await desk.issued()
    await desk.draft(WANG)
    assert await found(desk, id_number=LI[1]) == [licence["id"]]
    assert await logged(desk) == [f"person:{LI_PERSON}"]
    (item,) = (await desk.post("/searches", {"id_number": LI[1]})).json()["items"]
    assert (item["holder"], LI[1] in item.values()) == (licence["holder"], False)


async def test_by_the_number_of_whom_the_registry_does_not_know(desk: Desk) -> None:
    await desk.type()
    licence = (await desk.draft(WANG)).json()
    await desk.draft()
    assert await found(desk, id_number=WANG[1]) == [licence["id"]]
    assert await logged(desk) == []


async def test_by_the_code_of_a_firm_with_type_and_status(desk: Desk) -> None:
    await desk.issued()
    await desk.type(code=FIRM_TYPE, holder_kind="organisation")
    first, second = [(await desk.draft(**FIRMS)).json() for _ in range(2)]
    assert await found(desk, uscc=FIRM) == [second["id"], first["id"]]
    assert (await desk.act(first, "revocations")).status_code == 200
    assert await found(desk, uscc=FIRM, status="revoked") == [first["id"]]
    assert await found(desk, uscc=FIRM, type_code=TYPE) == []


async def test_by_a_serial_in_all_its_versions_and_by_a_batch(desk: Desk) -> None:
    await desk.type()
    file = f"holder_name,holder_number,trade,examined_on\n{WANG[0]},{WANG[1]},餐饮,2026-11-01\n".encode()
    headers = desk.issuer | {"Content-Type": "text/csv"}
    batch = (await desk.send("POST", f"/batches?type_code={TYPE}", headers, content=file)).json()
    await desk.city.drain()
    single = (await desk.draft()).json()
    (one,) = await found(desk, batch=batch["id"])
    assert one != single["id"]
    desk.city.clock.advance(days=330)
    renewed = (await desk.post(f"/{single['id']}/renewals", {})).json()
    assert await found(desk, serial=single["identifier"].split(".")[7]) == [renewed["id"], single["id"]]


async def test_page_by_page(desk: Desk) -> None:
    await desk.type()
    made = [(await desk.draft(WANG)).json()["id"] for _ in range(3)]
    first = (await desk.post("/searches", {"id_number": WANG[1], "limit": 2})).json()
    rest = (await desk.post("/searches", {"id_number": WANG[1], "limit": 2, "after": first["next"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]


async def test_nothing_of_another_departments_is_found_and_nobody_else_may_search(desk: Desk) -> None:
    licence = await desk.issued()
    answer = await desk.post("/searches", {"serial": licence["identifier"].split(".")[7]}, desk.stranger)
    assert answer.json()["items"] == []
    assert (await desk.post("/searches", {"id_number": LI[1]}, desk.stranger)).json()["items"] == []
    reader = desk.city.token(["data-hub.licences.read"], department=POLICE)
    assert (await desk.post("/searches", {"id_number": LI[1]}, reader)).status_code == 403
