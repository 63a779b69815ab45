"""Departments, resources with rows, and grants for the tests of sharing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from psycopg import sql

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.datasets.service import Datasets
from data_hub.sharing.models import ApplicationRow, GrantRow

BUREAU = "11131100MB0H00014Y"
ECOLOGY = "11131100MB0H00030L"
HOUSING = "11131100MB0H000732"
POLICE = "11131100MB0H00049H"
RESOURCE = "303001-000001"

BASE = "/api/data-hub/v1/sharing"
RESOURCES = "/api/data-hub/v1/resources"
AIR = "203001-000009"
FIRMS = "203001-000010"


async def grant_to(city: ServiceUnderTest, department: str, **policy: Any) -> UUID:
    """A grant to a department, put straight into the tables; `policy` says what it allows."""
    async with city.work() as work:
        now = work.clock.now()
        shared: dict[str, Any] = {
            "resource": RESOURCE, "resource_name": "空气质量监测数据", "source_department": POLICE,
            "department": department, "department_name": "示例部门", "columns": ["station", "hour", "aqi"],
            "row_filter": None, "purpose": "扬尘治理", "legal_basis": "《大气污染防治法》",
            "deliveries": ["query", "file", "subscription"], "daily_quota_rows": None, "onward": False,
            "valid_until": now + timedelta(days=365),
        } | policy  # fmt: skip
        applied = ApplicationRow(
            id=new_id(), resource_version=1, share_type="conditional", state="granted", applied_by="sub:x",
            applied_at=now, due_at=now, extended=False, **shared,
        )  # fmt: skip
        work.session.add(applied)
        await work.session.flush()
        row = GrantRow(
            id=new_id(), application_id=applied.id, version=1, state="active", valid_from=now, granted_at=now,
            deliver_by=now, **shared,
        )  # fmt: skip
        work.session.add(row)
        return row.id


def officer(department: str | None) -> Actor:
    """An official of a department."""
    return Actor(subject="01890000-0000-7000-8000-00000000aaaa", kind=ActorKind.person, department=department)


def applicant(city: ServiceUnderTest, department: str = HOUSING) -> dict[str, str]:
    """Who applies for a department and uses what was granted."""
    return city.token(["data-hub.sharing.apply"], subject="01890000-0000-7000-8000-000000000015", department=department)


def decider(city: ServiceUnderTest, department: str = ECOLOGY) -> dict[str, str]:
    """Who decides for the source department."""
    return city.token(
        ["data-hub.sharing.decide"], subject="01890000-0000-7000-8000-000000000014", department=department
    )


def bureau(city: ServiceUnderTest) -> dict[str, str]:
    """Who runs sharing at the data bureau."""
    return city.token(["data-hub.sharing.operate"], subject="01890000-0000-7000-8000-000000000013", department=BUREAU)


def auditor(city: ServiceUnderTest) -> dict[str, str]:
    """Who audits."""
    return city.token(["data-hub.sharing.audit"], subject="01890000-0000-7000-8000-000000000010")


def item(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """An information item."""
    return {"name": name, "title": name, "type": kind} | more


async def published(city: ServiceUnderTest, code: str = AIR, **more: Any) -> str:
    """A resource of the ecology bureau, described, reviewed and published; its code."""
    body: dict[str, Any] = {
        "code": code, "name": "空气质量小时数据", "summary": "每小时的监测结果", "provider_name": "衡水市生态环境局",
        "source_department": ECOLOGY, "source_department_name": "衡水市生态环境局", "theme": "environment",
        "format": "database",
        "items": [
            item("station", required=True), item("district"), item("aqi", "integer"), item("hour", "datetime"),
        ],
        "key": ["station"], "share_type": "conditional", "share_basis": "《政务数据共享条例》",
        "share_condition": "用于履职", "opening": "closed", "update_cycle": "hourly",
        "contact": "data@hengshui.example",
    } | more  # fmt: skip
    author = city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=ECOLOGY)
    reviewer = city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
    for path, headers, told in (
        ("", author, body),
        (f"/{code}/submissions", author, None),
        (f"/{code}/reviews", reviewer, {"approve": True}),
    ):
        answer = await city.client.post(f"{RESOURCES}{path}", json=told, headers=headers)
        assert answer.status_code < 300, answer.text
    return code


SHAPE = Shape(
    (
        Column("station", "站点", ColumnType.string, True), Column("district", "区县", ColumnType.string),
        Column("aqi", "指数", ColumnType.integer), Column("hour", "时间", ColumnType.datetime),
    ),
    ("station",),
)  # fmt: skip
ROWS = [
    ("1074A", "131102", 57, datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ("1075A", "131103", 112, datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ("=1+1", "131102", -3, None),
]


async def with_rows(city: ServiceUnderTest, code: str = AIR, rows: list[tuple[Any, ...]] | None = None) -> None:
    """Rows of a resource, as gathering would have brought them."""
    async with city.work() as work:
        dataset = await Datasets(work).establish(code, SHAPE)
        connection = await work.driver()
        statement = sql.SQL(
            "insert into {} (_batch, _loaded_at, station, district, aqi, hour) values (%s, %s, %s, %s, %s, %s)"
        ).format(sql.Identifier(dataset.table))
        for row in ROWS if rows is None else rows:
            await connection.execute(statement, (new_id(), work.clock.now(), *row))


def wish(city: ServiceUnderTest, code: str = AIR, **more: Any) -> dict[str, Any]:
    """An application as it is sent in."""
    until = city.clock.now() + timedelta(days=300)
    return {
        "resource": code, "department_name": "衡水市住房和城乡建设局", "purpose": "扬尘治理",
        "legal_basis": "《中华人民共和国大气污染防治法》第六十九条", "valid_until": until.isoformat(),
        "deliveries": ["query", "file", "subscription"],
    } | more  # fmt: skip


async def applied(city: ServiceUnderTest, code: str = AIR, **more: Any) -> dict[str, Any]:
    """An application of the housing bureau that was sent in; the answer."""
    answer = await city.client.post(f"{BASE}/applications", json=wish(city, code, **more), headers=applicant(city))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def granted(city: ServiceUnderTest, code: str = AIR, *, asked: dict[str, Any] | None = None, **more: Any) -> str:
    """An application that was granted; the id of the grant."""
    application = await applied(city, code, **(asked or {}))
    answer = await act(city, decider(city), f"applications/{application['id']}/approvals", more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["grant_id"])


async def act(city: ServiceUnderTest, who: dict[str, str], path: str, body: dict[str, Any]) -> httpx.Response:
    """An act of sharing; the answer, whatever it is."""
    return await city.client.post(f"{BASE}/{path}", json=body, headers=who)


async def seen(city: ServiceUnderTest, who: dict[str, str], path: str, **query: Any) -> Any:
    """What somebody reads."""
    answer = await city.client.get(f"{BASE}/{path}", headers=who, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
