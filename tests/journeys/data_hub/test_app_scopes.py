"""An app that asks a scope: granted by a reviewer, agreed to by a citizen, used from a page that has no origin."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher import signin
from launcher.city import City
from launcher.day import Day, apps
from launcher.day.people import wait_for
from launcher.refusals import Refusal

from .browsing import CHROMIUM, browser

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
APP, SCOPE, REFUSED = "cn.hengshui.reports", "city-ops.cases.report", "gov-collab.hotline.submit"
PAGE, FRAME = f"/api/data-hub/apps/{APP}/", f"/api/data-hub/apps/-/run/{APP}"
SANDBOX = {"Origin": "null"}  # what a browser says of a page in a sandbox; it sends no cookie with it
CASES = "/api/city-ops/v1/cases"
CASE = {
    "title": "人行道积水", "description": "雨后人行道积水，无法通行。",
    "location": {"longitude": 115.6702, "latitude": 37.7389},
}  # fmt: skip
SITE = {
    "index.html": '<!doctype html><meta charset="utf-8"><title>随手报</title><script src="app.js" defer></script>',
    "app.js": """"use strict";
const title = "页面上报 " + %s;
addEventListener("message", async (event) => {
  if (event.source !== parent || event.data.city !== "token") return;
  const headers = { Authorization: "Bearer " + event.data.access_token, "Content-Type": "application/json" };
  await fetch("%s", { method: "POST", headers, body: JSON.stringify({ ...%s, title }) });
});
parent.postMessage("sign-in", "*");
""",
}
MARK = uuid.uuid4().hex


@pytest.fixture(scope="module")
def day(city_at_work: City) -> Iterator[Day]:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


@pytest.fixture(scope="module")
def app(day: Day, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The app, live with one of the two scopes that it asked for; its client is made."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "site").mkdir()
    script = SITE["app.js"] % (json.dumps(MARK), CASES, json.dumps(CASE))
    for name, text in (SITE | {"app.js": script}).items():
        (folder / "site" / name).write_text(text, encoding="utf-8")
    version = {
        "version_code": 1, "version_name": "1.0.0", "pages": ["index.html"], "changes": "首版",
        "scopes": [SCOPE, REFUSED], "redirect_uris": [],
    }  # fmt: skip
    told = {
        "app_id": APP, "name_zh": "随手报", "name_en": "Reports", "summary": "上报身边的城市管理问题",
        "department_name": "衡水市生态环境局", "contact": "0318-0000000", "version": version,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    apps.send_in(day.persona("ecology-steward"), folder)
    reviewer = day.persona("data-steward")
    approval = {"scopes": [SCOPE], "note": "只批准上报"}
    reviewer.post(f"{apps.APPS}/{APP}/versions/1/approvals", approval)
    wait_for("its client", lambda: client(day) or None)
    return dict(reviewer.get(f"{apps.APPS}/{APP}"))


def client(day: Day) -> dict[str, Any]:
    answer = day.persona("administrator").send("GET", f"/api/citizen-pass/v1/clients/app-{APP.replace('.', '-')}")
    return dict(answer.json()) if answer.status_code == 200 else {}


def agreed(day: Day, app: dict[str, Any], *scopes: str) -> dict[str, str]:
    """The citizen signs in and agrees; what the frame sends to the token endpoint then."""
    who, password = signin.personas()["citizen"], day.city.secret("citizen-pass", "sample_password")
    return signin.consented(
        day.city, who["username"], password, ["openid", *scopes], client=app["client_id"], back=day.url(FRAME)
    )


def exchanged(day: Day, told: dict[str, str]) -> httpx.Response:
    """What the token endpoint answers."""
    return httpx.post(f"{day.city.issuer}/token", data=told, timeout=30, trust_env=False)


def test_it_asks_for_what_was_granted_and_no_more(day: Day, app: dict[str, Any]) -> None:
    made = client(day)
    assert (made["kind"], set(made["scopes"]), app["scopes"]) == ("public", {"openid", SCOPE}, [SCOPE])
    assert (made["redirect_uris"], app["address"]) == ([day.url(FRAME)], FRAME)
    with pytest.raises(Refusal, match=REFUSED):
        agreed(day, app, SCOPE, REFUSED)


def test_it_runs_in_a_sandbox_and_calls_the_city_for_the_citizen_who_agreed(day: Day, app: dict[str, Any]) -> None:
    page = day.anyone().send("GET", PAGE)
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("sandbox ")
    token = exchanged(day, agreed(day, app, SCOPE)).json()
    assert set(token["scope"].split()) == {"openid", SCOPE}
    as_app = SANDBOX | {"Authorization": f"Bearer {token['access_token']}"}
    reported = httpx.post(day.url(CASES), json=CASE, headers=as_app, timeout=30, trust_env=False)
    assert (reported.status_code, reported.headers["access-control-allow-origin"]) == (201, "null"), reported.text
    mine = day.persona("citizen").get(f"{CASES}/{reported.json()['id']}")
    assert mine["title"] == CASE["title"]
    beyond = f"{CASES}/{mine['id']}/acceptances"
    assert httpx.post(day.url(beyond), json={}, headers=as_app, timeout=30, trust_env=False).status_code == 403


def test_a_code_without_its_verifier_is_worth_nothing(day: Day, app: dict[str, Any]) -> None:
    for wrong in ({"code_verifier": "x" * 43}, {"redirect_uri": "https://elsewhere.example/"}):
        answer = exchanged(day, agreed(day, app, SCOPE) | wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    bare = agreed(day, app, SCOPE)
    del bare["code_verifier"]
    assert exchanged(day, bare).json()["error"] == "invalid_grant"


def test_a_page_in_a_sandbox_gets_no_code_exchanged_and_no_account(day: Day, app: dict[str, Any]) -> None:
    for method, path in (("POST", "oidc/token"), ("GET", "oidc/userinfo"), ("GET", "v1/accounts/me")):
        answer = httpx.request(
            method, day.url(f"/api/citizen-pass/{path}"), headers=SANDBOX, timeout=30, trust_env=False
        )
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_in_a_browser_a_citizen_signs_in_agrees_and_the_page_reports_for_him(
    day: Day, app: dict[str, Any], tmp_path: Path
) -> None:
    # Somebody who did not agree in another test: who agreed before is not asked again.
    who, password = signin.personas()["guardian"], day.city.secret("citizen-pass", "sample_password")
    with browser(tmp_path) as tab:
        tab.open(day.url(FRAME))
        tab.wait_for("document.querySelector('input[type=password]') !== null")
        tab.run(
            f"document.querySelector('input[name=username]').value = {json.dumps(who['username'])};"
            f"document.querySelector('input[name=password]').value = {json.dumps(password)};"
            "document.querySelector('input[name=password]').form.requestSubmit()"
        )
        tab.wait_for("document.querySelector('button[value=allow]') !== null")
        assert SCOPE in tab.run("document.body.innerText")
        tab.run("document.querySelector('button[value=allow]').click()")
        tab.wait_for(f"location.pathname === {json.dumps(FRAME)} && location.search === ''")
        wait_for("the case that the page reported", lambda: _titles(day) & {f"页面上报 {MARK}"})
        assert tab.run("JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage})") == "{}{}"


def _titles(day: Day) -> set[str]:
    return {case["title"] for case in day.persona("guardian").get(CASES, limit=100)["items"]}


def test_suspended_it_gets_nothing_any_more(day: Day, app: dict[str, Any]) -> None:
    reviewer, before = day.persona("data-steward"), agreed(day, app, SCOPE)
    reviewer.post(f"{apps.APPS}/{APP}/suspensions", {"reason": "整改"})
    for address in (PAGE, FRAME):
        assert day.anyone().send("GET", address).status_code == 410
    wait_for("its client to be stopped", lambda: client(day)["suspended_at"])
    refused = exchanged(day, before)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    with pytest.raises(Refusal):
        agreed(day, app, SCOPE)
    reviewer.post(f"{apps.APPS}/{APP}/reinstatements", {"reason": "整改完成"})
    wait_for("its client to be let in", lambda: client(day)["suspended_at"] is None)
    assert exchanged(day, before).json()["error"] == "invalid_grant"  # what ended stays ended
    assert exchanged(day, agreed(day, app, SCOPE)).status_code == 200
