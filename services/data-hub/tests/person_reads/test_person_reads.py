"""Whose rows were read: every way by which rows leave the hub tells the persons they belong to."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from citykit.actors import Actor, ActorKind
from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.datasets.domain import Column, ColumnType, Shape
from data_hub.datasets.resealing import Resealing
from data_hub.datasets.service import Datasets
from data_hub.person_reads import service as person_reads
from data_hub.registries.population.schemas import PersonDraft
from data_hub.registries.population.service import Population

BUREAU, CIVIL, HOUSING = "11131100MB0H00014Y", "11131100MB0H00030L", "11131100MB0H000732"
HUB, CODE = "/api/data-hub/v1", "203001-000019"
LI, WANG, STRANGER = "131102198503150049", "13110219900101018X", "131102199001010032"
PURPOSE, BASIS = "公租房资格审核", "《公共租赁住房管理办法》"
SHAPE = Shape(
    (
        Column("record", "编号", ColumnType.string, True), Column("id_number", "公民身份号码", ColumnType.string),
        Column("district", "区县", ColumnType.string), Column("income", "收入", ColumnType.integer),
    ),
    ("record",),
)  # fmt: skip
Line = tuple[str, str, str, str | None, list[str]]


class Register:
    """A register of incomes, two of whose three persons are in the population registry."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        self.civil = city.token(
            ["data-hub.services.query", "data-hub.sharing.decide"], department=CIVIL, subject=str(new_id())
        )
        self.housing = city.token(
            ["data-hub.services.query", "data-hub.sharing.apply"], department=HOUSING, department_name="住建局",
            subject=str(new_id()),
        )  # fmt: skip
        self.partner = city.token(["data-hub.services.maintain"], department=HOUSING, subject=str(new_id()))
        self.persons: dict[str, UUID] = {}

    async def fill(self) -> None:
        """Publish the resource, load its rows, register the persons."""
        items: list[dict[str, Any]] = [
            {"name": one.name, "title": one.title, "type": one.type.value, "required": one.required}
            for one in SHAPE.columns
        ]
        items[1] |= {"sensitivity": "personal", "rules": [{"kind": "check-digit", "scheme": "gb11643"}]}
        body = {
            "code": CODE, "name": "居民收入登记", "summary": "登记", "provider_name": "衡水市民政局",
            "source_department": CIVIL, "source_department_name": "衡水市民政局", "theme": "assistance",
            "format": "database", "items": items, "key": ["record"], "share_type": "conditional",
            "share_basis": "《政务数据共享条例》", "share_condition": "用于履职", "opening": "closed",
            "update_cycle": "monthly", "contact": "data@hengshui.example",
        }  # fmt: skip
        author = self.city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=CIVIL)
        reviewer = self.city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
        await self.post("/resources", body, author)
        await self.post(f"/resources/{CODE}/submissions", None, author)
        await self.post(f"/resources/{CODE}/reviews", {"approve": True}, reviewer)
        source = {"department": CIVIL, "batch": "t-1"}
        by = Actor(subject=str(new_id()), kind=ActorKind.person, department=CIVIL)
        async with self.city.work() as work:
            dataset = await Datasets(work).need(CODE)
            rows = [
                ("1", LI, "131102", 10), ("2", LI, "131102", 20), ("3", WANG.lower(), "131103", 30),
                ("4", STRANGER, "131103", 40), ("5", None, "131103", 50),
            ]  # fmt: skip
            await Datasets(work).append(dataset, rows, batch=new_id())
            for name, number in (("李秀英", LI), ("王小明", WANG)):
                draft = PersonDraft.model_validate(
                    {"name": name, "id_number": number, "ethnicity": "汉族", "division_code": "131102001045",
                     "address": "人民路1号", "phone": "13900000001", "source": source}
                )  # fmt: skip
                self.persons[number] = (await Population(work).register(draft, by=by)).id

    async def post(self, path: str, body: Any, who: dict[str, str]) -> Any:
        """Act; the answer."""
        answer = await self.city.client.post(f"{HUB}{path}", json=body, headers=who)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def grant(self, **policy: Any) -> str:
        """Let housing have some columns; the grant's id."""
        until = self.city.clock.now() + timedelta(days=300)
        wish = {
            "resource": CODE, "department_name": "某某有限公司（冒名）", "purpose": PURPOSE, "legal_basis": BASIS,
            "valid_until": until.isoformat(), "deliveries": ["query", "file", "subscription"],
        }  # fmt: skip
        asked = await self.post("/sharing/applications", wish, self.housing)
        path = f"/sharing/applications/{asked['id']}/approvals"
        return str((await self.post(path, policy, self.civil))["grant_id"])

    async def ask(self, who: dict[str, str] | None = None, **query: str) -> Any:
        """Ask for rows, as housing unless told otherwise."""
        return await self.city.client.get(f"{HUB}/services/{CODE}/rows", params=query, headers=who or self.housing)

    async def told(self, number: str) -> list[Line]:
        """What the access log tells a person: action, organisation, purpose, legal basis, fields."""
        async with self.city.work() as work:
            found = await work.session.execute(
                text(
                    "select action, organisation, purpose, legal_basis, fields from personal_access"
                    " where person = :p order by at, id"
                ),
                {"p": f"person:{self.persons[number]}"},
            )
            return [(one[0].split()[0], *one[1:4], [name.removeprefix(f"{CODE}/") for name in one[4]]) for one in found]


