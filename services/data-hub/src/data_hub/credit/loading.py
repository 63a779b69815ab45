"""The rows in a path, locked, as far as the caller may see them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import true

from citykit.problems import NotFound
from citykit.wire import Uscc
from citykit.work import WorkInRequest
from data_hub.credit import repository
from data_hub.credit.access import (
    Decider,
    Reader,
    Recorder,
    Representative,
    disputes_of,
    recalls_of,
    recorded_by,
    repairs_of,
)
from data_hub.credit.models import DisputeRow, RecallRow, RecordRow, RepairRow


async def own_record(uscc: Uscc, record_id: UUID, actor: Recorder, work: WorkInRequest) -> RecordRow:
    """A record of the caller's department."""
    row = await repository.record_row(work, uscc, record_id, recorded_by(actor))
    if row is None:
        raise NotFound
    return row


async def firms_record(uscc: Uscc, record_id: UUID, _: Representative, work: WorkInRequest) -> RecordRow:
    """A record of a firm; the act itself asks whether the caller represents it."""
    row = await repository.record_row(work, uscc, record_id, true())
    if row is None:
        raise NotFound
    return row


async def deciders_repair(repair_id: UUID, actor: Decider, work: WorkInRequest) -> RepairRow:
    """An application that the caller's department decides."""
    row = await repository.repair_row(work, repair_id, repairs_of(actor))
    if row is None:
        raise NotFound
    return row


async def firms_repair(uscc: Uscc, repair_id: UUID, _: Representative, work: WorkInRequest) -> RepairRow:
    """An application of a firm; the act itself asks whether the caller represents it."""
    row = await repository.repair_row(work, repair_id, RepairRow.uscc == uscc)
    if row is None:
        raise NotFound
    return row


async def deciders_dispute(dispute_id: UUID, actor: Decider, work: WorkInRequest) -> DisputeRow:
    """A dispute that the caller's department decides."""
    row = await repository.dispute_row(work, dispute_id, disputes_of(actor))
    if row is None:
        raise NotFound
    return row


async def own_recall(uscc: Uscc, record_id: UUID, actor: Reader, work: WorkInRequest) -> RecallRow:
    """A recall that was sent to the caller's department."""
    row = await repository.recall_row(work, uscc, record_id, recalls_of(actor))
    if row is None:
        raise NotFound
    return row


OwnRecord = Annotated[RecordRow, Depends(own_record)]
FirmsRecord = Annotated[RecordRow, Depends(firms_record)]
DecidersRepair = Annotated[RepairRow, Depends(deciders_repair)]
FirmsRepair = Annotated[RepairRow, Depends(firms_repair)]
DecidersDispute = Annotated[DisputeRow, Depends(deciders_dispute)]
OwnRecall = Annotated[RecallRow, Depends(own_recall)]
