"""Whether who shows a credential holds its key: the key-binding JWT at its end (RFC 9901 §4.3 and §7.3)."""

import base64
import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from data_hub.seals.errors import SealBroken
from data_hub.seals.keys import ALGORITHM

TYPE = "kb+jwt"


class Binding(StrEnum):
    """What a presentation proves of who shows it."""

    unbound = "unbound"  # the credential names no key: anybody may show it
    unproven = "unproven"  # it names one, and nothing proves that whoever shows it has that key
    proven = "proven"  # the key's holder answered this verifier's own question


def binding_of(text: str, claims: Mapping[str, Any], *, nonce: str | None, audience: str | None) -> Binding:
    """What the end of a presentation proves; `claims` are those that its issuer signed.

    Only an answer to the `nonce` and `audience` that the verifier asked with is a proof: one for another may come from
    what the holder once showed there. Raises SealBroken `changed` for one that the holder's key did not sign over
    this very presentation, or that stands where no key is named.
    """
    shown, _, proof = text.rpartition("~")
    key = claims.get("cnf", {}).get("jwk")
    if not proof:
        return Binding.unbound if key is None else Binding.unproven
    if key is None:
        raise SealBroken("changed")
    said = _signed(proof, key)
    if said.get("sd_hash") != _digest(f"{shown}~"):
        raise SealBroken("changed")
    asked = (nonce, audience)
    return Binding.proven if None not in asked and asked == (said.get("nonce"), said.get("aud")) else Binding.unproven


def _signed(proof: str, key: Mapping[str, Any]) -> dict[str, Any]:
    try:
        read = jws.deserialize_compact(proof, ECKey.import_key(dict(key)), algorithms=[ALGORITHM])
        said = json.loads(read.payload or b"")
    except (JoseError, ValueError, TypeError) as reason:
        raise SealBroken("changed") from reason
    if read.headers().get("typ") != TYPE or not isinstance(said, dict):
        raise SealBroken("changed")
    return said


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8")).digest()).rstrip(b"=").decode("ascii")
