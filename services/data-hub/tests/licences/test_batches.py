"""Licences by the thousand: all that fit, none twice, each that does not fit named."""

import asyncio
import contextlib
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, true

from citykit.clock import CHINA
from citykit.testing import ServiceUnderTest
from data_hub.licences import batches, repository
from data_hub.licences.batches import ISSUE_PART, _rows
from data_hub.licences.domain import FieldRule, Identifier
from data_hub.licences.errors import BatchFault, TooManyRows

from .factories import HANDED_OUT, LI, LI_PERSON, TYPE, WANG, Desk

HEAD = "holder_name,holder_number,trade,examined_on,clinic"
SEATS = {"title": "{type_name}", "lines": ["{seats}"]}


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


def lines(count: int) -> list[str]:
    names = (LI, WANG)
    return [f"{names[n % 2][0]},{names[n % 2][1]},餐饮,2026-11-01,第{n}医院" for n in range(count)]


async def sent(desk: Desk, content: str | bytes, headers: dict[str, str] | None = None) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return await desk.send(
        "POST", f"/batches?type_code={TYPE}", (headers or desk.issuer) | {"Content-Type": "text/csv"}, content=data
    )


async def test_thousands_are_issued_by_a_job_and_each_is_whole(desk: Desk) -> None:
    await desk.person()
    await desk.type()
    answer = await sent(desk, "\n".join([HEAD, *lines(2500)]))
    assert answer.status_code == 202, answer.text
    assert (answer.json()["rows"], answer.json()["done"]) == (2500, False)
    await desk.city.drain()
    batch = (await desk.get(f"/batches/{answer.json()['id']}")).json()
    assert (batch["issued"], batch["refused"], batch["done"]) == (2500, 0, True)
    async with desk.city.work() as work:
        rows = (await work.session.execute(text("select identifier, status_list, status_place from licence"))).all()
        kept = await work.session.scalar(text("select count(*) from licence_batch_part where sealed is not null"))
        events = await work.session.scalar(text("select count(*) from event_log where type like '%licence.issued%'"))
    assert len({row.identifier for row in rows}) == len({tuple(row)[1:] for row in rows}) == 2500
    assert all(Identifier.parse(row.identifier) for row in rows)
    assert (kept, events) == (0, 2500)
    handed = [event.data["licences"] for event in await desk.city.events(HANDED_OUT)]
    assert sorted(map(len, handed)) == [50, 100, 100, 200, 200, 200, 200, 200], "half are unknown to the registry"
    assert {one["person"] for part in handed for one in part} == {str(LI_PERSON)}
    mine = (await desk.get("/own", desk.holder, limit=1)).json()["items"][0]
    read = (await desk.get(f"/own/{mine['id']}", desk.holder)).json()
    assert (read["holder_name"], read["claims"]["trade"]) == (LI[0], "餐饮")
    said = await desk.verify(text=await desk.credential(mine))
    assert said["verdict"] == "valid"


async def test_a_part_that_comes_twice_issues_once(desk: Desk) -> None:
    await desk.type()
    batch = (await sent(desk, "\n".join([HEAD, *lines(3)]))).json()
    await asyncio.gather(*(desk.city.run_task(ISSUE_PART, batch=batch["id"], part=0) for _ in range(3)))
    async with desk.city.work() as work:
        assert await work.session.scalar(text("select count(*) from licence")) == 3


async def test_rows_that_do_not_fit_are_told_by_line_and_never_what_they_said(desk: Desk) -> None:
    await desk.type()
    bad = [
        "李,131102198503150040,餐饮,2026-11-01,",
        f"{WANG[0]},{WANG[1]},采矿,2026-13-01,",
        f",{LI[1]},餐饮,2026-11-01,",
    ]
    batch = (await sent(desk, "\n".join([HEAD, *lines(2), *bad]))).json()
    await desk.city.drain()
    read = (await desk.get(f"/batches/{batch['id']}")).json()
    assert (read["issued"], read["refused"]) == (2, 3)
    faults = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
    assert [one["line"] for one in faults] == [4, 5, 6]
    assert faults[0]["faults"] == [{"field": "holder_number", "code": "number"}]
    assert {one["field"] for one in faults[1]["faults"]} == {"trade", "examined_on"}
    assert "131102" not in str(faults)


NO_NUMBERS = ["--5", "-", "5-", "+5", "²", "５", "1e3", "0x10", "5.0", "1_000", "9" * 18, "9" * 17, "−5"]


