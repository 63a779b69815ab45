"""The OGC face as pages: for people, on a phone, without script, and harmless whatever stands in a layer."""

import re

import pytest

from citykit.testing import ServiceUnderTest

from .office import EAST, OGC, Office, area, draft, hrefs, layer_id, point

BASE = "/api/data-hub/ogc"


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


class TestPages:
    async def test_every_document_is_a_page_too_and_its_links_lead_somewhere(self, office):
        layer = layer_id()
        await office.publish(
            draft(layer, point("a", name="甲"), area("b", [(0, 0), (0.02, 0), (0.02, 0.02)], name="乙"))
        )
        collection = f"{OGC}/{layer}"
        for path in (
            BASE, f"{BASE}/conformance", f"{BASE}/api", OGC, collection, f"{collection}/queryables",
            f"{collection}/items", f"{collection}/items/a", f"{collection}/items/a/history",
        ):  # fmt: skip
            answer = await office.get(path, f="html")
            assert answer.status_code == 200, path
            assert answer.headers["content-type"].startswith("text/html")
            assert "style-src 'self'" in answer.headers["content-security-policy"]
            assert '<html lang="zh-CN">' in answer.text
            assert "<script" not in answer.text
            for href in hrefs(answer.text):
                if href in {"/", "/home/icon.svg"}:  # the city's own, behind the gateway
                    continue
                assert href.startswith("/api/data-hub/"), (path, href)  # whatever name the reader came by
                if layer in href or OGC not in href:
                    assert (await office.city.client.get(href)).status_code == 200, (path, href)

    async def test_a_browser_gets_the_page_and_a_program_the_data(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        for accept, media in (
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
            ("application/geo+json", "application/geo+json"), ("*/*", "application/geo+json"),
            ("application/json;q=0.9, text/html;q=0.5", "application/geo+json"),
        ):  # fmt: skip
            answer = await office.city.client.get(f"{OGC}/{layer}/items", headers={"Accept": accept})
            assert answer.headers["content-type"].split(";")[0] == media, accept
            assert "Accept" in answer.headers["vary"]

    async def test_the_next_page_is_a_page(self, office):
        layer = layer_id()
        await office.publish(draft(layer, *(point(str(n), EAST + n / 1000) for n in range(5))))
        first = (await office.get(f"{OGC}/{layer}/items", f="html", limit=3)).text
        (onward,) = [one for one in hrefs(first) if "after=" in one]
        second = await office.city.client.get(onward)
        assert second.headers["content-type"].startswith("text/html")
        assert ">4</a>" in second.text
        assert "after=" not in second.text

    async def test_nothing_that_a_layer_says_becomes_markup(self, office):
        layer, evil = layer_id(), "<script>alert(1)</script>\"'><img src=x>"
        about = dict.fromkeys(("title", "title_en", "source", "department_name", "description", "caution"), evil)
        fields = [{"name": "name", "title": evil, "type": "string"}]
        await office.publish(draft(layer, point("<b>\"'&", name=evil), fields=fields, **about))
        text = (await office.get(f"{OGC}/{layer}/items", f="html")).text
        (feature,) = {one for one in hrefs(text) if "/items/" in one}
        past = feature.replace("?f=html", "/history")
        for path in (f"{OGC}/{layer}", f"{OGC}/{layer}/items", f"{OGC}/{layer}/queryables", OGC, feature, past):
            answer = await office.city.client.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 200, path
            assert "&lt;" in answer.text
            assert not re.search("<script|<img|<b>", answer.text), path

    async def test_the_style_comes_from_here_and_data_opened_as_a_page_may_do_nothing(self, office):
        style = await office.get(f"{BASE}/static/style.css")
        assert style.headers["content-type"].startswith("text/css")
        assert "url(" not in style.text
        data = await office.get(OGC)
        assert data.headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")


class TestForEverybody:
    """What a reader with a phone, a keyboard or a screen reader needs of each page."""

    async def test_every_table_says_what_its_columns_are_and_scrolls_by_keyboard(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a", name="甲")))
        collection = f"{OGC}/{layer}"
        for path in (
            f"{BASE}/api", collection, f"{collection}/queryables", f"{collection}/items",
            f"{collection}/items/a/history",
        ):  # fmt: skip
            page = (await office.get(path, f="html")).text
            tables = page.count("<table>")
            assert tables, path
            assert page.count('<thead><tr><th scope="col">') == tables, path
            assert page.count('class="table" tabindex="0" role="region" aria-label="') == tables, path

    async def test_a_page_leads_back_to_the_city_and_says_its_times_in_beijing_time(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a")))
        page = (await office.get(f"{OGC}/{layer}", f="html")).text
        assert '<a href="/">智慧衡水 Smart Hengshui</a>' in page
        assert "北京时间 Beijing time" in page
        assert "UTC" not in page

    async def test_a_question_that_no_feature_answers_to_is_told_in_words(self, office):
        layer = layer_id()
        await office.publish(draft(layer, point("a", name="甲")))
        page = (await office.get(f"{OGC}/{layer}/items", f="html", filter="name = '乙'")).text
        assert "没有符合条件的要素" in page
        assert "<table>" not in page
