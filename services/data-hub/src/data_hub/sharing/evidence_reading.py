"""Reads of evidence: streams, records, stamps, and whether a stream holds."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import desc, func, select

from citykit.chain import GENESIS, verify
from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.sharing import merkle
from data_hub.sharing.errors import NoStream
from data_hub.sharing.evidence_models import EvidenceHeadRow, EvidenceKeyRow, EvidenceRow, SealRow, StampRow
from data_hub.sharing.evidence_schemas import EvidenceKeys, EvidenceRecord, EvidenceVerdict, Stamp, StampFilter, Stream
from data_hub.sharing.keys import as_jwk
from data_hub.sharing.sealing import keep_key

PIECE = 2_000


class EvidenceReading:
    """What can be read of evidence within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def streams(self, query: PageQuery) -> Page[Stream]:
        """All streams, by name."""
        sealed = (
            select(func.coalesce(func.max(SealRow.last_seq), 0))
            .where(SealRow.stream == EvidenceHeadRow.stream)
            .scalar_subquery()
        )
        statement = select(EvidenceHeadRow.stream, EvidenceHeadRow.seq, sealed)
        return await keyset_page(
            self._work.session, statement, keys=(EvidenceHeadRow.stream,), query=query,
            make=lambda row: Stream(stream=row[0], records=row[1], sealed=row[2]),
        )  # fmt: skip

    async def records(self, stream: str, query: PageQuery) -> Page[EvidenceRecord]:
        """The records of a stream, oldest first."""
        statement: Any = select(EvidenceRow.stream, EvidenceRow.seq, EvidenceRow.entry, EvidenceRow.hash)
        return await keyset_page(
            self._work.session, statement.where(EvidenceRow.stream == stream), keys=(EvidenceRow.seq,), query=query,
            make=lambda row: EvidenceRecord(stream=row[0], seq=row[1], entry=row[2], hash=row[3].hex()),
        )  # fmt: skip

    async def stamps(self, query: StampFilter) -> Page[Stamp]:
        """Stamps, newest first."""
        statement = select(StampRow)
        if query.waiting is not None:
            waits = StampRow.stamped_at.is_(None)
            statement = statement.where(waits if query.waiting else ~waits)
        return await keyset_page(
            self._work.session, statement, keys=(desc(StampRow.id),), query=query, make=_stamp
        )  # fmt: skip

    async def keys(self) -> EvidenceKeys:
        """The public keys that were ever used, the present one among them."""
        await keep_key(self._work)
        rows = await self._work.session.scalars(select(EvidenceKeyRow).order_by(desc(EvidenceKeyRow.first_used_at)))
        return EvidenceKeys(keys=[as_jwk(row.key_id, row.public) for row in rows])

    async def verdict(self, stream: str) -> EvidenceVerdict:
        """Recompute a stream, piece by piece. Raises NoStream."""
        head = await self._work.session.get(EvidenceHeadRow, stream)
        if head is None:
            raise NoStream
        seals = await self._work.session.scalars(
            select(SealRow).where(SealRow.stream == stream).order_by(SealRow.number)
        )
        marks = {seal.last_seq: seal for seal in seals}
        told: dict[str, Any] = {"stream": stream, "records": head.seq}
        reached, seq, waiting = GENESIS, 0, list[bytes]()
        while rows := await self._piece(stream, seq):
            chained = [(entry.encode(), bytes(hashed)) for _, entry, hashed in rows]
            broken = await asyncio.to_thread(verify, chained, after=reached)
            if broken is not None or [row[0] for row in rows] != list(range(seq + 1, seq + 1 + len(rows))):
                at = seq + broken.position if broken is not None else seq + 1
                return EvidenceVerdict(**told, intact=False, fault="changed", at=at)
            for entry, _ in chained:
                seq += 1
                waiting.append(merkle.leaf(entry))
                if (seal := marks.pop(seq, None)) is not None:
                    if f'"root":"{merkle.root(waiting).hex()}"' not in seal.statement:
                        return EvidenceVerdict(**told, intact=False, fault="seal", at=seq)
                    waiting.clear()
            reached = chained[-1][1]
        if seq != head.seq or reached != head.hash or marks:
            return EvidenceVerdict(**told, intact=False, fault="cut-off", at=seq + 1)
        return EvidenceVerdict(**told, intact=True, fault=None, at=None)

    async def _piece(self, stream: str, after: int) -> list[Any]:
        found = await self._work.session.execute(
            select(EvidenceRow.seq, EvidenceRow.entry, EvidenceRow.hash)
            .where(EvidenceRow.stream == stream, EvidenceRow.seq > after)
            .order_by(EvidenceRow.seq)
            .limit(PIECE)
        )
        return list(found.all())


def _stamp(row: StampRow) -> Stamp:
    said: dict[str, UUID | int | bool | str | datetime | None] = {
        name: getattr(row, name)
        for name in ("id", "seals", "made_at", "stamped_at", "late", "authority", "tries", "fault")
    }
    return Stamp.model_validate(said | {"root": row.root.hex()})


async def evidence_reading(work: WorkInRequest) -> EvidenceReading:
    """The evidence as this request's transaction sees it."""
    return EvidenceReading(work)


EvidenceInRequest = Annotated[EvidenceReading, Depends(evidence_reading)]
