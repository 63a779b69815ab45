"""谁看过我的数据 in words: who, what, why, when; who reads often hides nobody; a file leaves nothing out."""

import csv
import io
import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from citizen_pass.identity.repository import open_account
from citizen_pass.identity.schemas import AccountDraft
from citizen_pass.identity.service import Accounts
from citykit.testing import at

PRIVACY, PAGES = "/api/citizen-pass/v1/privacy", "/api/citizen-pass/pages"
NEIGHBOURS = ("data-hub", "gov-collab", "city-ops", "enterprise")
PERSON = UUID("01890000-0000-7000-8000-00000000abcd")
POLICE, CIVIL = "11131100MB0H00049H", "11131100MB0H00030L"
SPOKEN = {
    "id": str(uuid4()), "logtime": "2026-11-24T01:30:00.000Z", "action": "数据服务查询 Rows read",
    "receiver_code": f"sub:{uuid4()}", "receiver_name": "韩*", "receiver_organisation": CIVIL,
    "receiver_organisation_name": "衡水市民政局", "receiver_post": "救助科科员", "on_behalf_of": None,
    "purpose": "低保资格审核", "legal_basis": "《社会救助暂行办法》", "record": "车辆登记信息 Vehicles",
    "matter": "数据共享授权 Data-sharing grant 7", "fields": ["203001-000019/plate", "203001-000019/value"],
    "field_words": {"203001-000019/plate": "车牌号 Plate", "203001-000019/value": "评估价值 Value"},
}  # fmt: skip
# As it was kept before lines had words.
CODED = {
    "id": str(uuid4()), "logtime": "2026-11-23T08:00:00.000+08:00", "action": "查看人口库记录 Read a registry record",
    "receiver_code": f"sub:{uuid4()}", "receiver_name": None, "receiver_organisation": POLICE, "on_behalf_of": None,
    "purpose": "户口登记管理", "legal_basis": None, "fields": ["id_number", "203001-000019/plate"],
}  # fmt: skip
BY_ITSELF = CODED | {
    "id": str(uuid4()), "receiver_code": "service:enterprise", "receiver_organisation": None,
    "logtime": "2026-11-22T08:00:00.000+08:00", "fields": ["name"],
}  # fmt: skip


class Neighbours:
    """The other services, each with the reads that it knows; they answer as the kernel does."""

    def __init__(self, city, **known):
        self.city, self.known = city, known
        for name in NEIGHBOURS:
            base = f"http://mesh.test/internal/{name}/v1/usage"
            city.neighbours.get(base).mock(side_effect=lambda request, name=name: self.usages(name, request.url.params))
            city.neighbours.get(f"{base}/readers").mock(
                side_effect=lambda request, name=name: self.readers(name, request.url.params)
            )

    def which(self, name, asked):
        """The reads of a service that a question means, newest first."""
        named = (("organisation", "receiver_organisation"), ("receiver", "receiver_code"), ("usage", "id"))
        found = self.known.get(name.replace("-", "_"), [])
        return [one for one in found if all(asked.get(word) in {None, one.get(field)} for word, field in named)]

    def usages(self, name, asked):
        found, first = self.which(name, asked), int(asked.get("offset", 0))
        page = found[first : first + int(asked["limit"])]
        return httpx.Response(200, json={"total_usages": len(found), "usages": page})

    def readers(self, name, asked):
        found = {}
        for one in self.which(name, asked):
            office = one["receiver_organisation"]
            found.setdefault((office, None if office else one["receiver_code"]), []).append(one)
        told = [
            {
                "receiver_organisation": office, "receiver_code": code, "usages": len(some),
                "receiver_organisation_name": some[0].get("receiver_organisation_name"),
                "receiver_name": some[0]["receiver_name"], "first": some[-1]["logtime"], "last": some[0]["logtime"],
            }
            for (office, code), some in found.items()
        ]  # fmt: skip
        return httpx.Response(200, json={"readers": told})


@pytest.fixture
async def subject(city) -> UUID:
    city.clock.set(at("2026-11-24 10:00"))
    draft = AccountDraft(username="xiuying.li", password="correct horse battery")
    async with city.work() as work:
        account = await Accounts(work).register(draft, address="203.0.113.7")
        (await open_account(work.session, account.subject)).person = PERSON
    # gov-collab tells who serves where: what a department is called is known from then on.
    office = {
        "appointment_id": str(uuid4()), "subject": str(uuid4()), "department_code": POLICE,
        "department_name": "衡水市公安局", "post_code": "p", "post_name": "户籍民警", "scopes": [],
        "valid_from": "2026-01-01T00:00:00+08:00",
    }  # fmt: skip
    told = await city.deliver("cn.hengshui.gov-collab.appointment.made.v1", office, source="gov-collab")
    assert told.status_code == 204
    return account.subject


