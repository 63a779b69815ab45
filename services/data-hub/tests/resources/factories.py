"""Descriptions to send in, and the acts that bring them into the directory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets
from data_hub.sample.catalogue import NAMES

RESOURCES = "/api/data-hub/v1/resources"
CATALOGUE = "/api/data-hub/v1/catalogue"
ECOLOGY, HOUSING, DATA = "11131100MB0H00030L", "11131100MB0H000732", "11131100MB0H00014Y"
AUTHOR, REVIEWER = "01890000-0000-7000-8000-000000000014", "01890000-0000-7000-8000-000000000013"
AIR = "203001-000001"


def item(name: str, type_: str = "string", title: str = "数据项", **more: Any) -> dict[str, Any]:
    """An information item."""
    return {"name": name, "title": title, "type": type_} | more


def description(**more: Any) -> dict[str, Any]:
    """The description of an opened resource with hourly values."""
    return {
        "name": "空气质量小时数据", "name_en": "Hourly air quality",
        "summary": "国控、省控站点每小时的空气质量监测结果",
        "summary_en": "Hourly results of the monitoring stations",
        "provider_name": "衡水市生态环境局", "source_department": ECOLOGY, "source_department_name": "衡水市生态环境局",
        "theme": "environment", "tags": ["空气", "监测"], "format": "database",
        "items": [
            item("station", title="站点编码", required=True),
            item("hour", "datetime", "监测时间", required=True),
            item("aqi", "integer", "空气质量指数", rules=[{"kind": "range", "minimum": "0", "maximum": "500"}]),
        ],
        "key": ["station", "hour"], "share_type": "unconditional", "opening": "opened", "licence": "CC-BY-4.0",
        "update_cycle": "hourly", "contact": "data@hengshui.example",
    } | more  # fmt: skip


def draft(code: str = AIR, **more: Any) -> dict[str, Any]:
    """A description with a code."""
    return description(**more) | {"code": code}


def closed(code: str, **more: Any) -> dict[str, Any]:
    """A resource that stays inside government."""
    return draft(code, **{
        "name": "企业环保处罚信息", "share_type": "conditional", "share_basis": "《政务数据共享条例》第十条",
        "share_condition": "用于行政执法", "opening": "closed",
    } | more)  # fmt: skip


def steward(city: ServiceUnderTest, department: str = ECOLOGY, subject: str = AUTHOR) -> dict[str, str]:
    """Who describes the resources of a department."""
    name = NAMES.get(department)
    return city.token(["data-hub.resources.catalogue"], subject=subject, department=department, department_name=name)


def reviewer(city: ServiceUnderTest, subject: str = REVIEWER) -> dict[str, str]:
    """Who reviews descriptions."""
    return city.token(["data-hub.resources.review"], subject=subject, department=DATA)


def reader(city: ServiceUnderTest) -> dict[str, str]:
    """Who reads the directory inside government."""
    return city.token(["data-hub.resources.read"], department=HOUSING)


async def drafted(
    city: ServiceUnderTest, body: dict[str, Any] | None = None, department: str = ECOLOGY
) -> dict[str, Any]:
    """A description that was begun; the answer."""
    answer = await city.client.post(RESOURCES, json=body or draft(), headers=steward(city, department))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def submitted(city: ServiceUnderTest, code: str = AIR, department: str = ECOLOGY) -> dict[str, Any]:
    """An open draft sent to review; the answer."""
    answer = await city.client.post(f"{RESOURCES}/{code}/submissions", headers=steward(city, department))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def reviewed(city: ServiceUnderTest, code: str = AIR, **decision: Any) -> dict[str, Any]:
    """A description that was decided; the answer."""
    body = {"approve": True} | decision
    answer = await city.client.post(f"{RESOURCES}/{code}/reviews", json=body, headers=reviewer(city))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def published(city: ServiceUnderTest, body: dict[str, Any] | None = None, department: str = ECOLOGY) -> str:
    """A resource that went all the way; its code."""
    code = str((await drafted(city, body, department))["resource"]["code"])
    await submitted(city, code, department)
    await reviewed(city, code)
    return code


async def changed(city: ServiceUnderTest, body: dict[str, Any], code: str = AIR) -> dict[str, Any]:
    """A new version of a resource that went all the way; the answer."""
    answer = await city.client.post(f"{RESOURCES}/{code}/changes", json=body, headers=steward(city))
    assert answer.status_code == 201, answer.text
    await submitted(city, code)
    return await reviewed(city, code)


ROWS = [
    ("1074A", datetime(2026, 3, 1, 8, tzinfo=UTC), 57),
    ("1075A", datetime(2026, 3, 1, 8, tzinfo=UTC), 112),
    ("=1+1", datetime(2026, 3, 1, 9, tzinfo=UTC), None),
]


async def with_rows(city: ServiceUnderTest, code: str = AIR, rows: Sequence[tuple[Any, ...]] = ROWS) -> None:
    """Rows of a resource, as gathering would have brought them."""
    async with city.work() as work:
        datasets = Datasets(work)
        await datasets.append(await datasets.need(code), rows, batch=new_id())
