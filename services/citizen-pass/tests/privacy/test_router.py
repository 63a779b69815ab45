"""谁看过我的数据 over HTTP and as a page."""

import re
from datetime import datetime
from uuid import UUID, uuid4

import httpx
import pytest

from citizen_pass.identity.repository import open_account
from citizen_pass.identity.schemas import AccountDraft
from citizen_pass.identity.service import Accounts
from citykit.actors import Actor, ActorKind
from citykit.testing import at

PRIVACY = "/api/citizen-pass/v1/privacy"
PAGES = "/api/citizen-pass/pages"
NEIGHBOURS = ("data-hub", "gov-collab", "city-ops", "enterprise")
PERSON = UUID("01890000-0000-7000-8000-00000000abcd")


def usage(minute: int, action: str = "查看工单 Read ticket") -> dict:
    return {
        "id": str(uuid4()), "logtime": f"2026-11-24T10:{minute:02}:00.000+08:00", "action": action,
        "receiver_code": "sub:1", "receiver_name": "赵敏", "receiver_organisation": "11131100MB0H00014Y",
        "receiver_system": "x", "on_behalf_of": None, "purpose": "办理热线 Handle the hotline",
        "legal_basis": "《个人信息保护法》第三十四条", "fields": ["contact_name"],
    }  # fmt: skip


def answer(city, service, usages):
    path = f"http://mesh.test/internal/{service}/v1/usage"

    def respond(request):
        limit = int(request.url.params["limit"])
        return httpx.Response(200, json={"total_usages": len(usages), "usages": usages[:limit]})

    return city.neighbours.get(path).mock(side_effect=respond)


@pytest.fixture
async def subject(city) -> UUID:
    city.clock.set(at("2026-11-24 10:00"))
    draft = AccountDraft(username="xiuying.li", password="correct horse battery")
    async with city.work() as work:
        account = await Accounts(work).register(draft, address="203.0.113.7")
        row = await open_account(work.session, account.subject)
        row.person = PERSON
        looked = Actor(subject=str(uuid4()), kind=ActorKind.person, name="林晓")
        work.access.read(
            person=f"sub:{account.subject}", by=looked, action="查找账户 Find", fields=("username",), purpose="管理"
        )
    return account.subject


def mine(city, subject):
    return city.token(["citizen-pass.privacy.read"], subject=str(subject))


async def usages(city, subject, **params):
    return await city.client.get(f"{PRIVACY}/usages", params=params, headers=mine(city, subject))


class TestUsages:
    async def test_all_five_are_asked_and_merged_newest_first(self, city, subject):
        routes = [answer(city, name, [usage(number)]) for number, name in enumerate(NEIGHBOURS, start=10)]
        body = (await usages(city, subject)).json()
        assert [item["service"] for item in body["items"]] == [*reversed(NEIGHBOURS), "citizen-pass"]
        assert (body["total"], body["silent"], body["next_offset"]) == (5, [], None)
        assert all({"purpose", "legal_basis", "fields"} <= set(item) for item in body["items"])
        asked = routes[0].calls[0].request.url.params.get_list("person")
        assert asked == [f"sub:{subject}", f"person:{PERSON}"]

    async def test_a_silent_service_is_named(self, city, subject):
        for name in NEIGHBOURS[:2]:
            answer(city, name, [usage(5)])
        city.neighbours.get("http://mesh.test/internal/city-ops/v1/usage").respond(403, json={})
        body = (await usages(city, subject)).json()
        assert body["silent"] == ["city-ops", "enterprise"]
        assert len(body["items"]) == 3

    async def test_pages_follow_each_other(self, city, subject):
        for number, name in enumerate(NEIGHBOURS):
            answer(city, name, [usage(minute) for minute in range(40 + number, 30 + number, -1)])
        seen, offset = [], 0
        while offset is not None:
            body = (await usages(city, subject, limit=7, offset=offset)).json()
            seen += body["items"]
            offset = body["next_offset"]
        times = [datetime.fromisoformat(item["logtime"]) for item in seen]
        assert len({item["id"] for item in seen}) == len(seen) == 41
        assert times == sorted(times, reverse=True)

    async def test_a_period_is_passed_on(self, city, subject):
        route = answer(city, "data-hub", [])
        await usages(city, subject, period_start="2026-01-01T00:00:00+08:00")
        assert route.calls[0].request.url.params["period_start"] == "2025-12-31T16:00:00+00:00"

    async def test_who_may(self, city, subject):
        assert (await city.client.get(f"{PRIVACY}/usages")).status_code == 401
        headers = city.token(subject=str(subject))
        assert (await city.client.get(f"{PRIVACY}/usages", headers=headers)).status_code == 403

    @pytest.mark.parametrize(
        "params", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"period_start": "2026"}, {"x": 1}]
    )
    async def test_bad_questions(self, city, subject, params):
        assert (await usages(city, subject, **params)).status_code in {400, 422}


async def ask(city, subject, service, usage_id, text="为什么查看？"):
    path = f"{PRIVACY}/usages/{service}/{usage_id}/questions"
    return await city.client.post(path, json={"text": text}, headers=mine(city, subject))


