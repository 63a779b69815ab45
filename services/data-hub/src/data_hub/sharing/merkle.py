"""The Merkle trees of RFC 6962 §2.1 over SHA-256: the root of a list of leaves, and the audit path of each."""

import hashlib
from collections.abc import Sequence


def leaf(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashed leaves; over none, the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    row = list(leaves)
    while len(row) > 1:  # pairs from the left, a last one without a partner moves up: the tree of §2.1
        paired = [node(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
    return row[0]


def paths(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The audit path of each leaf, from the bottom up: what its hash is joined with on the way to the root."""
    found: list[list[bytes]] = [[] for _ in leaves]
    row, below = list(leaves), [[at] for at in range(len(leaves))]
    while len(row) > 1:
        above: list[bytes] = []
        holds: list[list[int]] = []
        for at in range(0, len(row) - 1, 2):
            for leaf_at in below[at]:
                found[leaf_at].append(row[at + 1])
            for leaf_at in below[at + 1]:
                found[leaf_at].append(row[at])
            above.append(node(row[at], row[at + 1]))
            holds.append(below[at] + below[at + 1])
        if len(row) % 2:
            above.append(row[-1])
            holds.append(below[-1])
        row, below = above, holds
    return found


def reached(hashed: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf's path leads to (RFC 9162 §2.1.3.2), None where the path does not fit the tree."""
    at, last, value = position, size - 1, hashed
    if not 0 <= at <= last:
        return None
    for other in path:
        if last == 0:
            return None
        if at % 2 or at == last:
            value = node(other, value)
            while not at % 2 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node(value, other)
        at, last = at >> 1, last >> 1
    return value if last == 0 else None