@pytest.fixture
def ask(city, subject):
    async def get(path, **query):
        headers = city.token(["citizen-pass.privacy.read"], subject=str(subject))
        return await city.client.get(f"{PRIVACY}{path}", params=query, headers=headers)

    return get


@pytest.fixture
async def browser(city, subject):
    form = await city.client.get(f"{PAGES}/sign-in")
    token = re.search(r'name="form_token" value="([^"]+)"', form.text).group(1)
    signed = {"form_token": token, "username": "xiuying.li", "password": "correct horse battery"}
    assert (await city.client.post(f"{PAGES}/sign-in", data=signed)).status_code == 303
    return city.client


class TestLine:
    async def test_says_its_words_beside_its_codes(self, city, ask):
        Neighbours(city, data_hub=[SPOKEN])
        (line,) = (await ask("/usages")).json()["items"]
        assert (line["receiver_organisation"], line["receiver_organisation_name"]) == (CIVIL, "衡水市民政局")
        assert (line["receiver_post"], line["receiver_said"], line["service_name"]) == (
            "救助科科员",
            "韩*",
            "大数据中心 Data hub",
        )
        assert (line["record"], line["matter"]) == (SPOKEN["record"], SPOKEN["matter"])
        assert (line["fields"], line["field_words"]) == (SPOKEN["fields"], SPOKEN["field_words"])

    async def test_of_former_days_is_told_by_what_is_known_of_its_codes(self, city, ask):
        Neighbours(city, data_hub=[CODED, BY_ITSELF])
        coded, alone = (await ask("/usages")).json()["items"]
        assert (coded["receiver_organisation_name"], coded["receiver_said"]) == (
            "衡水市公安局",
            "工作人员 A member of staff",
        )
        assert coded["field_words"] == {"id_number": "公民身份号码 Citizen number"}
        assert alone["receiver_said"] == "企业融合服务 Enterprise services"

    async def test_keeps_the_name_of_its_day(self, city, ask):
        former = CODED | {"receiver_organisation_name": "衡水市公安处"}
        Neighbours(city, data_hub=[former])
        (line,) = (await ask("/usages")).json()["items"]
        assert line["receiver_organisation_name"] == "衡水市公安处"

    async def test_that_was_questioned_keeps_its_words(self, city, ask, subject):
        Neighbours(city, data_hub=[CODED] * 1200 + [SPOKEN])  # the oldest of more than one page
        path = f"{PRIVACY}/usages/data-hub/{SPOKEN['id']}/questions"
        headers = city.token(["citizen-pass.privacy.read"], subject=str(subject))
        asked = await city.client.post(path, json={"text": "为什么？"}, headers=headers)
        assert asked.status_code == 201, asked.text
        (kept,) = (await ask("/questions")).json()["items"]
        assert (kept["usage"]["record"], kept["usage"]["receiver_post"]) == (SPOKEN["record"], "救助科科员")


class TestReaders:
    async def test_are_one_entry_each_over_all_services(self, city, ask):
        often = [CODED | {"id": str(uuid4())} for _ in range(1500)]
        Neighbours(city, data_hub=[SPOKEN, *often], gov_collab=[SPOKEN | {"logtime": "2026-11-24T02:00:00.000Z"}])
        found = (await ask("/readers")).json()
        told = [(one["receiver_organisation_name"], one["usages"], one["services"]) for one in found["items"]]
        assert told == [("衡水市民政局", 2, ["data-hub", "gov-collab"]), ("衡水市公安局", 1500, ["data-hub"])]
        assert found["silent"] == []

    async def test_may_be_looked_at_one_by_one(self, city, ask):
        often = [CODED | {"id": str(uuid4())} for _ in range(1500)]
        Neighbours(city, data_hub=[*often, SPOKEN, BY_ITSELF])
        found = (await ask("/usages", organisation=CIVIL)).json()
        assert (found["total"], [line["id"] for line in found["items"]]) == (1, [SPOKEN["id"]])
        found = (await ask("/usages", receiver="service:enterprise")).json()
        assert [line["id"] for line in found["items"]] == [BY_ITSELF["id"]]

    async def test_of_a_silent_service_are_missed_by_name(self, city, ask):
        Neighbours(city)
        city.neighbours.get("http://mesh.test/internal/city-ops/v1/usage/readers").respond(403, json={})
        assert (await ask("/readers")).json()["silent"] == ["city-ops"]


