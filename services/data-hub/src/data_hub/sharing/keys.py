"""The key that signs evidence: Ed25519 (RFC 8032), as a JWK (RFC 8037) in the secret file `evidence_key.json`.

A deployment that gives none signs with the key that the service has anyway, `mesh_key.json`. The public half of each
key that was ever used lies beside the records, so that they go on verifying when the file is replaced or lost.
"""

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from citykit.settings import ServiceSettings

OWN, SERVICE = "evidence_key.json", "mesh_key.json"


@dataclass(frozen=True)
class EvidenceKey:
    """A signing key and its name."""

    key_id: str
    private: Ed25519PrivateKey

    def sign(self, text: str) -> bytes:
        """The 64 bytes of the signature over the UTF-8 of `text`."""
        return self.private.sign(text.encode())

    @property
    def public(self) -> str:
        """The 32 bytes of the public half, base64url without padding: the `x` of its JWK."""
        return base64.urlsafe_b64encode(self.private.public_key().public_bytes_raw()).rstrip(b"=").decode("ascii")


def evidence_key(settings: ServiceSettings) -> EvidenceKey:
    """The key that signs now."""
    folder = settings.secrets_dir
    return _read(folder / (OWN if (folder / OWN).exists() else SERVICE))


def as_jwk(key_id: str, public: str) -> dict[str, Any]:
    """A public key as a JWK (RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "Ed25519", "kid": key_id, "x": public}


def as_pem(public: str) -> str:
    """A public key as OpenSSL reads it."""
    key = Ed25519PublicKey.from_public_bytes(_decoded(public))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


@lru_cache(maxsize=8)
def _read(path: Path) -> EvidenceKey:
    jwk = json.loads(path.read_text(encoding="utf-8"))
    return EvidenceKey(jwk["kid"], Ed25519PrivateKey.from_private_bytes(_decoded(jwk["d"])))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
