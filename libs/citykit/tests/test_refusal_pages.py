"""A refusal in a browser: the same status and headers as for a program, and words instead of data."""

import pytest

from citykit.refusal_pages import STYLE, STYLE_SOURCE, prefers_page, written
from citykit.testing import ServiceUnderTest

NOTES = "/api/example/v1/notes"
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
BROWSER = {"Accept": CHROMIUM}
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
HOSTILE = '"><script>alert(1)</script>'


class TestWhoWantsAPage:
    @pytest.mark.parametrize(
        "accept",
        [
            CHROMIUM, "text/html", "TEXT/HTML", "text/html;q=0.9, application/json;q=0.8", "text/html, */*;q=0.1",
            "text/html;level=1;q=0.7, */*;q=0.5", "application/json;q=0, text/html;q=0.2",
        ],
    )  # fmt: skip
    def test_whoever_rates_html_above_json(self, accept: str) -> None:
        assert prefers_page(accept)

    @pytest.mark.parametrize(
        "accept",
        [
            None, "", "*/*", "application/json", "application/problem+json", "text/*", "application/geo+json, */*",
            "application/json, text/plain, */*", "text/html, application/json", "text/html;q=0.5, application/json",
            "text/html;q=0.8, application/problem+json;q=0.9", "text/html;q=0", "text/html;q=nan", "text/html;q=7",
            "text/html;q=x", "text/html;q=0.3, */*;q=0.5", JAVA, "text/css,*/*;q=0.1", ";;,,q=1", "text/htmlx",
        ],
    )  # fmt: skip
    def test_programs_and_whoever_does_not_say_so_do_not(self, accept: str | None) -> None:
        assert not prefers_page(accept)


class TestPage:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/nowhere"), ("PUT", NOTES), ("GET", NOTES), ("GET", f"{NOTES}/count?x=1"),
            ("POST", f"{NOTES}/breakages"), ("GET", f"{NOTES}/no-number"),
        ],
    )  # fmt: skip
    async def test_has_the_status_and_headers_of_the_problem(
        self, city: ServiceUnderTest, method: str, path: str
    ) -> None:
        data, page = await city.client.request(method, path), await city.client.request(method, path, headers=BROWSER)
        assert data.headers["content-type"] == "application/problem+json"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.status_code == data.status_code >= 400
        for name in data.headers.keys() - {"content-type", "content-length"}:
            assert page.headers[name] == data.headers[name], name

    async def test_says_what_it_is_in_chinese_first_and_how_to_go_on(self, city: ServiceUnderTest) -> None:
        text = (await city.client.get(NOTES, headers=BROWSER | {"Accept-Language": "en"})).text
        assert "<title>请先登录" in text
        text = text.partition("</head>")[2]
        assert text.index(">401<") < text.index("请先登录") < text.index("Sign in first") < text.index('href="/"')
        assert text.count("<h1>") == 1
        assert "/problems/unauthenticated" in text

    async def test_names_each_wrong_field(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(f"{NOTES}?limit=0&number=x", headers=city.token() | BROWSER)
        assert answer.status_code == 422
        assert "?limit" in answer.text
        assert "应为整数" in answer.text
        assert "valid integer" in answer.text, "a page says both, Chinese first"

    async def test_says_when_to_come_again(self, city: ServiceUnderTest) -> None:
        told = {"status": 429, "slug": "x", "title": ("请求过于频繁", "Too many"), "detail": None, "faults": []}
        assert "请在 7 秒后再试" in written(**told, retry_after="7")  # type: ignore[arg-type]
        assert "GMT" not in written(**told, retry_after="Sat, 28 Nov 2026 00:00:00 GMT")  # type: ignore[arg-type]

    async def test_what_a_stranger_wrote_is_only_text(self, city: ServiceUnderTest) -> None:
        for path in (f"/{HOSTILE}", f"{NOTES}/{HOSTILE}", f"{NOTES}/count"):
            answer = await city.client.get(path, params={HOSTILE: HOSTILE}, headers=BROWSER)
            assert answer.status_code >= 400
            assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text, "the parameter is named, as text"

    async def test_repeats_nothing_of_the_address(self, city: ServiceUnderTest) -> None:
        """Whoever sends somebody a link must not make the city's page say what he likes."""
        answer = await city.client.get("/nowhere/call-13800000000", headers=BROWSER)
        assert "13800000000" not in answer.text

    async def test_lets_nothing_in_but_its_own_style(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(NOTES, headers=BROWSER)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert f"style-src {STYLE_SOURCE};" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert f"<style>{STYLE}</style>" in answer.text
        assert "http" not in answer.text
        assert " style=" not in answer.text

    async def test_head_says_what_get_says_without_a_body(self, city: ServiceUnderTest) -> None:
        got, told = [await city.client.request(one, "/nowhere", headers=BROWSER) for one in ("GET", "HEAD")]
        assert (told.status_code, told.content) == (got.status_code, b"")
        assert told.headers["content-length"] == got.headers["content-length"] == str(len(got.content))

    async def test_a_fault_of_ours_says_nothing_of_its_inside(self, city: ServiceUnderTest) -> None:
        answer = await city.client.post(f"{NOTES}/breakages", headers=BROWSER)
        assert answer.status_code == 500
        assert "secret" not in answer.text

    async def test_a_body_over_the_bound_is_told_to_a_person_too(self, city: ServiceUnderTest) -> None:
        big = b"x" * (city.settings.max_body_bytes + 1)
        answer = await city.client.post(NOTES, content=big, headers=city.token() | BROWSER)
        assert answer.status_code == 413
        assert "换一个较小的文件" in answer.text
        assert answer.headers["connection"] == "close"