class TestFile:
    async def test_holds_every_read_however_many(self, city, ask):
        first = at("2026-11-24 09:00")
        many = [
            CODED | {"id": str(uuid4()), "logtime": (first - timedelta(minutes=n)).isoformat()} for n in range(2500)
        ]
        Neighbours(city, data_hub=many, enterprise=[SPOKEN])
        file = (await ask("/usages/file", format="json")).json()
        assert (file["total"], len({line["id"] for line in file["items"]})) == (2501, 2501)
        assert file["items"][0]["id"] == SPOKEN["id"]
        rows = list(csv.reader(io.StringIO((await ask("/usages/file")).content.decode("utf-8-sig"))))
        assert len(rows) == 2502

    async def test_is_read_by_people_and_run_by_no_spreadsheet(self, city, ask):
        Neighbours(city, data_hub=[SPOKEN | {"purpose": '=HYPERLINK("http://x")'}])
        answer = await ask("/usages/file", format="csv")
        assert answer.headers["content-disposition"].startswith("attachment")
        header, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        told = dict(zip(header, row, strict=True))
        assert told["时间 Time"] == "2026-11-24T09:30:00+08:00"
        assert (told["单位 Organisation"], told["单位代码 Organisation code"]) == ("衡水市民政局", CIVIL)
        assert told["字段 Fields"] == "车牌号 Plate；评估价值 Value"
        assert told["字段代码 Field codes"] == "203001-000019/plate 203001-000019/value"
        assert told["目的 Purpose"].startswith("'=")

    async def test_is_whole_or_is_not_there(self, city, ask):
        Neighbours(city, data_hub=[SPOKEN])
        city.neighbours.get("http://mesh.test/internal/city-ops/v1/usage").respond(403, json={})
        refused = await ask("/usages/file")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/neighbour-unavailable")

    async def test_of_too_many_asks_for_a_shorter_period(self, city, ask, monkeypatch):
        monkeypatch.setattr("citizen_pass.privacy.gathering.MOST", 2000)
        Neighbours(city, data_hub=[CODED | {"id": str(uuid4())} for _ in range(2001)])
        assert (await ask("/usages/file")).json()["type"] == "/problems/too-many-usages"
        assert (await ask("/usages/file", organisation=CIVIL, format="json")).json()["total"] == 0

    async def test_is_for_the_person_alone(self, city, subject):
        for path in ("/usages/file", "/readers"):
            assert (await city.client.get(f"{PRIVACY}{path}")).status_code == 401
            headers = city.token(subject=str(subject))
            assert (await city.client.get(f"{PRIVACY}{path}", headers=headers)).status_code == 403