class TestQuestions:
    @pytest.fixture
    async def read(self, city, subject):
        found = usage(5)
        answer(city, "gov-collab", [found])
        return found

    @pytest.fixture
    def reviewer(self, city):
        return city.token(["citizen-pass.privacy.review"], name="审计员")

    async def test_a_question_has_a_clock_in_working_days(self, city, subject, read):
        response = await ask(city, subject, "gov-collab", read["id"])
        assert response.status_code == 201, response.text
        body = response.json()
        assert (body["state"], body["overdue"]) == ("asked", False)
        assert body["usage"]["purpose"] == read["purpose"]
        # 15 working days after Tuesday 2026-11-24, without a holiday between.
        assert body["due_at"].startswith("2026-12-15")

    async def test_a_read_here_may_be_questioned_too(self, city, subject):
        own = (await usages(city, subject)).json()["items"][0]
        assert (await ask(city, subject, "citizen-pass", own["id"])).status_code == 201

    async def test_once(self, city, subject, read):
        await ask(city, subject, "gov-collab", read["id"])
        response = await ask(city, subject, "gov-collab", read["id"])
        assert response.json()["type"] == "/problems/already-questioned"

    async def test_only_what_happened(self, city, subject, read):
        assert (await ask(city, subject, "gov-collab", uuid4())).json()["type"] == "/problems/no-such-usage"
        assert (await ask(city, subject, "nowhere", read["id"])).json()["type"] == "/problems/no-such-service"
        assert (await ask(city, subject, "data-hub", read["id"])).status_code == 503
        city.neighbours.get("http://mesh.test/internal/city-ops/v1/usage").respond(403, json={})
        assert (await ask(city, subject, "city-ops", read["id"])).status_code == 503
        assert (await ask(city, subject, "gov-collab", "no-uuid")).status_code == 422
        assert (await ask(city, subject, "gov-collab", read["id"], "x" * 1001)).status_code == 422

    async def test_answered_once_told_and_seen_by_the_person(self, city, subject, read, reviewer):
        question = (await ask(city, subject, "gov-collab", read["id"])).json()
        listed = (await city.client.get(f"{PRIVACY}/reviews", params={"state": "asked"}, headers=reviewer)).json()
        assert [item["id"] for item in listed["items"]] == [question["id"]]
        path = f"{PRIVACY}/questions/{question['id']}/answers"
        first = await city.client.post(path, json={"text": "依职责办理。"}, headers=reviewer)
        assert (first.status_code, first.json()["state"]) == (201, "answered")
        second = await city.client.post(path, json={"text": "另一个"}, headers=reviewer)
        assert second.json()["type"] == "/problems/already-answered"
        own = (await city.client.get(f"{PRIVACY}/questions", headers=mine(city, subject))).json()["items"]
        assert own[0]["answer"] == "依职责办理。"
        reader = city.token(["citizen-pass.messages.read"], subject=str(subject))
        told = (await city.client.get("/api/citizen-pass/v1/messages", headers=reader)).json()["items"]
        assert told[0]["kind"] == "question-answered"
        looked = [item["action"] for item in (await usages(city, subject)).json()["items"]]
        assert any("质疑" in action for action in looked)

    async def test_overdue_shows(self, city, subject, read, reviewer):
        await ask(city, subject, "gov-collab", read["id"])
        city.clock.advance(days=30)
        listed = (await city.client.get(f"{PRIVACY}/reviews", headers=reviewer)).json()
        assert listed["items"][0]["overdue"] is True

    async def test_who_may_review(self, city, subject):
        for method, path in (("GET", "reviews"), ("POST", f"questions/{uuid4()}/answers")):
            response = await city.client.request(method, f"{PRIVACY}/{path}", headers=mine(city, subject), json={})
            assert response.status_code == 403

    async def test_an_unknown_question(self, city, reviewer):
        path = f"{PRIVACY}/questions/{uuid4()}/answers"
        assert (await city.client.post(path, json={"text": "x"}, headers=reviewer)).status_code == 404


class TestPage:
    @pytest.fixture
    async def browser(self, city, subject):
        page = await city.client.get(f"{PAGES}/sign-in", headers={"Accept-Language": "en"})
        form = {"form_token": _form_token(page), "username": "xiuying.li", "password": "correct horse battery"}
        response = await city.client.post(f"{PAGES}/sign-in", data=form)
        assert response.status_code == 303
        city.client.headers["Accept-Language"] = "en"
        return city.client

    async def test_reads_and_silent_services_are_shown(self, city, browser):
        answer(city, "gov-collab", [usage(5)])
        page = (await browser.get(f"{PAGES}/privacy")).text
        assert "Handle the hotline" in page
        assert "did not answer" in page
        assert "企业融合服务 Enterprise services" in page

    async def test_a_question_is_asked_and_shown(self, city, browser):
        read = usage(5)
        answer(city, "gov-collab", [read])
        token = _form_token(await browser.get(f"{PAGES}/privacy"))
        form = {"form_token": token, "service": "gov-collab", "usage": read["id"], "text": "Why?"}
        response = await browser.post(f"{PAGES}/privacy/questions", data=form)
        assert response.headers["location"].endswith("done=asked")
        page = (await browser.get(f"{PAGES}/privacy")).text
        assert "Why?" in page
        assert "Answer due by" in page

    @pytest.mark.parametrize(
        ("changed", "status"),
        [({"form_token": "0"}, 403), ({"text": ""}, 422), ({"usage": "x"}, 422), ({"service": "nowhere"}, 404)],
    )
    async def test_refusals(self, city, browser, changed, status):
        read = usage(5)
        answer(city, "gov-collab", [read])
        token = _form_token(await browser.get(f"{PAGES}/privacy"))
        form = {"form_token": token, "service": "gov-collab", "usage": read["id"], "text": "Why?"} | changed
        assert (await browser.post(f"{PAGES}/privacy/questions", data=form)).status_code == status

    async def test_without_a_session_the_sign_in_comes_first(self, city):
        assert (await city.client.get(f"{PAGES}/privacy")).headers["location"] == f"{PAGES}/sign-in"


def _form_token(page):
    return re.search(r'name="form_token" value="([^"]+)"', page.text).group(1)
