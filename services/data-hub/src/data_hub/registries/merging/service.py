"""Merges records of one person or firm, and parts them again. Locks go from records, in the order of their numbers."""

from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import desc, select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.corrections.schemas import StatementDraft
from data_hub.registries.corrections.service import Notices, conflicts
from data_hub.registries.errors import RecordMerged, Stale
from data_hub.registries.joining import Joining, Said
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.merging.domain import contradicts, lacking
from data_hub.registries.merging.errors import (
    MERGED,
    RELATIONS,
    VALUES,
    ChangedSince,
    MergerUndone,
    NoSuchMerger,
    SameRecord,
)
from data_hub.registries.merging.schemas import Merger, MergerDraft, MergerQuery, PartingDraft
from data_hub.registries.models import MergerRow
from data_hub.registries.population.service import Population
from data_hub.registries.provenance import EVER, Value, as_of
from data_hub.registries.purposes.domain import BY_CODE, FIELD_WORDS, REGISTER
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.service import Sources, not_anothers

_MAINTENANCE = BY_CODE["registry-maintenance"]
_TIES = "relations"  # how a change of them is named
_PARTED = "合并已撤销 The merger was undone"


@dataclass
class _Heritage:
    """What a merged record left: values that were taken over, conflicts, relations, and the fields that it had."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[UUID] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    differing: set[str] = field(default_factory=set)
    had: list[str] = field(default_factory=list)

    @property
    def ties(self) -> list[str]:
        return [_TIES] if self.moved else []

    @property
    def changed(self) -> list[str]:
        """The fields of the survivor that changed."""
        return sorted({one["field"] for one in self.taken}) + self.ties


class Merging:
    """Mergers within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def _side(self, registry: Registry) -> Joining:
        return (Population(self.work) if registry is Registry.population else LegalEntities(self.work)).joining()

    async def merge(self, draft: MergerDraft, *, by: Actor) -> Merger:
        """Merge a record into another one of the same person or firm.

        Raises StatedForAnother, SameRecord, NoSuchPerson, NoSuchEntity, RecordMerged, Stale, NotTheSource.
        """
        not_anothers(draft.source.department, by)
        side = self._side(draft.registry)
        subject, survivor = str(side.key(draft.subject)), str(side.key(draft.survivor))
        if subject == survivor:
            raise SameRecord
        held = {one: await side.locked(one) for one in sorted((subject, survivor))}
        gone, kept = held[subject], held[survivor]
        if (gone.version, kept.version) != (draft.subject_version, draft.survivor_version):
            raise Stale
        for row in (gone, kept):
            await self._admit(side, row, draft.source.department)
        statement = await side.history.open_statement("merge", draft.source, by)
        made = MergerRow(
            id=new_id(), subject=subject, registry_name=draft.registry.value, survivor=survivor, statement=statement,
            department=draft.source.department, legal_basis=draft.legal_basis, version=gone.version, sample=gone.sample,
            undone_at=None, undone_statement=None,
        )  # fmt: skip
        await Notices(self.work).tell(
            draft.registry, subject, side.told_of, source=draft.source.department, ticket=made.id
        )
        left = await self._inherit(side, gone, kept, by)
        left.moved = await side.move(gone, kept, Said("merge", [_TIES], statement, by))
        await self._close(side, made, gone, kept, left)
        self._tell(side, made, gone, kept, left, by)
        return Merger.of(made)

    async def _admit(self, side: Joining, row: Any, department: str) -> None:
        """Let only the source of the record's number speak. Raises NotTheSource."""
        value = as_of(await side.known(row, side.numbered_by), side.today)
        await Sources(self.work).admit(
            side.registry, side.numbered_by, side.subject(row), side.today,
            present=await side.history.department(value), stated_by=department,
        )  # fmt: skip

    async def _inherit(self, side: Joining, gone: Any, kept: Any, by: Actor) -> _Heritage:
        """Take over what the survivor has no value of, and keep as conflicts what differs today."""
        left, given_up = _Heritage(), side.given_up(gone)
        for name in side.fields:
            theirs = await side.known(gone, name)
            if not theirs:
                continue
            left.had.append(name)
            parts = [] if name in given_up else lacking(await side.known(kept, name), theirs, side.begins(kept))
            if parts:
                left.taken += await side.take_over(kept, name, [side.carried(gone, kept, name, one) for one in parts])
            mine, other = as_of(await side.known(kept, name), side.today), as_of(theirs, side.today)
            text = None if other is None else side.clear(gone, name, other)
            if other is None or not contradicts(_text(side, kept, name, mine), text, given_up.get(name)):
                continue
            left.differing.add(name)
            if name not in side.untold:
                left.conflicts += await self._contradict(side, kept, name, text, other, by)
        return left

    async def _contradict(
        self, side: Joining, kept: Any, name: str, text: str | None, other: Value, by: Actor
    ) -> list[UUID]:
        department = await side.history.department(other)
        start = None if other.true.start == EVER else other.true.start
        draft = StatementDraft(
            registry=side.registry, subject=side.subject(kept), field=name, value=text, true_from=start,
            true_to=other.true.end, source=SourceDraft(department=department or ""),
        )  # fmt: skip
        made = await (await conflicts(self.work)).contradict(draft, other.statement, by=by)
        return [] if made is None else [made]

    async def _close(self, side: Joining, made: MergerRow, gone: Any, kept: Any, left: _Heritage) -> None:
        """Take the merged record out of what stands, and keep the pointer."""
        made.merged_at = await side.history.close(side.key(made.subject))
        made.number_index = await side.leave(gone)
        kept.version, kept.changed_at = kept.version + 1, self.work.clock.now()
        made.survivor_version = kept.version
        made.taken, made.moved = left.taken, left.moved
        made.conflicts = [str(one) for one in left.conflicts]
        self.work.session.add(made)
        await self.work.session.flush()

    def _tell(self, side: Joining, made: MergerRow, gone: Any, kept: Any, left: _Heritage, by: Actor) -> None:
        side.tell_merged(gone, kept, Said("merge", left.had + left.ties, made.statement, by))
        if left.changed:
            side.tell(kept, Said("merge", left.changed, made.statement, by))
        self._log(made, sorted({*left.changed, *left.differing}), by, "合并重复记录 Merged duplicate records")
        self._note(made, "merge", by)

    async def part(self, merger: UUID, draft: PartingDraft, *, by: Actor) -> Merger:
        """Undo a merger, while the survivor is what it was by it.

        Raises StatedForAnother, NoSuchMerger, MergerUndone, ChangedSince, NotTheSource, PersonExists.
        """
        not_anothers(draft.source.department, by)
        side, kept, made = await self._held(merger)
        await self._admit(side, kept, draft.source.department)
        source = draft.source.model_copy(update={"reason": draft.reason})
        statement = await side.history.open_statement("part", source, by)
        if not await side.move_back(made, Said("part", [_TIES], statement, by)):
            raise ChangedSince(RELATIONS)
        await side.give_back(kept, made.taken)
        await (await conflicts(self.work)).end(made.survivor, made.conflicts, _PARTED, by=by)
        made.undone_at, made.undone_statement = self.work.clock.now(), statement
        await self.work.session.flush()
        back = await side.come_back(made)
        kept.version, kept.changed_at = kept.version + 1, self.work.clock.now()
        await self.work.session.flush()
        ties = [_TIES] if made.moved else []
        fields = sorted({one["field"] for one in made.taken}) + ties
        if fields:
            side.tell(kept, Said("part", fields, statement, by))
        had = [name for name in side.fields if await side.known(back, name)]
        side.tell_parted(back, kept, Said("part", had + ties, statement, by))
        self._log(made, fields, by, "撤销合并 Undid a merger of records")
        self._note(made, "part", by)
        return Merger.of(made)

    async def _held(self, merger: UUID) -> tuple[Joining, Any, MergerRow]:
        """The survivor and then its merger, both held. Raises NoSuchMerger, MergerUndone, ChangedSince."""
        row = MergerRow
        known = (await self.work.session.scalars(select(row).where(row.id == merger))).one_or_none()
        if known is None:
            raise NoSuchMerger
        side = self._side(Registry(known.registry_name))
        try:
            kept = await side.locked(known.survivor)
        except RecordMerged:
            raise ChangedSince(MERGED) from None
        made = await self.work.session.get_one(
            row, (known.subject, known.id), with_for_update=True, populate_existing=True
        )
        if made.undone_at is not None:
            raise MergerUndone
        if kept.version != made.survivor_version:
            raise ChangedSince(VALUES)
        return side, kept, made

    async def listed(self, query: MergerQuery, *, by: Actor) -> Page[Merger]:
        """Mergers, newest first."""
        row, found = MergerRow, select(MergerRow)
        if query.registry is not None:
            found = found.where(row.registry_name == query.registry.value)
        if query.subject is not None:
            found = found.where(row.subject == query.subject)
        if query.survivor is not None:
            found = found.where(row.survivor == query.survivor)

        def make(one: MergerRow) -> Merger:
            self._log(one, sorted({part["field"] for part in one.taken}), by, "查看合并记录 Read of a merger")
            return Merger.of(one)

        return await keyset_page(self.work.session, found, keys=(desc(row.id), row.subject), query=query, make=make)

    def _log(self, made: MergerRow, fields: list[str], by: Actor, action: str) -> None:
        if made.registry_name == Registry.population:
            for person in (made.subject, made.survivor):
                self.work.access.read(
                    person=f"person:{person}", by=by, action=action, fields=fields, purpose=_MAINTENANCE.said,
                    legal_basis=made.legal_basis, record=REGISTER, said=FIELD_WORDS,
                )  # fmt: skip

    def _note(self, made: MergerRow, act: str, by: Actor) -> None:
        data = {"registry": made.registry_name, "subject": made.subject, "survivor": made.survivor}
        self.work.audit.note(stream=f"registry-merger/{made.id}", act=act, by=by, data=data)


def _text(side: Joining, row: Any, name: str, value: Value | None) -> str | None:
    return None if value is None else side.clear(row, name, value)


async def merging(work: WorkInRequest) -> Merging:
    """Mergers within this request's transaction."""
    return Merging(work)


MergingInRequest = Annotated[Merging, Depends(merging)]
