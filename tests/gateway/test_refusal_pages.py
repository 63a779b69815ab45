"""What the gateway refuses, a person reads in words: the page of the services, to the byte (citykit.refusal_pages)."""

import httpx
import pytest

from citykit.problems import BY_STATUS
from citykit.refusal_pages import STYLE_SOURCE, prefers_page, written

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
BROWSER = {"Accept": CHROMIUM}
KINDS = {status: (kind.slug, kind.title) for status, kind in BY_STATUS.items()}
# What no service says: the gateway's alone.
KINDS |= {
    408: ("request-timeout", ("请求超时", "The request did not arrive in time")),
    418: ("status-418", ("请求未能完成", "The request was refused")),
}
STATUSES = (400, 404, 405, 408, 413, 418, 429, 500, 502, 503, 504)
ACCEPTED = (
    "", "*/*", CHROMIUM, "text/html", "TEXT/HTML", "text/*", "text/htmlx", "application/json", "text/html;q=0",
    "application/problem+json", "application/geo+json, */*", "application/json, text/plain, */*", "text/html;q=7",
    "text/html, application/json", "text/html;q=0.5, application/json", "text/html;q=0.3, */*;q=0.5", ";;,,q=1",
    "text/html;q=0.8, application/problem+json;q=0.9", "text/html;q=nan", "text/html;q=x", "text/css,*/*;q=0.1",
    "text/html;q=0.9, application/json;q=0.8", "text/html, */*;q=0.1", "text/html;level=1;q=0.7, */*;q=0.5",
    "application/json;q=0, text/html;q=0.2", "text/html, application/*;q=0.4, */*", "text/html;q=0.4,application/*",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/html;q=0.9, text/html;q=0.1, */*;q=0.5",
)  # fmt: skip
HOSTILE = '"><script>alert(1)</script>'


def said(status: int, retry_after: str | None = None) -> str:
    """What a service would write."""
    slug, title = KINDS[status]
    return written(status=status, slug=slug, title=title, detail=None, faults=[], retry_after=retry_after)


def refused(web: httpx.Client, status: int, wait: str = "", headers: dict[str, str] = BROWSER) -> httpx.Response:
    """A refusal in plain text, as the gateway makes its own. By POST, which is not tried again after a 502."""
    return web.post("/api/data-hub/v1/plain", params={str(status): wait}, headers=headers)


class TestPage:
    @pytest.mark.parametrize("status", STATUSES)
    def test_is_that_of_the_services(self, web: httpx.Client, status: int) -> None:
        answer = refused(web, status, headers=BROWSER | {"Accept-Language": "en"})
        assert (answer.status_code, answer.text) == (status, said(status))
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-language"] == "zh"
        assert answer.headers["cache-control"] == "no-store"
        assert "Accept" in answer.headers["vary"].replace(",", " ").split()

    @pytest.mark.parametrize("wait", ["7", "007", "0", "Sat, 28 Nov 2026 00:00:00 GMT", "-1", "7.5"])
    def test_says_when_to_come_again(self, web: httpx.Client, wait: str) -> None:
        answer = refused(web, 429, wait)
        assert (answer.headers["retry-after"], answer.text) == (wait, said(429, wait))

    @pytest.mark.parametrize("path", ["/nowhere", "/api/data-hub/v1/plain?404=", "/home/plain?404="])
    def test_lets_nothing_in_but_its_own_style(self, web: httpx.Client, path: str) -> None:
        answer = web.get(path, headers=BROWSER)
        assert answer.text == said(404)
        (policy,) = answer.headers.get_list("content-security-policy")
        assert policy.startswith("default-src 'none'; ")
        assert f"style-src {STYLE_SOURCE};" in policy
        assert "script-src" not in policy
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers["x-frame-options"] == "DENY"

    @pytest.mark.parametrize("path", [f"/{HOSTILE}", "/call-13800000000", "/nowhere?call=13800000000"])
    def test_repeats_nothing_of_the_address(self, web: httpx.Client, path: str) -> None:
        assert web.get(path, headers=BROWSER).text == said(404)

    def test_head_says_what_get_says_without_a_body(self, web: httpx.Client) -> None:
        got, told = (web.request(method, "/nowhere", headers=BROWSER) for method in ("GET", "HEAD"))
        assert (told.status_code, told.content) == (got.status_code, b"") == (404, b"")
        assert told.headers["content-length"] == got.headers["content-length"] == str(len(got.content))

    def test_is_given_for_what_the_gateway_itself_refuses(self, web: httpx.Client) -> None:
        assert web.post("/api/data-hub/v1/x", content=b"x" * 100_001, headers=BROWSER).text == said(413)
        assert web.get("/api/data-hub/v1/slow?seconds=7", headers=BROWSER).text == said(504)


class TestWhoWantsAPage:
    @pytest.mark.parametrize("accept", ACCEPTED)
    def test_is_decided_as_by_the_services(self, web: httpx.Client, accept: str) -> None:
        answer = web.get("/nowhere", headers={"Accept": accept})
        media = "text/html; charset=utf-8" if prefers_page(accept) else "application/problem+json"
        assert (answer.status_code, answer.headers["content-type"]) == (404, media)

    def test_who_says_nothing_is_a_program(self, web: httpx.Client) -> None:
        del web.headers["Accept"]
        assert web.get("/nowhere").json()["type"] == "/problems/not-found"

    def test_programs_get_what_they_got(self, web: httpx.Client) -> None:
        answer = refused(web, 429, "77", {"Accept": "application/json"})
        assert answer.headers["retry-after"] == "77"
        assert answer.json() == {
            "type": "/problems/too-many-requests", "title": "请求过于频繁", "status": 429,
            "instance": "/api/data-hub/v1/plain",
        }  # fmt: skip
        assert "accept" not in answer.headers.get("vary", "").lower().split(", ")
