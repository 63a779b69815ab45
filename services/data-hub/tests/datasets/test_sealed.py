"""Personal columns: sealed in the table, found by equal values, opened for those who may read, and nothing lost."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.errors import UndefinedTable

from citykit.identifiers.gb11643 import check_character
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from citykit.vault import Vault, VaultError
from data_hub.datasets.domain import Column, ColumnType, Sealing, Shape
from data_hub.datasets.sealed import Sealed, hash_column
from data_hub.datasets.service import Datasets, RowQuery

HUB, BUREAU, CIVIL, HOUSING = "/api/data-hub/v1", "11131100MB0H00014Y", "11131100MB0H00030L", "11131100MB0H000732"
CODE, VISITS = "203001-000021", "203001-000022"
LI, WANG, ZHAO = "131102198503150049", "13110219900101018X", "131102199001010032"
GB11643 = {"kind": "check-digit", "scheme": "gb11643"}
FRESH = "13110219600101001" + check_character("13110219600101001")
HEAD = ("id_number", "name", "income", "grade", "disabled", "birth", "seen_at", "district")
ROWS = [
    (LI, "李秀英", "1200.50", "A", "true", "1985-03-15", "2026-11-01T08:00:00+08:00", "131102"),
    (WANG, '王"小"明', "0.10", "B", "false", "1990-01-01", "2026-11-02T08:00:00.25+08:00", "131103"),
    (ZHAO, "赵敏", "", "", "", "", "", "131103"),
]
PLAIN = "public"


def items(sensitivity: str = "personal") -> list[dict[str, Any]]:
    """The items of a register of allowances."""
    told: list[tuple[str, str, list[Any]]] = [
        ("name", "string", []), ("income", "number", []),
        ("grade", "string", [{"kind": "codes", "values": ["A", "B", "C"]}]), ("disabled", "boolean", []),
        ("birth", "date", []), ("seen_at", "datetime", []),
    ]  # fmt: skip
    return [
        {"name": "id_number", "title": "公民身份号码", "type": "string", "required": True,
         "sensitivity": "personal", "rules": [GB11643]},
        *({"name": name, "title": name, "type": kind, "sensitivity": sensitivity, "rules": rules}
          for name, kind, rules in told),
        {"name": "district", "title": "区县", "type": "string", "sensitivity": "internal"},
    ]  # fmt: skip


class Register:
    """A register of allowances, and those who fill and read it."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        scopes = ["data-hub.services.query", "data-hub.sharing.decide", "data-hub.ingest.load", "data-hub.ingest.mend"]
        self.civil = city.token(scopes, department=CIVIL, subject=str(new_id()))
        self.housing = city.token(
            ["data-hub.services.query", "data-hub.sharing.apply"], department=HOUSING, subject=str(new_id())
        )
        self.author = city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=CIVIL)
        self.reviewer = city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)

    async def post(self, path: str, body: Any, who: dict[str, str]) -> Any:
        """Act; the answer."""
        answer = await self.city.client.post(f"{HUB}{path}", json=body, headers=who)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def body(self, code: str = CODE, **more: Any) -> dict[str, Any]:
        """A description."""
        return {
            "code": code, "name": f"救助登记{code}", "summary": "登记", "provider_name": "衡水市民政局",
            "source_department": CIVIL, "source_department_name": "衡水市民政局", "theme": "assistance",
            "format": "database", "items": items(), "key": ["id_number"], "share_type": "conditional",
            "share_basis": "《政务数据共享条例》", "share_condition": "用于履职", "opening": "closed",
            "update_cycle": "monthly", "contact": "data@hengshui.example",
        } | more  # fmt: skip

    async def publish(self, code: str = CODE, **more: Any) -> None:
        """Describe a resource and have it published."""
        await self.post("/resources", self.body(code, **more), self.author)
        await self.review(code)

    async def change(self, code: str = CODE, **more: Any) -> None:
        """Describe it anew and have that published."""
        draft = {name: one for name, one in self.body(code, **more).items() if name != "code"}
        await self.post(f"/resources/{code}/changes", draft, self.author)
        await self.review(code)

    async def review(self, code: str) -> None:
        """Hand in and approve."""
        await self.post(f"/resources/{code}/submissions", None, self.author)
        await self.post(f"/resources/{code}/reviews", {"approve": True}, self.reviewer)

    async def bring(self, rows: Any, code: str = CODE, head: Any = HEAD, **query: Any) -> dict[str, Any]:
        """Bring rows as CSV; the batch."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
        sent = await self.city.client.post(
            f"{HUB}/ingest/{code}/files", content=out.getvalue().encode(), params=query, headers=self.civil
        )
        assert sent.status_code == 202, sent.text
        await self.city.drain()
        path = f"{HUB}/ingest/{code}/batches/{sent.json()['id']}"
        return dict((await self.city.client.get(path, headers=self.civil)).json())

    async def ask(self, who: dict[str, str] | None = None, **query: str) -> Any:
        """Ask for rows, as the department itself unless told otherwise."""
        return await self.city.client.get(f"{HUB}/services/{CODE}/rows", params=query, headers=who or self.civil)

    async def rows(self, **query: str) -> list[dict[str, Any]]:
        """Rows as the department reads them."""
        answer = await self.ask(**query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def dump(self, code: str = CODE) -> str:
        """All that stands in the table, as somebody sees who has the database alone."""
        async with self.city.work() as work:
            dataset = await Datasets(work).need(code)
            found = await (await work.driver()).execute(
                sql.SQL("select row_to_json(t)::text from {} t order by _id").format(sql.Identifier(dataset.table))
            )
            return "\n".join(text for (text,) in await found.fetchall())

    async def grant(self, **policy: Any) -> str:
        """Let housing have all columns, or some; the grant's id."""
        until = self.city.clock.now() + timedelta(days=300)
        wish = {
            "resource": CODE, "department_name": "住建局", "purpose": "公租房资格审核", "legal_basis": "《办法》",
            "valid_until": until.isoformat(), "deliveries": ["query", "file", "subscription"], "columns": list(HEAD),
        }  # fmt: skip
        asked = await self.post("/sharing/applications", wish, self.housing)
        path = f"/sharing/applications/{asked['id']}/approvals"
        return str((await self.post(path, policy, self.civil))["grant_id"])


