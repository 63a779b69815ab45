"""A sealed licence before a PDF reader written by others: Poppler's `pdfsig`, `pdffonts` and `pdftotext`."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from citykit.testing import ServiceUnderTest, service_fixture
from launcher.sealing import seal_files
from launcher.stamping import authority_files

AUTHORITY = authority_files()
ATTRIBUTE = "signature_time_stamp_token"  # id-aa-timeStampToken, RFC 3161 appendix A
city = service_fixture("data_hub.main:service", files={**seal_files(), **AUTHORITY})
pytestmark = pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
LICENCES = "/api/data-hub/v1/licences"
MARKET, TYPE = "11131100MB0H00057C", "11100000MB0143028R001"
PERSON = "01890000-0000-7000-8000-000000001001"


@pytest.fixture
async def document(city: ServiceUnderTest, tmp_path: Path) -> Path:
    """A licence as PDF, in a file."""
    return await sealed(city, tmp_path, "餐饮")


async def sealed(city: ServiceUnderTest, folder: Path, trade: str) -> Path:
    """The PDF of a licence for this trade."""
    licence = await issued(city, trade)
    holder = city.token(["data-hub.licences.hold"], person=PERSON)
    answer = await city.client.get(f"{LICENCES}/own/{licence}/document.pdf", headers=holder)
    assert answer.status_code == 200, answer.text
    path = folder / "licence.pdf"
    path.write_bytes(answer.content)
    return path


async def issued(city: ServiceUnderTest, trade: str) -> str:
    """A licence of a person of the registry."""
    scopes = [f"data-hub.{one}" for one in ("licences.maintain", "licences.issue", "registries.maintain")]
    officer = city.token(scopes, department=MARKET)
    from data_hub.sample.personas import load_personas

    async with city.work() as work:
        await load_personas(work)
    kind = {
        "code": TYPE, "name_zh": "健康证明", "name_en": "Health certificate", "department": MARKET,
        "department_name": "衡水市市场监督管理局", "holder_kind": "person", "valid_months": 12,
        "fields": [{"name": "trade", "title": "从业类别", "longest": 2000}],
        "template": {"title": "{type_name}", "lines": ["{holder_name}可从事{trade}。"]},
    }  # fmt: skip
    made = await city.client.post(f"{LICENCES}/types", json=kind, headers=officer)
    assert made.status_code == 201, made.text
    draft = {
        "type_code": TYPE,
        "person": {"name": "李秀英", "id_number": "131102198503150049"},
        "claims": {"trade": trade},
    }
    answer = await city.client.post(LICENCES, json=draft, headers=officer)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def told(program: str, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def test_its_signature_holds_for_the_whole_document(document: Path) -> None:
    said = told("pdfsig", str(document))
    assert "Signature Validation: Signature is Valid." in said
    assert "Total document signed" in said
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Signing Hash Algorithm: SHA-256" in said
    assert "衡水市大数据中心电子印章" in said
    assert len(re.findall(r"Signature #\d", said)) == 1


async def test_it_is_trusted_where_the_published_root_is(
    document: Path, city: ServiceUnderTest, tmp_path: Path
) -> None:
    if shutil.which("certutil") is None:
        pytest.skip("libnss3-tools is not installed")
    answer = await city.client.get("/api/data-hub/v1/seals/certificates.pem")
    root = tmp_path / "root.pem"
    root.write_text(answer.text.split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
    store = f"sql:{tmp_path}"
    told("certutil", "-N", "-d", store, "--empty-password")
    assert "Certificate is Trusted." not in told("pdfsig", "-nssdir", str(tmp_path), str(document))
    told("certutil", "-A", "-d", store, "-n", "seal", "-t", "CT,C,C", "-i", str(root))
    assert "Certificate is Trusted." in told("pdfsig", "-nssdir", str(tmp_path), str(document))


def test_one_changed_byte_breaks_it(document: Path) -> None:
    data = bytearray(document.read_bytes())
    data[data.index(b"stream") + 30] ^= 1
    document.write_bytes(data)
    assert "Signature is Valid" not in told("pdfsig", str(document))


def test_its_stamp_is_verified_by_openssl(document: Path, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is not installed")
    from pyhanko.pdf_utils.reader import PdfFileReader

    with document.open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_signatures
        (stamp,) = (one for one in signature.signer_info["unsigned_attrs"] if one["type"].native == ATTRIBUTE)
        (tmp_path / "token").write_bytes(stamp["values"][0].dump())
        (tmp_path / "data").write_bytes(signature.signer_info["signature"].native)
    (tmp_path / "roots.pem").write_text(AUTHORITY["tsa_roots.pem"])
    words = ("-in", str(tmp_path / "token"), "-token_in", "-CAfile", str(tmp_path / "roots.pem"))
    assert "Verification: OK" in told("openssl", "ts", "-verify", "-data", str(tmp_path / "data"), *words)
    (tmp_path / "data").write_bytes(b"another signature")
    assert "Verification: OK" not in told("openssl", "ts", "-verify", "-data", str(tmp_path / "data"), *words)


def test_its_font_is_embedded_and_its_chinese_is_text(document: Path) -> None:
    fonts = [line.split() for line in told("pdffonts", str(document)).splitlines() if "SmartHengshui" in line]
    assert fonts
    assert all("TrueType" in line and line[-5] == "yes" for line in fonts)
    text = told("pdftotext", str(document), "-")
    assert "李秀英可从事餐饮。" in text
    assert "1.2.156.3005.2." in text


async def test_no_word_is_lost_of_a_field_that_is_longer_than_a_page(city: ServiceUnderTest, tmp_path: Path) -> None:
    document = await sealed(city, tmp_path, "食品销售" * 500)
    text = "".join(told("pdftotext", str(document), "-").split()).replace("\f", "")
    assert text.count("食品销售") == 2 * 500  # in its sentence, and in the table
    said = told("pdfsig", str(document))
    assert "Signature Validation: Signature is Valid." in said
    assert "Total document signed" in said
