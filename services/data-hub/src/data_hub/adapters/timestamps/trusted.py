"""Which authority a deployment has, and when its answer is believed: once it verifies, and not before.

An answer must be about what was asked (imprint and nonce) and signed by a certificate that is for time stamps and
nothing else, under a root in `tsa_roots.pem`. The roots of former authorities stay in that file.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from data_hub.adapters.timestamps.http import SECONDS, HttpAuthority
from data_hub.adapters.timestamps.openssl import OpensslAuthority
from data_hub.adapters.timestamps.port import AuthorityDown, TimeAuthority

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

ROOTS = "tsa_roots.pem"


def authority_of(url: str, folder: Path, *, seconds: float = SECONDS) -> TimeAuthority:
    """The authority at `url`, or the city's own, whose key lies in `folder`; it is given up after `seconds`."""
    return HttpAuthority(url, seconds=seconds) if url else OpensslAuthority(folder, seconds=seconds)


def roots_of(folder: Path) -> str:
    """The certificates among the secrets in `folder` that stamps are verified with, in PEM; empty without any."""
    path = folder / ROOTS
    return path.read_text(encoding="ascii") if path.exists() else ""


def certificates(roots: str) -> list[x509.Certificate]:
    """The certificates in a text of PEM."""
    return x509.load_pem_x509_certificates(roots.encode()) if roots else []


def believed(answer: bytes, digest: bytes, nonce: int | None, roots: str) -> "TimeStampResponse":
    """The stamp in an authority's answer to a request for `digest` (SHA-256) with this nonce.

    Raises AuthorityDown where it does not verify: a stamp that nobody can check is none.
    """
    import rfc3161_client as tsp  # noqa: PLC0415 - heavy, and most processes never need it

    try:
        verifier = tsp.VerifierBuilder() if nonce is None else tsp.VerifierBuilder().nonce(nonce)
        for certificate in certificates(roots):
            is_root = certificate.issuer == certificate.subject
            add = verifier.add_root_certificate if is_root else verifier.add_intermediate_certificate
            verifier = add(certificate)
        response = tsp.decode_timestamp_response(answer)
        verifier.build().verify(response, digest)
    except (tsp.VerificationError, ValueError) as wrong:
        raise AuthorityDown(f"an answer that does not verify: {wrong}") from wrong
    return response
