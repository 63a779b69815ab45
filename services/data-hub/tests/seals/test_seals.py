"""What the seal signs holds, and nothing else does."""

import base64
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from joserfc.jwk import ECKey

from citykit.testing import ServiceUnderTest, settings_for
from data_hub.main import service
from data_hub.seals import story
from data_hub.seals.errors import SealBroken, SealsMissing
from data_hub.seals.keys import FORMER, seal_keys
from data_hub.seals.service import Seals
from launcher.sealing import seal_files

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def deployment(folder: Path, *, files: dict[str, str] | None = None) -> Seals:
    """A seal of its own in `folder`."""
    for name, text in (files or dict(seal_files(rsa_bits=2048))).items():
        (folder / name).write_text(text)
    return Seals(settings_for(service, secrets_dir=folder))


@pytest.fixture(scope="module")
def seals(tmp_path_factory: pytest.TempPathFactory) -> Seals:
    return deployment(tmp_path_factory.mktemp("seal"))


@pytest.fixture(scope="module")
def pdf(seals: Seals) -> bytes:
    pages = [story.heading("社会信用报告"), story.paragraph("张喆 <b>&"), story.table([["项目", "值"]], head=True)]
    return seals.sealed_pdf(pages, title="报告", reason="依申请出具", subject="标识一", keywords="k1")


