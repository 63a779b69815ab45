"""PDF with a PAdES signature (ETSI EN 319 142-1), made and checked: baseline B-T with a time stamp, else B-B."""

import asyncio
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from data_hub.adapters.timestamps.port import AuthorityDown
from data_hub.adapters.timestamps.trusted import certificates, roots_of
from data_hub.seals.errors import SealBroken, SealsMissing
from data_hub.seals.keys import DOCUMENT, DOCUMENT_KEY, ROOT, SealKeys

if TYPE_CHECKING:
    from data_hub.seals.stamps import Stamper

FIELD = "Seal"
PLACE = "河北省衡水市"
_RANGES = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s*\]")
_HOLE = re.compile(rb"<[0-9A-Fa-f]+>")


@dataclass(frozen=True)
class SignedDocument:
    """A document whose seal holds for every byte: its subject and keywords as signed, and the seal's reason.

    `stamped_at` is when an authority saw the seal; None where there is no time stamp, or none that is believed.
    """

    subject: str
    keywords: str
    reason: str
    signer: str
    stamped_at: datetime | None


def laid_out(story: Sequence[Any], *, title: str, subject: str, keywords: str) -> bytes:
    """The pages of `story` as PDF 1.4 with the embedded font, unsigned."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - heavy, and most processes never need it
    from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415 - as above

    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, title=title, subject=subject, keywords=keywords, author="衡水市大数据中心",
        creator="Smart Hengshui data hub", leftMargin=56, rightMargin=56, topMargin=56, bottomMargin=56,
    )  # fmt: skip
    document.build(list(story))
    return out.getvalue()


def signed(pdf: bytes, keys: SealKeys, *, reason: str, stamper: "Stamper | None" = None) -> bytes:
    """`pdf` with the seal's signature in an increment: certified, no change allowed after it.

    An authority that gives no stamp delays nobody: the document then goes without.
    """
    from pyhanko.pdf_utils.incremental_writer import (  # noqa: PLC0415 - heavy, and most processes never need it
        IncrementalPdfFileWriter,
    )
    from pyhanko.sign import fields, signers  # noqa: PLC0415 - as above

    at = keys.folder
    chain = (str(at / ROOT),)
    signer = signers.SimpleSigner.load(  # type: ignore[no-untyped-call]  # pyHanko leaves it without types
        str(at / DOCUMENT_KEY), str(at / DOCUMENT), ca_chain_files=chain
    )
    if signer is None:
        raise SealsMissing
    said = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES, reason=reason, location=PLACE,
    )  # fmt: skip

    def written(stamping: "Stamper | None") -> bytes:
        out = io.BytesIO()
        sealing = signers.PdfSigner(said, signer, timestamper=stamping)
        sealing.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
        return out.getvalue()

    try:
        return written(stamper)
    except AuthorityDown:
        return written(None)


def checked(pdf: bytes, keys: SealKeys) -> SignedDocument:
    """What a sealed document says. Raises SealBroken: `not-a-pdf`, `unsigned`, `changed`, `foreign-seal`.

    Bytes first: the signature over them is checked before a parser sees the document, so that what is unpacked and
    followed there is our own work, never a bomb of somebody else's.
    """
    _check_bytes(pdf, keys)
    try:
        from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 - heavy, and most processes never need it

        reader = PdfFileReader(io.BytesIO(pdf))
        (signature,) = reader.embedded_signatures
        stamped_at = _check(signature, keys)
        about = reader.trailer["/Info"]
        return SignedDocument(
            subject=str(about.get("/Subject", "")), keywords=str(about.get("/Keywords", "")),
            reason=str(signature.sig_object.get("/Reason", "")), signer=_signer(signature),
            stamped_at=stamped_at,
        )  # fmt: skip
    except SealBroken:
        raise
    except Exception as reason:  # a document may fail its parser in any way, and each of them says the same
        raise SealBroken("changed") from reason


def _check_bytes(pdf: bytes, keys: SealKeys) -> None:
    """The one signature covers every byte but its own, is one of ours, and holds. Raises SealBroken."""
    if b"%PDF-" not in pdf[:1024] or b"startxref" not in pdf:
        raise SealBroken("not-a-pdf")
    ranges = _RANGES.findall(pdf)
    if len(ranges) != 1:
        raise SealBroken("changed" if ranges else "unsigned")
    begin, end, rest = (int(number) for number in ranges[0])
    if not (begin < end and end + rest == len(pdf) and _HOLE.fullmatch(pdf, begin, end)):
        raise SealBroken("changed")
    try:
        intact = _intact(bytes.fromhex(pdf[begin + 1 : end - 1].decode("ascii")), pdf[:begin] + pdf[end:], keys)
    except SealBroken:
        raise
    except Exception as reason:  # so may a signature
        raise SealBroken("changed") from reason
    if not intact:
        raise SealBroken("changed")


def _intact(signature: bytes, covered: bytes, keys: SealKeys) -> bool:
    from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]  # noqa: PLC0415 - without types, and heavy
    from pyhanko.sign.general import extract_certificate_info  # noqa: PLC0415 - most processes never need it
    from pyhanko.sign.validation import async_validate_detached_cms  # noqa: PLC0415 - as above

    signed_data = ContentInfo.load(signature)["content"]
    if extract_certificate_info(signed_data).signer_cert.sha256 not in _ours(keys):
        raise SealBroken("foreign-seal")
    verdict = asyncio.run(
        async_validate_detached_cms(
            covered, signed_data, signer_validation_context=_trust(keys), ts_validation_context=_trusted_time(keys)
        )
    )
    return bool(verdict.intact and verdict.valid and verdict.trusted)


def _check(signature: Any, keys: SealKeys) -> datetime | None:
    """Check what the parser found; when the seal was stamped. Raises SealBroken."""
    from pyhanko.sign.validation import (  # noqa: PLC0415 - heavy, and most processes never need it
        SignatureCoverageLevel,
        validate_pdf_signature,
    )

    signature.compute_integrity_info()
    verdict = validate_pdf_signature(
        signature, signer_validation_context=_trust(keys), ts_validation_context=_trusted_time(keys)
    )
    whole = verdict.coverage is SignatureCoverageLevel.ENTIRE_FILE
    if not (whole and verdict.intact and verdict.valid and verdict.trusted and verdict.docmdp_ok):
        raise SealBroken("changed")
    stamp = verdict.timestamp_validity
    # A stamp lies outside what the seal covers. One that does not hold counts for nothing, and breaks nothing.
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        return None
    return stamp.timestamp


def _ours(keys: SealKeys) -> set[bytes]:
    return {_asn1(one).sha256 for one in (keys.document, *keys.former)}


def _trust(keys: SealKeys) -> Any:
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 - heavy, and most processes never need it

    return ValidationContext(
        trust_roots=[_asn1(one) for one in (keys.root, *keys.former)], allow_fetching=False, revocation_mode="soft-fail"
    )


def _trusted_time(keys: SealKeys) -> Any:
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 - heavy, and most processes never need it

    known = certificates(roots_of(keys.folder))
    return ValidationContext(
        trust_roots=[_asn1(one) for one in known if one.issuer == one.subject],
        other_certs=[_asn1(one) for one in known if one.issuer != one.subject], allow_fetching=False,
        revocation_mode="soft-fail",
    )  # fmt: skip


def _signer(signature: Any) -> str:
    return str(signature.signer_cert.subject.native.get("common_name", ""))


def _asn1(certificate: Certificate) -> Any:
    from pyhanko.keys import load_certs_from_pemder_data  # noqa: PLC0415 - heavy, and most processes never need it

    return next(iter(load_certs_from_pemder_data(certificate.public_bytes(Encoding.PEM))))