SHOWN = [
    {"id_number": LI, "name": "李秀英", "income": 1200.5, "grade": "A", "disabled": True, "birth": "1985-03-15",
     "seen_at": "2026-11-01T08:00:00.000000+08:00", "district": "131102"},
    {"id_number": WANG, "name": '王"小"明', "income": 0.1, "grade": "B", "disabled": False, "birth": "1990-01-01",
     "seen_at": "2026-11-02T08:00:00.250000+08:00", "district": "131103"},
    {"id_number": ZHAO, "name": "赵敏"} | dict.fromkeys(("income", "grade", "disabled", "birth", "seen_at"))
    | {"district": "131103"},
]  # fmt: skip


@pytest.fixture
async def register(city: ServiceUnderTest) -> Register:
    made = Register(city)
    await made.publish()
    batch = await made.bring(ROWS)
    assert (batch["state"], batch["accepted"]) == ("loaded", 3)
    return made


class TestTable:
    async def test_holds_no_personal_value_and_shows_each(self, register: Register) -> None:
        kept = await register.dump()
        for told in (LI, WANG, "李秀英", "1200.5", "1985-03-15", "2026-11-01"):
            assert told not in kept
        assert '"district":"131102"' in kept
        assert await register.rows() == SHOWN

    async def test_keeps_exact_numbers(self, register: Register) -> None:
        digits = "12345678901234567890.123456789012345678"
        await register.bring([(LI, "李秀英", digits, "", "", "", "", "")])
        answer = await register.ask(id_number=f"eq.{LI}", select="income")
        assert answer.text == f'{{"items":[{{"income":{digits}}}],"next":null}}'

    async def test_has_no_two_alike_cells_of_few_values(self, register: Register) -> None:
        await register.bring([(ZHAO, "赵敏", "", "A", "true", "", "", "131103")])
        async with register.city.work() as work:
            dataset = await Datasets(work).need(CODE)
            for name in ("grade", "disabled"):
                counts = "select count(distinct {0}), count({0}), count(distinct {1}), count({1}) from {2}"
                told = sql.SQL(counts).format(
                    sql.Identifier(name), sql.Identifier(hash_column(name)), sql.Identifier(dataset.table)
                )
                assert await (await (await work.driver()).execute(told)).fetchone() == (3, 3, 3, 3)

    async def test_cell_opens_in_its_own_column_alone(self) -> None:
        shape = Shape(tuple(Column(name, name, ColumnType.string, sealing=Sealing.found) for name in ("a", "b")))
        sealed = Sealed(Vault.generate(), new_id(), CODE, shape)
        (cell,) = sealed.write({"a": ["甲"], "b": ["甲"]}, ["a", "b"])["a"]
        assert cell is not None
        assert sealed.open("a", cell) == "甲"
        with pytest.raises(VaultError):
            sealed.open("b", cell)