class TestDocuments:
    def test_what_was_sealed_says_who_sealed_it_and_what_for(self, seals: Seals, pdf: bytes) -> None:
        said = seals.check_pdf(pdf)
        assert (said.subject, said.keywords, said.reason) == ("标识一", "k1", "依申请出具")
        assert said.signer == "衡水市大数据中心电子印章"

    @pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6])
    def test_one_changed_byte_breaks_it(self, seals: Seals, pdf: bytes, share: float) -> None:
        changed = bytearray(pdf)
        changed[int(len(pdf) * share)] ^= 1
        with pytest.raises(SealBroken):
            seals.check_pdf(bytes(changed))

    def test_something_added_after_it_breaks_it(self, seals: Seals, pdf: bytes) -> None:
        for addition in (b"\n% a comment", b"\n1 0 obj\n<< /Subject (x) >>\nendobj\n"):
            with pytest.raises(SealBroken):
                seals.check_pdf(pdf + addition)

    def test_an_increment_with_other_properties_breaks_it(self, seals: Seals, pdf: bytes) -> None:
        import io

        from pyhanko.pdf_utils.generic import pdf_name, pdf_string
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        properties = writer.trailer["/Info"]
        properties[pdf_name("/Keywords")] = pdf_string("other")
        writer.update_container(properties)
        out = io.BytesIO()
        writer.write(out)
        with pytest.raises(SealBroken):
            seals.check_pdf(out.getvalue())

    @pytest.mark.parametrize("given", [b"", b"%PDF-1.7", b"\x00" * 4000, b"PK\x03\x04" * 100])
    def test_what_is_no_document_is_told(self, seals: Seals, given: bytes) -> None:
        with pytest.raises(SealBroken, match="not-a-pdf"):
            seals.check_pdf(given)

    def test_no_parser_sees_what_the_seal_does_not_cover(
        self, seals: Seals, pdf: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def parse(*_: object) -> None:
            raise AssertionError("a parser was asked")

        monkeypatch.setattr("pyhanko.pdf_utils.reader.PdfFileReader.__init__", parse)
        bomb = b"%PDF-1.7\n1 0 obj<</Filter/FlateDecode/Type/ObjStm>>stream\n" + b"\0" * 99 + b"\nstartxref\n9\n%%EOF"
        for given in (bomb, pdf + bomb, bomb + pdf, pdf.replace(b"/ByteRange", b"/ByteRangf")):
            with pytest.raises(SealBroken):
                seals.check_pdf(given)

    def test_a_document_without_a_seal_is_told(self, seals: Seals) -> None:
        with pytest.raises(SealBroken, match="unsigned"):
            seals.check_pdf(seals.pdf([story.paragraph("无章")], title="t"))

    def test_the_seal_of_another_city_is_foreign(self, pdf: bytes, tmp_path: Path) -> None:
        with pytest.raises(SealBroken, match="foreign-seal"):
            deployment(tmp_path).check_pdf(pdf)

    def test_a_replaced_certificate_still_verifies(self, seals: Seals, pdf: bytes, tmp_path: Path) -> None:
        former = seals.keys.pem()
        renewed = deployment(tmp_path, files=dict(seal_files(rsa_bits=2048)) | {FORMER: former})
        assert renewed.check_pdf(pdf).subject == "标识一"
        assert renewed.check_jws(seals.jws({"a": 1}, typ="t+jwt"), typ="t+jwt") == {"a": 1}

    def test_a_pair_that_is_replaced_under_a_running_city_is_seen(self, tmp_path: Path) -> None:
        before = deployment(tmp_path).keys.key_id
        renewed = deployment(tmp_path)
        assert renewed.keys.key_id != before
        assert renewed.check_pdf(renewed.sealed_pdf([story.paragraph("新")], title="t", reason="r")).reason == "r"

    def test_chinese_is_text_in_an_embedded_font(self, pdf: bytes, tmp_path: Path) -> None:
        if shutil.which("pdftotext") is None:
            pytest.skip("poppler-utils is not installed")
        path = tmp_path / "report.pdf"
        path.write_bytes(pdf)
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout.decode()
        assert "社会信用报告" in text
        assert "张喆 <b>&" in text

    def test_a_rare_name_is_shown_and_copied_as_it_is_written(self, seals: Seals, tmp_path: Path) -> None:
        """Beyond GB/T 2312 and beyond the Basic Multilingual Plane: as names of persons, firms and papers need them."""
        if shutil.which("pdftotext") is None:
            pytest.skip("poppler-utils is not installed")
        said = "𠮷〇啟 𬱖晳囍医院 陳張䶮𬭎頔 二〇二六年" + "".join(chr(code) for code in range(0x4E00, 0x4E00 + 300))
        assert story.shown(said) == said
        path = tmp_path / "rare.pdf"
        path.write_bytes(seals.sealed_pdf([story.paragraph(said)], title="t", reason="r"))
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout.decode()
        assert said.replace(" ", "") in "".join(text.split())

    def test_a_character_that_the_font_lacks_leaves_a_trace(self) -> None:
        assert story.shown("𠀀a<") == "[U+20000]a&lt;"

    def test_a_deployment_without_a_seal_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(SealsMissing):
            seal_keys(settings_for(service, secrets_dir=tmp_path))


class TestCredentials:
    def test_the_holder_shows_what_she_wants(self, seals: Seals) -> None:
        claims = {"name": "张三", "level": "A", "kind": "firm"}
        text = seals.issue_sd_jwt_vc(
            claims, vct="urn:x", issued_at=NOW, expires_at=NOW + timedelta(days=1), disclosable=("name", "level"),
            status={"status_list": {"idx": 3, "uri": "https://x"}},
        )  # fmt: skip
        token, *disclosures, end = text.split("~")
        assert (len(disclosures), end) == (2, "")
        everything = seals.check_sd_jwt_vc(text)
        assert everything["name"] == "张三"
        assert everything["exp"] - everything["iat"] == 86400
        nothing = seals.check_sd_jwt_vc(token + "~")
        assert "name" not in nothing
        assert nothing["kind"] == "firm"

    def test_its_header_is_that_of_the_draft(self, seals: Seals) -> None:
        text = seals.issue_sd_jwt_vc({}, vct="urn:x", issued_at=NOW)
        head = text.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        assert header["typ"] == "dc+sd-jwt"
        assert header["kid"] == seals.keys.key_id
        assert len(header["x5c"]) == 1

    def test_what_must_always_be_seen_is_never_hidden(self, seals: Seals) -> None:
        with pytest.raises(ValueError, match="never selectively"):
            seals.issue_sd_jwt_vc({}, vct="urn:x", issued_at=NOW, disclosable=("vct",))

    def test_a_disclosure_of_ones_own_making_breaks_it(self, seals: Seals) -> None:
        token, _, _ = seals.issue_sd_jwt_vc({"level": "C"}, vct="u", issued_at=NOW, disclosable=("level",)).split("~")
        forged = "WyJzYWx0IiwgImxldmVsIiwgIkEiXQ"  # ["salt", "level", "A"]
        with pytest.raises(SealBroken, match="changed"):
            seals.check_sd_jwt_vc(f"{token}~{forged}~")

    def test_a_flipped_bit_of_the_signature_breaks_it(self, seals: Seals) -> None:
        head, body, signature = seals.issue_sd_jwt_vc({}, vct="u", issued_at=NOW).rstrip("~").split(".")
        flipped = ("A" if signature[5] != "A" else "B").join((signature[:5], signature[6:]))
        with pytest.raises(SealBroken):
            seals.check_sd_jwt_vc(f"{head}.{body}.{flipped}~")

    @pytest.mark.parametrize("given", ["", "~", "a.b.c~", "é.é.é~", "~~~~", "x" * 300_000 + "~"])
    def test_what_is_none_is_told(self, seals: Seals, given: str) -> None:
        with pytest.raises(SealBroken):
            seals.check_sd_jwt_vc(given)


class TestStatements:
    def test_a_statement_holds_for_its_own_type_alone(self, seals: Seals) -> None:
        text = seals.jws({"id": "甲"}, typ="licence+jwt")
        assert seals.check_jws(text, typ="licence+jwt") == {"id": "甲"}
        with pytest.raises(SealBroken, match="not-a-jws"):
            seals.check_jws(text, typ="other+jwt")

    def test_an_unsigned_statement_is_none(self, seals: Seals) -> None:
        none = "eyJhbGciOiJub25lIiwidHlwIjoibGljZW5jZStqd3QifQ.e30."
        for text in (none, "a.b.c", "", "....", seals.jws({}, typ="t")[:-3] + "AAA"):
            with pytest.raises(SealBroken):
                seals.check_jws(text, typ="licence+jwt")

    def test_a_statement_of_another_key_is_refused(self, seals: Seals, tmp_path: Path) -> None:
        with pytest.raises(SealBroken):
            seals.check_jws(deployment(tmp_path).jws({}, typ="t"), typ="t")


class TestWhatIsPublished:
    async def test_everybody_reads_the_public_keys(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get("/api/data-hub/v1/seals/jwks.json")
        assert answer.status_code == 200
        (key,) = answer.json()["keys"]
        assert "d" not in key
        assert ECKey.import_key(key).thumbprint() == key["kid"] == Seals(city.settings).keys.key_id

    async def test_everybody_reads_the_certificates(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get("/api/data-hub/v1/seals/certificates.pem")
        assert answer.headers["content-type"].startswith("application/x-pem-file")
        root, document, token = x509.load_pem_x509_certificates(answer.content)
        for leaf in (document, token):
            leaf.verify_directly_issued_by(root)
        assert "PRIVATE" not in answer.text
