"""A penalty on record, received by another department, repaired on application, and called back from everyone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from launcher.city import City
from launcher.day import Day
from launcher.day.people import wait_for

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
FIRM = "91131102MA07XY3K94"
CREDIT = "/api/data-hub/v1/credit"
OF_FIRM = f"{CREDIT}/firms/{FIRM}"


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


@pytest.fixture
def record(day: Day) -> dict[str, Any]:
    """A general penalty of 120 days ago: its minimum period is over, its maximum is not."""
    document = (datetime.now(UTC) - timedelta(days=120)).date().isoformat()
    return dict(day.persona("market-officer").post(f"{CREDIT}/records", {
        "uscc": FIRM, "kind": "penalty", "severity": "general", "title": "广告用语不规范（示例）",
        "content": "警告并罚款（示例）", "basis": "《中华人民共和国广告法》第五十七条", "document_date": document,
        "document_number": f"衡市监罚〔示例〕{uuid4().hex[:8]}", "department_name": "衡水市市场监督管理局（示例）",
    }))  # fmt: skip


def inbox(person: Any) -> set[str]:
    """The kinds of a person's messages."""
    return {one["kind"] for one in person.get("/api/citizen-pass/v1/messages", limit=50)["items"]}


def published(day: Day) -> set[str]:
    return {one["id"] for one in day.anyone().get(OF_FIRM)["records"]}


def test_a_repaired_record_is_called_back_from_everyone_who_received_it(day: Day, record: dict[str, Any]) -> None:
    market, housing = day.persona("market-officer"), day.persona("housing-steward")
    boss = day.persona("legal-representative")
    assert record["id"] in published(day)
    assert wait_for("the record in her inbox", lambda: "credit-recorded" in inbox(boss))
    report = housing.post(f"{OF_FIRM}/reports", None)
    assert record["id"] in {one["id"] for one in report["records"]}

    application = boss.post(
        f"{OF_FIRM}/records/{record['id']}/repairs", {"duties": "罚款已缴清", "commitment": "承诺依法经营"}
    )
    assert application["due_at"] is not None
    decided = market.post(f"{CREDIT}/repairs/{application['id']}/decisions", {"granted": True, "reason": "义务已履行"})
    assert decided["state"] == "granted"
    assert wait_for("the answer in her inbox", lambda: "credit-answered" in inbox(boss))

    assert record["id"] not in published(day)
    recalls = {one["record_id"]: one for one in housing.get(f"{CREDIT}/recalls", limit=100)["items"]}
    assert recalls[record["id"]]["why"] == "repaired"
    housing.post(f"{CREDIT}/recalls/{FIRM}/{record['id']}/acknowledgements", {"note": "已从本部门系统删除"})
    assert record["id"] not in {one["record_id"] for one in housing.get(f"{CREDIT}/recalls", limit=100)["items"]}
    assert day.anyone().get(f"{OF_FIRM}/reports/{report['number']}")["current"] is False
    assert housing.send("GET", f"{OF_FIRM}/reports/{report['number']}/pdf").status_code == 410


def test_the_firm_shows_its_report_to_whom_it_likes(day: Day) -> None:
    boss = day.persona("legal-representative")
    report = boss.post(f"{OF_FIRM}/own/reports", None)
    pages = boss.send("GET", f"{OF_FIRM}/own/reports/{report['number']}/pdf")
    assert pages.content.startswith(b"%PDF-")
    assert day.anyone().get(f"{OF_FIRM}/reports/{report['number']}")["current"] is True