@pytest.fixture
async def register(city: ServiceUnderTest) -> Register:
    made = Register(city)
    await made.fill()
    return made


class TestQuery:
    async def test_tells_each_person_once_for_what_and_on_what_basis(self, register: Register) -> None:
        await register.grant(columns=["record", "income"])
        answer = await register.ask()
        assert answer.json()["items"][0] == {"record": "1", "income": 10}
        line = ("数据服务查询", HOUSING, PURPOSE, BASIS, ["income", "record"])
        assert (await register.told(LI), await register.told(WANG)) == ([line], [line])

    async def test_names_a_column_with_its_resource(self, register: Register) -> None:
        await register.ask(register.civil, select="income", limit="1")
        async with register.city.work() as work:
            fields = await work.session.scalar(text("select fields from personal_access"))
        assert fields == [f"{CODE}/income"]

    async def test_tells_nobody_of_rows_that_were_not_shown(self, register: Register) -> None:
        await register.grant(columns=["record", "income"], row_filter="district=eq.131102")
        await register.ask()
        assert await register.told(WANG) == []

    async def test_tells_nobody_beyond_the_page(self, register: Register) -> None:
        await register.grant()
        first = (await register.ask(limit="1")).json()
        assert (len(await register.told(LI)), await register.told(WANG)) == (1, [])
        await register.ask(limit="2", after=first["next"])
        assert (len(await register.told(LI)), len(await register.told(WANG))) == (2, 1)

    async def test_of_the_source_department_itself_is_told_too(self, register: Register) -> None:
        await register.ask(register.civil, id_number=f"eq.{LI}", select="income")
        ((action, organisation, _, basis, fields),) = await register.told(LI)
        assert (action, organisation, basis, fields) == ("数据服务查询", CIVIL, None, ["income"])
        assert await register.told(WANG) == []

    async def test_of_rows_that_lie_open_tells_the_same(self, register: Register) -> None:
        async with register.city.work() as work:
            dataset = await Datasets(work).need(CODE)
            assert (dataset.shape.has_sealed_key, len(dataset.shape.sealed)) == (False, 1)
            assert await Resealing(work).apply(dataset, SHAPE) == 5
        await register.ask(register.civil, select="income")
        assert (len(await register.told(LI)), len(await register.told(WANG))) == (1, 1)

    async def test_that_is_refused_tells_nobody(self, register: Register) -> None:
        assert (await register.ask()).status_code == 403
        await register.grant(columns=["record"])
        assert (await register.ask(income="gt.1")).status_code == 422
        assert await register.told(LI) == []


