"""Micro-apps over HTTP: from registration to the page that citizens open, and off again."""

import asyncio
import hashlib
import io
import zipfile
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from citykit.testing import ServiceUnderTest
from data_hub.micro_apps.models import VersionRow

APPS = "/api/data-hub/v1/micro-apps"
SITES = "/api/data-hub/apps"
APP = "cn.hengshui.parks"
FILES = {"index.html": "<!doctype html><title>公园</title>".encode(), "app.js": b"console.log(1)"}
URBAN, ECOLOGY = "11131100MB0H00022R", "11131100MB0H00030L"
DEVELOPER, REVIEWER = "01890000-0000-7000-8000-00000000aa01", "01890000-0000-7000-8000-00000000aa02"


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def manifest(code: int = 1, files: dict[str, bytes] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "version_code": code, "version_name": f"{code}.0", "pages": ["index.html"], "changes": "首版",
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in (files or FILES).items()},
        "scopes": ["city-ops.cases.report"], "redirect_uris": ["https://parks.example/back"],
    } | more  # fmt: skip


class Desk:
    """A developer's and a reviewer's hands."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        register, review = "data-hub.micro-apps.register", "data-hub.micro-apps.review"
        self.developer = city.token(scopes=[register], subject=DEVELOPER, department=URBAN)
        self.reviewer = city.token(scopes=[review], subject=REVIEWER, department="11131100MB0H00014Y")
        self.other = city.token(scopes=[register], department=ECOLOGY)
        self.both = city.token(scopes=[register, review], subject=DEVELOPER, department=URBAN)

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.city.client.post(f"{APPS}{path}", json=body, headers=headers or self.developer)

    async def register(self) -> httpx.Response:
        return await self.post("", {
            "app_id": APP, "name_zh": "公园地图", "name_en": "Parks", "summary": "身边的公园",
            "department_name": "城管局", "contact": "0318-0000000",
        })  # fmt: skip

    async def upload(self, code: int, files: dict[str, bytes], headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.city.client.post(
            f"{APPS}/{APP}/versions/{code}/bundles", files={"bundle": ("app.zip", zipped(files), "application/zip")},
            headers=headers or self.developer,
        )  # fmt: skip

    async def sent_in(self, code: int = 1, files: dict[str, bytes] = FILES, **more: Any) -> None:
        made = await self.post(f"/{APP}/versions", manifest(code, files, **more))
        assert made.status_code == 201, made.text
        assert (await self.upload(code, files)).status_code == 200
        assert (await self.post(f"/{APP}/versions/{code}/submissions", None)).status_code == 200

    async def approve(self, code: int = 1, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        body = {"scopes": ["city-ops.cases.report"], "note": "同意"} | more
        return await self.post(f"/{APP}/versions/{code}/approvals", body, headers or self.reviewer)

    async def seen(self) -> dict[str, Any]:
        """The app as its reviewer sees it."""
        return dict((await self.city.client.get(f"{APPS}/{APP}", headers=self.reviewer)).json())

    async def page(self, path: str = "", **headers: str) -> httpx.Response:
        return await self.city.client.get(f"{SITES}/{APP}/{path}", headers=headers)


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


@pytest.fixture
async def live(desk: Desk) -> Desk:
    await desk.register()
    await desk.sent_in()
    assert (await desk.approve()).status_code == 200
    return desk


class TestRegistering:
    async def test_an_app_once(self, desk: Desk) -> None:
        made = (await desk.register()).json()
        assert (made["state"], made["client_id"]) == ("draft", "app-cn-hengshui-parks")
        assert (await desk.register()).json()["type"].endswith("app-exists")

    async def test_two_at_once_make_one(self, desk: Desk) -> None:
        answers = await asyncio.gather(desk.register(), desk.register())
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    async def test_another_department_does_not_see_it(self, desk: Desk) -> None:
        await desk.register()
        assert (await desk.city.client.get(f"{APPS}/{APP}", headers=desk.other)).status_code == 404
        assert (await desk.city.client.get(APPS, headers=desk.other)).json()["items"] == []
        assert (await desk.post(f"/{APP}/versions", manifest(), desk.other)).status_code == 404


class TestVersions:
    async def test_rise(self, live: Desk) -> None:
        answer = await live.post(f"/{APP}/versions", manifest(1))
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "version-not-rising")

    async def test_with_a_wrong_manifest_are_refused(self, desk: Desk) -> None:
        await desk.register()
        answer = await desk.post(f"/{APP}/versions", manifest(files={"app.js": b""}))
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {"/body/files", "/body/pages/index.html"}

    @pytest.mark.parametrize("scope", ["foo.bar.baz", "data-hub.registries.disclose"])
    async def test_that_ask_for_what_no_app_may_have_are_told_what_one_may(self, desk: Desk, scope: str) -> None:
        await desk.register()
        answer = await desk.post(f"/{APP}/versions", manifest(scopes=["city-ops.cases.report", scope]))
        told = answer.json()
        assert (answer.status_code, told["type"].rpartition("/")[2]) == (422, "manifest-fault")
        assert [error["pointer"] for error in told["errors"]] == ["/body/scopes/1"]
        assert told["detail"].startswith("应用可申请的权限:")
        assert "data-hub.licences.hold" in told["detail"]

    @pytest.mark.parametrize("uri", ["javascript:alert(1)", "http://evil.example/cb", "https://parks.example/cb#frag"])
    async def test_that_send_people_where_no_client_may_are_refused(self, desk: Desk, uri: str) -> None:
        await desk.register()
        answer = await desk.post(f"/{APP}/versions", manifest(redirect_uris=["https://parks.example/back", uri]))
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/redirect_uris/1"]

    async def test_may_send_people_back_to_the_citys_own_host(self, desk: Desk) -> None:
        await desk.register()
        own = f"{desk.city.settings.public_url.rstrip('/')}/parks"
        assert (await desk.post(f"/{APP}/versions", manifest(redirect_uris=[own]))).status_code == 201

    async def test_without_files_are_not_sent_in(self, desk: Desk) -> None:
        await desk.register()
        await desk.post(f"/{APP}/versions", manifest())
        assert (await desk.post(f"/{APP}/versions/1/submissions", None)).status_code == 409

    async def test_whose_files_differ_are_refused_and_nothing_is_kept(self, desk: Desk) -> None:
        await desk.register()
        await desk.post(f"/{APP}/versions", manifest())
        answer = await desk.upload(1, FILES | {"app.js": b"console.log(2)"})
        assert answer.json()["type"].endswith("bundle-fault")
        versions = (await desk.city.client.get(f"{APPS}/{APP}/versions", headers=desk.developer)).json()
        assert versions[0]["uploaded"] == []

    async def test_keep_their_files_once_sent_in(self, live: Desk) -> None:
        assert (await live.upload(1, FILES)).status_code == 409


class TestPrograms:
    """A build machine may make and upload; that somebody answers for a version, and who, is said by people."""

    @staticmethod
    def program(city: ServiceUnderTest, scope: str) -> dict[str, str]:
        return city.token(scopes=[scope], subject="ci-robot", kind="client", client_id="ci-robot", department=URBAN)

    async def test_make_and_upload_versions_and_do_not_send_them_in(self, desk: Desk) -> None:
        robot = self.program(desk.city, "data-hub.micro-apps.register")
        await desk.register()
        assert (await desk.post(f"/{APP}/versions", manifest(), robot)).status_code == 201
        assert (await desk.upload(1, FILES, robot)).status_code == 200
        assert (await desk.post(f"/{APP}/versions/1/submissions", None, robot)).status_code == 403
        assert (await desk.post(f"/{APP}/versions/1/submissions", None)).status_code == 200

    async def test_decide_nothing(self, desk: Desk) -> None:
        robot = self.program(desk.city, "data-hub.micro-apps.review")
        await desk.register()
        await desk.sent_in()
        assert (await desk.approve(headers=robot)).status_code == 403
        assert (await desk.post(f"/{APP}/versions/1/returns", {"reason": "缺少说明"}, robot)).status_code == 403
        assert (await desk.approve()).status_code == 200


class TestReview:
    async def test_publishes_with_what_was_granted(self, live: Desk) -> None:
        app = (await live.city.client.get(f"{APPS}/{APP}", headers=live.reviewer)).json()
        assert (app["state"], app["version_code"], app["scopes"]) == ("published", 1, ["city-ops.cases.report"])
        event = (await live.city.events())[-1]
        assert event.type == "cn.hengshui.data-hub.micro-app.published.v1"
        frame = f"{live.city.settings.public_url.rstrip('/')}{SITES}/-/run/{APP}"
        assert event.data["redirect_uris"] == [frame, "https://parks.example/back"]

    async def test_is_another_persons(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in()
        answer = await desk.approve(headers=desk.both)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "own-submission")

    async def test_grants_nothing_that_was_not_asked_for(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in()
        answer = await desk.approve(scopes=["data-hub.registries.disclose"])
        assert answer.json()["type"].endswith("manifest-fault")

    async def test_grants_a_part_of_what_was_asked_for(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in(scopes=["city-ops.cases.report", "data-hub.licences.hold"])
        granted = (await desk.approve()).json()["granted_scopes"]
        assert (granted, (await desk.seen())["scopes"]) == (["city-ops.cases.report"], ["city-ops.cases.report"])
        assert (await desk.city.events())[-1].data["scopes"] == ["city-ops.cases.report"]

    async def test_asks_the_rules_again_of_what_was_made_before_they_were(self, desk: Desk) -> None:
        await desk.register()
        await desk.post(f"/{APP}/versions", manifest())
        await desk.upload(1, FILES)
        await self.made_before(desk, ["data-hub.registries.disclose"])
        submission = f"/{APP}/versions/1/submissions"
        assert (await desk.post(submission, None)).json()["type"].endswith("manifest-fault")
        await self.made_before(desk, ["city-ops.cases.report"])
        assert (await desk.post(submission, None)).status_code == 200
        await self.made_before(desk, ["data-hub.registries.disclose"])
        refused = await desk.approve(scopes=["data-hub.registries.disclose"])
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "manifest-fault")
        assert (await desk.seen())["state"] == "draft"

    @staticmethod
    async def made_before(desk: Desk, scopes: list[str]) -> None:
        async with desk.city.work() as work:
            row = (await work.session.scalars(select(VersionRow))).one()
            row.manifest = row.manifest | {"scopes": scopes}

    async def test_can_return_a_version_which_is_mended_and_sent_in_again(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in()
        back = await desk.post(f"/{APP}/versions/1/returns", {"reason": "缺少说明"}, desk.reviewer)
        assert (back.json()["state"], back.json()["decision"]) == ("returned", "缺少说明")
        assert (await desk.upload(1, FILES)).status_code == 200
        assert (await desk.post(f"/{APP}/versions/1/submissions", None)).status_code == 200
        assert (await desk.approve()).status_code == 200

    async def test_two_decisions_at_once_are_one(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in()
        back = desk.post(f"/{APP}/versions/1/returns", {"reason": "退"}, desk.reviewer)
        answers = await asyncio.gather(desk.approve(), back)
        assert sorted(answer.status_code for answer in answers) == [200, 409]


class TestThePage:
    async def test_is_not_there_before_the_review(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in()
        assert (await desk.page()).status_code == 404

    async def test_is_served_in_a_sandbox(self, live: Desk) -> None:
        page = await live.page()
        assert (page.content, page.headers["content-type"]) == (FILES["index.html"], "text/html; charset=utf-8")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts ")
        assert "allow-same-origin" not in policy

    async def test_is_not_sent_twice(self, live: Desk) -> None:
        first = await live.page("app.js")
        again = await live.page("app.js", **{"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("path", ["nothing.js", "..%2f..%2fmain.py", "index.html%00", "%2e%2e/index.html"])
    async def test_has_nothing_beside_its_files(self, live: Desk, path: str) -> None:
        assert (await live.page(path)).status_code in {404, 422}

    async def test_goes_back_to_an_earlier_version(self, live: Desk) -> None:
        second = FILES | {"index.html": b"<!doctype html><title>2</title>"}
        await live.sent_in(2, second)
        assert (await live.page()).content == FILES["index.html"]
        await live.approve(2)
        assert (await live.page()).content == second["index.html"]
        back = await live.post(f"/{APP}/publications", {"version_code": 1}, live.reviewer)
        assert back.json()["version_code"] == 1
        assert (await live.page()).content == FILES["index.html"]


class TestTheFrame:
    """The page of the city's own that signs people in for an app with scopes."""

    async def test_shows_its_app_and_no_other_page(self, live: Desk) -> None:
        frame = await live.city.client.get(f"{SITES}/-/run/{APP}")
        page = f"{live.city.settings.public_url.rstrip('/')}{SITES}/{APP}/"
        policy = frame.headers["content-security-policy"]
        assert (frame.status_code, policy.endswith(f"; frame-src {page}")) == (200, True)
        assert "'unsafe-" not in policy
        assert 'sandbox="allow-scripts allow-popups allow-downloads"' in frame.text
        assert 'data-scopes="openid city-ops.cases.report"' in frame.text
        assert "frame-ancestors 'self'" in (await live.page()).headers["content-security-policy"]

    async def test_is_there_while_the_app_is(self, desk: Desk) -> None:
        async def status() -> int:
            return (await desk.city.client.get(f"{SITES}/-/run/{APP}")).status_code

        assert await status() == 404
        await desk.register()
        await desk.sent_in()
        assert await status() == 404
        await desk.approve()
        assert await status() == 200
        await desk.post(f"/{APP}/suspensions", {"reason": "整改"}, desk.reviewer)
        assert await status() == 410

    async def test_of_an_app_without_scopes_is_not_needed(self, desk: Desk) -> None:
        await desk.register()
        await desk.sent_in()
        await desk.approve(scopes=[])
        items = (await desk.city.client.get(f"{APPS}/store")).json()["items"]
        assert items[0]["address"] == f"{SITES}/{APP}/"
        assert (await desk.city.events())[-1].data["redirect_uris"] == ["https://parks.example/back"]

    async def test_has_a_script_of_its_own(self, desk: Desk) -> None:
        script = await desk.city.client.get(f"{SITES}/-/frame.js")
        assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")


