"""A hash chain over rows: whoever changes, removes or reorders one later can be found out by anybody.

For each stream h_0 is 32 zero bytes and h_n = SHA-256(h_{n-1} || JCS(row_n)), where JCS is the one canonical JSON text
of a row (RFC 8785). Everything here is pure: the rows and their hashes live wherever the caller keeps them. A chain
cannot see that its newest rows were cut off: keep a head somewhere else, or sign it, and hand it to `verify`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785

HASH_SIZE = 32
GENESIS = bytes(HASH_SIZE)

Row = Mapping[str, Any] | bytes  # a JSON object, or its canonical JSON as it was kept


class NotCanonicalError(ValueError):
    """The row has no canonical JSON: an integer beyond ±(2^53-1), NaN, a lone surrogate, a type JSON does not have."""


class Fault(StrEnum):
    """What is wrong with the first row that does not fit."""

    changed = "changed"  # the row and its hash do not belong together, or the row before it is another one
    not_canonical = "not-canonical"  # the row could never have been chained as it stands
    cut_off = "cut-off"  # all rows fit, but the chain does not end in the head that it should end in


@dataclass(frozen=True, slots=True)
class Break:
    """The first broken place of a chain.

    `position` counts rows from 1, in the order given; for `Fault.cut_off` it is the place after the last row.
    `expected` is the hash that the chain demands there, None where none can be computed; `found` is the one kept there.
    """

    position: int
    fault: Fault
    expected: bytes | None
    found: bytes


def canonical(row: Row) -> bytes:
    """The canonical JSON of `row` in UTF-8 (RFC 8785); bytes pass as they are. Raises NotCanonicalError.

    Kept texts are hashed byte by byte: read back as JSON first, a text that only means the same would pass too.
    """
    if isinstance(row, bytes):
        return row
    try:
        return rfc8785.dumps(dict(row))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as refused:
        raise NotCanonicalError(str(refused)) from refused


def canonical_text(row: Mapping[str, Any]) -> str:
    """The canonical JSON of `row` as text. Raises NotCanonicalError.

    Where names are ASCII and values are texts, truth values and small numbers, as in nearly every row, the stock
    encoder writes the same text in a tenth of the time.
    """
    if _is_plain(row):
        return _STOCK.encode(row)
    return canonical(row).decode()


_STOCK = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_SAFE = 2**53 - 1


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if kind is dict:
        return all(type(name) is str and name.isascii() and _is_plain(inner) for name, inner in value.items())
    if kind is list:
        return all(_is_plain(inner) for inner in value)
    return kind is bool or value is None or (kind is int and -_SAFE <= value <= _SAFE)


def link(previous: bytes, row: Row) -> bytes:
    """The hash of `row` after `previous`: 32 bytes, GENESIS for the first row. Raises NotCanonicalError, ValueError."""
    if len(previous) != HASH_SIZE:
        raise ValueError(f"the hash before must have {HASH_SIZE} bytes, not {len(previous)}")
    return hashlib.sha256(previous + canonical(row)).digest()


def verify(rows: Iterable[tuple[Row, bytes]], *, after: bytes = GENESIS, head: bytes | None = None) -> Break | None:
    """The first break in `rows`, or None where every row fits the one before it.

    Args:
        rows: each row with the hash kept for it, oldest first; read once, so that a cursor over a long stream will do.
        after: the trusted hash before the first of `rows`, to go on from an earlier verification.
        head: the hash that the chain must end in, where the caller knows it from elsewhere.
    """
    reached, position = after, 0
    for position, (row, found) in enumerate(rows, start=1):
        try:
            expected = link(reached, row)
        except NotCanonicalError:
            return Break(position, Fault.not_canonical, None, bytes(found))
        if expected != found:
            return Break(position, Fault.changed, expected, bytes(found))
        reached = expected
    if head is not None and reached != head:
        return Break(position + 1, Fault.cut_off, head, reached)
    return None
