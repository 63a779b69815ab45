"""Verifies the records and seals of an export, offline: Python 3.9 with its standard library, and OpenSSL 3.

Usage: python3 verify.py FOLDER [KEYS.json]. verify.sh calls it and then verifies the time stamps. Exit 0: all holds,
1: not so. KEYS.json is the city's published key set (RFC 7517), got on another way than the export; without it the keys
in the export are believed, and whoever made up the whole export could have put his own there.

A record is JSON (RFC 8785) signed by Ed25519 without its `seq` and `signature`. The chain of a stream is
h(n) = SHA-256(h(n-1) || record n), h(0) = 32 zero bytes. A seal names the chain's value after its last record and the
root (RFC 6962) over the texts of its records. Seals lie under the root of a stamp, each by its audit path.
"""

import base64
import calendar
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GENESIS = bytes(32)
ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before a public key in its DER form (RFC 8410)


class Wrong(Exception):
    """Something does not fit; the message says what and where."""


def canonical(value: Any) -> str:
    """The canonical text (RFC 8785) of JSON whose names are ASCII and whose numbers are small integers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def leaf(data: bytes) -> bytes:
    """The hash of a leaf (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """The root over hashed leaves, as RFC 6962 defines it: split at the largest power of two below the number."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(root_of(leaves[:split]), root_of(leaves[split:]))


def root_above(hashed: bytes, position: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf's audit path leads to (RFC 9162 §2.1.3.2). Raises Wrong."""
    at, last, value = position, size - 1, hashed
    if not 0 <= at <= last:
        raise Wrong("没有这个位置: there is no such place in the tree")
    for other in path:
        if last == 0:
            raise Wrong("审计路径过长: an audit path is too long")
        if at % 2 or at == last:
            value = node(other, value)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node(value, other)
        at, last = at >> 1, last >> 1
    if last:
        raise Wrong("审计路径过短: an audit path is too short")
    return value


class Signatures:
    """Asks OpenSSL about signatures by the keys in a folder."""

    def __init__(self, keys: Path, place: Path) -> None:
        self._keys, self._text, self._signature = keys, place / "text", place / "signature"
        self.checked = 0

    def check(self, text: str, signature: str, key_id: str, what: str) -> None:
        """Raise Wrong unless `signature` (base64) over the UTF-8 of `text` is the key's."""
        key = self._keys / (key_id + ".pem")
        if "/" in key_id or not key.is_file():
            raise Wrong(f"没有密钥 no key {key_id}: {what}")
        self._text.write_bytes(text.encode("utf-8"))
        self._signature.write_bytes(base64.b64decode(signature))
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin"]
        command += ["-in", str(self._text), "-sigfile", str(self._signature)]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - OpenSSL, words of our own
        if done.returncode != 0:
            raise Wrong(f"签名不符 the signature does not fit: {what}")
        self.checked += 1


def published(file: Path, place: Path) -> Path:
    """The Ed25519 keys of a published key set as files of OpenSSL's, in `place`."""
    for key in json.loads(file.read_text(encoding="utf-8"))["keys"]:
        if key["crv"] == "Ed25519" and "/" not in key["kid"]:
            bare = base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
            body = base64.b64encode(ED25519 + bare).decode("ascii")
            text = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
            (place / (key["kid"] + ".pem")).write_text(text, encoding="ascii")
    return place


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON documents of a file, one a line."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def check_records(folder: Path, manifest: dict[str, Any], signatures: Signatures) -> list[tuple[str, bytes]]:
    """Check each record and its place in the chain; their texts and hashes in order. Raises Wrong."""
    reached, seq = bytes.fromhex(manifest["after"]), manifest["first"] - 1
    if seq == 0 and reached != GENESIS:
        raise Wrong("链首不是零: the chain does not begin with zeros")
    found = []
    for line in lines(folder / "records.ndjson"):
        seq += 1
        what, text = f"record {seq}", line["entry"]
        record = json.loads(text)
        if canonical(record) != text or record["seq"] != seq or record["stream"] != manifest["stream"]:
            raise Wrong(f"记录不在其位 not the record of this place: {what}")
        signed = {name: value for name, value in record.items() if name not in ("seq", "signature")}
        signatures.check(canonical(signed), record["signature"], record["key_id"], what)
        reached = hashlib.sha256(reached + text.encode("utf-8")).digest()
        if reached.hex() != line["hash"]:
            raise Wrong(f"哈希链断裂 the chain is broken: {what}")
        found.append((text, reached))
    if seq != manifest["last"] or reached.hex() != manifest["hash"]:
        raise Wrong(f"记录缺失 records are missing after {seq}: the list promises {manifest['last']}")
    return found


def check_seals(
    folder: Path, manifest: dict[str, Any], records: list[tuple[str, bytes]], signatures: Signatures
) -> tuple[int, int]:
    """Check each seal, and its way to the root of its stamp; how many there are, and up to which record."""
    stamps = {stamp["id"]: stamp for stamp in lines(folder / "stamps.ndjson")}
    count, sealed, previous = 0, manifest["first"] - 1, None
    for seal in lines(folder / "seals.ndjson"):
        text, said = seal["statement"], json.loads(seal["statement"])
        what = f"seal {said['number']}"
        first, last = said["first_seq"], said["last_seq"]
        if canonical(said) != text or said["stream"] != manifest["stream"] or first != sealed + 1 or last < first:
            raise Wrong(f"封存不连续 not the seal of this place: {what}")
        if previous is not None and said["previous"] != leaf(previous.encode("utf-8")).hex():
            raise Wrong(f"封存不连续 it follows another seal: {what}")
        signatures.check(text, seal["signature"], said["key_id"], what)
        part = records[first - manifest["first"] : last - manifest["first"] + 1]
        if len(part) != last - first + 1 or part[-1][1].hex() != said["hash"]:
            raise Wrong(f"封存的记录缺失 records under it are missing or others: {what}")
        if root_of([leaf(entry.encode("utf-8")) for entry, _ in part]).hex() != said["root"]:
            raise Wrong(f"默克尔根不符 the Merkle root does not fit: {what}")
        check_stamp(folder, seal, stamps, what)
        count, sealed, previous = count + 1, last, text
    return count, sealed


def check_stamp(folder: Path, seal: dict[str, Any], stamps: dict[str, Any], what: str) -> None:
    """Check that a seal lies under the root that was, or is to be, stamped. Raises Wrong."""
    stamp = stamps.get(seal["stamp_id"])
    if stamp is None:
        raise Wrong(f"没有时间戳根 no root to stamp: {what}")
    path = [bytes.fromhex(one) for one in seal["path"]]
    above = root_above(leaf(seal["statement"].encode("utf-8")), seal["position"], stamp["seals"], path)
    if above.hex() != stamp["root"]:
        raise Wrong(f"不在时间戳根之下 it does not lie under the stamped root: {what}")
    token = folder / "stamps" / (stamp["id"] + ".tst")
    if stamp["stamped_at"] is not None and not (token.is_file() and token.with_suffix(".root").read_bytes() == above):
        raise Wrong(f"时间戳缺失或不符 the stamp is missing, or stamps another root: {what}")


def epoch_of(shown: str) -> int:
    """The seconds since 1970 of a time as `openssl ts` shows it, "Nov 27 15:19:04.5 2026 GMT"."""
    plain = re.sub(r"[.][0-9]+", "", shown).replace(" GMT", "").strip()
    return calendar.timegm(time.strptime(plain, "%b %d %H:%M:%S %Y"))


def main(arguments: list[str]) -> int:
    """Check the export in the folder that the command line names, or tell the epoch of a time."""
    if len(arguments) == 3 and arguments[1] == "--epoch":
        sys.stdout.write(f"{epoch_of(arguments[2])}\n")
        return 0
    if len(arguments) not in (2, 3):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    return checked(Path(arguments[1]), Path(arguments[2]) if len(arguments) == 3 else None)


def checked(folder: Path, keys: "Path | None") -> int:
    """Check an export and say what was found; 0 where everything holds, else 1."""
    with tempfile.TemporaryDirectory() as place:
        try:
            trusted = folder / "keys" if keys is None else published(keys, Path(place))
            signatures = Signatures(trusted, Path(place))
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            records = check_records(folder, manifest, signatures)
            seals, sealed = check_seals(folder, manifest, records, signatures)
            stamps = list(lines(folder / "stamps.ndjson"))
        except Wrong as wrong:
            sys.stderr.write(f"{wrong}\n")
            return 1
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            sys.stderr.write(f"导出不完整 the export is not whole: {type(error).__name__}: {error}\n")
            return 1
    waiting = sum(stamp["stamped_at"] is None for stamp in stamps)
    late = sum(bool(stamp["late"]) for stamp in stamps)
    sys.stdout.write(
        f"记录 records: {len(records)}, 签名 signatures: {signatures.checked}, 封存 seals: {seals}\n"
        f"尚未封存 records after the last seal: {manifest['last'] - sealed}\n"
        f"等待时间戳 waiting for a stamp: {waiting}, 迟到 stamped late: {late}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
