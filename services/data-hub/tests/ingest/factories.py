"""A resource with rules of every kind, files for it, and the acts of its source department."""

import base64
import csv
import hashlib
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
from psycopg import sql

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.service import Datasets

BASE = "/api/data-hub/v1/ingest"
RESOURCES = "/api/data-hub/v1/resources"
ECOLOGY, HOUSING, BUREAU = "11131100MB0H00030L", "11131100MB0H000732", "11131100MB0H00014Y"
AIR, PERMITS = "203001-000011", "203001-000012"
LOADER = "01890000-0000-7000-8000-000000000014"

AIR_ITEMS: list[dict[str, Any]] = [
    {"name": "station", "title": "站点编码", "type": "string", "required": True,
     "rules": [{"kind": "pattern", "pattern": "[0-9]{4}A"}]},
    {"name": "hour", "title": "监测时间", "type": "datetime", "required": True},
    {"name": "aqi", "title": "空气质量指数", "type": "integer",
     "rules": [{"kind": "range", "minimum": "0", "maximum": "500"}]},
    {"name": "level", "title": "级别", "type": "string", "rules": [{"kind": "codes", "values": ["优", "良", "轻度"]}]},
]  # fmt: skip
HEAD = ("station", "hour", "aqi", "level")
GOOD = [
    ("1074A", "2026-11-01 08:00:00", "57", "良"),
    ("1075A", "2026-11-01 08:00:00", "41", "优"),
    ("1074A", "2026-11-01 09:00:00", "112", "轻度"),
]
BAD = ("1076A", "2026-11-01 08:00:00", "999", "爆表")


def loader(city: ServiceUnderTest, department: str | None = ECOLOGY) -> dict[str, str]:
    """Who brings the data of a department, and mends it."""
    scopes = ["data-hub.ingest.load", "data-hub.ingest.mend"]
    return city.token(scopes, subject=LOADER, department=department)


def description(code: str = AIR, **more: Any) -> dict[str, Any]:
    """What the ecology bureau says of a resource."""
    return {
        "code": code, "name": f"空气质量小时数据{code}", "summary": "每小时的监测结果",
        "provider_name": "衡水市生态环境局", "source_department": ECOLOGY,
        "source_department_name": "衡水市生态环境局", "theme": "environment", "format": "database",
        "items": AIR_ITEMS, "key": ["station", "hour"], "share_type": "conditional",
        "share_basis": "《政务数据共享条例》", "share_condition": "用于履职", "opening": "closed",
        "update_cycle": "hourly", "contact": "data@hengshui.example",
    } | more  # fmt: skip


async def published(city: ServiceUnderTest, code: str = AIR, **more: Any) -> str:
    """A resource of the ecology bureau, described, reviewed and published; its code."""
    await _reviewed(city, code, "", description(code, **more))
    return code


async def described_anew(city: ServiceUnderTest, items: list[dict[str, Any]], code: str = AIR) -> None:
    """Another version of a published resource, with these items."""
    told = description(code, items=items)
    del told["code"]
    await _reviewed(city, code, f"/{code}/changes", told)


async def _reviewed(city: ServiceUnderTest, code: str, path: str, body: dict[str, Any]) -> None:
    author = city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=ECOLOGY)
    reviewer = city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
    for step, headers, told in (
        (path, author, body),
        (f"/{code}/submissions", author, None),
        (f"/{code}/reviews", reviewer, {"approve": True}),
    ):
        answer = await city.client.post(f"{RESOURCES}{step}", json=told, headers=headers)
        assert answer.status_code < 300, answer.text


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, *, separator: str = ",") -> bytes:
    """Rows as CSV in UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue().encode()


async def sent(
    city: ServiceUnderTest, content: bytes, code: str = AIR, *, who: dict[str, str] | None = None, **query: Any
) -> httpx.Response:
    """A file in one request; the answer, whatever it is."""
    return await city.client.post(
        f"{BASE}/{code}/files", content=content, params=query, headers=who or loader(city)
    )  # fmt: skip


async def brought(city: ServiceUnderTest, content: bytes, code: str = AIR, **query: Any) -> dict[str, Any]:
    """A file in one request, and what became of it."""
    answer = await sent(city, content, code, **query)
    assert answer.status_code == 202, answer.text
    await city.drain()
    return await batch_of(city, answer.json()["id"], code)


async def batch_of(city: ServiceUnderTest, batch: str, code: str = AIR) -> dict[str, Any]:
    """A batch as it stands."""
    return dict(await seen(city, f"{code}/batches/{batch}"))


async def seen(city: ServiceUnderTest, path: str, who: dict[str, str] | None = None, **query: Any) -> Any:
    """What the department reads."""
    answer = await city.client.get(f"{BASE}/{path}", headers=who or loader(city), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def act(city: ServiceUnderTest, path: str, body: Any = None, who: dict[str, str] | None = None) -> httpx.Response:
    """An act of the department; the answer, whatever it is."""
    return await city.client.post(f"{BASE}/{path}", json=body, headers=who or loader(city))


async def put(
    city: ServiceUnderTest, batch: str, number: int, content: bytes, code: str = AIR, digest: bytes | None = None
) -> httpx.Response:
    """A part of a file, with its digest."""
    told = base64.b64encode(digest or hashlib.sha256(content).digest()).decode()
    headers = loader(city) | {"Content-Digest": f"sha-256=:{told}:"}
    return await city.client.put(f"{BASE}/{code}/batches/{batch}/parts/{number}", content=content, headers=headers)


async def quarantined(city: ServiceUnderTest, batch: str, code: str = AIR, **query: Any) -> list[dict[str, Any]]:
    """The rows of a batch that stay out."""
    found = await seen(city, f"{code}/batches/{batch}/quarantine", **({"limit": 200} | query))
    return list(found["items"])


def reasons(row: dict[str, Any]) -> set[str]:
    """Why a row stays out."""
    return {f"{fault['column']}/{fault['rule']}" for fault in row["faults"]}


async def rows_of(city: ServiceUnderTest, code: str = AIR, order: str = "_id") -> list[dict[str, Any]]:
    """The rows of a resource as they lie."""
    async with city.work() as work:
        dataset = await Datasets(work).need(code)
        connection = await work.driver()
        statement = sql.SQL("select row_to_json(t) from {} t order by {}")
        found = await connection.execute(statement.format(sql.Identifier(dataset.table), sql.Identifier(order)))
        return [dict(row) for (row,) in await found.fetchall()]


async def raw(city: ServiceUnderTest, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the tables say."""
    async with city.work() as work:
        found = await (await work.driver()).execute(statement, values)
        return list(await found.fetchall())


def known_id() -> UUID:
    """A batch id of the sender's own."""
    return new_id()