class TestOvertakenVersions:
    async def test_do_not_take_the_app_back(self, live: Desk) -> None:
        for code in (2, 3, 4):
            await live.sent_in(code)
        assert (await live.post(f"/{APP}/versions/2/returns", {"reason": "缺少说明"}, live.reviewer)).status_code == 200
        assert (await live.approve(4)).status_code == 200
        late = await live.approve(3)
        assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (409, "app-state")
        assert (await live.upload(2, FILES)).status_code == 200
        assert (await live.post(f"/{APP}/versions/2/submissions", None)).status_code == 409
        versions = (await live.city.client.get(f"{APPS}/{APP}/versions", headers=live.developer)).json()
        assert {one["code"]: one["state"] for one in versions} == {
            1: "approved", 2: "draft", 3: "superseded", 4: "approved",
        }  # fmt: skip
        app = (await live.city.client.get(f"{APPS}/{APP}", headers=live.reviewer)).json()
        assert app["version_code"] == 4

    async def test_two_that_are_approved_at_once_leave_the_later_one_live(self, live: Desk) -> None:
        for code in (2, 3):
            await live.sent_in(code)
        answers = await asyncio.gather(live.approve(3), live.approve(2))
        assert answers[0].status_code == 200
        app = (await live.city.client.get(f"{APPS}/{APP}", headers=live.reviewer)).json()
        assert app["version_code"] == 3


