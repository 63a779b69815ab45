"""Items that are named as words of the grammar 保留字: a permit's `limit` is asked for as `where.limit`, everywhere."""

from typing import Any

import pytest
from psycopg import sql

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.datasets.service import Datasets

from .factories import AIR, HUB, Office, catalogued

WORDS = ("limit", "count", "order", "select", "after", "grant", "and", "or")
SHAPE = Shape(
    (
        Column("permit", "许可证", ColumnType.string, required=True),
        *(Column(name, f"{name} 量", ColumnType.integer) for name in WORDS),
    ),
    ("permit",),
)


async def permits(city: ServiceUnderTest, **more: Any) -> Office:
    """A resource whose items have such names, and three rows: 1, 2, 3 in each."""
    items = [
        {"name": one.name, "title": one.title, "type": one.type.value, "required": one.required}
        for one in SHAPE.columns
    ]
    await catalogued(city, AIR, items=items, key=["permit"], **more)
    async with city.work() as work:
        dataset = await Datasets(work).establish(AIR, SHAPE)
        names = sql.SQL(", ").join(map(sql.Identifier, WORDS))
        statement = sql.SQL("insert into {} (_batch, permit, {}) values ({})").format(
            sql.Identifier(dataset.table), names, sql.SQL(", ").join([sql.Placeholder()] * (len(WORDS) + 2))
        )
        for number in (1, 2, 3):
            await (await work.driver()).execute(statement, (new_id(), f"许可{number}", *([number] * len(WORDS))))
    return Office(city)


async def found(office: Office, **query: str) -> list[str]:
    answer = await office.ask(**query)
    assert answer.status_code == 200, answer.text
    return [row["permit"] for row in answer.json()["items"]]


async def test_are_asked_for_with_where_before_them(city: ServiceUnderTest) -> None:
    office = await permits(city)
    await office.grant()
    for word in WORDS:
        assert await found(office, **{f"where.{word}": "gt.1", "order": "permit"}) == ["许可2", "许可3"]
        assert await found(office, **{f"where.{word}": "not.in.(1,2)", "limit": "5"}) == ["许可3"]
        assert await found(office, **{"or": f"({word}.eq.1,{word}.eq.3)", "order": f"{word}.desc"}) == [
            "许可3",
            "许可1",
        ]
    assert await found(office, **{"where.permit": "eq.许可1"}) == ["许可1"]
    nothing = await office.ask(**{"where.nothing": "eq.1"})
    assert (nothing.status_code, nothing.json()["errors"][0]["code"]) == (422, "unknown-column")


async def test_are_asked_for_so_in_files_too(city: ServiceUnderTest) -> None:
    office = await permits(city)
    await office.grant()
    asked = await office.post(f"/{AIR}/exports", {"question": "where.limit=gt.1&where.and=lt.3&select=limit,permit"})
    assert asked.status_code == 202, asked.text
    await city.drain()
    path = f"{HUB}/services/exports/{asked.json()['id']}/content"
    file = await city.client.get(path, headers=office.housing)
    assert file.content.decode("utf-8-sig").split() == ["limit,permit", "2,许可2"]


@pytest.mark.parametrize("before", ["where.", ""])
async def test_are_named_so_or_plainly_in_the_filter_of_a_grant(city: ServiceUnderTest, before: str) -> None:
    office = await permits(city)
    text = "&".join(f"{before}{word}=gt.1" for word in WORDS)
    grant = await office.grant(deliveries=("query", "file"), row_filter=f"{text}&permit=neq.许可3")
    assert await found(office) == ["许可2"]
    asked = await city.client.post(f"{HUB}/sharing/grants/{grant}/files", json={}, headers=office.housing)
    await city.drain()
    file = await city.client.get(f"{HUB}/sharing/files/{asked.json()['id']}/content", headers=office.housing)
    assert "许可2" in file.text
    assert "许可1" not in file.text


async def test_are_parameters_of_their_services_document(city: ServiceUnderTest) -> None:
    office = await permits(city, opening="opened", share_type="unconditional", share_condition=None)
    document = (await city.client.get(f"{HUB}/services/{AIR}/openapi.json")).json()
    (path,) = document["paths"].values()
    names = [one["name"] for one in path["get"]["parameters"]]
    assert len(names) == len(set(names))
    asked = [one for one in names if one.startswith("where.")]
    assert asked == [f"where.{word}" for word in WORDS]
    for name in asked:
        assert await found(office, **{name: "eq.2"}) == ["许可2"]
    page = await city.client.get(f"/api/data-hub/services/{AIR}")
    assert "where." in page.text
