"""The secrets of a city: made once, kept in files that only the city's user reads, never replaced.

`<state>/secrets/<service>/` holds `identifier_key` (AES-256, base64url), `mesh_key.json` (private Ed25519 JWK of
RFC 8037, kid = the service), `mesh_keys.json` (the public keys of all) and `database_password`; the superuser of the
database has a folder of its own. The data hub has the keys and certificates of the city's seal besides (`sealing`),
and what its evidence is signed and stamped with (`stamping`).
"""

import base64
import json
import secrets as randomness
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from citykit.ids import new_id
from launcher.city import SERVICES, City, new_password, write_whole
from launcher.refusals import Refusal
from launcher.sealing import FILES as SEAL_FILES
from launcher.sealing import ROOT_KEY, seal_files
from launcher.stamping import EVIDENCE_KEY, authority_files
from launcher.stamping import FILES as AUTHORITY_FILES

IDENTITY = "citizen-pass"
SEAL_HOLDER = "data-hub"
SAMPLE_CLIENTS = ("air-station-gateway", "bench")


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def new_mesh_key(service: str) -> str:
    """A private signing key of `service`, as a JWK in JSON."""
    key = Ed25519PrivateKey.generate()
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": service,
        "use": "sig",
        "alg": "Ed25519",
        "x": base64url(key.public_key().public_bytes_raw()),
        "d": base64url(key.private_bytes_raw()),
    }
    return json.dumps(jwk)


def new_partner_key() -> str:
    """A partner's key of the data hub's services, as `X-Api-Key` carries it: its number, 256 random bits."""
    return f"hsk_{new_id().hex}_{randomness.token_urlsafe(32)}"


def settle(city: City, profile: str) -> None:
    """Make what is missing. Raises Refusal where the database is there but its keys are gone: new ones read nothing."""
    if city.cluster.exists:
        _refuse_without_keys(city)
    _keep(city.secrets / "postgres" / "superuser_password", new_password)
    for service in SERVICES:
        folder = city.secrets / service
        _keep(folder / "database_password", new_password)
        _keep(folder / "identifier_key", lambda: base64url(randomness.token_bytes(32)))
        _keep(folder / "mesh_key.json", partial(new_mesh_key, service))
    _settle_seal(city)
    _settle_evidence(city)
    public = json.dumps({"keys": [_public(city, service) for service in SERVICES]}, indent=1)
    for service in SERVICES:
        path = city.secrets / service / "mesh_keys.json"
        if not path.exists() or path.read_text() != public:
            write_whole(path, public, mode=0o600)
    if profile == "demo":
        _keep(city.secrets / IDENTITY / "sample_password", lambda: randomness.token_urlsafe(15))
        for client in SAMPLE_CLIENTS:
            _keep(city.secrets / IDENTITY / f"client_{client}", lambda: randomness.token_urlsafe(32))
        _keep(city.secrets / "data-hub" / "sample_partner_key", new_partner_key)


def _keep(path: Path, make: Callable[[], str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        write_whole(path, make() + "\n", mode=0o600)


def _settle_seal(city: City) -> None:
    """Make a seal where none is. Raises Refusal where a part of it is gone and the database is there."""
    folder = city.secrets / SEAL_HOLDER
    missing = [name for name in SEAL_FILES if not (folder / name).exists()]
    if len(missing) == len(SEAL_FILES) or (missing and not city.cluster.exists):
        for name, text in seal_files().items():
            write_whole(folder / name, text, mode=0o600)
    elif lost := [name for name in missing if name != ROOT_KEY]:
        raise Refusal(
            f"电子印章的文件不全,缺:{'、'.join(lost)};请从备份恢复",
            f"Files of the electronic seal are gone: {', '.join(lost)}; restore a backup",
        )


def _settle_evidence(city: City) -> None:
    """Make the key of evidence, and an authority where no part of one is: a city may have contracted another."""
    folder = city.secrets / SEAL_HOLDER
    _keep(folder / EVIDENCE_KEY, lambda: new_mesh_key(f"evidence-{randomness.token_hex(4)}"))
    if not any((folder / name).exists() for name in AUTHORITY_FILES):
        for name, text in authority_files().items():
            write_whole(folder / name, text, mode=0o600)


def _public(city: City, service: str) -> dict[str, str]:
    key: dict[str, str] = json.loads(city.secret(service, "mesh_key.json"))
    return {name: value for name, value in key.items() if name != "d"}


def _refuse_without_keys(city: City) -> None:
    needed = [city.secrets / "postgres" / "superuser_password"]
    needed += [city.secrets / service / "identifier_key" for service in SERVICES]
    for path in needed:
        if not path.exists():
            raise Refusal(
                f"数据库尚在而密钥文件缺失:{path};请从备份恢复",
                f"The database is there but its key {path} is gone: restore a backup",
            )
