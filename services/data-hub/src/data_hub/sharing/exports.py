"""Exports 存证导出: a stretch of a stream with its seals, stamps, keys and the scripts that verify it without us."""

import base64
import io
import json
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from citykit.chain import GENESIS
from citykit.work import Work
from data_hub.adapters.timestamps.trusted import roots_of
from data_hub.sharing.errors import ExportTooLong, NoStream
from data_hub.sharing.evidence import instant
from data_hub.sharing.evidence_models import EvidenceHeadRow, EvidenceKeyRow, EvidenceRow, SealRow, StampRow
from data_hub.sharing.evidence_schemas import ExportQuery
from data_hub.sharing.keys import as_pem
from data_hub.sharing.sealing import keep_key

MOST_RECORDS = 50_000
SCRIPTS = ("verify.sh", "verify.py")
READ_ME = """共享存证导出 Export of sharing evidence

{stream}: {first} - {last}

sh verify.sh                在本机离线验证 verifies it on your machine, without a network
sh verify.sh . ROOTS.pem KEYS.json    用您自己信任的时间戳根证书和公布的公钥验证
                            with roots of time stamps that you trust yourself, and the keys that the city publishes

记录与链 records and chain: records.ndjson (RFC 8785, SHA-256, Ed25519)
封存 seals: seals.ndjson (RFC 6962); 时间戳 stamps: stamps/*.tst (RFC 3161)
公钥 public keys: keys/*.pem; KEYS.json 请另行获取 get KEYS.json on another way:
/api/data-hub/v1/sharing/evidence/keys
"""


def script(name: str) -> bytes:
    """A script that verifies, as it is published."""
    return (files("data_hub.sharing.offline") / name).read_bytes()


@dataclass(frozen=True)
class Stretch:
    """What an export holds, as read from the tables."""

    manifest: dict[str, Any]
    records: list[EvidenceRow]
    seals: list[SealRow]
    stamps: list[StampRow]
    keys: list[EvidenceKeyRow]
    roots: str

    def packed(self) -> bytes:
        """The export as a ZIP."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", READ_ME.format(**self.manifest))
            archive.writestr("manifest.json", json.dumps(self.manifest, ensure_ascii=False, indent=1))
            for name in SCRIPTS:
                archive.writestr(name, script(name))
            archive.writestr("records.ndjson", _lines({"entry": r.entry, "hash": r.hash.hex()} for r in self.records))
            archive.writestr("seals.ndjson", _lines(map(_seal, self.seals)))
            archive.writestr("stamps.ndjson", _lines(map(_stamp, self.stamps)))
            for stamp in self.stamps:
                if stamp.token is not None:
                    archive.writestr(f"stamps/{stamp.id}.tst", stamp.token)
                    archive.writestr(f"stamps/{stamp.id}.root", stamp.root)
            for key in self.keys:
                archive.writestr(f"keys/{key.key_id}.pem", as_pem(key.public))
            archive.writestr("tsa_roots.pem", self.roots)
        return target.getvalue()


class Exports:
    """Reads stretches of streams within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def stretch(self, query: ExportQuery) -> Stretch:
        """The records that are asked for, from the beginning of their seal on. Raises NoStream, ExportTooLong."""
        session = self._work.session
        head = await session.get(EvidenceHeadRow, query.stream)
        first = await self._beginning(query)
        last = min(query.last or 2**62, head.seq if head else 0)
        if head is None or last < first:
            raise NoStream
        if last - first + 1 > MOST_RECORDS:
            zh = f"一次最多导出{MOST_RECORDS}条,请用 first 和 last 分段"
            raise ExportTooLong((zh, f"At most {MOST_RECORDS} records at once: use first and last"))
        await keep_key(self._work)
        of = EvidenceRow.stream == query.stream
        records = list(
            await session.scalars(
                select(EvidenceRow).where(of, EvidenceRow.seq.between(first, last)).order_by(EvidenceRow.seq)
            )
        )
        seals = list(
            await session.scalars(
                select(SealRow)
                .where(SealRow.stream == query.stream, SealRow.first_seq >= first, SealRow.last_seq <= last)
                .order_by(SealRow.number)
            )
        )
        wanted = {seal.stamp_id for seal in seals}
        stamps = list(await session.scalars(select(StampRow).where(StampRow.id.in_(wanted)).order_by(StampRow.id)))
        keys = list(await session.scalars(select(EvidenceKeyRow).order_by(EvidenceKeyRow.first_used_at)))
        before = await session.scalar(select(EvidenceRow.hash).where(of, EvidenceRow.seq == first - 1))
        # The head says what the last hash must be: records that were cut off are missed.
        reached = head.hash if last == head.seq else records[-1].hash if records else b""
        manifest = {
            "stream": query.stream, "first": first, "last": last, "after": (before or GENESIS).hex(),
            "hash": reached.hex(), "made_at": instant(self._work.clock.now()),
        }  # fmt: skip
        return Stretch(manifest, records, seals, stamps, keys, roots_of(self._work.settings.secrets_dir))

    async def _beginning(self, query: ExportQuery) -> int:
        covering = select(SealRow.first_seq).where(
            SealRow.stream == query.stream, SealRow.first_seq <= query.first, SealRow.last_seq >= query.first
        )
        return await self._work.session.scalar(covering) or query.first


def _lines(documents: Any) -> str:
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


def _seal(seal: SealRow) -> dict[str, Any]:
    return {
        "statement": seal.statement, "signature": base64.b64encode(seal.signature).decode("ascii"),
        "stamp_id": str(seal.stamp_id), "position": seal.position, "path": [one.hex() for one in seal.path],
    }  # fmt: skip


def _stamp(stamp: StampRow) -> dict[str, Any]:
    return {
        "id": str(stamp.id), "root": stamp.root.hex(), "seals": stamp.seals, "made_at": instant(stamp.made_at),
        "stamped_at": None if stamp.stamped_at is None else instant(stamp.stamped_at), "late": stamp.late,
        "authority": stamp.authority,
    }  # fmt: skip
