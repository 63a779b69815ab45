"""Signs a sample persona in as a browser would: authorization code with PKCE, through the city's own login page.

Used by `./city token` and by the day in Hengshui, so that what a demo shows is what a person does.
"""

import json
import secrets as randomness
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from launcher import control
from launcher.city import ROOT, City
from launcher.refusals import Refusal

CLIENT = "city-cli"
# Nobody listens there: the code is read from the redirect itself.
REDIRECT = "http://127.0.0.1:1/callback"
BASE_SCOPES = [
    "openid",
    "profile",
    "gov-collab.hotline.submit",
    "city-ops.cases.report",
    "data-hub.licences.hold",
    "enterprise.firms.bind",
    "enterprise.requests.submit",
    "citizen-pass.messages.read",
    "citizen-pass.privacy.read",
    "citizen-pass.account.read",
]
MOST_STEPS = 10
# A gateway that has just lost a replica says "not now" for a moment; a person would press again.
NOT_NOW = {502, 503, 504}
MOST_TRIES = 20
APPOINTED_WITHIN_SECONDS = 15


def personas() -> dict[str, dict[str, Any]]:
    """The sample personas by key."""
    found = json.loads((ROOT / "ops" / "sample" / "personas.json").read_text(encoding="utf-8"))
    return {persona["key"]: persona for persona in found["personas"]}


def persona_keys() -> list[str]:
    """Who may sign in."""
    return list(personas())


def access_token(city: City, persona: str) -> str:
    """An access token of a sample persona with all the scopes she has. Raises Refusal outside a running demo city."""
    if city.profile == "production":
        raise Refusal("正式城市没有样例人物", "There are no sample personas in a production city")
    if not control.supervisor_pid(city):
        raise Refusal("城市未在运行;先运行 ./city demo", "The city is not running: ./city demo first")
    who = personas()[persona]
    password = city.secret("citizen-pass", "sample_password")
    limit = time.monotonic() + APPOINTED_WITHIN_SECONDS
    while True:
        told = sign_in(city, who["username"], password, [*BASE_SCOPES, *who["scopes"]])
        missing = set(who["scopes"]) - set(told.get("scope", "").split())
        # The post comes by event from the organisations: just after the sample was loaded it may be on its way.
        if not missing or time.monotonic() > limit:
            return told["access_token"]
        time.sleep(0.5)


def sign_in(city: City, username: str, password: str, scopes: list[str]) -> dict[str, str]:
    """The token response of a sign-in. Raises Refusal with the provider's own words where it fails."""
    try:
        with httpx.Client(timeout=30, trust_env=False) as program:
            exchange = consented(city, username, password, scopes)
            return _json(_sent(program, "POST", f"{city.issuer}/token", data=exchange))
    except httpx.HTTPError as error:
        raise Refusal("登录失败:城市没有应答", f"The sign-in failed: {error}") from error


def consented(
    city: City, username: str, password: str, scopes: list[str], *, client: str = CLIENT, back: str = REDIRECT
) -> dict[str, str]:
    """A person signs in and agrees; what a public client then sends to the token endpoint: code, verifier, address.

    Raises Refusal with the provider's own words where she is not let in or the client may not ask.
    """
    verifier = randomness.token_urlsafe(48)
    state = randomness.token_urlsafe(16)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    with httpx.Client(timeout=30, trust_env=False, headers={"Accept-Language": "en"}) as browser:
        provider = _json(_sent(browser, "GET", f"{city.issuer}/.well-known/openid-configuration"))
        asked = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": back,
            "scope": " ".join(scopes),
            "state": state,
            "nonce": randomness.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        answer = _sent(browser, "GET", provider["authorization_endpoint"], params=asked)
        code = _code(_walk(browser, answer, username, password, back), state)
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": client,
        "code_verifier": verifier,
    }


def _sent(browser: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    """The response to a request, asked again within bounds where the city says "not now"."""
    for _ in range(MOST_TRIES - 1):
        answer = browser.request(method, url, **options)
        if answer.status_code not in NOT_NOW:
            return answer
        time.sleep(0.5)
    return browser.request(method, url, **options)


def _walk(browser: httpx.Client, answer: httpx.Response, username: str, password: str, back: str) -> str:
    """Follow redirects and fill in pages until the browser is sent to `back`; the whole address."""
    entered = False
    for _ in range(MOST_STEPS):
        if answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if target.startswith(back):
                return target
            answer = _sent(browser, "GET", target)
            continue
        page = Page()
        page.feed(answer.text)
        form = page.form_with("password") or page.form_with("decision") or (page.forms[-1] if page.forms else None)
        if form is None or (entered and form.asks("password")):
            raise Refusal("登录未成功", f"The sign-in failed: {page.words or answer.status_code}")
        entered = entered or form.asks("password")
        filled = form.filled(username, password)
        origin = f"{answer.url.scheme}://{answer.url.netloc.decode()}"
        target = urljoin(str(answer.url), form.action)
        answer = _sent(browser, "POST", target, data=filled, headers={"Origin": origin})
    raise Refusal("登录步骤过多", "The sign-in does not come to an end")


def _code(target: str, state: str) -> str:
    told = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    if told.get("state") != state or "code" not in told:
        why = told.get("error_description") or told.get("error") or "the state is not the one that was sent"
        raise Refusal("登录被拒绝", f"The sign-in was refused: {why}")
    return told["code"]


def _json(answer: httpx.Response) -> dict[str, str]:
    if answer.is_success:
        return dict(answer.json())
    raise Refusal("登录失败", f"The sign-in failed: {answer.status_code} {answer.text[:200]}")


@dataclass
class Form:
    """A form of a page: where it goes and what it sends."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def asks(self, name: str) -> bool:
        """Whether it has a field or a button of that name."""
        return name in self.fields or any(button == name for button, _ in self.buttons)

    def filled(self, username: str, password: str) -> dict[str, str]:
        """What a person would send: her name and password where they are asked, else the first button, which agrees."""
        sent = dict(self.fields)
        if "password" in sent:
            return sent | {"username": username, "password": password}
        return sent | dict(self.buttons[:1])


class Page(HTMLParser):
    """The forms of a page, and what it says in an alert."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words = ""
        self._inside = False
        self._alert = 0

    def form_with(self, name: str) -> Form | None:
        """The first form that asks for `name`."""
        return next((form for form in self.forms if form.asks(name)), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms, fields and buttons."""
        given = {name: value or "" for name, value in attrs}
        if self._alert or given.get("role") == "alert":
            self._alert += tag not in {"br", "img", "input"}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._inside = True
        elif self._inside and tag == "input" and given.get("name") and given.get("type") not in {"submit", "button"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self.forms[-1].fields.setdefault(given["name"], given.get("value", ""))
        elif self._inside and tag in {"button", "input"} and given.get("name"):
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        """Leave a form or an alert."""
        self._alert = max(self._alert - 1, 0)
        if tag == "form":
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Keep what an alert says."""
        if self._alert and data.strip():
            self.words = f"{self.words} {data.strip()}".strip()
