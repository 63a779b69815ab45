"""Corrections of layers: a department doubts an attribute or a position, the publishing one decides, readers are told.

The registries of persons and firms keep their tickets in `registries.corrections`, whose records have values field by
field and a number of 18 characters or more. A layer's value may be a geometry, its record is known by layer and
feature, and a corrected value is the layer's next version: so the tickets of layers lie here.
"""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement, desc, or_, select, true

from citykit.access import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.correcting import Correcting, fitted
from data_hub.registries.geography.dispute_schemas import (
    Dispute,
    DisputeCase,
    DisputeDecision,
    DisputeDraft,
    DisputeQuery,
)
from data_hub.registries.geography.domain import GEOMETRY, PUBLISH, READ, SUPERVISE, DisputeState
from data_hub.registries.geography.errors import (
    DisputeDecided,
    DisputeStillOpen,
    NoDepartment,
    NoSuchDispute,
    NoSuchFeature,
    NothingClaimed,
    OwnLayer,
    UnknownColumn,
)
from data_hub.registries.geography.models import DisputeRow
from data_hub.registries.geography.repository import LayerTable
from data_hub.registries.geography.service import Layers
from data_hub.registries.geography.telling import Telling
from data_hub.registries.sources.service import Sources


class Disputes:
    """The tickets of layers within one transaction. Locks go from the layer to its tickets, always."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._table = LayerTable(work)

    async def dispute(self, seen: Seen, draft: DisputeDraft, *, by: Actor) -> Dispute:
        """Doubt a value of a feature of a layer that one's department uses.

        Raises NoDepartment, OwnLayer, NoSuchFeature, UnknownColumn, BadFeatures, DisputeStillOpen.
        """
        if by.department is None:
            raise NoDepartment()
        if by.department == seen.row.department:
            raise OwnLayer()
        await self._table.one(seen.row.id, lock=True)
        feature = await self._table.living(seen.row.id, draft.fid)
        if feature is None:
            raise NoSuchFeature()
        if draft.field != GEOMETRY and draft.field not in {one.name for one in seen.fields}:
            raise UnknownColumn()
        claimed = draft.claimed
        if claimed is not None:
            fit = fitted(seen.row, feature, draft.field, claimed)
            claimed = json.loads(fit.geojson) if draft.field == GEOMETRY else fit.properties[draft.field]
        await self._refuse_second(seen.row.id, draft, by.department)
        today = self._work.clock.now().astimezone(CHINA).date()
        deadline, made = await Sources(self._work).deadline(today), new_id()
        row = DisputeRow(
            layer=seen.row.id, id=made, fid=draft.fid, field=draft.field,
            disputed=feature.geometry if draft.field == GEOMETRY else feature.properties.get(draft.field),
            claimed=claimed, evidence_sealed=self._work.vault.seal(draft.evidence, _place(made)),
            asked_by=by.reference, asked_department=by.department, department=seen.row.department,
            state=DisputeState.open.value, asked_at=self._work.clock.now(), legal_basis=deadline.legal_basis,
            due_at=self._work.calendar.add_days(today, deadline.working_days), escalated_at=None, decided_at=None,
            decided_by=None, reason=None, version=None, told=0,
        )  # fmt: skip
        self._work.session.add(row)
        await self._work.session.flush()
        self._note(row, "dispute", by)
        return Dispute.of(row)

    async def _refuse_second(self, layer: str, draft: DisputeDraft, department: str) -> None:
        """Whoever raises a ticket holds the layer, so no other can slip in between."""
        known = await self._work.session.scalar(
            select(DisputeRow.id).where(
                DisputeRow.layer == layer, DisputeRow.fid == draft.fid, DisputeRow.field == draft.field,
                DisputeRow.asked_department == department, DisputeRow.state == DisputeState.open.value,
            )
        )  # fmt: skip
        if known is not None:
            raise DisputeStillOpen()

    async def listed(self, query: DisputeQuery, *, by: Actor) -> Page[Dispute]:
        """The tickets that one's department raised or decides, newest first; all of them for supervision."""
        found = select(DisputeRow).where(_of(by))
        if query.state is not None:
            found = found.where(DisputeRow.state == query.state.value)
        if query.escalated is not None:
            late = DisputeRow.escalated_at.is_not(None)
            found = found.where(late if query.escalated else ~late)
        return await keyset_page(
            self._work.session, found, keys=(desc(DisputeRow.id), DisputeRow.layer), query=query, make=Dispute.of
        )

    async def case(self, dispute: UUID, *, by: Actor) -> DisputeCase:
        """A ticket with its evidence, and the value as it stands. Raises NoSuchDispute."""
        row = await self._found(dispute, _of(by))
        if not _is_party(row, by):  # supervision sees where a ticket stands, not what is in it
            return DisputeCase(dispute=Dispute.of(row), present=row.disputed, evidence="")
        feature = await self._table.living(row.layer, row.fid)
        present: Any = None
        if feature is not None:
            present = feature.geometry if row.field == GEOMETRY else feature.properties.get(row.field)
        evidence = self._work.vault.open(row.evidence_sealed, _place(row.id))
        return DisputeCase(
            dispute=Dispute.of(row), present=present if by.department == row.department else row.disputed,
            evidence=evidence,
        )  # fmt: skip

    async def decide(self, dispute: UUID, decision: DisputeDecision, *, by: Actor) -> Dispute:
        """Correct the value, which is then the layer's next version, or stay with it.

        Raises NoSuchDispute, DisputeDecided, NothingClaimed, NoSuchLayer, NoSuchFeature, UnknownColumn, BadFeatures.
        """
        known = await self._found(dispute, DisputeRow.department == (by.department or ""))
        if decision.correct:
            row = await self._corrected(known, decision, by)
            return await self._close(row, DisputeState.corrected, decision.reason, by)
        await self._table.one(known.layer, lock=True)  # withdrawn meanwhile or not: its tickets come to an end
        return await self._close(await self._open(known), DisputeState.dismissed, decision.reason, by)

    async def _corrected(self, known: DisputeRow, decision: DisputeDecision, by: Actor) -> DisputeRow:
        layer = await Layers(self._work).own(known.layer, by)
        row = await self._open(known)
        claimed = row.claimed if decision.value is None else decision.value
        if claimed is None:
            raise NothingClaimed()
        await Correcting(self._work).correct(layer, row, claimed, note=decision.reason, by=by)
        row.version = layer.version
        row.told = await Telling(self._work).corrected(layer, row)
        return row

    async def withdraw(self, dispute: UUID, *, by: Actor) -> Dispute:
        """Take a ticket of one's department back. Raises NoSuchDispute, DisputeDecided."""
        known = await self._found(dispute, DisputeRow.asked_department == (by.department or ""))
        await self._table.one(known.layer, lock=True)
        row = await self._open(known)
        return await self._close(row, DisputeState.withdrawn, None, by)

    async def _open(self, known: DisputeRow) -> DisputeRow:
        row = await self._work.session.get_one(
            DisputeRow, (known.layer, known.id), with_for_update=True, populate_existing=True
        )
        if row.state != DisputeState.open.value:
            raise DisputeDecided()
        return row

    async def _close(self, row: DisputeRow, state: DisputeState, reason: str | None, by: Actor) -> Dispute:
        row.state, row.reason = state.value, reason
        row.decided_at, row.decided_by = self._work.clock.now(), by.reference
        self._note(row, f"dispute-{state.value}", by)
        await self._work.session.flush()
        return Dispute.of(row)

    async def _found(self, dispute: UUID, seen: ColumnElement[bool]) -> DisputeRow:
        row = await self._work.session.scalar(select(DisputeRow).where(DisputeRow.id == dispute, seen))
        if row is None:
            raise NoSuchDispute()
        return row

    def _note(self, row: DisputeRow, act: str, by: Actor) -> None:
        data = {"dispute": str(row.id), "feature": row.fid, "field": row.field, "told": row.told}
        self._work.audit.note(stream=f"layer/{row.layer}", act=act, by=by, data=data)


def _of(by: Actor) -> ColumnElement[bool]:
    """Tickets that one's department raised, and those it decides where the caller publishes; all for supervision."""
    if by.may(SUPERVISE):
        return true()
    mine = DisputeRow.asked_department == (by.department or "")
    return or_(mine, DisputeRow.department == by.department) if by.department and by.may(PUBLISH) else mine


def _is_party(row: DisputeRow, by: Actor) -> bool:
    """Whether the caller acts for a department of the ticket."""
    asked = by.department == row.asked_department and by.may(READ)
    return asked or (by.department == row.department and by.may(PUBLISH))


def _place(dispute: UUID) -> str:
    return f"geo-dispute/{dispute}/evidence"


async def disputes(work: WorkInRequest) -> Disputes:
    """The tickets within this request's transaction."""
    return Disputes(work)


DisputesInRequest = Annotated[Disputes, Depends(disputes)]