class TestStopping:
    async def test_acts_on_the_next_request(self, live: Desk) -> None:
        assert (await live.post(f"/{APP}/suspensions", {"reason": "整改"}, live.reviewer)).status_code == 200
        gone = await live.page()
        assert (gone.status_code, gone.json()["type"].rpartition("/")[2]) == (410, "app-closed")
        assert (await live.city.client.get(f"{APPS}/store")).json()["items"] == []
        assert (await live.city.events())[-1].type == "cn.hengshui.data-hub.micro-app.stopped.v1"

    async def test_can_end(self, live: Desk) -> None:
        await live.post(f"/{APP}/suspensions", {"reason": "整改"}, live.reviewer)
        assert (await live.post(f"/{APP}/reinstatements", {"reason": "已整改"}, live.reviewer)).status_code == 200
        assert (await live.page()).status_code == 200

    async def test_ends_with_the_mended_version_and_never_shows_the_faulty_one_again(self, live: Desk) -> None:
        mended = FILES | {"index.html": b"<!doctype html><title>mended</title>"}
        await live.post(f"/{APP}/suspensions", {"reason": "安全漏洞"}, live.reviewer)
        await live.sent_in(2, mended)
        assert (await live.approve(2)).json()["state"] == "approved"
        waiting = await live.seen()
        assert (waiting["state"], waiting["version_code"], waiting["state_reason"]) == ("suspended", 1, "安全漏洞")
        assert (await live.page()).status_code == 410
        assert (await live.city.events())[-1].type == "cn.hengshui.data-hub.micro-app.stopped.v1"
        put = (await live.post(f"/{APP}/publications", {"version_code": 2}, live.reviewer)).json()
        assert (put["state"], put["version_code"], put["state_reason"]) == ("published", 2, None)
        assert (await live.page()).content == mended["index.html"]
        event = (await live.city.events())[-1]
        assert (event.type, event.data["version_code"]) == ("cn.hengshui.data-hub.micro-app.published.v1", 2)

    async def test_ends_with_the_version_that_the_reviewer_names(self, live: Desk) -> None:
        mended = FILES | {"index.html": b"<!doctype html><title>mended</title>"}
        await live.post(f"/{APP}/suspensions", {"reason": "安全漏洞"}, live.reviewer)
        await live.sent_in(2, mended)
        again = {"reason": "已整改", "version_code": 2}
        early = await live.post(f"/{APP}/reinstatements", again, live.reviewer)
        assert (early.status_code, early.json()["type"].rpartition("/")[2]) == (409, "app-state")
        nothing = await live.post(f"/{APP}/reinstatements", again | {"version_code": 9}, live.reviewer)
        assert nothing.status_code == 404
        await live.approve(2)
        back = (await live.post(f"/{APP}/reinstatements", again, live.reviewer)).json()
        assert (back["state"], back["version_code"], back["state_reason"]) == ("published", 2, "已整改")
        assert (await live.page()).content == mended["index.html"]

    async def test_for_good_is_for_good(self, live: Desk) -> None:
        await live.post(f"/{APP}/retirements", {"reason": "停用"}, live.reviewer)
        assert (await live.post(f"/{APP}/reinstatements", {"reason": "再来"}, live.reviewer)).status_code == 409
        assert (await live.post(f"/{APP}/versions", manifest(5))).status_code == 409