@pytest.mark.parametrize("odd", NO_NUMBERS)
async def test_a_number_that_is_none_costs_its_own_row_and_no_other(desk: Desk, odd: str) -> None:
    await desk.type(fields=[{"name": "seats", "title": "座位", "kind": "integer"}], template=SEATS)
    rows = [f"{LI[0]},{LI[1]},5", f"{WANG[0]},{WANG[1]},{odd}", f"{LI[0]},{LI[1]},-0007"]
    batch = (await sent(desk, "\n".join(["holder_name,holder_number,seats", *rows]))).json()
    await desk.city.drain()
    read = (await desk.get(f"/batches/{batch['id']}")).json()
    assert (read["issued"], read["refused"], read["done"], read["failure"]) == (2, 1, True, None)
    faults = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
    assert faults == [{"line": 3, "faults": [{"field": "seats", "code": "type"}]}]


async def test_a_day_is_written_as_a_day(desk: Desk) -> None:
    await desk.type()
    rows = [f"{LI[0]},{LI[1]},餐饮,2026-11-01,,{day}" for day in ("2026-W48-6", "20261128", "2026-11-28", "")]
    batch = (await sent(desk, "\n".join([f"{HEAD},valid_from", *rows]))).json()
    await desk.city.drain()
    faults = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
    assert faults == [{"line": line, "faults": [{"field": "valid_from", "code": "date"}]} for line in (2, 3)]


async def test_what_nobody_thought_of_costs_its_own_row_and_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.type()
    real = batches.values_of

    def choosy(*given: Any, **more: Any) -> Any:
        if given[2].number == WANG[1]:
            raise ValueError("odd")
        return real(*given, **more)

    monkeypatch.setattr(batches, "values_of", choosy)
    batch = (await sent(desk, "\n".join([HEAD, *lines(4)]))).json()
    await desk.city.drain()
    read = (await desk.get(f"/batches/{batch['id']}")).json()
    assert (read["issued"], read["refused"], read["done"]) == (2, 2, True)
    faults = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
    assert faults[0] == {"line": 3, "faults": [{"field": "", "code": "unreadable"}]}


async def test_a_part_that_cannot_go_on_is_tried_again_and_ends_as_failed_with_a_reason(desk: Desk) -> None:
    await desk.type()
    batch = (await sent(desk, "\n".join([HEAD, *lines(1002)]))).json()
    async with desk.city.work() as work:
        await work.session.execute(text("update licence_batch_part set sealed = 'x' where part = 1"))
    for _ in range(batches.MOST_TRIES):
        await desk.city.drain()
        read = (await desk.get(f"/batches/{batch['id']}")).json()
        assert (read["issued"], read["done"], read["failure"]) == (1000, False, None)
        desk.city.clock.advance(hours=5)
    await desk.city.drain()
    read = (await desk.get(f"/batches/{batch['id']}")).json()
    assert (read["issued"], read["refused"], read["done"], read["failure"]) == (1000, 2, True, "VaultError")
    faults = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
    assert faults == [{"line": line, "faults": [{"field": "", "code": "part-failed"}]} for line in (1002, 1003)]
    async with desk.city.work() as work:
        assert await work.session.scalar(text("select count(*) from procrastinate_jobs where status = 'todo'")) == 0
        assert await work.session.scalar(text("select count(*) from licence_batch_part where sealed is not null")) == 0


