"""The opened directory as pages for people."""

import re

import pytest

from citykit.testing import ServiceUnderTest, at
from data_hub.resources.history import MOST

from . import factories as f

PAGES = "/api/data-hub/catalogue"
HOSTILE = '<script>alert("1")</script>'
SEARCHES = f"{PAGES}/?q=空气", f"{PAGES}/{f.AIR}"


async def shown(city: ServiceUnderTest, path: str) -> str:
    """The text of a page that is there."""
    answer = await city.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


class TestSearching:
    async def test_finds_by_words_and_counts_by_facet(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        water = {"name": "地表水水质", "summary": "断面每月的监测结果", "tags": ["河流"], "update_cycle": "monthly"}
        await f.published(city, f.draft("203001-000002") | water | {"items": [f.item("ph", title="酸碱度")], "key": []})
        text = await shown(city, f"{PAGES}/?q=空气")
        assert "共 1 项" in text
        assert f'href="{PAGES}/{f.AIR}"' in text
        assert "地表水水质" not in text
        everything = await shown(city, f"{PAGES}/")
        assert "共 2 项" in everything
        assert "衡水市生态环境局 (2)" in everything

    async def test_facet_narrows_what_the_words_found_and_is_given_up_again(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        text = await shown(city, f"{PAGES}/?q=空气&theme=environment")
        assert '<input type="hidden" name="theme" value="environment">' in text
        assert 'aria-current="true"' in text
        assert "没有符合条件的开放数据" in await shown(city, f"{PAGES}/?q=空气&theme=weather")

    async def test_fields_left_empty_ask_nothing(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        assert "共 1 项" in await shown(city, f"{PAGES}/?q=&theme=&provider=+")

    async def test_says_in_words_that_nothing_is_found(self, city: ServiceUnderTest) -> None:
        text = await shown(city, f"{PAGES}/?q=没有这样的数据")
        assert "共 0 项" in text
        assert "没有符合条件的开放数据" in text

    async def test_leads_from_page_to_page(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.published(city, f.draft("203001-000002", name="空气质量日数据"))
        first = await shown(city, f"{PAGES}/?q=空气&limit=1")
        following = first.split('<a rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        second = await shown(city, following)
        assert "第一页" in second
        assert 'rel="next"' not in second
        assert ("空气质量日数据" in first) != ("空气质量日数据" in second)

    async def test_shows_what_is_opened_alone(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.closed("203001-000003", public_metadata=False))
        await f.drafted(city, f.draft("203001-000004", name="还没有审核的数据"))
        assert "共 0 项" in await shown(city, f"{PAGES}/")
        for code in ("203001-000003", "203001-000004"):
            assert (await city.client.get(f"{PAGES}/{code}")).status_code == 404

    async def test_question_is_only_text(self, city: ServiceUnderTest) -> None:
        assert "<script" not in (await city.client.get(f"{PAGES}/", params={"q": HOSTILE})).text


class TestResource:
    async def test_says_what_it_holds_and_on_what_terms(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        text = await shown(city, f"{PAGES}/{f.AIR}")
        said = ("空气质量小时数据", "知识共享署名 4.0", "每小时", "生态环境", "监测时间", "无条件开放", "第 1 版")
        assert [word for word in said if word not in text] == []

    async def test_leads_to_where_it_says(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        await f.with_rows(city)
        text = await shown(city, f"{PAGES}/{f.AIR}")
        links = {part.split('"')[0] for part in text.split('href="')[1:]}
        own = sorted(link for link in links if link.startswith("/api/"))
        assert len(own) >= 9
        for link in own:
            assert (await city.client.get(link)).status_code == 200, link

    async def test_names_of_others_are_only_text(self, city: ServiceUnderTest) -> None:
        items = [f.item("station", title=HOSTILE, required=True)]
        texts = dict.fromkeys(("name", "name_en", "summary", "summary_en", "contact"), HOSTILE)
        body = f.draft() | texts | {"items": items, "key": ["station"], "tags": ["<b>x"]}
        await f.published(city, body)
        for path in (f"{PAGES}/", f"{PAGES}/{f.AIR}"):
            text = await shown(city, path)
            assert "<script" not in text
            assert "<b>" not in text
            assert "&lt;script&gt;" in text

    @pytest.mark.parametrize("code", ["203001-000099", "nothing", "%3Cscript%3E", "2030010000000000000000000"])
    async def test_that_is_not_there_is_said_in_words(self, city: ServiceUnderTest, code: str) -> None:
        answer = await city.client.get(f"{PAGES}/{code}")
        assert answer.status_code == 404
        assert "没有该数据资源" in answer.text
        assert "<script" not in answer.text


class TestPages:
    @pytest.mark.parametrize("path", [*SEARCHES, f"{PAGES}/203001-000099"])
    async def test_head_says_what_get_says(self, city: ServiceUnderTest, path: str) -> None:
        await f.published(city)
        got, told = await city.client.get(path), await city.client.head(path)
        assert (told.status_code, told.content) == (got.status_code, b"")
        assert told.headers.get("etag") == got.headers.get("etag")

    @pytest.mark.parametrize("path", SEARCHES)
    async def test_unchanged_are_not_sent_twice(self, city: ServiceUnderTest, path: str) -> None:
        await f.published(city)
        tag = (await city.client.get(path)).headers["etag"]
        again = await city.client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        await f.changed(city, f.description(name="空气质量小时数据新版"))
        assert (await city.client.get(path, headers={"If-None-Match": tag})).status_code == 200

    @pytest.mark.parametrize("path", SEARCHES)
    async def test_need_no_script_and_load_nothing_from_elsewhere(self, city: ServiceUnderTest, path: str) -> None:
        await f.published(city)
        answer = await city.client.get(path)
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert "http://" not in answer.text.split("供程序使用")[0]
        assert '<html lang="zh-CN">' in answer.text
        assert answer.text.count("<h1>") == 1

    async def test_bring_their_style(self, city: ServiceUnderTest) -> None:
        assert (await city.client.get(f"{PAGES}/-/catalogue.css")).headers["content-type"].startswith("text/css")
        answer = await city.client.get(PAGES)
        assert (answer.status_code, answer.headers["location"]) == (308, f"{PAGES}/")


class TestHistory:
    def versions(self, text: str) -> list[str]:
        """What the page says of each version, newest first, without markup."""
        part = text.split('id="versions"')[1].split("<h2>")[0]
        return [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in part.split("<h3>")[1:]]

    async def test_tells_when_rows_came_last(self, city: ServiceUnderTest) -> None:
        city.clock.set(at("2026-03-01T09:30:00+08:00"))
        await f.published(city)
        assert "尚无数据" in await shown(city, f"{PAGES}/{f.AIR}")
        city.clock.set(at("2026-03-02T10:45:00+08:00"))
        await f.with_rows(city)
        text = await shown(city, f"{PAGES}/{f.AIR}")
        assert "Rows last came</span></dt><dd>2026-03-02 10:45</dd>" in text

    async def test_tells_of_what_is_only_described_that_nobody_knows(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.draft(format="document", items=[], key=[]))
        assert "更新情况不明" in await shown(city, f"{PAGES}/{f.AIR}")

    async def test_tells_what_each_version_changed(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        items = [*f.description()["items"][:2], f.item("pm25", "number", "细颗粒物浓度")]
        await f.changed(city, f.description(licence="CC0-1.0", summary="站点每小时的结果", items=items))
        await f.changed(city, f.description(licence="CC0-1.0", name="空气质量小时值", summary="又改", items=items))
        third, second, first = self.versions(await shown(city, f"{PAGES}/{f.AIR}"))
        assert third.startswith("第 3 版")
        assert "现行" in third
        assert "名称 name ：空气质量小时数据 → 空气质量小时值" in third
        assert "信息项" not in third
        assert "现行" not in second
        assert "许可 licence ：知识共享署名 4.0 → 知识共享公共领域贡献" in second
        assert "新增信息项 new item ：细颗粒物浓度 pm25" in second
        assert "取消信息项 item given up ：空气质量指数 aqi" in second
        assert "摘要" in second
        assert "站点每小时的结果" not in second, "long texts are not told twice"
        assert "首次向社会开放" in first

    async def test_tells_nothing_of_a_version_that_the_public_did_not_know(self, city: ServiceUnderTest) -> None:
        secret = "内部联系电话 0318-0000000"
        await f.published(city, f.closed(f.AIR, name="尚未开放时的名称", contact=secret))
        await f.changed(city, f.description())
        text = await shown(city, f"{PAGES}/{f.AIR}")
        assert "第 2 版" in text
        (only,) = self.versions(text)
        assert "首次向社会开放" in only
        assert not [word for word in (secret, "尚未开放时的名称", "不予开放") if word in text]

    async def test_tells_nothing_of_drafts_and_reviewers(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        body = f.description(name="正在起草的名称")
        await city.client.post(f"{f.RESOURCES}/{f.AIR}/changes", json=body, headers=f.steward(city))
        text = await shown(city, f"{PAGES}/{f.AIR}")
        assert len(self.versions(text)) == 1
        assert not [word for word in ("正在起草的名称", f.REVIEWER, f.AUTHOR) if word in text]

    async def test_tells_of_the_newest_ten_and_that_there_are_older_ones(self, city: ServiceUnderTest) -> None:
        await f.published(city)
        for number in range(MOST + 1):
            await f.changed(city, f.description(name=f"空气质量小时数据{number}"))
        text = await shown(city, f"{PAGES}/{f.AIR}")
        told = self.versions(text)
        assert len(told) == MOST
        assert "首次向社会开放" not in told[-1]
        assert "更早的版本未列出" in text

    async def test_a_changed_name_is_only_text(self, city: ServiceUnderTest) -> None:
        await f.published(city, f.draft(name=HOSTILE))
        await f.changed(city, f.description(items=[f.item("station", title=HOSTILE, required=True)], key=["station"]))
        text = await shown(city, f"{PAGES}/{f.AIR}")
        assert "<script" not in text
        assert "&lt;script&gt;" in text