class TestTheStore:
    async def test_calls_an_app_as_its_reviewed_version_does(self, live: Desk) -> None:
        named: dict[str, Any] = {"name_zh": "公园与绿道", "contact": "0318-1111111"}
        await live.sent_in(2, **named)
        assert (await live.seen())["name_zh"] == "公园地图"
        await live.approve(2)
        (item,) = (await live.city.client.get(f"{APPS}/store")).json()["items"]
        assert {name: item[name] for name in named} == named
        assert item["name_en"] == "Parks"
        assert (await live.city.events())[-1].data["name_zh"] == "公园与绿道"

    async def test_says_what_an_app_uses_and_may_do_by_its_live_version(self, live: Desk) -> None:
        for code, used in ((2, ["203001-000001", "101001-000001"]), (3, [])):
            assert (await live.post(f"/{APP}/versions", manifest(code, resources=used))).status_code == 201
            assert (await live.upload(code, FILES)).status_code == 200
            assert (await live.post(f"/{APP}/versions/{code}/submissions", None)).status_code == 200
        assert (await live.approve(2, scopes=[])).status_code == 200
        (item,) = (await live.city.client.get(f"{APPS}/store")).json()["items"]
        assert (item["resources"], item["scopes"]) == (["203001-000001", "101001-000001"], [])
        page = (await live.city.client.get(f"{SITES}/")).text
        assert "203001-000001" in page
        assert "无需登录" in page

    async def test_shows_what_runs(self, live: Desk) -> None:
        items = (await live.city.client.get(f"{APPS}/store")).json()["items"]
        assert [(item["name_zh"], item["address"]) for item in items] == [("公园地图", f"{SITES}/-/run/{APP}")]

    async def test_is_a_page_too(self, live: Desk) -> None:
        page = await live.city.client.get(f"{SITES}/")
        assert f'<a href="{SITES}/-/run/{APP}">公园地图' in page.text

    async def test_shows_names_as_text(self, desk: Desk) -> None:
        await desk.post("", {
            "app_id": APP, "name_zh": "<script>alert(1)</script>", "name_en": "x", "summary": "x",
            "department_name": "x", "contact": "x",
        })  # fmt: skip
        await desk.sent_in()
        await desk.approve()
        assert "<script>alert" not in (await desk.city.client.get(f"{SITES}/")).text
