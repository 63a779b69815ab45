"""The home page as a file: whole without scripts, nothing from elsewhere, every link where the gateway can bring it."""

import re
from html.parser import HTMLParser
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / "web" / "home"
SERVICES = ("data-hub", "gov-collab", "city-ops", "enterprise", "citizen-pass")


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed((HOME / "index.html").read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def every(self, name: str) -> list[str]:
        return [given[name] for _, given in self.tags if name in given]


class TestPage:
    def test_nothing_comes_from_elsewhere(self) -> None:
        page = Page()
        for address in page.every("href") + page.every("src"):
            assert re.match(r"/(?!/)|#", address), address
        for file in (HOME / "home.css", HOME / "home.js"):
            assert "//" not in re.sub(r"^\s*//.*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE), file

    def test_content_policy_has_nothing_to_refuse(self) -> None:
        page = Page()
        assert page.every("style") == []
        assert not [given for tag, given in page.tags if tag == "style" or (tag == "script" and "src" not in given)]
        assert not [name for _, given in page.tags for name in given if name.startswith("on")]

    def test_its_files_are_there(self) -> None:
        page = Page()
        files = [address for address in page.every("href") + page.every("src") if address.startswith("/home/")]
        assert len(files) >= 3
        for address in files:
            assert (HOME / address.removeprefix("/home/")).is_file(), address

    def test_every_service_has_a_card_with_its_pages(self) -> None:
        page = Page()
        assert page.every("data-service") == list(SERVICES)
        for service in SERVICES:
            assert {f"/api/{service}/docs", f"/api/{service}/openapi.json"} <= set(page.every("href"))

    def test_citizen_finds_her_way(self) -> None:
        links = set(Page().every("href"))
        assert {f"/api/citizen-pass/pages/{name}" for name in ("register", "account", "privacy")} <= links
        assert "/api/data-hub/verification" in links

    def test_a_guest_finds_the_maps_the_opened_data_and_the_store_of_applications(self) -> None:
        assert {"/api/data-hub/ogc", "/api/data-hub/catalogue/", "/api/data-hub/apps/"} <= set(Page().every("href"))

    def test_chinese_first_and_english_marked(self) -> None:
        page = Page()
        assert dict(page.tags)["html"]["lang"] == "zh-CN"
        assert page.every("lang").count("en") >= 20

    def test_readable_by_all(self) -> None:
        page = Page()
        tags = [tag for tag, _ in page.tags]
        assert tags.count("h1") == tags.count("main") == 1
        assert all("alt" in given for tag, given in page.tags if tag == "img")
        assert {"skip"} <= {given.get("class") for tag, given in page.tags if tag == "a"}
        assert "width=device-width" in "".join(page.every("content"))
