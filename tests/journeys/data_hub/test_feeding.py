"""A department's register is gathered and feeds the population registry: no form is filled in, no value overwritten."""

from random import SystemRandom
from typing import Any

import pytest

from citykit.identifiers import gb11643
from launcher.city import City
from launcher.day import Day
from launcher.day.people import Person, wait_for
from launcher.signin import personas

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
HUB = "/api/data-hub/v1"
FLOOR = f"{HUB}/registries"
FOR_A_SERVICE = {"purpose": "public-service"}
FOR_REGISTRATION = {"purpose": "household-registration"}
SUBJECT = "auditor"  # whose telephone it is; no other journey looks at it
STRANGER = "13110219990909004"
HOUSING_NAME = "衡水市住房和城乡建设局"
DESCRIPTION: dict[str, Any] = {
    "name": "房屋租赁备案人员（示例）", "summary": "办理租赁备案的人员及其联系电话（示例）",
    "theme": "housing", "format": "database",
    "items": [
        {"name": "zjhm", "title": "公民身份号码", "type": "string", "required": True, "sensitivity": "personal",
         "rules": [{"kind": "check-digit", "scheme": "gb11643"}]},
        {"name": "xm", "title": "姓名", "type": "string", "sensitivity": "personal"},
        {"name": "lxdh", "title": "联系电话", "type": "string", "sensitivity": "personal"},
    ],
    "key": ["zjhm"], "share_type": "conditional", "share_basis": "《政务数据共享条例》", "share_condition": "用于履职",
    "opening": "closed", "update_cycle": "daily", "contact": "data@hengshui.example",
}  # fmt: skip
FIELDS = [
    {"item": "zjhm", "field": "id_number"}, {"item": "xm", "field": "name"}, {"item": "lxdh", "field": "phone"},
]  # fmt: skip


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


def fed(day: Day, key: str, name: str) -> tuple[str, str, str]:
    """A resource of a steward's department that feeds the population registry: its code, the feed, the department."""
    steward, bureau, department = day.persona(key), day.persona("data-steward"), personas()[key]["department_code"]
    code = f"20{SystemRandom().randrange(5000, 9999)}-{SystemRandom().randrange(100_000, 999_999)}"
    told = {"provider_name": name, "source_department_name": name, "source_department": department}
    steward.post(f"{HUB}/resources", DESCRIPTION | told | {"code": code, "name": f"{DESCRIPTION['name']}{code}"})
    steward.post(f"{HUB}/resources/{code}/submissions")
    bureau.post(f"{HUB}/resources/{code}/reviews", {"approve": True})
    feed = bureau.post(f"{FLOOR}/feeds", {"resource": code, "registry": "population", "fields": FIELDS})
    return code, str(feed["feed"]), department


def brought(steward: Person, code: str, feed: str, rows: list[tuple[str, ...]]) -> tuple[str, dict[str, Any]]:
    """Rows as a file, and what became of them in the registry."""
    content = "\n".join(["zjhm,xm,lxdh", *(",".join(row) for row in rows)]).encode()
    batch = str(steward.call("POST", f"{HUB}/ingest/{code}/files", content=content)["id"])

    def stated() -> dict[str, Any] | None:
        run = steward.get(f"{FLOOR}/feeds/{feed}")["last"]
        return run if run is not None and run["batch"] == batch and run["state"] == "done" else None

    return batch, wait_for("the batch to be stated", stated)


def test_every_value_that_its_source_gathers_carries_the_batch(day: Day) -> None:
    police = day.persona("police-steward")
    code, feed, department = fed(day, "police-steward", "衡水市公安局")
    first_17 = f"131102199{SystemRandom().randrange(10)}0101{SystemRandom().randrange(1000):03}"
    number = first_17 + gb11643.check_character(first_17)
    batches = []
    for phone, done in (("13900000091", "registered"), ("13900000092", "changed")):
        batch, run = brought(police, code, feed, [(number, "试迁入", phone)])
        assert run[done] == 1
        batches.append(batch)
    (person,) = police.post(f"{HUB}/population/searches", {"id_number": number, **FOR_REGISTRATION})["items"]
    assert person["phone"] == "139****0092"
    path = f"{HUB}/population/persons/{person['person']}/values"
    told = police.get(path, limit=100, **FOR_REGISTRATION)["items"]
    phones = sorted((one for one in told if one["field"] == "phone"), key=lambda one: one["known_from"])
    assert (phones[0]["source"]["batch"], phones[-1]["source"]["batch"]) == tuple(batches)
    assert {one["source"]["department"] for one in told} == {department}
    day.persona("data-steward").post(f"{FLOOR}/feeds/{feed}/ends")


def test_what_a_department_gathers_reaches_the_registry_and_its_source_decides(day: Day) -> None:
    who = personas()[SUBJECT]
    housing, bureau, police = (day.persona(key) for key in ("housing-steward", "data-steward", "police-steward"))
    code, feed, department = fed(day, "housing-steward", HOUSING_NAME)
    follows = housing.post(f"{FLOOR}/subscriptions", {"registry": "population", "fields": ["phone"], **FOR_A_SERVICE})[
        "subscription"
    ]

    phone = f"139{SystemRandom().randrange(10**8):08}"
    stranger = STRANGER + gb11643.check_character(STRANGER)
    rows = [(who["id_number"], who["name"], phone), (stranger, "陌生人", "13900000000")]
    batch, run = brought(housing, code, feed, rows)
    assert (run["batch"], run["conflicts"], run["refused"], run["registered"]) == (batch, 1, 1, 0)
    (fault,) = housing.get(f"{FLOOR}/feeds/{feed}/faults")["items"]
    assert (fault["shown"], fault["code"]) == (gb11643.mask(stranger), "not-the-source")

    query = {"state": "open", **FOR_A_SERVICE}
    path = f"{HUB}/population/persons/{who['person']}"
    (conflict,) = housing.get(f"{path}/conflicts", **query)["items"]
    assert (conflict["field"], conflict["stated_by"]) == ("phone", department)
    case = police.get(f"{FLOOR}/conflicts/{conflict['conflict']}")
    assert case["stated"] == phone
    decided = police.post(
        f"{FLOOR}/conflicts/{conflict['conflict']}/decisions", {"adopt": True, "reason": "与运营商核实一致"}
    )
    assert decided["state"] == "adopted"
    assert housing.get(path, **FOR_A_SERVICE)["phone"] == f"{phone[:3]}****{phone[-4:]}"
    changed = housing.get(f"{FLOOR}/subscriptions/{follows}/changes")["items"]
    assert (who["person"], ["phone"]) in [(one["subject"], one["fields"]) for one in changed]
    bureau.post(f"{FLOOR}/feeds/{feed}/ends")
