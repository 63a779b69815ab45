"""The key that signs evidence: Ed25519 (RFC 8032), as a JWK in a secret file.

The file is `evidence_key.json`; a deployment that gives none signs with the key that the service has anyway,
`mesh_key.json`. A former public key stays in `evidence_keys_former.json` (a JWKS), so that old records go on verifying.
"""

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from citykit.settings import ServiceSettings

OWN, SERVICE, FORMER = "evidence_key.json", "mesh_key.json", "evidence_keys_former.json"


@dataclass(frozen=True)
class EvidenceKey:
    """A signing key and its name."""

    key_id: str
    private: Ed25519PrivateKey

    def sign(self, text: str) -> bytes:
        """The 64 bytes of the signature over the UTF-8 of `text`."""
        return self.private.sign(text.encode())

    def public(self) -> dict[str, str]:
        """The public half as a JWK (RFC 8037)."""
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.key_id, "x": _encoded(self._raw())}

    def public_pem(self) -> str:
        """The public half as OpenSSL reads it."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def _raw(self) -> bytes:
        return self.private.public_key().public_bytes_raw()


def evidence_key(settings: ServiceSettings) -> EvidenceKey:
    """The key that signs now."""
    folder = settings.secrets_dir
    return _read(folder / (OWN if (folder / OWN).exists() else SERVICE))


def public_keys(settings: ServiceSettings) -> list[dict[str, Any]]:
    """The public keys that records were ever signed with, the present one first."""
    former = settings.secrets_dir / FORMER
    kept = json.loads(former.read_text(encoding="utf-8"))["keys"] if former.exists() else []
    return [evidence_key(settings).public(), *kept]


@lru_cache(maxsize=8)
def _read(path: Path) -> EvidenceKey:
    jwk = json.loads(path.read_text(encoding="utf-8"))
    secret = base64.urlsafe_b64decode(jwk["d"] + "=" * (-len(jwk["d"]) % 4))
    return EvidenceKey(jwk["kid"], Ed25519PrivateKey.from_private_bytes(secret))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
