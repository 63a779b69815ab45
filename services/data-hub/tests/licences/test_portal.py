"""The check of a licence as a page: whoever has a file, a text or a code sees at once what it is worth."""

import asyncio
import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text as sql

from citykit.callers import Allowance
from citykit.testing import ServiceUnderTest
from data_hub.licences.forms import VERIFICATION_PATH as PAGE
from data_hub.licences.portal.views import sign_of
from data_hub.licences.schemas import MOST_DOCUMENT
from data_hub.licences.verifying import SAID

from .factories import LI, Desk, jws_of, scanned

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EMPTY = ("document", ("", b"", "application/octet-stream"))  # what a browser sends of a field without a file
HOSTILE = '<script>alert("1")</script>'


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


async def handed_in(desk: Desk, document: bytes = b"", text: str = "") -> httpx.Response:
    """The form as a browser sends it: both fields, one of them empty."""
    file = ("document", ("licence.pdf", document, "application/pdf")) if document else EMPTY
    return await desk.city.client.post(PAGE, files=[file], data={"text": text}, headers=BROWSER)


async def verdict(desk: Desk, **given: Any) -> str:
    answer = await handed_in(desk, **given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


class TestVerdict:
    async def test_of_a_file_is_what_the_api_says_as_the_status_changes(self, desk: Desk) -> None:
        licence = await desk.issued()
        for name in ("document.pdf", "document.ofd"):
            data = (await desk.form(licence, name)).content
            for act, said in ((None, "valid"), ("suspensions", "suspended"), ("resumptions", "valid")):
                if act:
                    await desk.act(licence, act)
                page = await verdict(desk, document=data)
                assert all(word in page for word in SAID[said]), said
                assert ("✔" in page, "真实有效" in page) == (said == "valid",) * 2
                assert licence["identifier"] in page
                assert "李*英" in page
                assert LI[0] not in page

    async def test_of_a_code_and_of_one_that_is_too_old(self, desk: Desk) -> None:
        code = scanned((await desk.form(await desk.issued(), "code.png")).content)
        assert "✔" in await verdict(desk, text=f"  {code[:40]}\n{code[40:]} ")
        desk.city.clock.advance(hours=25)
        page = await verdict(desk, text=code)
        assert "✔" not in page
        assert "请持证人当面重新出示二维码" in page

    async def test_of_a_scanned_address_and_of_its_code_alone_even_from_another_host(self, desk: Desk) -> None:
        text = scanned((await desk.form(await desk.issued(), "code.png")).content)
        for one in (text, jws_of(text), f"HTTPS://ELSEWHERE.EXAMPLE/#{jws_of(text)}\r\n"):
            page = await verdict(desk, text=one)
            assert "✔" in page
            assert "ELSEWHERE" not in page
            assert jws_of(text) not in page
        for one in (f"{text}#top", text.replace("#", "%23")):
            page = await verdict(desk, text=one)
            assert "无法核验" in page

    async def test_takes_in_the_next_code_that_is_scanned(self, desk: Desk) -> None:
        """A browser that shows this page loads none for an address that differs after the `#` alone."""
        page = await verdict(desk, text="a.b.c")
        assert f'<form method="post" action="{PAGE}" enctype="multipart/form-data" hidden>' in page
        assert all(f'name="{one}"' in page for one in ("text", "document"))
        assert "hashchange" in page
        assert script_of(page) in (await handed_in(desk, text="a.b.c")).headers["content-security-policy"]

    async def test_of_a_credential_names_what_the_holder_shows_in_words(self, desk: Desk) -> None:
        page = await verdict(desk, text=await desk.credential(await desk.issued()))
        for title, value in (("从业类别", "餐饮"), ("持证主体", LI[0]), ("发证机关", "衡水市市场监督管理局")):
            assert f"<dt>{title}</dt><dd>{value}</dd>" in page

    async def test_of_what_was_changed_or_is_no_licence(self, desk: Desk) -> None:
        data = bytearray((await desk.form(await desk.issued(), "document.pdf")).content)
        data[len(data) // 3] ^= 1
        changed = await verdict(desk, document=bytes(data))
        assert "✘" in changed
        assert "不能认定为真" in changed
        for given in ({"document": b"GIF89a"}, {"text": HOSTILE}):
            page = await verdict(desk, **given)
            assert "无法核验" in page
            assert script_of(page)
        for text in ("\x00\ud7ff~", "a.b.c", "~", "é" * 199_999):
            assert "✔" not in await verdict(desk, text=text)

    async def test_what_a_genuine_credential_says_is_only_text(self, desk: Desk) -> None:
        licence = await desk.issued()
        template = {"title": "{type_name}", "lines": ["{clinic}"]}
        fields = [{"name": "clinic", "title": HOSTILE}]
        await desk.type(code="11100000MB0143028R009", fields=fields, template=template)
        made = (await desk.draft(type_code="11100000MB0143028R009", claims={"clinic": HOSTILE})).json()
        page = await verdict(desk, text=await desk.credential(made | {"id": made["id"]}))
        assert licence["identifier"] not in page
        assert script_of(page)
        assert page.count("&lt;script&gt;") == 2, "its title and its value"

    @pytest.mark.parametrize("said", sorted(SAID))
    def test_every_verdict_has_a_sign_of_its_own_kind_and_only_one_says_go(self, said: str) -> None:
        sign = sign_of(said)
        assert (sign.mark == "✔") == (said == "valid")


class TestForm:
    async def test_is_there_for_everybody_with_one_script_named_by_its_hash(self, desk: Desk) -> None:
        answer = await desk.city.client.get(PAGE, headers=BROWSER)
        assert answer.status_code == 200
        assert '<html lang="zh-CN">' in answer.text
        assert f'<form method="post" action="{PAGE}" enctype="multipart/form-data">' in answer.text
        assert "<noscript>" in answer.text
        policy = answer.headers["content-security-policy"]
        assert script_of(answer.text) in policy
        assert "script-src 'self'" not in policy, "the files of apps lie under the same origin"
        assert "unsafe" not in policy
        assert "form-action 'self'" in policy
        assert (await desk.city.client.get(f"{PAGE}/-/verification.css")).headers["content-type"].startswith("text/css")
        assert (await desk.city.client.head(PAGE)).content == b""

    @pytest.mark.skipif(shutil.which("pdftotext") is None, reason="reads PDF with a program written by others")
    async def test_is_linked_from_the_file_itself(self, desk: Desk, tmp_path: Path) -> None:
        file = tmp_path / "licence.pdf"
        file.write_bytes((await desk.form(await desk.issued(), "document.pdf")).content)
        read = ["pdftotext", str(file), "-"]
        told = await asyncio.to_thread(subprocess.run, read, capture_output=True, check=True)
        assert f"http://city.test{PAGE}" in "".join(told.stdout.decode().split())

    async def test_asks_again_for_one_of_both(self, desk: Desk) -> None:
        for given in ({}, {"text": "   "}, {"text": "a.b.c", "document": b"%PDF-"}):
            answer = await handed_in(desk, **given)
            assert answer.status_code == 422
            assert "二者取一" in answer.text
            assert f'action="{PAGE}"' in answer.text
        plain = await desk.city.client.post(PAGE, content=b"x", headers=BROWSER | {"Content-Type": "text/plain"})
        assert plain.status_code == 422

    async def test_takes_no_more_than_a_licence_can_be(self, desk: Desk) -> None:
        for size in (MOST_DOCUMENT + 1, MOST_DOCUMENT * 2):
            answer = await handed_in(desk, document=b"%PDF-" + bytes(size))
            assert answer.status_code == 413
            assert "文件过大" in answer.text
        assert (await handed_in(desk, text="a" * 200_001)).status_code == 413

    async def test_broken_forms_and_strange_fields_are_told_in_words(self, desk: Desk) -> None:
        media = {"Content-Type": "multipart/form-data; boundary=x"}
        broken = await desk.city.client.post(PAGE, content=b"--y\r\nnothing", headers=BROWSER | media)
        assert broken.status_code in {400, 422}
        many = await desk.city.client.post(PAGE, files={"a": b"1", "b": b"2"}, headers=BROWSER)
        assert many.status_code == 400
        assert many.headers["content-type"] == "text/html; charset=utf-8"
        swapped = await desk.city.client.post(PAGE, files={"text": b"1"}, data={"document": "x"}, headers=BROWSER)
        assert swapped.status_code == 422

    async def test_knows_nobody_and_changes_nothing(self, desk: Desk) -> None:
        """A page of another site may send it: no cookie and no token makes a difference, and nothing is kept."""
        data = (await desk.form(await desk.issued(), "document.pdf")).content
        before = await kept(desk)
        told = await handed_in(desk, document=data)
        cookies = BROWSER | desk.issuer | {"Cookie": "session=x", "Origin": "https://elsewhere.example"}
        again = await desk.city.client.post(PAGE, files={"document": data}, headers=cookies)
        assert again.text == told.text
        assert "set-cookie" not in told.headers
        assert told.headers["cache-control"] == "no-store"
        assert await kept(desk) == before


def script_of(page: str) -> str:
    """The source that a policy names the one script of a page by."""
    (script,) = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    assert page.count("<script") == 1
    return f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}';"


async def kept(desk: Desk) -> list[int]:
    tables = ("licence", "licence_use", "audit_entry", "event_log", "personal_access")
    async with desk.city.work() as work:
        return [await work.session.scalar(sql(f"select count(*) from {name}")) or 0 for name in tables]


class TestAllowance:
    async def test_a_flood_of_checks_waits_by_page_and_by_program_alike(
        self, desk: Desk, request: pytest.FixtureRequest
    ) -> None:
        desk.city.app.state.keyless = Allowance(6, 600, now=lambda: 1000.0)
        request.addfinalizer(lambda: delattr(desk.city.app.state, "keyless"))
        assert (await handed_in(desk, document=b"%PDF-1")).status_code == 200, "a document weighs five"
        assert (await desk.verify(text="a"))["verdict"] == "unreadable"
        told, asked = await handed_in(desk, text="a"), await desk.send("POST", "/verifications", json={"text": "a"})
        assert (told.status_code, asked.status_code) == (429, 429)
        assert told.headers["retry-after"] == asked.headers["retry-after"] == "100"
        assert "请在 100 秒后再试" in told.text
        assert asked.headers["content-type"] == "application/problem+json"
