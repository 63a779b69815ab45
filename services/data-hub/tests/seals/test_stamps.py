"""A sealed document has a time stamp where the authority gives one, and goes without where it does not."""

import asyncio
import io
import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from citykit.testing import settings_for
from data_hub.main import service
from data_hub.seals import stamps, story
from data_hub.seals.errors import SealBroken
from data_hub.seals.service import Seals
from launcher.sealing import seal_files
from launcher.stamping import authority_files

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
FILES = dict(seal_files(rsa_bits=2048))


def deployment(folder: Path, files: dict[str, str], **more: str) -> Seals:
    for name, content in files.items():
        (folder / name).write_text(content)
    return Seals(settings_for(service, secrets_dir=folder, **more))


def sealed(seals: Seals) -> bytes:
    return seals.sealed_pdf([story.paragraph("证照")], title="t", reason="r", subject="标识一")


@pytest.fixture
def seals(tmp_path: Path) -> Seals:
    return deployment(tmp_path, FILES | authority_files())


@pytest.fixture
def silent() -> Iterator[str]:
    """An authority that takes the call and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: [server.accept() for _ in range(2)], daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/stamp"


@needs_openssl
class TestStamps:
    def test_a_document_tells_when_an_authority_saw_its_seal(self, seals: Seals) -> None:
        for _ in range(2):
            said = seals.check_pdf(sealed(seals))
            assert said.subject == "标识一"
            assert said.stamped_at is not None
            assert abs(said.stamped_at - datetime.now(UTC)) < timedelta(minutes=5)

    @pytest.mark.parametrize("loops", ["asyncio", "uvloop"])
    def test_it_is_made_in_the_thread_of_a_server(self, seals: Seals, loops: str) -> None:
        async def serve() -> bytes:
            return await asyncio.to_thread(sealed, seals)

        policy = asyncio.get_event_loop_policy()
        if loops == "uvloop":
            import uvloop

            asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        try:
            assert seals.check_pdf(asyncio.run(serve())).stamped_at is not None
        finally:
            asyncio.set_event_loop_policy(policy)

    def test_a_changed_byte_breaks_it_stamp_or_not(self, seals: Seals) -> None:
        pdf = bytearray(sealed(seals))
        pdf[pdf.index(b"stream") + 30] ^= 1
        with pytest.raises(SealBroken):
            seals.check_pdf(bytes(pdf))

    def test_a_stamp_under_another_root_counts_for_nothing_and_breaks_nothing(
        self, seals: Seals, tmp_path: Path
    ) -> None:
        pdf = sealed(seals)
        (tmp_path / "tsa_roots.pem").write_text(authority_files()["tsa_roots.pem"])
        assert seals.check_pdf(pdf).stamped_at is None

    def test_the_stamp_of_another_document_counts_for_nothing(self, seals: Seals) -> None:
        pdf = sealed(seals)
        # The length of an ECDSA signature varies by a byte or two.
        forged = next(filter(None, (_with_stamp_of(pdf, sealed(seals)) for _ in range(40))))
        assert forged != pdf
        assert seals.check_pdf(forged).stamped_at is None


class TestWithout:
    def test_no_root_no_stamp_and_the_document_holds(self, tmp_path: Path) -> None:
        seals = deployment(tmp_path, FILES)
        assert seals.check_pdf(sealed(seals)).stamped_at is None

    def test_an_authority_without_its_key_costs_the_stamp_only(self, tmp_path: Path) -> None:
        files = {name: text for name, text in authority_files().items() if name != "tsa_key.pem"}
        seals = deployment(tmp_path, FILES | files)
        assert seals.check_pdf(sealed(seals)).stamped_at is None

    def test_a_silent_authority_is_asked_once_and_then_left_alone(
        self, tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stamps, "PATIENCE", 0.2)
        asked: list[bytes] = []
        seals = deployment(tmp_path, FILES | authority_files(), tsa_url=silent)
        made = stamps.stamper(settings_for(service, secrets_dir=tmp_path, tsa_url=silent))
        assert made is not None
        answer = made._authority.answer

        async def counted(request: bytes) -> bytes:
            asked.append(request)
            return await answer(request)

        monkeypatch.setattr(made._authority, "answer", counted)
        for _ in range(3):
            assert seals.check_pdf(sealed(seals)).stamped_at is None
        assert len(asked) == 1


def _with_stamp_of(pdf: bytes, donor: bytes) -> bytes | None:
    """The document with the other one's stamp in its signature; None where the two are not of one length."""
    mine, other = _stamp(pdf).hex().encode(), _stamp(donor).hex().encode()
    if len(mine) != len(other):
        return None
    place = pdf.lower().index(mine)  # the hole is hexadecimal, in capitals or not
    return pdf[:place] + other + pdf[place + len(mine) :]


def _stamp(pdf: bytes) -> bytes:
    from pyhanko.pdf_utils.reader import PdfFileReader

    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return bytes(signature.signer_info["unsigned_attrs"].contents)
