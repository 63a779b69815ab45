"""A resource with rows, a grant, and who asks: what the tests of data services say again and again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import httpx
from psycopg import sql

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.datasets.service import Datasets

BUREAU, ECOLOGY, HOUSING = "11131100MB0H00014Y", "11131100MB0H00030L", "11131100MB0H000732"
HUB = "/api/data-hub/v1"
AIR = "203001-000009"
ROWS = f"{HUB}/services/{AIR}/rows"
QUERY, MAINTAIN = "data-hub.services.query", "data-hub.services.maintain"
SHAPE = Shape(
    (
        Column("station", "站点", ColumnType.string, True), Column("district", "区县", ColumnType.string),
        Column("aqi", "指数", ColumnType.integer), Column("pm25", "细颗粒物", ColumnType.number),
        Column("hour", "时间", ColumnType.datetime), Column("contact", "联系人", ColumnType.string),
    ),
    ("station",),
)  # fmt: skip
EIGHT = datetime(2026, 11, 1, 0, tzinfo=UTC)
READINGS = [
    ("1074A", "131102", 57, "35.5", EIGHT, "张三"), ("1075A", "131103", 112, "80", EIGHT, "李四"),
    ("=1+1", "131102", -3, None, None, None), ("1076A", "131102", 57, "0.1", EIGHT, "王五"),
]  # fmt: skip


def described(**more: Any) -> dict[str, Any]:
    """The description of the resource."""
    items = [
        {"name": one.name, "title": one.title, "type": one.type.value, "required": one.required}
        for one in SHAPE.columns
    ]
    if more.get("opening") != "opened":
        items[-1]["sensitivity"] = "personal"
    return {
        "code": AIR, "name": "空气质量小时数据", "summary": "每小时的监测结果", "provider_name": "衡水市生态环境局",
        "source_department": ECOLOGY, "source_department_name": "衡水市生态环境局", "theme": "environment",
        "format": "database", "items": items, "key": ["station"], "share_type": "conditional",
        "share_basis": "《政务数据共享条例》", "share_condition": "用于履职", "opening": "closed",
        "update_cycle": "hourly", "contact": "data@hengshui.example",
    } | more  # fmt: skip


async def catalogued(city: ServiceUnderTest, code: str, *, again: bool = False, **more: Any) -> None:
    """Describe a resource, or describe it anew, review and publish it."""
    author = city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=ECOLOGY)
    reviewer = city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
    told = described(code=code, name=f"空气质量小时数据{'' if code == AIR else code}", **more)
    if again:
        del told["code"]
    for path, headers, body in (
        (f"/{code}/changes" if again else "", author, told), (f"/{code}/submissions", author, None),
        (f"/{code}/reviews", reviewer, {"approve": True}),
    ):  # fmt: skip
        answer = await city.client.post(f"{HUB}/resources{path}", json=body, headers=headers)
        assert answer.status_code < 300, answer.text


class Office:
    """The departments that deal with the resource, and a partner."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        self.ecology = city.token([QUERY, "data-hub.sharing.decide"], department=ECOLOGY, subject=str(new_id()))
        self.housing = city.token(
            [QUERY, MAINTAIN, "data-hub.sharing.apply"], department=HOUSING, subject=str(new_id())
        )

    async def publish(self, **more: Any) -> None:
        """Describe, review and publish the resource, and load its rows."""
        await catalogued(self.city, AIR, **more)
        async with self.city.work() as work:
            dataset = await Datasets(work).establish(AIR, SHAPE)
            statement = sql.SQL(
                "insert into {} (_batch, _loaded_at, station, district, aqi, pm25, hour, contact)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)"
            ).format(sql.Identifier(dataset.table))
            for row in READINGS:
                await (await work.driver()).execute(statement, (new_id(), work.clock.now(), *row))

    async def crowd(self, rows: int) -> None:
        """Put many more rows beside those of the resource."""
        async with self.city.work() as work:
            dataset = await Datasets(work).establish(AIR, SHAPE)
            statement = sql.SQL(
                "insert into {} (_batch, _loaded_at, station, aqi) select %s, %s, 's' || n, n from"
                " generate_series(1, %s) as n"
            ).format(sql.Identifier(dataset.table))
            await (await work.driver()).execute(statement, (new_id(), work.clock.now(), rows))

    async def alter(self, how: LiteralString) -> None:
        """Alter the table of the rows behind the hub's back."""
        async with self.city.work() as work:
            table = sql.Identifier((await Datasets(work).need(AIR)).table)
            await (await work.driver()).execute(sql.SQL("alter table {} ").format(table) + sql.SQL(how))

    async def grant(self, *, deliveries: Sequence[str] = ("query",), **policy: Any) -> str:
        """Let housing apply and ecology grant; the grant's id."""
        until = self.city.clock.now() + timedelta(days=300)
        wish = {
            "resource": AIR, "department_name": "住建局", "purpose": "扬尘治理", "legal_basis": "《大气污染防治法》",
            "valid_until": until.isoformat(), "deliveries": list(deliveries),
        }  # fmt: skip
        asked = await self.city.client.post(f"{HUB}/sharing/applications", json=wish, headers=self.housing)
        assert asked.status_code == 201, asked.text
        done = await self.city.client.post(
            f"{HUB}/sharing/applications/{asked.json()['id']}/approvals", json=policy, headers=self.ecology
        )
        assert done.status_code == 201, done.text
        return str(done.json()["grant_id"])

    async def ask(self, who: dict[str, str] | None = None, **query: str) -> httpx.Response:
        """Ask for rows, as housing unless told otherwise."""
        return await self.city.client.get(ROWS, params=query, headers=self.housing if who is None else who)

    async def stations(self, who: dict[str, str] | None = None, **query: str) -> list[str]:
        """The stations of the rows that are found."""
        answer = await self.ask(who, **query)
        assert answer.status_code == 200, answer.text
        return [row["station"] for row in answer.json()["items"]]

    async def post(self, path: str, body: Any, who: dict[str, str] | None = None) -> httpx.Response:
        """Act, as housing unless told otherwise."""
        return await self.city.client.post(f"{HUB}/services{path}", json=body, headers=who or self.housing)
