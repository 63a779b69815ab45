"""A person with a browser, and a client program: what the tests of identity play with."""

import json
import re
import secrets
from base64 import urlsafe_b64decode
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx

from citizen_pass.identity.domain import challenge_of
from citizen_pass.identity.registry import Clients
from citizen_pass.identity.schemas import ClientDraft
from citizen_pass.sample import load
from citykit.testing import ServiceUnderTest

GATEWAY = "http://city.test"
ISSUER = f"{GATEWAY}/api/citizen-pass/oidc"
OIDC = "/api/citizen-pass/oidc"
PAGES = "/api/citizen-pass/pages"
SAMPLE_PASSWORD = "a-sample-password-for-tests"
PASSWORD = "correct horse battery"
CALLBACK = "http://127.0.0.1:5123/callback"
FOREIGN_CALLBACK = "https://app.example/callback"


async def sample(city: ServiceUnderTest) -> None:
    async with city.work() as work:
        await load(work, 0.0)


async def register_client(city: ServiceUnderTest, secret: str | None = None, **fields: Any) -> str:
    """A client of somebody else: not first-party, so it needs consent. Returns its id."""
    values: dict[str, Any] = {
        "client_id": "foreign-app", "kind": "public", "auth": "none", "name_zh": "外部应用", "name_en": "Foreign app",
        "owner": "示例公司 Example Ltd", "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [FOREIGN_CALLBACK], "post_logout_redirect_uris": ["https://app.example/bye"],
        "scopes": ["openid", "profile", "offline_access", "gov-collab.hotline.submit", "city-ops.cases.report"],
    } | fields  # fmt: skip
    async with city.work() as work:
        await Clients(work).insert(ClientDraft(**values), secret)
    return str(values["client_id"])


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


class Web:
    """A browser of its own, with cookies, that follows no redirect by itself."""

    def __init__(self, city: ServiceUnderTest, *, address: str = "203.0.113.7", language: str = "en") -> None:
        headers = {"X-Forwarded-For": address, "Accept-Language": language, "User-Agent": "TestBrowser/1.0"}
        transport = httpx.ASGITransport(app=city.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=GATEWAY, headers=headers)

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.http.get(path, params=params or None)

    async def page(self, path: str) -> dict[str, str]:
        """The hidden fields of the first form of a page."""
        return hidden(await self.http.get(path))

    async def post(self, path: str, **data: str) -> httpx.Response:
        return await self.http.post(path, data=data)

    async def form_token(self) -> str:
        return (await self.page(f"{PAGES}/sign-in"))["form_token"]

    async def register(self, username: str = "xiuying.li", password: str = PASSWORD, **more: str) -> httpx.Response:
        token = await self.form_token()
        return await self.post(f"{PAGES}/register", form_token=token, username=username, password=password, **more)

    async def sign_in(self, username: str, password: str = SAMPLE_PASSWORD, handle: str = "") -> httpx.Response:
        fields = {"form_token": await self.form_token(), "username": username, "password": password}
        return await self.post(f"{PAGES}/sign-in", **fields, **({"request": handle} if handle else {}))

    async def follow(self, response: httpx.Response, steps: int = 6) -> httpx.Response:
        """Go on until a page of ours, or an address elsewhere, is reached; the answer is the last response."""
        for _ in range(steps):
            location = response.headers.get("location", "")
            ours = location.startswith("/") or location.startswith(f"{GATEWAY}/api/")
            if not response.is_redirect or not ours:
                return response
            response = await self.http.get(location)
        raise AssertionError("too many redirects")


def hidden(response: httpx.Response) -> dict[str, str]:
    """The hidden fields of the first form of a page."""
    form = re.search(r"<form.*?</form>", response.text, re.DOTALL)
    assert form is not None, response.text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form.group(0))
    return {name: unescape(value) for name, value in found}


class Login:
    """One run of the authorization code flow, as a client sees it."""

    def __init__(self, **parameters: str) -> None:
        self.verifier = secrets.token_urlsafe(48)
        self.parameters = {
            "response_type": "code", "client_id": "city-cli", "redirect_uri": CALLBACK, "scope": "openid profile",
            "state": "a-state", "nonce": "a-nonce", "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        } | parameters  # fmt: skip
        self.parameters = {name: value for name, value in self.parameters.items() if value}

    async def start(self, web: Web) -> httpx.Response:
        """The response of the authorization endpoint, followed to a page of ours or to the client."""
        return await web.follow(await web.http.get(f"{OIDC}/authorize", params=self.parameters))

    async def answer(self, web: Web, username: str = "sample-citizen") -> dict[str, str]:
        """What the client gets at its address: sign in where a page asks for it."""
        response = await self.start(web)
        if "password" in response.text:
            response = await web.follow(
                await web.post(f"{PAGES}/sign-in", **hidden(response), username=username, password=SAMPLE_PASSWORD)
            )
        assert response.is_redirect, response.text
        assert response.headers["location"].startswith(self.parameters["redirect_uri"])
        return query_of(response.headers["location"])

    async def redeem(self, web: Web, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.parameters["redirect_uri"],
            "client_id": self.parameters["client_id"], "code_verifier": self.verifier,
        } | changed  # fmt: skip
        return await web.http.post(f"{OIDC}/token", data={name: value for name, value in form.items() if value})

    async def tokens(self, web: Web, username: str = "sample-citizen") -> dict[str, Any]:
        answered = await self.answer(web, username)
        assert "code" in answered, answered
        response = await self.redeem(web, answered["code"])
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body


async def appoint(city: ServiceUnderTest, subject: UUID | str, **changed: Any) -> httpx.Response:
    """Deliver the event of an appointment, as gov-collab sends it."""
    data = {
        "appointment_id": "01890000-0000-7000-8000-00000000a001", "subject": str(subject),
        "department_code": "11131100MB0H00022R", "department_name": "城管局", "post_code": "case-handler",
        "post_name": "城管处置员", "scopes": ["city-ops.cases.handle"], "valid_from": "2026-01-01T00:00:00+08:00",
        "valid_to": None,
    } | changed  # fmt: skip
    return await city.deliver("cn.hengshui.gov-collab.appointment.made.v1", data, source="gov-collab")


def part(token: str, index: int) -> dict[str, Any]:
    """A part of a token, not verified."""
    text = token.split(".")[index]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def claims_of(token: str) -> dict[str, Any]:
    return part(token, 1)