class TestWords:
    """What the line calls things: as on the day of the read, whatever they are called later."""

    async def words(self, register: Register, number: str = LI) -> list[dict[str, Any]]:
        async with register.city.work() as work:
            found = await work.session.execute(
                text("select words, actor_name from personal_access where person = :p order by at, id"),
                {"p": f"person:{register.persons[number]}"},
            )
            return [row.words | {"reader": row.actor_name} for row in found]

    async def test_of_rows_are_the_catalogue_s_on_that_day(self, register: Register) -> None:
        grant = await register.grant(columns=["record", "income"])
        clerk = register.city.token(
            ["data-hub.services.query"], department=HOUSING, department_name="衡水市住房和城乡建设局",
            post_name="公租房科科员", name="郑*", subject=str(new_id()),
        )  # fmt: skip
        await register.ask(clerk)
        async with register.city.work() as work:
            await work.session.execute(text("update resource set name = '收入总表' where code = :c"), {"c": CODE})
        (said,) = await self.words(register)
        assert said == {
            "organisation": "衡水市住房和城乡建设局", "post": "公租房科科员", "reader": "郑*", "record": "居民收入登记",
            "matter": f"数据共享授权 Data-sharing grant {grant}",
            "fields": {f"{CODE}/record": "编号", f"{CODE}/income": "收入"},
        }  # fmt: skip

    async def test_of_a_key_are_its_name_and_its_department_s(self, register: Register) -> None:
        grant = await register.grant(columns=["income"])
        body = {"name": "公租房审核系统", "resource": CODE, "grant_id": grant}
        made = await register.post("/services/keys", body, register.partner)
        await register.ask({"X-Api-Key": made["key"]})
        (said,) = await self.words(register)
        assert (said["organisation"], said["reader"]) == ("住建局", "公租房审核系统")

    async def test_of_a_file_name_who_asked_for_it(self, register: Register) -> None:
        grant = await register.grant(columns=["record"])
        clerk = register.city.token(
            ["data-hub.sharing.apply"], department=HOUSING, department_name="衡水市住建局", post_name="科员",
            name="郑*", subject=str(new_id()),
        )  # fmt: skip
        await register.post(f"/sharing/grants/{grant}/files", {"format": "csv"}, clerk)
        await register.city.drain()
        (said,) = await self.words(register)
        assert (said["organisation"], said["post"], said["reader"]) == ("衡水市住建局", "科员", "郑*")


class TestGroups:
    async def test_of_few_persons_tell_them(self, register: Register) -> None:
        await register.ask(register.civil, select="district,max(income)", district="eq.131102")
        assert (len(await register.told(LI)), await register.told(WANG)) == (1, [])

    async def test_of_many_are_statistics(self, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("data_hub.services.compiler.FEW", 1)
        await register.ask(register.civil, select="district,max(income)")
        assert (len(await register.told(LI)), await register.told(WANG)) == (1, [])

    async def test_cannot_give_the_least_number(self, register: Register) -> None:
        answer = await register.ask(register.civil, select="min(id_number)")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "type-mismatch")


class TestFiles:
    @pytest.mark.parametrize("at_once", [1, 2000])
    async def test_of_a_data_service_tell_each_person_once(
        self, register: Register, monkeypatch: pytest.MonkeyPatch, at_once: int
    ) -> None:
        monkeypatch.setattr(person_reads, "AT_ONCE", at_once)
        grant = await register.grant()
        body = {"question": "select=record", "format": "csv", "grant_id": grant}
        await register.post(f"/services/{CODE}/exports", body, register.housing)
        await register.city.drain()
        assert await register.told(LI) == [("数据服务导出", HOUSING, PURPOSE, BASIS, ["record"])]
        assert len(await register.told(WANG)) == 1

    @pytest.mark.parametrize("kind", ["csv", "ndjson"])
    async def test_under_a_grant_tell_each_person_once(self, register: Register, kind: str) -> None:
        grant = await register.grant(columns=["record", "district"])
        made = await register.post(f"/sharing/grants/{grant}/files", {"format": kind}, register.housing)
        assert await register.told(LI) == []
        await register.city.drain()
        content = await register.city.client.get(f"{HUB}/sharing/files/{made['id']}/content", headers=register.housing)
        assert (content.status_code, LI in content.text, "131103" in content.text) == (200, False, True)
        assert await register.told(LI) == [("共享文件", HOUSING, PURPOSE, BASIS, ["district", "record"])]
        assert len(await register.told(WANG)) == 1

    async def test_that_are_too_long_for_the_quota_tell_nobody(self, register: Register) -> None:
        grant = await register.grant()
        async with register.city.work() as work:
            await work.session.execute(
                text("update sharing_grant set daily_quota_rows = 2 where id = cast(:g as uuid)"), {"g": grant}
            )
        await register.post(f"/sharing/grants/{grant}/files", {"format": "csv"}, register.housing)
        await register.city.drain()
        assert await register.told(LI) == []


class TestSubscriptions:
    async def test_tell_whose_rows_were_handed_over(self, register: Register) -> None:
        grant = await register.grant(columns=["record"])
        made = await register.post(f"/sharing/grants/{grant}/subscriptions", {"name": "审核"}, register.housing)
        path = f"{HUB}/sharing/subscriptions/{made['id']}/changes"
        answer = await register.city.client.get(path, params={"limit": 2}, headers=register.housing)
        assert answer.json()["items"] == [{"record": "1"}, {"record": "2"}]
        assert await register.told(LI) == [("订阅取数", HOUSING, PURPOSE, BASIS, ["record"])]
        assert await register.told(WANG) == []