class TestQuestions:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"id_number": f"eq.{LI}"}, [LI]),
            ({"id_number": f"eq.{WANG.lower()}"}, [WANG]),
            ({"id_number": f"in.({LI},{ZHAO})"}, [LI, ZHAO]),
            ({"name": 'eq.王"小"明'}, [WANG]),
            ({"name": "not.eq.李秀英"}, [WANG, ZHAO]),
            ({"income": "eq.1200.5"}, [LI]),
            ({"income": "eq.1200.500"}, [LI]),
            ({"birth": "neq.1985-03-15"}, [WANG]),
            ({"seen_at": "eq.2026-11-01T00:00:00Z"}, [LI]),
            ({"grade": "is.null"}, [ZHAO]),
            ({"disabled": "not.is.null"}, [LI, WANG]),
            ({"or": f"(district.eq.131102,id_number.eq.{ZHAO})"}, [LI, ZHAO]),
        ],
    )
    async def test_find_equal_values(self, register: Register, query: dict[str, str], found: list[str]) -> None:
        assert [row["id_number"] for row in await register.rows(**query)] == found

    @pytest.mark.parametrize(
        "query",
        [
            {"name": "like.李*"}, {"income": "gt.1"}, {"birth": "lte.2000-01-01"}, {"grade": "eq.A"},
            {"disabled": "eq.true"}, {"order": "income"}, {"order": "district,name.desc"}, {"select": "max(income)"},
            {"select": "name,count()"}, {"select": "district,avg(income)"}, {"or": "(district.eq.1,grade.in.(A,B))"},
        ],
    )  # fmt: skip
    async def test_that_need_more_are_refused(self, register: Register, query: dict[str, str]) -> None:
        answer = await register.ask(**query)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "sealed-column")

    async def test_count_what_is_there(self, register: Register) -> None:
        counted = await register.rows(select="district,count(),n:count(grade)", order="district")
        assert counted == [
            {"district": "131102", "count": 1, "n": 1},
            {"district": "131103", "count": 2, "n": 1},
        ]

    async def test_are_not_led_astray_by_what_looks_sealed(self, register: Register) -> None:
        async with register.city.work() as work:
            dataset = await Datasets(work).need(CODE)
            row = await (
                await (await work.driver()).execute(
                    sql.SQL("select encode(name, 'hex') from {} limit 1").format(sql.Identifier(dataset.table))
                )
            ).fetchone()
        assert row is not None
        forged = f"{'0' * 32}:1:{row[0]}"
        await register.bring([(ZHAO, "赵敏", "", "", "", "", "", forged)])
        assert (await register.rows(id_number=f"eq.{ZHAO}"))[0]["district"] == forged

    @settings(max_examples=50)
    @given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
    def test_open_whatever_was_written(self, values: list[str]) -> None:
        import json

        shape = Shape((Column("a", "a", ColumnType.string, sealing=Sealing.found),))
        sealed = Sealed(Vault.generate(), UUID(int=1), CODE, shape)
        texts = [one.encode("utf-8", "ignore").decode() for one in values]
        cells = sealed.write({"a": texts}, ["a"])["a"]
        told = json.dumps([f"{sealed.mark}:0:{(cell or b'').hex()}" for cell in cells])
        assert json.loads(sealed.opened(told)) == texts


