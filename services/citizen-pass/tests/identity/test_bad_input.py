"""The provider and the pages under garbage: every answer is a refusal, none is a fault of ours, none leads astray."""

import pytest

from .factories import OIDC, PAGES, Login, Web, register_client, sample

NASTY = (
    "\x00",
    "%00",
    "\ud7ff",
    "🀄" * 50,
    "x" * 9000,
    "../..",
    "' or 1=1 --",
    "<script>",
    "{}",
    "[]",
    "-1",
    "9" * 30,
    "\n",
    " ",
)
BROWSER_PATHS = (f"{OIDC}/authorize", f"{OIDC}/authorize/resumption", f"{OIDC}/logout")
FORM_PATHS = (
    f"{OIDC}/authorize", f"{OIDC}/par", f"{OIDC}/token", f"{OIDC}/introspect", f"{OIDC}/revoke", f"{OIDC}/userinfo",
    f"{OIDC}/logout", f"{PAGES}/sign-in", f"{PAGES}/register", f"{PAGES}/consent", f"{PAGES}/sign-out",
    f"{PAGES}/account/verification", f"{PAGES}/privacy/questions",
)  # fmt: skip
BODIES = (
    b"",
    b"\xff\xfe\x00",
    b"%zz=%",
    b"a=1&a=2",
    b"=" * 500,
    b"&".join(b"p%d=1" % n for n in range(300)),
    b"[1]",
    b"a" * 70_000,
)
MEDIA = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "text/plain", "")


@pytest.fixture
async def web(city):
    await sample(city)
    await register_client(city)
    web = Web(city)
    await web.sign_in("sample-citizen")
    return web


def fine(response):
    """A refusal or a page of ours; where it leads somewhere else, that is the client's registered address."""
    assert response.status_code < 500, response.text
    location = response.headers.get("location", "/")
    assert location.startswith(("/", "http://127.0.0.1:5123/callback", "http://city.test/")), location
    assert not location.startswith("//")


class TestGarbage:
    @pytest.mark.parametrize(
        "name",
        [
            *sorted(Login().parameters),
            "prompt",
            "max_age",
            "claims",
            "acr_values",
            "login_hint",
            "id_token_hint",
            "request_uri",
        ],
    )
    async def test_in_each_parameter_of_an_authorization_request(self, web, name):
        for value in NASTY:
            fine(await web.http.get(f"{OIDC}/authorize", params=Login().parameters | {name: value}))

    @pytest.mark.parametrize(
        "name",
        [
            "grant_type",
            "code",
            "code_verifier",
            "redirect_uri",
            "client_id",
            "client_secret",
            "refresh_token",
            "scope",
            "client_assertion",
            "token",
        ],
    )
    async def test_in_each_parameter_of_a_clients_request(self, web, name):
        whole = {
            "grant_type": "authorization_code", "code": "c", "client_id": "city-cli", "redirect_uri": "x", "token": "t",
            "code_verifier": "v" * 43,
        }  # fmt: skip
        for value in NASTY:
            for path in ("token", "par", "introspect", "revoke"):
                response = await web.http.post(f"{OIDC}/{path}", data=whole | {name: value})
                assert response.status_code in {200, 400, 401}, response.text
                assert response.status_code != 200 or path == "revoke"

    @pytest.mark.parametrize("path", FORM_PATHS)
    async def test_in_a_body(self, web, path):
        for body in BODIES:
            for media in MEDIA:
                fine(await web.http.post(path, content=body, headers={"Content-Type": media} if media else {}))

    @pytest.mark.parametrize(
        "path",
        [*BROWSER_PATHS, *(f"{PAGES}/{page}" for page in ("sign-in", "register", "consent", "account", "privacy"))],
    )
    async def test_in_a_query(self, web, path):
        for query in (
            "request=%00",
            "request=../../x",
            "lang=xx&lang=en",
            "offset=-1",
            "offset=9999999999",
            "%ff",
            "request=" + "a" * 9000,
        ):
            fine(await web.http.get(f"{path}?{query}"))

    async def test_in_cookies_and_headers(self, web):
        for cookie in ("city=" + "x" * 43, "city=" + "中" * 43, "city=; city=" + "y" * 43, "city_language=<script>"):
            headers = {"Cookie": cookie.encode()}
            fine(await web.http.get(f"{PAGES}/sign-in", headers=headers))
        for value in ("Bearer", "Bearer " + "x" * 9000, "Basic", "Bearer a.b.c", "Digest x"):
            assert (await web.http.get(f"{OIDC}/userinfo", headers={"Authorization": value})).status_code == 401

    @pytest.mark.parametrize(
        "body",
        [
            "{}",
            "[]",
            "null",
            '{"form_token": 1}',
            '{"form_token": "x", "credential": []}',
            '{"form_token": "\\ud800"}',
            "{",
        ],
    )
    async def test_in_passkey_calls(self, web, body):
        for call in ("registration-options", "registration", "sign-in-options", "sign-in"):
            headers = {"Content-Type": "application/json"}
            response = await web.http.post(f"{PAGES}/passkeys/{call}", content=body, headers=headers)
            assert response.status_code in {403, 422}, response.text
