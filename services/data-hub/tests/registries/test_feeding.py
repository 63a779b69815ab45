"""A department's register feeds a registry: every value with its batch, no row in another's way, nothing said twice."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, at
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.registries.feeding.domain import Assignment, misfits, read, shown
from data_hub.registries.feeding.jobs import feed_registry, find_batches
from data_hub.registries.sources.domain import Registry

from .factories import (
    ENTITIES,
    FIRM,
    MARKET,
    OTHER,
    OTHER_FIRM,
    PEOPLE,
    PERSONS,
    POLICE,
    READ,
    SEARCHES,
    register,
    register_firm,
)
from .test_corrections import DECIDE, DISPUTE, FLOOR, HOUSING, SUPERVISE, police
from .test_subscriptions import changes, subscribe

FEEDS = f"{FLOOR}/feeds"
RESOURCES = "/api/data-hub/v1/resources"
INGEST = "/api/data-hub/v1/ingest"
BUREAU = "11131100MB0H00014Y"
HOUSEHOLDS, LEASES, REGISTER = "203001-000081", "204001-000082", "205001-000083"
NUMBER = "131102198503150049"
TODAY = date(2026, 11, 20)

PEOPLE_ITEMS: list[dict[str, Any]] = [
    {"name": "zjhm", "title": "公民身份号码", "type": "string", "required": True, "sensitivity": "personal",
     "rules": [{"kind": "check-digit", "scheme": "gb11643"}]},
    {"name": "xm", "title": "姓名", "type": "string", "sensitivity": "personal"},
    {"name": "mz", "title": "民族", "type": "string"},
    {"name": "dz", "title": "住址", "type": "string", "sensitivity": "personal"},
    {"name": "lxdh", "title": "联系电话", "type": "string", "sensitivity": "personal"},
]  # fmt: skip
PEOPLE_FIELDS = [
    {"item": "zjhm", "field": "id_number"}, {"item": "xm", "field": "name"}, {"item": "mz", "field": "ethnicity"},
    {"item": "dz", "field": "address"}, {"item": "lxdh", "field": "phone"},
]  # fmt: skip
LI = (NUMBER, "李秀英", "汉族", "河北省衡水市桃城区人民路1号", "13900000001")
WANG = (OTHER, "王建国", "回族", "河北省衡水市桃城区和平路2号", "13900000009")
FIRM_ITEMS: list[dict[str, Any]] = [
    {"name": "tydm", "title": "统一社会信用代码", "type": "string", "required": True},
    {"name": "mc", "title": "名称", "type": "string"},
    {"name": "lx", "title": "类型", "type": "string"},
    {"name": "qh", "title": "区划", "type": "string"},
    {"name": "clrq", "title": "成立日期", "type": "date"},
    {"name": "zt", "title": "状态", "type": "string"},
    {"name": "zczb", "title": "注册资本", "type": "integer", "unit": "分"},
    {"name": "bgrq", "title": "变更日期", "type": "date"},
]  # fmt: skip
FIRM_FIELDS = [
    {"item": "tydm", "field": "uscc"}, {"item": "mc", "field": "name"},
    {"item": "lx", "field": "legal_form", "values": {"有限责任公司": "limited-company"}},
    {"item": "qh", "field": "division_code"}, {"item": "clrq", "field": "established_on"},
    {"item": "zt", "field": "state", "values": {"存续": "active", "注销": "deregistered"}},
    {"item": "zczb", "field": "capital_fen"}, {"item": "bgrq", "field": "true_from"},
]  # fmt: skip
RUBBER = (FIRM, "衡水示例橡塑制品有限公司", "有限责任公司", "131102", "2016-03-01", "存续", "500000000", "")


async def published(
    city: ServiceUnderTest, code: str, items: list[dict[str, Any]], department: str, key: Sequence[str]
) -> None:
    """A resource of a department, described, reviewed and published."""
    body = {
        "code": code, "name": f"登记信息{code}", "summary": "部门登记信息", "provider_name": "部门",
        "source_department": department, "source_department_name": "部门", "theme": "population",
        "format": "database", "items": items, "key": list(key), "share_type": "conditional",
        "share_basis": "《政务数据共享条例》", "share_condition": "用于履职", "opening": "closed",
        "update_cycle": "daily", "contact": "data@hengshui.example",
    }  # fmt: skip
    author = city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=department)
    reviewer = city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
    for step, headers, told in (
        ("", author, body),
        (f"/{code}/submissions", author, None),
        (f"/{code}/reviews", reviewer, {"approve": True}),
    ):
        answer = await city.client.post(f"{RESOURCES}{step}", json=told, headers=headers)
        assert answer.status_code < 300, answer.text


async def brought(
    city: ServiceUnderTest, code: str, rows: Sequence[Sequence[str]], department: str, **query: str
) -> str:
    """A file with rows of a department's register, loaded; the batch."""
    items = {HOUSEHOLDS: PEOPLE_ITEMS, LEASES: PEOPLE_ITEMS, REGISTER: FIRM_ITEMS}[code]
    lines = [",".join(one["name"] for one in items), *(",".join(row) for row in rows)]
    headers = city.token(["data-hub.ingest.load"], department=department)
    answer = await city.client.post(
        f"{INGEST}/{code}/files", content="\n".join(lines).encode(), params=query, headers=headers
    )
    assert answer.status_code == 202, answer.text
    await city.drain()
    batch = await city.client.get(f"{INGEST}/{code}/batches/{answer.json()['id']}", headers=headers)
    assert batch.json()["state"] == "loaded", batch.text
    return str(answer.json()["id"])


