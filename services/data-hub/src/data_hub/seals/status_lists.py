"""Token Status Lists (IETF draft-ietf-oauth-status-list): the status of credentials, for verifiers who ask nobody else.

Two bits for each place: 0 valid, 1 invalid for good, 2 suspended. Terms are in the credentials themselves.
"""

import hmac
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

TYPE = "statuslist+jwt"
MEDIA = "application/statuslist+jwt"
TIME_TO_LIVE, COUNTS_FOR = 60, 86_400  # seconds
LIST_BITS = 18  # a status list has 2^18 places, so that its places tell nothing about numbers issued
LIST_SIZE = 1 << LIST_BITS
STATUS_BITS = 2


def entry(uri: str, place: int) -> dict[str, Any]:
    """The `status` of a credential at a place of the list to be read at `uri`."""
    return {"status_list": {"idx": place, "uri": uri}}


def payload(statuses: Mapping[int, int], *, uri: str, issuer: str, at: datetime) -> dict[str, Any]:
    """What the token of a list says at a moment; some milliseconds of processor."""
    now = int(at.timestamp())
    return {
        "sub": uri, "iss": issuer, "iat": now, "exp": now + COUNTS_FOR, "ttl": TIME_TO_LIVE,
        "status_list": {"bits": STATUS_BITS, "lst": packed(statuses)},
    }  # fmt: skip


def place_in_list(key: bytes, counter: int) -> tuple[int, int]:
    """The status list and the place in it of the credential with this running number.

    The place is a keyed permutation (a Feistel network of four rounds) of the number within its list: unique without
    asking, and in an order that nobody else knows, for a list in order would tell what was issued when.
    """
    number, inner = divmod(counter, LIST_SIZE)
    half = LIST_BITS // 2
    left, right = inner >> half, inner & ((1 << half) - 1)
    for turn in range(4):
        said = b"%d/%d/%d" % (number, turn, right)
        mixed = int.from_bytes(hmac.digest(key, said, "sha256")[:2]) & ((1 << half) - 1)
        left, right = right, left ^ mixed
    return number, left << half | right


def packed(values: Mapping[int, int], *, size: int = LIST_SIZE, bits: int = STATUS_BITS) -> str:
    """A Token Status List: `bits` for each place, least significant first, zlib, base64url. Places not named are 0."""
    listed = bytearray(size * bits // 8)
    for place, value in values.items():
        listed[place * bits // 8] |= value << (place * bits % 8)
    return urlsafe_b64encode(zlib.compress(bytes(listed), 9)).rstrip(b"=").decode("ascii")


def unpacked(text: str, place: int, *, bits: int = STATUS_BITS) -> int:
    """The value at a place of a Token Status List."""
    listed = zlib.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return listed[place * bits // 8] >> (place * bits % 8) & ((1 << bits) - 1)