class TestPage:
    async def test_says_who_what_why_when_and_through_which_matter(self, city, browser):
        Neighbours(city, data_hub=[SPOKEN])
        page = (await browser.get(f"{PAGES}/privacy")).text
        said = (
            "衡水市民政局",
            "救助科科员 韩*",
            "车辆登记信息 Vehicles",
            "车牌号 Plate、评估价值 Value",
            "低保资格审核",
        )
        for words in (*said, "《社会救助暂行办法》", "Data-sharing grant 7", "2026-11-24 09:30", "大数据中心"):
            assert words in page
        for code in ("203001-000019/plate", SPOKEN["receiver_code"], "data-hub<"):
            assert code not in page

    async def test_says_whether_she_asked_herself(self, city, browser, subject):
        other = BY_ITSELF | {"id": str(uuid4()), "on_behalf_of": str(uuid4())}
        Neighbours(city, data_hub=[BY_ITSELF | {"on_behalf_of": str(subject)}, other])
        page = (await browser.get(f"{PAGES}/privacy")).text
        assert (page.count("<dd>您本人</dd>"), page.count("<dd>另一位用户</dd>")) == (1, 1)

    async def test_shows_who_read_seldom_beside_who_read_often(self, city, browser):
        often = [CODED | {"id": str(uuid4())} for _ in range(1500)]
        Neighbours(city, data_hub=[*often, SPOKEN])
        page = (await browser.get(f"{PAGES}/privacy")).text
        assert "1500 次" in page
        link = re.search(rf'href="([^"]+organisation={CIVIL})">衡水市民政局', page).group(1)
        chosen = (await browser.get(link.replace("&amp;", "&"))).text
        assert (chosen.count("质疑这次访问"), "救助科科员" in chosen) == (1, True)

    async def test_keeps_days_and_reader_in_its_links(self, city, browser):
        mesh = Neighbours(city, data_hub=[CODED | {"id": str(uuid4())} for _ in range(45)])
        page = (await browser.get(f"{PAGES}/privacy?from=2026-11-01&to=2026-11-30&organisation={POLICE}")).text
        for link in ("offset=20", "format=json"):
            address = re.search(rf'href="([^"]*{link})"', page).group(1)
            assert "from=2026-11-01&amp;to=2026-11-30" in address
            assert f"organisation={POLICE}" in address
        asked = mesh.city.neighbours.calls[0].request.url.params
        assert (asked["period_start"], asked["period_end"]) == (
            "2026-10-31T16:00:00+00:00",
            "2026-11-30T16:00:00+00:00",
        )

    async def test_says_which_reader_was_chosen_and_how_to_see_all(self, city, browser):
        Neighbours(city, data_hub=[SPOKEN, CODED])
        page = (await browser.get(f"{PAGES}/privacy?from=2026-11-01&organisation={CIVIL}")).text
        assert '只看：<strong>衡水市民政局</strong> <a class="touch" href="/api/citizen-pass/pages/privacy?from' in page
        assert "只看" not in (await browser.get(f"{PAGES}/privacy?from=2026-11-01")).text

    async def test_takes_days_in_the_wrong_order_for_what_they_mean(self, city, browser):
        Neighbours(city, data_hub=[SPOKEN])
        page = (await browser.get(f"{PAGES}/privacy?from=2026-11-30&to=2026-11-01")).text
        assert 'name="from" type="date" value="2026-11-01"' in page
        assert 'name="to" type="date" value="2026-11-30"' in page

    async def test_tells_nobody_from_nobody_in_those_days(self, city, browser):
        Neighbours(city)
        assert "所选范围内没有记录" not in (await browser.get(f"{PAGES}/privacy")).text
        page = (await browser.get(f"{PAGES}/privacy?from=2026-11-01")).text
        assert "所选范围内没有记录" in page
        assert 'href="/api/citizen-pass/pages/privacy">查看全部记录' in page

    async def test_names_an_office_without_a_name_by_its_code_and_says_so(self, city, browser):
        Neighbours(city, data_hub=[SPOKEN | {"receiver_organisation_name": None}])
        page = (await browser.get(f"{PAGES}/privacy")).text
        assert page.count(f"<strong>单位代码 Code {CIVIL}</strong>") == 1

    async def test_tells_questions_apart_for_who_hears_the_page(self, city, browser):
        Neighbours(city, data_hub=[SPOKEN, CODED])
        page = (await browser.get(f"{PAGES}/privacy")).text
        assert '质疑这次访问<span class="unseen"> 2026-11-24 09:30 衡水市民政局</span>' in page

    @pytest.mark.parametrize(
        "query", ["from=2026-13-01", "to=x", "from=0001-01-01", "organisation=%00", 'receiver="><script>', "offset=-1"]
    )
    async def test_asks_for_nothing_that_is_no_day_and_no_code(self, city, browser, query):
        Neighbours(city, data_hub=[SPOKEN])
        page = await browser.get(f"{PAGES}/privacy?{query}")
        assert page.status_code == 200
        assert "<script>" not in page.text

    async def test_gives_the_file(self, city, browser):
        Neighbours(city, data_hub=[SPOKEN, CODED])
        file = await browser.get(f"{PAGES}/privacy/file")
        assert (file.headers["content-type"], file.text.count("\r\n")) == ("text/csv; charset=utf-8", 3)
        assert (await browser.get(f"{PAGES}/privacy/file?format=json&organisation={POLICE}")).json()["total"] == 1
        city.neighbours.get("http://mesh.test/internal/city-ops/v1/usage").respond(403, json={})
        refused = await browser.get(f"{PAGES}/privacy/file")
        assert (refused.status_code, "text/html" in refused.headers["content-type"]) == (503, True)
        assert "文件未能生成：" in refused.text
