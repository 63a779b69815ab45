"""The QR code of a licence: an address that any phone opens, and a signature that holds without the city."""

import asyncio
import io
import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import segno
from joserfc import jws
from joserfc.jwk import KeySet

from citykit.testing import ServiceUnderTest
from data_hub.licences.domain import LONGEST_CODE
from data_hub.licences.forms import CODE_TYPE, Forms, content_of
from data_hub.licences.forms import VERIFICATION_PATH as PAGE
from data_hub.licences.models import LicenceRow
from data_hub.seals.service import Seals

from .factories import Desk, jws_of, read_from, scanned

ADDRESS = f"http://city.test{PAGE}#"
ELSEWHERE = "https://elsewhere.example/look#"
A_PHONES_LOOK = 150  # dots per inch: an A4 page that fills a picture of two megapixels


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


async def code_of(desk: Desk) -> str:
    return scanned((await desk.form(await desk.issued(), "code.png")).content)


async def said_offline(desk: Desk, text: str) -> dict[str, Any]:
    """What a verifier without a network takes for proven: it cuts off all up to the `#`, and knows the keys."""
    keys = KeySet.import_key_set((await desk.city.client.get("/api/data-hub/v1/seals/jwks.json")).json())
    found = jws.deserialize_compact(text.rpartition("#")[2], keys, algorithms=["ES256"])
    assert found.headers()["typ"] == CODE_TYPE
    return dict(json.loads(found.payload))


class TestAddress:
    async def test_leads_to_the_page_of_checks_and_tells_it_nothing(self, desk: Desk) -> None:
        text = await code_of(desk)
        assert text.startswith(ADDRESS)
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", text.removeprefix(ADDRESS), re.ASCII)
        assert (await desk.city.client.get(text)).request.url.raw_path == PAGE.encode(), "no browser sends a fragment"

    async def test_stands_on_every_form_that_shows_a_code(self, desk: Desk) -> None:
        licence = await desk.issued()
        with zipfile.ZipFile(io.BytesIO((await desk.form(licence, "document.ofd")).content)) as archive:
            texts = [scanned(archive.read("Doc_0/Res/code.png"))]
        texts.append(scanned((await desk.form(licence, "code.png")).content))
        for text in texts:
            assert text.startswith(ADDRESS)
            assert (await said_offline(desk, text))["id"] == licence["identifier"]

    async def test_a_bare_code_as_on_older_papers_is_worth_the_same(self, desk: Desk) -> None:
        text = await code_of(desk)
        bare = jws_of(text)
        assert await said_offline(desk, bare) == await said_offline(desk, text)
        for one in (text, bare):
            said = await desk.verify(text=one)
            assert (said["form"], said["verdict"]) == ("qr", "valid")

    async def test_of_another_host_only_lends_its_code(self, desk: Desk) -> None:
        """Whoever signed it counts, not where it lies; nobody is asked and nobody is led there."""
        text = await code_of(desk)
        said = await desk.verify(text=ELSEWHERE + jws_of(text))
        assert (said["form"], said["verdict"]) == ("qr", "valid")
        assert "elsewhere" not in json.dumps(said)
        forged = Seals(desk.city.settings).jws({"id": said["identifier"]}, typ="another+jwt")
        assert (await desk.verify(text=ADDRESS + forged))["verdict"] == "unreadable"

    async def test_is_read_with_the_white_of_a_copy_and_a_scheme_in_capitals(self, desk: Desk) -> None:
        text = await code_of(desk)
        for one in (f" {text}\r\n", f"{text[:99]}\n{text[99:]}", text.replace("http://city.test", "HTTP://CITY.TEST")):
            assert (await desk.verify(text=one))["verdict"] == "valid"

    async def test_written_in_another_way_is_no_code_and_no_forgery(self, desk: Desk) -> None:
        text = await code_of(desk)
        code = jws_of(text)
        for one in (
            f"{ADDRESS}menu#{code}", f"{text}#top", text.replace("#", "%23"), text.replace(".ey", "%2Eey"),
            f"//city.test{PAGE}#{code}", f"javascript:alert(1)#{code}", f"{ADDRESS}{code}~", ADDRESS,
            "https://" + "a" * LONGEST_CODE + "#" + code,
        ):  # fmt: skip
            said = await desk.verify(text=one)
            assert (said["form"], said["verdict"]) == ("none", "unreadable"), one[:80]

    async def test_with_a_changed_code_is_told_as_forged(self, desk: Desk) -> None:
        text = await code_of(desk)
        place = text.index(".", text.index("#")) + 9
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        said = await desk.verify(text=changed)
        assert (said["form"], said["verdict"], said["identifier"]) == ("qr", "tampered", None)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="draws PDF with a program written by others")
class TestPaper:
    """The address costs the symbol one version (four modules a side) at level M; a phone reads it as before."""

    async def test_a_picture_of_the_page_is_enough(self, desk: Desk, tmp_path: Path) -> None:
        licence = await desk.issued()
        (symbol,) = read_from(await drawn((await desk.form(licence, "document.pdf")).content, tmp_path))
        assert symbol.text.startswith(ADDRESS)
        assert symbol.ec_level == "M"
        bare = segno.make_qr(jws_of(symbol.text), error="m", boost_error=False)
        assert (segno.make_qr(symbol.text, error="m", boost_error=False).version, bare.version) == (18, 17)
        assert (await said_offline(desk, symbol.text))["id"] == licence["identifier"]
        assert (await desk.verify(text=symbol.text))["verdict"] == "valid"

    async def test_also_where_names_and_address_are_the_longest(self, desk: Desk, tmp_path: Path) -> None:
        licence = await desk.issued()
        async with desk.city.work() as work:
            row = await work.session.get_one(LicenceRow, UUID(licence["id"]))
            content = replace(await content_of(work, row), type_name="证" * 60, holder_shown="名" * 60)
        forms = Forms(Seals(desk.city.settings), "https://smart.hengshui.gov.cn/")
        (symbol,) = read_from(await drawn(await asyncio.to_thread(forms.pdf, content), tmp_path))
        assert len(symbol.text) < 700
        assert segno.make_qr(symbol.text, error="m", boost_error=False).version == 21
        assert (await desk.verify(text=symbol.text))["verdict"] == "valid"


async def drawn(document: bytes, folder: Path) -> bytes:
    """The first page of a PDF as a phone sees it."""
    (folder / "licence.pdf").write_bytes(document)
    command = ["pdftoppm", "-png", "-singlefile", "-r", str(A_PHONES_LOOK), "licence.pdf", "page"]
    await asyncio.to_thread(subprocess.run, command, cwd=folder, check=True)
    return (folder / "page.png").read_bytes()
