"""The browser that `./city token` is: what it reads from a page and what it would send."""

import pytest

from launcher.refusals import Refusal
from launcher.signin import REDIRECT, Page, _code, persona_keys

LOGIN = """<form method="post" action="/login?x=1"><input type="hidden" name="csrf" value="c">
<input name="username" value=""><input type="password" name="password"><button type="submit">登录</button></form>"""
CONSENT = """<form method="post" action="/consent"><input type="hidden" name="csrf" value="c">
<button name="decision" value="allow">同意</button><button name="decision" value="deny">拒绝</button></form>"""


def page_of(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


class TestAPage:
    def test_the_login_form_is_filled_in(self) -> None:
        form = page_of(LOGIN).form_with("password")
        assert form is not None
        assert form.action == "/login?x=1"
        assert form.filled("her", "secret") == {"csrf": "c", "username": "her", "password": "secret"}

    def test_the_first_button_of_a_question_agrees(self) -> None:
        form = page_of(CONSENT).form_with("decision")
        assert form is not None
        assert form.filled("her", "secret") == {"csrf": "c", "decision": "allow"}

    def test_an_alert_is_read(self) -> None:
        assert page_of('<div role="alert"><p>用户名或<b>密码</b>不对</p></div><p>x</p>').words == "用户名或 密码 不对"


class TestTheRedirect:
    def test_brings_the_code(self) -> None:
        assert _code(f"{REDIRECT}?code=c&state=s", "s") == "c"

    @pytest.mark.parametrize(
        "query",
        ["code=c&state=other", "code=c", "error=access_denied&state=s", "state=s", "error_description=no&state=s"],
    )
    def test_without_code_or_with_another_state_is_refused(self, query: str) -> None:
        with pytest.raises(Refusal, match="refused"):
            _code(f"{REDIRECT}?{query}", "s")


def test_all_personas_that_the_readme_names_may_sign_in() -> None:
    named = [
        "citizen",
        "guardian",
        "operator",
        "officer",
        "verifier",
        "legal-representative",
        "department",
        "auditor",
        "administrator",
    ]
    assert set(named) <= set(persona_keys())