class TestBatches:
    async def test_change_only_what_differs(self, register: Register) -> None:
        again = [(LI, "李秀英", "1200.5", "A", "1", "1985/03/15", "2026-11-01 08:00:00", "131102"), ROWS[1]]
        batch = await register.bring(again, merge="merge")
        assert (batch["inserted"], batch["changed"]) == (0, 0)
        for at, other in ((1, "李秀瑛"), (2, "1200.51"), (3, "B"), (4, "false"), (5, "1985-03-16")):
            row = list(ROWS[0])
            row[at] = other
            batch = await register.bring([row], merge="merge")
            assert (batch["inserted"], batch["changed"]) == (0, 1), HEAD[at]
            batch = await register.bring([ROWS[0]], merge="merge")
            assert batch["changed"] == 1
        assert await register.rows() == SHOWN

    async def test_of_some_columns_leave_the_others(self, register: Register) -> None:
        batch = await register.bring([(WANG.lower(), "C")], head=("id_number", "grade"), merge="merge")
        assert (batch["inserted"], batch["changed"]) == (0, 1)
        assert (await register.rows(id_number=f"eq.{WANG}"))[0] == SHOWN[1] | {"grade": "C"}

    async def test_find_a_known_key_and_twins(self, register: Register) -> None:
        more = [(LI, *ROWS[0][1:]), (FRESH, *ROWS[1][1:]), (FRESH, *ROWS[1][1:])]
        batch = await register.bring(more, merge="append", mode="row-by-row")
        assert (batch["quarantined"], batch["accepted"]) == (2, 1)
        path = f"{HUB}/ingest/{CODE}/batches/{batch['id']}/quarantine"
        waiting = (await register.city.client.get(path, headers=register.civil)).json()["items"]
        assert {one["faults"][0]["rule"] for one in waiting} == {"unique"}
        assert all("李秀英" not in str(one) and LI not in str(one) for one in waiting)

    async def test_refer_to_sealed_and_to_open_columns(self, register: Register) -> None:
        refers = [{"kind": "reference", "resource": CODE, "item": "id_number"}]
        place = [{"kind": "reference", "resource": CODE, "item": "district"}]
        described = [
            {"name": "visit", "title": "编号", "type": "string", "required": True},
            {"name": "person", "title": "对象", "type": "string", "sensitivity": "personal", "rules": refers},
            {"name": "district", "title": "区县", "type": "string", "sensitivity": "personal", "rules": place},
        ]
        await register.publish(VISITS, items=described, key=["visit"])
        rows = [("1", LI, "131103"), ("2", FRESH, "131103"), ("3", WANG, "999999"), ("4", "", "")]
        batch = await register.bring(rows, VISITS, ("visit", "person", "district"), mode="row-by-row")
        assert (batch["accepted"], batch["quarantined"]) == (2, 2)
        assert LI not in await register.dump(VISITS)

    async def test_refuse_a_reference_to_what_nobody_finds(self, register: Register) -> None:
        refers = [{"kind": "reference", "resource": CODE, "item": "grade"}]
        described = [{"name": "grade", "title": "等级", "type": "string", "rules": refers}]
        await register.publish(VISITS, items=described, key=[])
        batch = await register.bring([("A",)], VISITS, ("grade",), merge="append")
        assert (batch["state"], batch["fault"]["code"]) == ("refused", "reference")


class TestDeliveries:
    async def test_of_every_kind_are_open(self, register: Register) -> None:
        grant = await register.grant(columns=list(HEAD), row_filter=f"name=neq.赵敏&id_number=in.({LI},{WANG},{ZHAO})")
        answer = await register.ask(register.housing)
        assert answer.json()["items"] == SHOWN[:2]
        for kind in ("csv", "ndjson"):
            made = await register.post(f"/sharing/grants/{grant}/files", {"format": kind}, register.housing)
            await register.city.drain()
            path = f"{HUB}/sharing/files/{made['id']}/content"
            content = (await register.city.client.get(path, headers=register.housing)).text
            assert content.count("李秀英") == 1
            assert "1200.5" in content
            assert "2026-11-02T08:00:00.250000+08:00" in content
            assert ":" * 3 not in content
        body = {"question": "select=id_number,income,seen_at", "format": "parquet", "grant_id": grant}
        made = await register.post(f"/services/{CODE}/exports", body, register.housing)
        await register.city.drain()
        path = f"{HUB}/services/exports/{made['id']}/content"
        content = (await register.city.client.get(path, headers=register.housing)).content
        import polars as pl

        assert pl.read_parquet(content).get_column("income").to_list() == [Decimal("1200.50"), Decimal("0.10")]

    async def test_by_subscription_are_open(self, register: Register) -> None:
        grant = await register.grant(columns=list(HEAD))
        made = await register.post(f"/sharing/grants/{grant}/subscriptions", {"name": "全部"}, register.housing)
        path = f"{HUB}/sharing/subscriptions/{made['id']}/changes"
        answer = await register.city.client.get(path, headers=register.housing)
        assert [row["name"] for row in answer.json()["items"]] == ["李秀英", '王"小"明', "赵敏"]

    async def test_under_a_filter_that_asks_more_is_refused(self, register: Register) -> None:
        wish = {
            "resource": CODE, "department_name": "住建局", "purpose": "审核", "legal_basis": "《办法》",
            "valid_until": (register.city.clock.now() + timedelta(days=3)).isoformat(), "deliveries": ["query"],
            "row_filter": "income=gt.100",
        }  # fmt: skip
        answer = await register.city.client.post(f"{HUB}/sharing/applications", json=wish, headers=register.housing)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "bad-row-filter")


