"""Who sees which layer and which columns, and layers that are made of a resource's rows."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import sql

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.datasets.service import Datasets

from .office import EAST, HOUSING, HUB, LAYERS, NORTH, OGC, PARKS, Office, draft, layer_id, point

BUREAU = "11131100MB0H00014Y"
TOILETS = "203001-000077"
BATCH = new_id()
CONDITIONAL = {"share_type": "conditional", "share_basis": "法", "share_condition": "履职"}
SHAPE = Shape(
    (
        Column("code", "编号", ColumnType.string, True), Column("lon", "经度", ColumnType.number),
        Column("lat", "纬度", ColumnType.number), Column("opened", "启用日期", ColumnType.date),
        Column("keeper", "管护人", ColumnType.string),
    ),
    ("code",),
)  # fmt: skip
ROWS = [
    ("T1", EAST, NORTH, datetime(2020, 5, 1, tzinfo=UTC).date(), "张三"), ("T2", EAST + 0.01, NORTH, None, "李四"),
    ("T3", None, None, None, None),
]  # fmt: skip
FROM_ROWS = {"code": TOILETS, "longitude": "lon", "latitude": "lat", "columns": ["code", "opened"]}


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


async def status(office: Office, layer: str, who: dict[str, str] | None) -> int:
    """What a reader of the collection is answered."""
    return (await office.get(f"{OGC}/{layer}", who)).status_code


class TestAccess:
    async def test_each_access_shows_a_layer_to_its_own(self, office: Office) -> None:
        city = office.city
        plain, reader = city.token(department=HOUSING), city.token(["data-hub.geography.read"], department=HOUSING)
        for access, nobody, stranger, inside in (
            ("public", 200, 200, 200), ("government", 401, 403, 200), ("department", 404, 404, 404),
        ):  # fmt: skip
            layer = layer_id()
            await office.publish(draft(layer, point("a"), access=access))
            seen = [await status(office, layer, who) for who in (None, plain, reader, office.parks)]
            assert seen == [nobody, stranger, inside, 200], access

    async def test_lists_show_what_may_be_read(self, office: Office) -> None:
        names = {}
        for access in ("public", "government", "department"):
            names[access] = layer_id()
            await office.publish(draft(names[access], point("a"), access=access))
        for who, shown in ((None, {"public"}), (office.housing, {"public", "government"}), (office.parks, {*names})):
            answer = await office.get("/api/data-hub/ogc/collections", who)
            found = {one["id"] for one in answer.json()["collections"]}
            assert found & {*names.values()} == {names[one] for one in shown}

    async def test_a_department_without_a_name_owns_nothing(self, office: Office) -> None:
        layer, nowhere = layer_id(), office.city.token(["data-hub.geography.read"])
        await office.publish(draft(layer, point("a"), access="department"))
        assert await status(office, layer, nowhere) == 404

    async def test_a_bad_token_is_told_so(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        assert await status(office, layer, {"Authorization": "Bearer nonsense"}) == 401


class TestHiddenColumns:
    async def test_a_hidden_column_is_neither_shown_nor_asked(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(
            draft(layer, point("a", name="x", phone="13912345678"), point("b", name="y"), hidden=["phone"])
        )
        assert (await office.items(layer))["a"]["properties"] == {"name": "x"}
        assert (await office.items(layer, office.parks))["a"]["properties"] == {"name": "x", "phone": "13912345678"}
        single = (await office.get(f"{OGC}/{layer}/items/a", office.housing)).json()
        assert "phone" not in single["properties"]
        listed = (await office.get(f"{OGC}/{layer}/queryables")).json()["properties"]
        assert "phone" not in listed
        for query in (
            {"filter": "phone = '13912345678'"}, {"filter": "phone is null"}, {"phone": "13912345678"},
            {"filter": "casei(phone) = casei('13912345678')"}, {"filter": "name = 'x' or phone > 'a'"},
            {"filter": '{"op": "=", "args": [{"property": "phone"}, "13912345678"]}', "filter-lang": "cql2-json"},
        ):  # fmt: skip
            answer = await office.get(f"{OGC}/{layer}/items", office.housing, **query)
            assert answer.status_code in {400, 422}, query
        page = await office.get(f"{OGC}/{layer}/items", f="html")
        assert "13912345678" not in page.text

    async def test_a_hidden_column_is_neither_an_id_nor_a_name(self, office: Office) -> None:
        feature = point("a", name="x", phone="13912345678")
        for more in (
            {"id_field": "phone"}, {"names": {"kind": "place", "name": "phone"}},
            {"names": {"kind": "place", "name": "name", "aliases": "phone"}},
        ):  # fmt: skip
            assert (await office.send(draft(layer_id(), feature, hidden=["phone"], **more))).status_code == 422

    async def test_a_hidden_time_does_not_narrow(self, office: Office) -> None:
        layer = layer_id()
        features = [point("a", on="2020-01-01"), point("b", on="2021-01-01")]
        await office.publish(draft(layer, *features, datetime_field="on", hidden=["on"]))
        asked = {"datetime": "2020-06-01T00:00:00Z/.."}
        assert set(await office.items(layer, **asked)) == {"a", "b"}
        assert set(await office.items(layer, office.parks, **asked)) == {"b"}
        assert "temporal" not in (await office.get(f"{OGC}/{layer}")).json()["extent"]

    async def test_tiles_do_not_carry_it(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a", name="x", phone="13900000001"), hidden=["phone"]))
        path = f"{OGC}/{layer}/tiles/WebMercatorQuad/0/0/0"
        assert b"13900000001" not in (await office.get(path)).content
        assert b"13900000001" in (await office.get(path, office.parks)).content


class TestRowsOfAResource:
    async def resource(self, office: Office, **more: Any) -> None:
        """The resource in the directory, with its rows."""
        items = [
            {"name": one.name, "title": one.title, "type": one.type.value, "required": one.required}
            for one in SHAPE.columns
        ]
        if more.get("opening") != "opened":
            items[-1]["sensitivity"] = "personal" if more.get("share_type") == "conditional" else "internal"
        described = {
            "code": TOILETS, "name": "公共厕所", "summary": "位置与启用日期", "provider_name": "衡水市生态环境局",
            "source_department": PARKS, "source_department_name": "衡水市生态环境局", "theme": "environment",
            "format": "database", "items": items, "key": ["code"], "share_type": "unconditional",
            "opening": "closed", "update_cycle": "yearly", "contact": "data@hengshui.example",
        } | more  # fmt: skip
        author = office.city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=PARKS)
        reviewer = office.city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
        for path, headers, told in (
            ("", author, described), (f"/{TOILETS}/submissions", author, None),
            (f"/{TOILETS}/reviews", reviewer, {"approve": True}),
        ):  # fmt: skip
            answer = await office.city.client.post(f"{HUB}/resources{path}", json=told, headers=headers)
            assert answer.status_code < 300, answer.text
        async with office.city.work() as work:
            dataset = await Datasets(work).establish(TOILETS, SHAPE)
            statement = sql.SQL(
                "insert into {} (_batch, _loaded_at, code, lon, lat, opened, keeper)"
                " values (%s, %s, %s, %s, %s, %s, %s)"
            ).format(sql.Identifier(dataset.table))
            for row in ROWS:
                await (await work.driver()).execute(statement, (BATCH, work.clock.now(), *row))

    async def test_rows_become_points_that_tell_their_batch(self, office: Office) -> None:
        await self.resource(office)
        layer = layer_id()
        made = await office.publish(draft(layer, access="government", resource=FROM_ROWS, datetime_field="opened"))
        assert (made["added"], made["without_place"], made["layer"]["resource"]) == (2, 1, TOILETS)
        found = await office.items(layer, office.housing)
        assert [one["properties"] for one in found.values()] == [
            {"code": "T1", "opened": "2020-05-01"}, {"code": "T2", "opened": None},
        ]  # fmt: skip
        fid = next(iter(found))
        (state,) = (await office.get(f"{LAYERS}/{layer}/features/{fid}/history", office.housing)).json()
        assert (state["origin"]["batch"], state["origin"]["resource"]) == (str(BATCH), TOILETS)

    @pytest.mark.parametrize(
        ("described", "access", "columns", "status"),
        [
            ({}, "department", ["code", "keeper"], 200),
            ({}, "government", ["code", "keeper"], 200),
            ({}, "public", ["code"], 422),
            (CONDITIONAL, "government", ["code"], 422),
            (CONDITIONAL, "department", ["code"], 200),
            (CONDITIONAL, "department", ["code", "keeper"], 422),
            ({"opening": "opened"}, "public", ["code"], 200),
        ],
    )
    async def test_a_layer_shows_no_more_than_the_directory_allows(
        self, office: Office, described: dict[str, str], access: str, columns: list[str], status: int
    ) -> None:
        await self.resource(office, **described)
        body = draft(layer_id(), access=access, resource=FROM_ROWS | {"columns": columns})
        answer = await office.send(body)
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["type"] == "/problems/not-opened"

    async def act(self, office: Office, path: str, body: dict[str, Any]) -> None:
        """An act on the resource by its department and, where it is sent in, a reviewer."""
        author = office.city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=PARKS)
        answer = await office.city.client.post(f"{HUB}/resources/{TOILETS}/{path}", json=body, headers=author)
        assert answer.status_code < 300, answer.text
        if path == "changes":
            reviewer = office.city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
            await office.city.client.post(f"{HUB}/resources/{TOILETS}/submissions", headers=author)
            done = await office.city.client.post(
                f"{HUB}/resources/{TOILETS}/reviews", json={"approve": True}, headers=reviewer
            )
            assert done.status_code == 200, done.text

    def described(self, **more: Any) -> dict[str, Any]:
        """The resource, opened, as it is described anew."""
        items = [
            {"name": one.name, "title": one.title, "type": one.type.value, "required": one.required}
            for one in SHAPE.columns
        ]
        return {
            "name": "公共厕所", "summary": "位置与启用日期", "provider_name": "衡水市生态环境局",
            "source_department": PARKS, "source_department_name": "衡水市生态环境局", "theme": "environment",
            "format": "database", "items": items, "key": ["code"], "share_type": "unconditional",
            "opening": "opened", "update_cycle": "yearly",
        } | more  # fmt: skip

    async def test_a_layer_goes_with_the_resource_that_is_withdrawn(self, office: Office) -> None:
        await self.resource(office, opening="opened")
        layer, other = layer_id(), layer_id()
        await office.publish(draft(layer, access="public", resource=FROM_ROWS))
        await office.publish(draft(other, point("a")))
        await self.act(office, "withdrawals", {"reason": "合并"})
        await office.city.drain()
        assert [await status(office, one, None) for one in (layer, other)] == [404, 200]
        (edition,) = [
            one
            for one in (await office.get(f"{LAYERS}/{layer}/versions", office.parks)).json()["items"]
            if one["cause"] == "withdrawal"
        ]
        assert "已撤销" in edition["note"]

    @pytest.mark.parametrize(
        ("change", "access", "left"),
        [
            ({"opening": "closed"}, "public", 404),
            ({"opening": "closed"}, "department", 200),
            ({"opening": "closed", **CONDITIONAL}, "government", 404),
            ({"summary": "位置、开放时间"}, "public", 200),
        ],
    )
    async def test_a_layer_goes_when_its_resource_is_for_fewer(
        self, office: Office, change: dict[str, str], access: str, left: int
    ) -> None:
        await self.resource(office, opening="opened")
        layer = layer_id()
        await office.publish(draft(layer, access=access, resource=FROM_ROWS))
        await self.act(office, "changes", self.described(**change))
        await office.city.drain()
        assert await status(office, layer, office.parks) == left

    async def test_a_layer_goes_when_a_column_of_it_is_not_for_so_many_any_more(self, office: Office) -> None:
        await self.resource(office, opening="opened")
        kept, gone = layer_id(), layer_id()
        await office.publish(draft(kept, access="department", resource=FROM_ROWS))
        shows = FROM_ROWS | {"columns": ["code", "keeper"]}
        await office.publish(draft(gone, access="department", resource=shows))
        items = self.described()["items"]
        items[-1]["sensitivity"] = "personal"
        body = self.described(items=items, opening="closed", **CONDITIONAL)
        await self.act(office, "changes", body)
        await office.city.drain()
        assert [await status(office, one, office.parks) for one in (kept, gone)] == [200, 404]

    async def test_only_its_department_makes_a_layer_of_it(self, office: Office) -> None:
        await self.resource(office)
        body = draft(layer_id(), access="department", resource=FROM_ROWS)
        assert (await office.send(body, office.housing)).json()["type"] == "/problems/not-the-provider"
        for wrong in ({"columns": ["nothing"]}, {"longitude": "nothing"}, {"longitude": "code"}):
            assert (await office.send(body | {"resource": FROM_ROWS | wrong})).status_code == 422, wrong
        both = draft(layer_id(), point("a"), access="department") | {"resource": FROM_ROWS}
        assert (await office.send(both)).status_code == 422