async def test_a_part_that_the_database_refuses_leaves_nothing_half_issued(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.type()
    real = batches.values_of
    monkeypatch.setattr(batches, "values_of", lambda *given, **more: real(*given, **more) | {"identifier": "twice"})
    batch = (await sent(desk, "\n".join([HEAD, *lines(3)]))).json()
    await desk.city.run_task(ISSUE_PART, batch=batch["id"], part=0, tried=batches.MOST_TRIES)
    read = (await desk.get(f"/batches/{batch['id']}")).json()
    assert (read["issued"], read["refused"], read["failure"]) == (0, 3, "UniqueViolation")
    async with desk.city.work() as work:
        assert await work.session.scalar(text("select count(*) from licence")) == 0
        assert await work.session.scalar(text("select count(*) from event_log where type like '%licence.issued%'")) == 0


async def test_a_persons_number_is_sealed_while_it_waits(desk: Desk) -> None:
    await desk.type()
    await sent(desk, "\n".join([HEAD, *lines(1)]))
    async with desk.city.work() as work:
        sealed = await work.session.scalar(text("select sealed from licence_batch_part"))
        jobs = await work.session.scalar(text("select string_agg(args::text, '') from procrastinate_jobs"))
    assert LI[1].encode() not in bytes(sealed)
    assert LI[1] not in jobs


async def test_the_same_key_takes_a_file_once(desk: Desk) -> None:
    await desk.type()
    headers = desk.issuer | {"Idempotency-Key": "batch-0001"}
    content = "\n".join([HEAD, *lines(1)])
    first, second = await sent(desk, content, headers), await sent(desk, content, headers)
    assert first.json() == second.json()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"holder_name\n", HEAD.encode(), f"{HEAD}\n1,2".encode(), b"\xff\xff\xff", f"{HEAD},more\n".encode(),
        f"{HEAD},{HEAD}\n".encode(), b'a,"b\n', f'{HEAD}\n"x"y,1,2,3,4\n'.encode(),
        b"c," * 10_000,
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_read_is_told(desk: Desk, content: bytes) -> None:
    await desk.type()
    answer = await sent(desk, content)
    assert answer.json()["type"] == "/problems/licence-batch-fault"


async def test_gb18030_and_a_mark_are_read(desk: Desk) -> None:
    await desk.type()
    text_of = "\r\n".join([HEAD, *lines(1)])
    for data in (text_of.encode("gb18030"), text_of.encode("utf-8-sig")):
        assert (await sent(desk, data)).json()["rows"] == 1


async def test_other_departments_see_nothing_of_it(desk: Desk) -> None:
    await desk.type()
    batch = (await sent(desk, "\n".join([HEAD, *lines(1)]))).json()
    assert (await sent(desk, HEAD, desk.stranger)).status_code == 404
    assert (await desk.get(f"/batches/{batch['id']}", desk.stranger)).status_code == 404
    assert (await desk.get(f"/batches/{batch['id']}/faults", desk.stranger)).status_code == 404


def test_more_than_a_hundred_thousand_rows_are_too_many() -> None:
    with pytest.raises(TooManyRows):
        _rows(b"holder_name,holder_number\n" + b"a,b\n" * 100_001, [])


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_comes_is_rows_or_a_problem(data: bytes) -> None:
    with contextlib.suppress(BatchFault, TooManyRows):
        assert _rows(data, [FieldRule("a", "甲")])


async def test_of_a_type_that_is_retired_meanwhile_no_further_part_is_issued(desk: Desk) -> None:
    await desk.type()
    batch = (await sent(desk, "\n".join([HEAD, *lines(1002)]))).json()
    await desk.city.run_task(ISSUE_PART, batch=batch["id"], part=0)
    retired = await desk.post(f"/types/{TYPE}/retirements", {"reason": "改版"}, desk.steward)
    assert retired.status_code == 200, retired.text
    await desk.city.drain()
    read = (await desk.get(f"/batches/{batch['id']}")).json()
    assert (read["issued"], read["refused"], read["done"], read["failure"]) == (1000, 2, True, None)
    faults = (await desk.get(f"/batches/{batch['id']}/faults")).json()["items"]
    assert faults == [{"line": line, "faults": [{"field": "", "code": "type-retired"}]} for line in (1002, 1003)]


async def test_who_retires_a_type_waits_for_the_licences_that_are_being_made_of_it(desk: Desk) -> None:
    await desk.type()
    async with desk.city.work() as issuing:
        assert await repository.type_row(issuing, TYPE, true(), keep=True)
        retiring = asyncio.create_task(desk.post(f"/types/{TYPE}/retirements", {"reason": "改版"}, desk.steward))
        done, _ = await asyncio.wait({retiring}, timeout=0.5)
        assert not done
    assert (await retiring).status_code == 200
    assert (await desk.draft()).status_code == 409


async def test_licences_of_a_batch_are_of_the_day_on_which_it_came_in_hengshui(desk: Desk) -> None:
    await desk.type()
    desk.city.clock.set(datetime(2027, 1, 1, 0, 30, tzinfo=CHINA))
    assert (await sent(desk, "\n".join([HEAD, *lines(1)]))).status_code == 202
    await desk.city.drain()
    desk.city.clock.set(datetime(2027, 12, 31, 23, 59, tzinfo=CHINA))
    assert (await sent(desk, "\n".join([HEAD, *lines(1)]))).status_code == 202
    desk.city.clock.set(datetime(2028, 1, 1, 0, 1, tzinfo=CHINA))
    await desk.city.drain()
    late, early = (await desk.get("")).json()["items"]
    found = [(one["identifier"].split(".")[7], one["valid_from"], one["valid_to"]) for one in (early, late)]
    assert found == [
        ("2027000000001", "2027-01-01", "2027-12-31"), ("2027000000002", "2027-12-31", "2028-12-30"),
    ]  # fmt: skip