class TestResealing:
    async def test_follows_a_changed_description_and_loses_nothing(self, register: Register) -> None:
        grant = await register.grant()
        made = await register.post(f"/sharing/grants/{grant}/subscriptions", {"name": "全部"}, register.housing)
        path = f"{HUB}/sharing/subscriptions/{made['id']}"
        read = (await register.city.client.get(f"{path}/changes", headers=register.housing)).json()
        await register.post(
            f"/sharing/subscriptions/{made['id']}/confirmations", {"cursor": read["cursor"]}, register.housing
        )
        async with register.city.work() as work:
            before = await Datasets(work).need(CODE)
        await register.change(items=items("internal"))
        await register.city.drain()
        async with register.city.work() as work:
            query = RowQuery(("district",))  # as somebody who read the old shape a moment ago
            with pytest.raises(UndefinedTable):
                await Datasets(work).page(before, query)
        kept = await register.dump()
        assert "李秀英" in kept
        assert LI not in kept  # its number is personal whatever else is
        assert await register.rows(income="gt.1000", order="income") == SHOWN[:1]
        await register.change(items=items())
        await register.city.drain()
        kept = await register.dump()
        assert "李秀英" not in kept
        assert "1200.5" not in kept
        assert await register.rows() == SHOWN
        batch = await register.bring([ROWS[0]], merge="merge")
        assert (batch["inserted"], batch["changed"]) == (0, 0)
        read = (await register.city.client.get(f"{path}/changes", headers=register.housing)).json()
        assert read["items"] == []  # nobody is told of a change that is none

    async def test_tells_long_names_apart_that_begin_alike(self, register: Register) -> None:
        names = [f"{'a' * 58}{last}" for last in "xy"]
        plain = [{"name": name, "title": name, "type": "string", "sensitivity": "internal"} for name in names]
        await register.publish(VISITS, items=plain, key=[])
        await register.bring([("甲", "乙")], VISITS, tuple(names), merge="append")
        await register.change(VISITS, items=[one | {"sensitivity": "personal"} for one in plain], key=[])
        await register.city.drain()
        kept = await register.dump(VISITS)
        assert "甲" not in kept
        answer = await register.city.client.get(f"{HUB}/services/{VISITS}/rows", headers=register.civil)
        assert [list(row.values()) for row in answer.json()["items"]] == [["甲", "乙"]]

    async def test_seals_rows_from_before(self, register: Register) -> None:
        async with register.city.work() as work:
            datasets = Datasets(work)
            await (await work.driver()).execute(
                sql.SQL("truncate {}").format(sql.Identifier((await datasets.need(CODE)).table))
            )
            shape = (await datasets.need(CODE)).shape
            plain = Shape(tuple(Column(c.name, c.title, c.type, c.required) for c in shape.columns), shape.key)
            dataset = await datasets.establish(CODE, plain)
            await datasets.append(dataset, [_typed(row, plain) for row in ROWS], batch=new_id())
        assert LI in await register.dump()
        assert await register.rows() == SHOWN
        await register.city.run_task("data-hub.resources.find-unsealed")
        await register.city.drain()
        assert LI not in await register.dump()
        assert await register.rows() == SHOWN
        batch = await register.bring([ROWS[1]], merge="merge")
        assert (batch["inserted"], batch["changed"]) == (0, 0)


def _typed(row: tuple[str, ...], shape: Shape) -> list[Any]:
    from data_hub.datasets.domain import value

    return [None if text == "" else value(column.type, text) for text, column in zip(row, shape.columns, strict=True)]


class TestColumns:
    async def test_that_come_back_as_another_kind_take_values(self, register: Register) -> None:
        without = [one for one in items() if one["name"] != "income"]
        await register.change(items=without)
        await register.bring([(LI, "李秀英")], head=("id_number", "name"), merge="merge")
        back = [one | ({"sensitivity": "internal"} if one["name"] == "income" else {}) for one in items()]
        await register.change(items=back)
        await register.city.drain()
        await register.bring([(LI, "7")], head=("id_number", "income"), merge="merge")
        assert [row["income"] for row in await register.rows(order="district")] == [7, None, None]

    async def test_of_citizen_numbers_are_never_opened_to_all(self, register: Register) -> None:
        described = [{"name": "person", "title": "号码", "type": "string", "rules": [GB11643]}]
        body = register.body(VISITS, items=described, key=[], opening="opened", share_type="unconditional")
        answer = await register.city.client.post(f"{HUB}/resources", json=body, headers=register.author)
        if answer.status_code < 300:
            answer = await register.city.client.post(
                f"{HUB}/resources/{VISITS}/submissions", json=None, headers=register.author
            )
        assert answer.status_code == 422
        assert {one["code"] for one in answer.json()["errors"]} >= {"personal-items"}
