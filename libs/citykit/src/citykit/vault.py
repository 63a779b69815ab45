"""Personal identifiers at rest: sealed with AES-256-GCM, found again by a keyed hash. The key is never in the database.

A blob is   version (1 byte) || key id (8 bytes) || nonce (12 bytes) || ciphertext || tag (16 bytes)
and its version, key id and context are authenticated with it: a blob that is moved to another row, column or table
does not open there. Each use has a key of its own, derived by HKDF-SHA-256 (RFC 5869) from a root of 32 random bytes.

Rotation: roots stand in one file, one a line, the newest LAST. Append a line: from then on the new root seals, all of
them open. The look-up hash stays with the FIRST root, or nothing sealed before would be found; the first line may be
removed only after everything is sealed and indexed anew. Nonces are random, so one root should seal at most 2^32
texts (NIST SP 800-38D §8.3).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT_SIZE = 32
_VERSION = b"\x01"
_KEY_ID_SIZE = 8
_HEADER_SIZE = len(_VERSION) + _KEY_ID_SIZE
_NONCE_SIZE = 12
_TAG_SIZE = 16
_BLOCK_SIZE = 64  # of SHA-256: HMAC pads its key to it, and crosses it with 0x36 and 0x5c
_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))


class VaultError(Exception):
    """A blob does not open here, or a key file is not one. The message never holds a key or a text."""


class Vault:
    """Seals short texts for one service, whose roots it holds. `roots` come oldest first."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        if not roots or any(len(root) != ROOT_SIZE for root in roots):
            raise VaultError(f"a vault wants at least one root, each of {ROOT_SIZE} bytes")
        self._ciphers = {_derive(root, b"key-id")[:_KEY_ID_SIZE]: AESGCM(_derive(root, b"seal")) for root in roots}
        if len(self._ciphers) != len(roots):
            raise VaultError("a root stands twice in the key file")
        self._newest = next(reversed(self._ciphers))
        self._index_root = roots[0]
        self._index_keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Vault(keys={[key.hex() for key in self._ciphers]})"

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The vault whose roots stand in `path`: base64url, 32 bytes each, one a line, the newest last.

        Raises VaultError for a file that holds anything else, FileNotFoundError and PermissionError as they come.
        """
        try:
            lines = path.read_text(encoding="ascii").split()
        except UnicodeDecodeError as refused:
            raise VaultError(f"{path.name} is not a key file") from refused
        return cls([_root(line, path.name) for line in lines])

    @classmethod
    def generate(cls) -> Self:
        """A vault with a new root that nobody else has: for tests, its blobs are lost with it."""
        return cls([secrets.token_bytes(ROOT_SIZE)])

    def seal(self, text: str, context: str) -> bytes:
        """Encrypt `text` for the place that `context` names, such as `population/<person id>/id-number`."""
        return self.seal_bytes(text.encode("utf-8"), context)

    def seal_bytes(self, content: bytes, context: str) -> bytes:
        """Encrypt a piece of a file (some megabytes at most: it is held whole) for the place that `context` names."""
        header, nonce = _VERSION + self._newest, secrets.token_bytes(_NONCE_SIZE)
        return header + nonce + self._ciphers[self._newest].encrypt(nonce, content, _bound(header, context))

    def seal_all(self, texts: Sequence[str | None], context: str) -> list[bytes | None]:
        """A column of texts, each sealed as `seal` does it, at a fraction of the time; None stays None.

        The nonces are drawn from the system at once, and each text has its own.
        """
        header, encrypt = _VERSION + self._newest, self._ciphers[self._newest].encrypt
        bound, drawn = _bound(header, context), secrets.token_bytes(_NONCE_SIZE * len(texts))
        nonces = [drawn[at : at + _NONCE_SIZE] for at in range(0, len(drawn), _NONCE_SIZE)]
        return [
            None if text is None else header + nonce + encrypt(nonce, text.encode("utf-8"), bound)
            for text, nonce in zip(texts, nonces, strict=True)
        ]

    def open(self, blob: bytes, context: str) -> str:
        """The text that was sealed for `context`. Raises VaultError where blob, context or key is another one."""
        return self.open_bytes(blob, context).decode("utf-8")

    def open_bytes(self, blob: bytes, context: str) -> bytes:
        """The bytes that were sealed for `context`. Raises VaultError where blob, context or key is another one."""
        blob = bytes(blob)
        if len(blob) < _HEADER_SIZE + _NONCE_SIZE + _TAG_SIZE or not blob.startswith(_VERSION):
            raise VaultError("this is not a sealed text")
        header, rest = blob[:_HEADER_SIZE], blob[_HEADER_SIZE:]
        cipher = self._ciphers.get(header[len(_VERSION) :])
        if cipher is None:
            raise VaultError(f"sealed with the key {header[len(_VERSION) :].hex()}, which is not in this vault")
        try:
            return cipher.decrypt(rest[:_NONCE_SIZE], rest[_NONCE_SIZE:], _bound(header, context))
        except InvalidTag:
            raise VaultError("the sealed text was changed, or belongs to another place") from None

    def is_current(self, blob: bytes) -> bool:
        """Whether `blob` was sealed with the newest root; what is not may be sealed anew after a rotation."""
        return bytes(blob[:_HEADER_SIZE]) == _VERSION + self._newest

    def index(self, kind: str, value: str) -> bytes:
        """The look-up hash of `value`: HMAC-SHA-256 under a key of its own for each `kind` of identifier, 32 bytes.

        Equal values give equal hashes within one service and one kind, and nowhere else. Hand in the canonical form
        (an identification number with its X in capitals), or two spellings of one thing will not meet.
        """
        return hmac.digest(self._index_key(kind), value.encode("utf-8"), "sha256")

    def index_all(self, kind: str, values: Iterable[str]) -> list[bytes]:
        """The look-up hashes of a column of values, the very ones of `index`, in half of the time.

        HMAC (RFC 2104) from two states that have taken the padded key in and are copied for each value.
        """
        padded = self._index_key(kind).ljust(_BLOCK_SIZE, b"\0")
        inner = hashlib.sha256(padded.translate(_INNER)).copy
        outer = hashlib.sha256(padded.translate(_OUTER)).copy
        made = []
        for value in values:
            one, whole = inner(), outer()
            one.update(value.encode("utf-8"))
            whole.update(one.digest())
            made.append(whole.digest())
        return made

    def _index_key(self, kind: str) -> bytes:
        key = self._index_keys.get(kind)
        if key is None:
            key = self._index_keys[kind] = _derive(self._index_root, b"index/" + kind.encode("utf-8"))
        return key


def generate_root() -> str:
    """A new root in the form of a key file's line."""
    return base64.urlsafe_b64encode(secrets.token_bytes(ROOT_SIZE)).decode("ascii").rstrip("=")


def _root(line: str, file: str) -> bytes:
    bare = line.rstrip("=")
    try:
        root = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as refused:
        raise VaultError(f"{file} holds a line that is not base64url") from refused
    if len(root) != ROOT_SIZE:
        raise VaultError(f"{file} holds a root of {len(root)} bytes; {ROOT_SIZE} are wanted")
    return root


def _derive(root: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"citykit/vault/v1/" + use).derive(root)


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode("utf-8")