async def fed(city: ServiceUnderTest) -> None:
    """What is loaded is stated."""
    await city.run_task("data-hub.registries.find-batches")
    await city.drain()


async def set_feed(city: ServiceUnderTest, **body: Any) -> Any:
    draft = {"resource": HOUSEHOLDS, "registry": "population", "fields": PEOPLE_FIELDS} | body
    return await city.client.post(FEEDS, json=draft, headers=city.token([SUPERVISE], department=BUREAU))


async def feeding(city: ServiceUnderTest, code: str = HOUSEHOLDS, department: str = POLICE, **body: Any) -> str:
    """A resource of persons that feeds the population registry; the feed."""
    await published(city, code, PEOPLE_ITEMS, department, ["zjhm"])
    answer = await set_feed(city, resource=code, **body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["department"] == department
    return str(answer.json()["feed"])


async def firms_feeding(city: ServiceUnderTest) -> str:
    await published(city, REGISTER, FIRM_ITEMS, MARKET, ["tydm"])
    answer = await set_feed(city, resource=REGISTER, registry="legal-entities", fields=FIRM_FIELDS)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["feed"])


async def seen(city: ServiceUnderTest, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
    answer = await city.client.get(path, params=query, headers=headers or police(city))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def last(city: ServiceUnderTest, feed: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What became of the last batch of a feed, in rows."""
    run = (await seen(city, f"{FEEDS}/{feed}", headers))["last"]
    assert run["state"] == "done"
    names = ("registered", "changed", "unchanged", "conflicts", "refused")
    return {name: run[name] for name in names if run[name]}


async def person_of(city: ServiceUnderTest, number: str = NUMBER) -> dict[str, Any]:
    body = {"purpose": "household-registration", "id_number": number}
    answer = await city.client.post(SEARCHES, json=body, headers=city.token([PEOPLE]))
    (found,) = answer.json()["items"]
    return dict(found)


async def history(city: ServiceUnderTest, person: str, field: str) -> list[dict[str, Any]]:
    """The values of a field with their provenance, as they became known."""
    query = {"purpose": "household-registration", "limit": 100}
    page = await seen(city, f"{PERSONS}/{person}/values", city.token([PEOPLE]), **query)
    return sorted((one for one in page["items"] if one["field"] == field), key=lambda one: one["known_from"])


class TestFeeds:
    async def test_only_the_bureau_sets_one(self, city: ServiceUnderTest) -> None:
        await published(city, HOUSEHOLDS, PEOPLE_ITEMS, POLICE, ["zjhm"])
        draft = {"resource": HOUSEHOLDS, "registry": "population", "fields": PEOPLE_FIELDS}
        answer = await city.client.post(FEEDS, json=draft, headers=police(city))
        assert answer.status_code == 403
        assert (await set_feed(city)).status_code == 201
        assert (await set_feed(city)).json()["type"] == "/problems/feed-exists"

    async def test_says_what_does_not_fit(self, city: ServiceUnderTest) -> None:
        assert (await set_feed(city)).json()["type"] == "/problems/no-resource"
        await published(city, HOUSEHOLDS, PEOPLE_ITEMS, POLICE, ["zjhm"])
        fields = [
            {"item": "xm", "field": "name"}, {"item": "nothing", "field": "phone"}, {"item": "mz", "field": "hobby"},
            {"item": "mz", "field": "birth_date"}, {"item": "dz", "field": "name"},
        ]  # fmt: skip
        answer = await set_feed(city, fields=fields)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-feed")
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
            ("/body/fields/1/item", "unknown-item"), ("/body/fields/2/field", "unknown-field"),
            ("/body/fields/3/item", "type"), ("/body/fields/4/field", "twice"), ("/body/fields", "number-required"),
        ]  # fmt: skip

    async def test_is_seen_by_its_department_and_by_supervision(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        for headers, count in (
            (police(city), 1), (city.token([SUPERVISE]), 1), (city.token([DECIDE], department=HOUSING), 0),
        ):  # fmt: skip
            assert len((await seen(city, FEEDS, headers))["items"]) == count
        other = city.token([DECIDE], department=HOUSING)
        for path in (feed, f"{feed}/batches", f"{feed}/faults", str(new_id())):
            answer = await city.client.get(f"{FEEDS}/{path}", headers=other)
            assert answer.json()["type"] == "/problems/no-such-feed"

    async def test_states_nothing_after_it_ended(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        ended = city.token([SUPERVISE])
        assert (await city.client.post(f"{FEEDS}/{feed}/ends", headers=ended)).json()["ended_at"] is not None
        again = await city.client.post(f"{FEEDS}/{feed}/ends", headers=ended)
        assert again.json()["type"] == "/problems/feed-ended"
        await brought(city, HOUSEHOLDS, [LI], POLICE)
        await fed(city)
        assert (await seen(city, f"{FEEDS}/{feed}"))["last"] is None
        assert (await seen(city, FEEDS))["items"] == []
        assert len((await seen(city, FEEDS, ended=True))["items"]) == 1


class TestFeeding:
    async def test_every_value_carries_the_batch_that_brought_it(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        batch = await brought(city, HOUSEHOLDS, [LI, WANG], POLICE)
        await fed(city)
        assert await last(city, feed) == {"registered": 2}
        person = await person_of(city)
        assert (person["name"], person["ethnicity"], person["phone"]) == ("李*英", "汉族", "139****0001")
        for field in ("name", "id_number", "address", "phone", "birth_date"):
            (value,) = await history(city, person["person"], field)
            assert (value["source"]["department"], value["source"]["batch"]) == (POLICE, batch)
            assert HOUSEHOLDS in value["source"]["reason"]

    async def test_states_what_changed_from_the_day_it_was_brought(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-11-01 10:00"))
        feed = await feeding(city)
        first = await brought(city, HOUSEHOLDS, [LI, WANG], POLICE)
        await fed(city)
        city.clock.set(at("2026-11-10 10:00"))
        moved = (*LI[:3], "河北省衡水市冀州区新华路3号", LI[4])
        second = await brought(city, HOUSEHOLDS, [moved, WANG], POLICE, merge="replace")
        city.clock.set(at("2026-11-11 10:00"))
        await fed(city)
        assert await last(city, feed) == {"changed": 1, "unchanged": 1}
        person = str((await person_of(city))["person"])
        known = [one for one in await history(city, person, "address") if one["known_to"] is None]
        assert [(one["source"]["batch"], one["true_from"], one["true_to"]) for one in known] == [
            (first, "2026-11-01", "2026-11-10"), (second, "2026-11-10", None),
        ]  # fmt: skip
        assert len(await history(city, person, "phone")) == 1

    async def test_says_nothing_twice_however_often_it_is_loaded_or_run(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        await brought(city, HOUSEHOLDS, [LI], POLICE)
        await fed(city)
        version = (await person_of(city))["version"]
        for rows in ([LI, WANG], [LI]):
            await brought(city, HOUSEHOLDS, rows, POLICE, merge="replace")
            for _ in range(2):
                await fed(city)
        assert await last(city, feed) == {"unchanged": 1}
        assert (await person_of(city))["version"] == version
        assert len((await seen(city, f"{FEEDS}/{feed}/batches"))["items"]) == 3

    async def test_what_was_loaded_before_is_stated_too_unless_told_otherwise(self, city: ServiceUnderTest) -> None:
        await published(city, HOUSEHOLDS, PEOPLE_ITEMS, POLICE, ["zjhm"])
        batch = await brought(city, HOUSEHOLDS, [LI], POLICE)
        feed = (await set_feed(city, with_earlier=False)).json()["feed"]
        await fed(city)
        assert (await seen(city, f"{FEEDS}/{feed}"))["last"] is None
        await city.client.post(f"{FEEDS}/{feed}/ends", headers=city.token([SUPERVISE]))
        feed = (await set_feed(city)).json()["feed"]
        await fed(city)
        assert (await seen(city, f"{FEEDS}/{feed}"))["last"]["batch"] == batch
        assert await last(city, feed) == {"registered": 1}

    async def test_an_old_batch_does_not_undo_what_its_source_said_since(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-11-01 10:00"))
        await published(city, HOUSEHOLDS, PEOPLE_ITEMS, POLICE, ["zjhm"])
        await brought(city, HOUSEHOLDS, [(*LI[:4], "13900000005")], POLICE)
        city.clock.set(at("2026-11-10 10:00"))
        await register(city, phone="13900000006")
        feed = (await set_feed(city)).json()["feed"]
        await fed(city)
        assert await last(city, feed) == {"unchanged": 1}
        assert (await person_of(city))["phone"] == "139****0006"

    async def test_two_batches_that_came_before_the_first_was_stated_come_one_after_the_other(
        self, city: ServiceUnderTest
    ) -> None:
        await published(city, HOUSEHOLDS, PEOPLE_ITEMS, POLICE, [])
        feed = (await set_feed(city)).json()["feed"]
        for phone in ("13900000005", "13900000006"):
            await brought(city, HOUSEHOLDS, [(*LI[:4], phone)], POLICE, merge="append")
            city.clock.advance(minutes=1)
        await fed(city)
        assert await last(city, feed) == {"changed": 1}
        assert (await person_of(city))["phone"] == "139****0006"

    async def test_a_refused_row_is_told_masked_and_stops_no_other(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        wrong = (NUMBER, "李秀英", "火星人", "路", "13900000001")
        await brought(city, HOUSEHOLDS, [wrong, WANG], POLICE)
        await fed(city)
        assert await last(city, feed) == {"registered": 1, "refused": 1}
        page = await seen(city, f"{FEEDS}/{feed}/faults")
        assert [(one["shown"], one["field"], one["item"], one["code"]) for one in page["items"]] == [
            ("131102********0049", "ethnicity", "mz", "ethnicity"), ("131102********0049", "address", "dz", "length"),
        ]  # fmt: skip
        assert "火星人" not in str(page)
        assert (await person_of(city, OTHER))["ethnicity"] == "回族"

    async def test_no_number_name_or_telephone_lies_open_in_what_a_feed_keeps(self, city: ServiceUnderTest) -> None:
        await feeding(city)
        await brought(city, HOUSEHOLDS, [LI, (*WANG[:2], "火星人", *WANG[3:])], POLICE)
        await fed(city)
        async with city.work() as work:
            for table in ("registry_feed_run", "registry_feed_fault", "registry_feed_said"):
                statement = f"select coalesce(string_agg(t::text, ' '), '') from {table} t"
                ((text,),) = await (await (await work.driver()).execute(statement.encode())).fetchall()
                assert text
                assert [value for value in (*LI, *WANG) if value in text] == []

    async def test_who_reads_of_a_persons_refused_row_stands_in_her_log(self, city: ServiceUnderTest) -> None:
        person = await register(city)
        feed = await feeding(city)
        await brought(city, HOUSEHOLDS, [(*LI[:4], "12"), (OTHER, "王建国", "", "", "13")], POLICE)
        await fed(city)
        assert await last(city, feed) == {"refused": 2}
        await seen(city, f"{FEEDS}/{feed}/faults", city.token([DECIDE], department=POLICE))
        async with city.work() as work:
            statement = "select person, fields, organisation from personal_access"
            found = await (await (await work.driver()).execute(statement)).fetchall()
        assert found == [(f"person:{person}", ["phone"], POLICE)]

    async def test_rows_that_are_mended_later_are_stated_then(self, city: ServiceUnderTest) -> None:
        feed = await feeding(city)
        batch = await brought(city, HOUSEHOLDS, [LI, ("131102199008110029", *WANG[1:])], POLICE, mode="row-by-row")
        await fed(city)
        assert await last(city, feed) == {"registered": 1}
        mender = city.token(["data-hub.ingest.load", "data-hub.ingest.mend"], department=POLICE)
        path = f"{INGEST}/{HOUSEHOLDS}/batches/{batch}"
        (row,) = (await seen(city, f"{path}/quarantine", mender))["items"]
        mended = await city.client.post(
            f"{INGEST}/quarantine/{row['id']}/mendings", json={"values": {"zjhm": OTHER}}, headers=mender
        )
        assert mended.status_code < 300, mended.text
        assert (await city.client.post(f"{path}/replays", headers=mender)).status_code < 300
        await city.drain()
        await fed(city)
        assert await last(city, feed) == {"registered": 2}
        (value,) = await history(city, str((await person_of(city, OTHER))["person"]), "name")
        assert value["source"]["batch"] == batch


class TestSources:
    async def test_another_departments_word_becomes_a_conflict(self, city: ServiceUnderTest) -> None:
        await feeding(city)
        await brought(city, HOUSEHOLDS, [LI], POLICE)
        await fed(city)
        lease = await feeding(city, LEASES, HOUSING)
        batch = await brought(city, LEASES, [(*LI[:4], "13900000007")], HOUSING)
        await fed(city)
        housing = city.token([DECIDE], department=HOUSING)
        assert await last(city, lease, housing) == {"unchanged": 1, "conflicts": 1}
        (conflict,) = (await seen(city, f"{FLOOR}/conflicts"))["items"]
        assert (conflict["field"], conflict["stated_by"], conflict["value"]) == ("phone", HOUSING, "139****0007")
        async with city.work() as work:
            statement = "select batch from registry_statement where act = 'conflict'"
            assert await (await (await work.driver()).execute(statement)).fetchall() == [(batch,)]
        decided = await city.client.post(
            f"{FLOOR}/conflicts/{conflict['conflict']}/decisions", json={"adopt": False, "reason": "号码已核实"},
            headers=police(city),
        )  # fmt: skip
        assert decided.status_code == 201, decided.text
        await brought(city, LEASES, [(*LI[:4], "13900000007"), WANG], HOUSING, merge="replace")
        await fed(city)
        assert (await seen(city, f"{FLOOR}/conflicts", state="open"))["items"] == []

    @pytest.mark.parametrize("field", ["name", "state"])
    async def test_nobody_registers_a_person_on_what_is_not_hers_to_say(
        self, city: ServiceUnderTest, field: str
    ) -> None:
        naming = {
            "registry": "population", "field": field, "valid_from": "2026-01-01", "department": POLICE,
            "department_name": "公安局", "legal_basis": "一数一源",
        }  # fmt: skip
        answer = await city.client.post(f"{FLOOR}/sources", json=naming, headers=city.token([SUPERVISE]))
        assert answer.status_code == 201
        feed = await feeding(city, LEASES, HOUSING)
        await brought(city, LEASES, [LI, (OTHER, "", "", "", "13900000009")], HOUSING)
        await fed(city)
        housing = city.token([DECIDE], department=HOUSING)
        assert await last(city, feed, housing) == {"refused": 2}
        codes = {one["code"] for one in (await seen(city, f"{FEEDS}/{feed}/faults", housing))["items"]}
        assert codes == {"not-the-source", "unknown-record"}

    async def test_a_corrected_value_is_not_undone_by_a_register_that_nobody_mended(
        self, city: ServiceUnderTest
    ) -> None:
        await feeding(city)
        batch = await brought(city, HOUSEHOLDS, [LI], POLICE)
        await fed(city)
        person = str((await person_of(city))["person"])
        subscription = await subscribe(city)
        claim = {
            "registry": "population", "subject": person, "field": "phone", "claimed": "13900000002",
            "evidence": "本人到窗口出示新号码",
        }  # fmt: skip
        ticket = await city.client.post(
            f"{FLOOR}/disputes", json=claim, headers=city.token([DISPUTE, PEOPLE], department=HOUSING)
        )
        assert ticket.status_code == 201, ticket.text
        decided = await city.client.post(
            f"{FLOOR}/disputes/{ticket.json()['dispute']}/decisions", headers=police(city),
            json={"verdict": "corrected", "reason": "经核实"},
        )  # fmt: skip
        assert decided.json()["state"] == "corrected", decided.text
        (change,) = (await changes(city, subscription))["items"]
        assert (change["subject"], change["fields"]) == (person, ["phone"])
        await brought(city, HOUSEHOLDS, [LI, WANG], POLICE, merge="replace")
        await fed(city)
        assert (await person_of(city))["phone"] == "139****0002"
        first, *_ = await history(city, person, "phone")
        assert (first["source"]["batch"], first["value"]) == (batch, "139****0001")


class TestFirms:
    async def test_are_registered_and_changed_in_the_registrys_words(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-11-01 10:00"))
        feed = await firms_feeding(city)
        batch = await brought(city, REGISTER, [RUBBER], MARKET)
        await fed(city)
        market = city.token([DECIDE], department=MARKET)
        assert await last(city, feed, market) == {"registered": 1}
        city.clock.set(at("2026-11-10 10:00"))
        gone = (*RUBBER[:5], "注销", "500000000", "2026-11-05")
        unheard = (OTHER_FIRM, "衡水无名有限公司", "", "131102", "2016-03-01", "存续", "", "")
        wrong = ("91131102MA07XY3K95", *RUBBER[1:])
        ended = await brought(city, REGISTER, [gone, unheard, wrong], MARKET, merge="merge")
        await fed(city)
        assert await last(city, feed, market) == {"changed": 1, "refused": 2}
        firm = await seen(city, f"{ENTITIES}/{FIRM}", city.token([READ]))
        assert (firm["state"], firm["state_since"], firm["capital_fen"]) == ("deregistered", "2026-11-05", 500_000_000)
        page = await seen(city, f"{ENTITIES}/{FIRM}/values", city.token([READ]), limit=100)
        batches = {one["field"]: one["source"]["batch"] for one in page["items"] if one["known_to"] is None}
        assert (batches["name"], batches["state"]) == (batch, ended)
        faults = (await seen(city, f"{FEEDS}/{feed}/faults", market))["items"]
        assert {(one["field"], one["code"]) for one in faults} == {("legal_form", "unknown-record"), ("uscc", "check")}

    async def test_a_known_firm_of_another_source_is_left_as_it_is(self, city: ServiceUnderTest) -> None:
        await register_firm(city, source={"department": HOUSING})
        feed = await firms_feeding(city)
        await brought(city, REGISTER, [(FIRM, "衡水新名有限公司", *RUBBER[2:])], MARKET)
        await fed(city)
        assert await last(city, feed, city.token([DECIDE], department=MARKET)) == {"unchanged": 1, "conflicts": 1}
        assert (await seen(city, f"{ENTITIES}/{FIRM}", city.token([READ])))["name"] == RUBBER[1]


class TestAtOnce:
    async def test_two_feeds_speak_of_the_same_new_person(self, city: ServiceUnderTest) -> None:
        feeds = [await feeding(city), await feeding(city, LEASES, HOUSING)]
        await brought(city, HOUSEHOLDS, [LI, WANG], POLICE)
        await brought(city, LEASES, [WANG, LI], HOUSING)

        async def run(feed: str) -> None:
            async with city.work() as work:
                await feed_registry(work, feed)

        async with city.work() as work:
            await find_batches(work)
        await asyncio.gather(*(run(feed) for feed in feeds for _ in range(2)))
        await city.drain()
        registered = [(await last(city, feed, city.token([SUPERVISE]))).get("registered", 0) for feed in feeds]
        assert sum(registered) == 2
        assert (await seen(city, f"{FLOOR}/conflicts"))["items"] == []

    async def test_a_job_that_dies_goes_on_where_it_stopped(
        self, city: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_hub.registries.feeding.jobs.ROWS_AT_ONCE", 1)
        feed = await feeding(city)
        await brought(city, HOUSEHOLDS, [LI, WANG], POLICE)
        await city.run_task("data-hub.registries.find-batches")
        await city.run_task("data-hub.registries.feed", feed=feed)

        async def die() -> None:
            async with city.work() as work:
                await feed_registry(work, feed)
                raise RuntimeError("the worker dies before it commits")

        with pytest.raises(RuntimeError):
            await die()
        await city.drain()
        assert await last(city, feed) == {"registered": 2}
        kinds = [event.type for event in await city.events() if event.type.endswith("person.changed.v1")]
        assert len(kinds) == 2


DATE, TEXT = ColumnType.date, ColumnType.string
PLAIN = (Assignment("a", "id_number"), Assignment("b", "name"), Assignment("c", "true_from"))


class TestReading:
    def test_a_feed_says_something(self) -> None:
        shape = Shape((Column("a", "a", TEXT), Column("c", "c", DATE)))
        fields = (Assignment("a", "id_number"), Assignment("c", "true_from"))
        assert [one.code for one in misfits(Registry.population, fields, shape)] == ["nothing-to-say"]

    def test_an_empty_cell_says_nothing(self) -> None:
        told, faults = read(Registry.population, PLAIN, {"a": NUMBER, "b": " ", "c": None}, TODAY)
        assert told is not None
        assert (dict(told.values), told.since, faults) == ({}, None, [])

    def test_a_change_of_tomorrow_is_refused(self) -> None:
        _, faults = read(Registry.population, PLAIN, {"a": NUMBER, "b": "李秀英", "c": "2026-11-21"}, TODAY)
        assert [(one.field, one.item, one.code) for one in faults] == [("true_from", "c", "date-range")]

    @given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=30)))
    @settings(max_examples=50)
    def test_whatever_stands_in_a_row_it_is_told_or_refused(self, row: dict[str, str]) -> None:
        told, faults = read(Registry.population, PLAIN, row, TODAY)
        assert told is not None or faults
        assert all(value not in one.said for one in faults for value in row.values() if len(value) > 12)

    def test_what_is_no_number_is_not_shown(self) -> None:
        assert shown(Registry.population, NUMBER) == "131102********0049"
        assert shown(Registry.population, "李秀英") == "***"
        assert shown(Registry.legal_entities, FIRM) == FIRM
        assert shown(Registry.legal_entities, NUMBER) == "*" * 18
        assert shown(Registry.population, None) == ""
