"""The seal's keys and certificates, read once from the secret files of the deployment.

`seal_root.pem` is the root certificate, `seal_document.pem`/`_key.pem` the RSA pair that signs PDF, `seal_token.pem`/
`_key.pem` the P-256 pair that signs tokens, `seal_former.pem` (may be missing) certificates of pairs that were
replaced: what they signed goes on verifying.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, KeySet

from citykit.settings import ServiceSettings
from data_hub.seals.errors import SealsMissing

ROOT, DOCUMENT, DOCUMENT_KEY = "seal_root.pem", "seal_document.pem", "seal_document_key.pem"
TOKEN, TOKEN_KEY, FORMER = "seal_token.pem", "seal_token_key.pem", "seal_former.pem"
ALGORITHM = "ES256"


@dataclass(frozen=True)
class SealKeys:
    """What signs and what is published. The document key stays in its file in `folder`: pyHanko reads it there."""

    folder: Path
    root: x509.Certificate
    document: x509.Certificate
    token: x509.Certificate
    token_key: ECKey
    former: tuple[x509.Certificate, ...]

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """All certificates that are published: the root, both that sign now, former ones."""
        return (self.root, self.document, self.token, *self.former)

    @property
    def key_id(self) -> str:
        """The name of the key that signs tokens: its RFC 7638 thumbprint."""
        return self.token_key.thumbprint()

    @property
    def x5c(self) -> list[str]:
        """The token certificate as the `x5c` header wants it (RFC 7515 §4.1.6), without the root."""
        return [base64.b64encode(self.token.public_bytes(Encoding.DER)).decode("ascii")]

    @property
    def public(self) -> KeySet:
        """The public keys of tokens, the present one first."""
        return KeySet([_public_key(one) for one in (self.token, *self.former) if _is_ec(one)])

    def jwks(self) -> dict[str, Any]:
        """The public keys of tokens as a JWK set (RFC 7517)."""
        return {"keys": [key.as_dict(private=False) for key in self.public.keys]}

    def pem(self) -> str:
        """The published certificates in PEM."""
        return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in self.certificates)


def seal_keys(settings: ServiceSettings) -> SealKeys:
    """The seal of this deployment. Raises SealsMissing where its files are not there or cannot be read."""
    folder = settings.secrets_dir
    try:
        # A replaced pair is seen by its time, so that certificate and key are always of one pair.
        return _read(folder, *((folder / name).stat().st_mtime_ns for name in (DOCUMENT, DOCUMENT_KEY, TOKEN_KEY)))
    except (OSError, ValueError) as reason:
        raise SealsMissing from reason


@lru_cache(maxsize=8)
def _read(folder: Path, *_: int) -> SealKeys:
    former = folder / FORMER
    token = x509.load_pem_x509_certificate((folder / TOKEN).read_bytes())
    return SealKeys(
        folder=folder,
        root=x509.load_pem_x509_certificate((folder / ROOT).read_bytes()),
        document=x509.load_pem_x509_certificate((folder / DOCUMENT).read_bytes()),
        token=token,
        token_key=ECKey.import_key((folder / TOKEN_KEY).read_bytes()),
        former=tuple(x509.load_pem_x509_certificates(former.read_bytes())) if former.exists() else (),
    )


def _is_ec(certificate: x509.Certificate) -> bool:
    return isinstance(certificate.public_key(), EllipticCurvePublicKey)


def _public_key(certificate: x509.Certificate) -> ECKey:
    pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    bare = ECKey.import_key(pem)
    return ECKey.import_key(pem, {"kid": bare.thumbprint(), "use": "sig", "alg": ALGORITHM})
