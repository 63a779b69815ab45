"""The acts on layers: publish, withdraw. Each makes the layer's next version; what was known before stays readable."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends

from citykit.access import Actor
from citykit.ids import new_id
from citykit.work import Work, WorkInRequest
from data_hub.organisations import called
from data_hub.registries.geography.domain import DIVISIONS, Access, Cause, Difference, difference, digest_of
from data_hub.registries.geography.errors import LayerOfAnother, NoDepartment, NoSuchLayer
from data_hub.registries.geography.events import LayerPublished
from data_hub.registries.geography.models import EditionRow, LayerRow
from data_hub.registries.geography.points import Points, points_of
from data_hub.registries.geography.preparing import Name, Prepared, period_of, prepared
from data_hub.registries.geography.repository import LayerTable
from data_hub.registries.geography.schemas import Layer, LayerDraft, Published, Withdrawal
from data_hub.registries.geography.telling import Telling


@dataclass(frozen=True)
class Step:
    """What makes a version: why, what it changes, whose act it is."""

    cause: Cause
    difference: Difference
    by: str
    note: str | None = None
    repaired: Sequence[int] = ()


class Layers:
    """Layers within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._table = LayerTable(work)

    async def publish(self, draft: LayerDraft, *, by: Actor) -> Published:
        """Publish a layer, or publish it anew: its features change from one version to the next at the commit.

        Raises NoDepartment, LayerOfAnother, BadFeatures, NotOpened, NoResource, NotTheProvider, NoDataset.
        """
        if by.department is None:
            raise NoDepartment()
        await self._table.claim(draft.id)
        row = await self._table.one(draft.id, lock=True)
        if draft.id == DIVISIONS or (row is not None and row.department != by.department):
            raise LayerOfAnother()
        draft = draft.model_copy(update={"department_name": called(by, draft.department_name)})
        points = Points([], [], 0)
        if draft.resource is not None:
            points = await points_of(self._work, draft.resource, Access(draft.access), by.department)
            made = await asyncio.to_thread(prepared, draft, points.features, points.batches)
        else:
            assert draft.features is not None  # the draft's own rule
            made = await asyncio.to_thread(prepared, draft, draft.features.features)
        row, changes = await self.replace(draft, made, department=by.department, by=by.reference, row=row)
        data = {"version": row.version, "features": row.feature_count, "digest": row.digest, "access": row.access}
        self._work.audit.note(stream=f"layer/{row.id}", act="publish", by=by, data=data)
        return Published(
            layer=Layer.of(row), added=len(changes.added), changed=len(changes.changed), removed=len(changes.removed),
            repaired=made.repaired, without_place=points.without_place,
        )  # fmt: skip

    async def replace(
        self,
        draft: LayerDraft,
        made: Prepared,
        *,
        department: str,
        by: str,
        row: LayerRow | None,
        names: Sequence[Name] | None = None,
    ) -> tuple[LayerRow, Difference]:
        """Put features in the place of those before, as the next version: what is the same keeps its row."""
        marks = await asyncio.to_thread(made.worked_out)
        changes = difference(await self._table.marks(draft.id), marks)
        if row is None:
            row = LayerRow(id=draft.id, department=department, version=0)
            self._work.session.add(row)
        for name, value in _described(draft, made).items():
            setattr(row, name, value)
        row.digest, row.withdrawn_at = digest_of(marks), None
        await self.advance(row, Step(Cause.publication, changes, by, note=draft.note, repaired=made.repaired))
        await self._table.close(row.id, changes.closed, row.version)
        opened = changes.opened
        await self._table.add_features(row.id, row.version, (one for one in made.features if one.fid in opened))
        await self._table.drop_names(row.id)
        await self._table.add_names(row.id, made.names if names is None else names)
        return row, changes

    async def advance(self, row: LayerRow, step: Step) -> None:
        """Give a layer its next version, as its row says it is now; followers are told at the commit."""
        now, changes = self._work.clock.now(), step.difference
        row.version += 1
        row.edition, row.published_at, row.published_by = new_id(), now, step.by
        counted = {"added": len(changes.added), "changed": len(changes.changed), "removed": len(changes.removed)}
        self._work.session.add(
            EditionRow(
                layer=row.id, version=row.version, cause=step.cause.value, feature_count=row.feature_count,
                digest=row.digest, repaired=list(step.repaired), department=row.department, access=row.access,
                fields=row.fields, source=row.source, resource=row.resource, note=step.note, published_at=now,
                published_by=step.by, **counted,
            )
        )  # fmt: skip
        await self._work.session.flush()
        event = LayerPublished(
            layer=row.id, version=row.version, cause=step.cause.value, department=row.department, access=row.access,
            published_at=now, **counted,
        )  # fmt: skip
        self._work.events.record(event, subject=row.id)
        await Telling(self._work).followers(row, step.cause)

    async def withdraw(self, layer: str, why: Withdrawal, *, by: Actor) -> None:
        """Take a layer off the map; its department still reads what was known, and may publish it again.

        Raises NoSuchLayer, LayerOfAnother.
        """
        row = await self.own(layer, by)
        await self.take_off(row, why.reason, by=by)

    async def take_off(self, row: LayerRow, reason: str, *, by: Actor) -> None:
        """Take a layer off the map, which the caller holds."""
        gone = list(await self._table.marks(row.id))
        row.feature_count, row.digest, row.withdrawn_at = 0, digest_of({}), self._work.clock.now()
        await self.advance(row, Step(Cause.withdrawal, Difference([], [], gone), by.reference, note=reason))
        await self._table.close(row.id, gone, row.version)
        await self._table.drop_names(row.id)
        data = {"version": row.version, "reason": reason}
        self._work.audit.note(stream=f"layer/{row.id}", act="withdraw", by=by, data=data)

    async def own(self, layer: str, by: Actor) -> LayerRow:
        """A layer of the caller's department, held. Raises NoSuchLayer, LayerOfAnother."""
        row = await self._table.one(layer, lock=True)
        if row is None or row.withdrawn_at is not None:
            raise NoSuchLayer()
        if by.department is None or row.department != by.department:
            raise LayerOfAnother()
        return row


def _described(draft: LayerDraft, made: Prepared) -> Mapping[str, Any]:
    first, last = _period(draft, made)
    plain = (
        "title", "title_en", "description", "department_name", "source", "caution", "datetime_field",
        "datetime_end_field", "sample",
    )  # fmt: skip
    return {name: getattr(draft, name) for name in plain} | {
        "access": draft.access.value, "kind": made.kind, "extent": made.extent,
        "feature_count": len(made.features), "period_from": first, "period_to": last,
        "resource": draft.resource.code if draft.resource else None,
        "named_by": draft.names.model_dump(exclude_none=True) if draft.names else None,
        "fields": [
            {"name": f.name, "title": f.title, "type": f.type.value, "hidden": f.hidden} for f in made.fields
        ],
    }  # fmt: skip


def _period(draft: LayerDraft, made: Prepared) -> tuple[datetime | None, datetime | None]:
    named = [one for one in (draft.datetime_field, draft.datetime_end_field) if one is not None]
    return period_of(feature.properties.get(name) for feature in made.features for name in named)


async def layers(work: WorkInRequest) -> Layers:
    """The layers within this request's transaction."""
    return Layers(work)


LayersInRequest = Annotated[Layers, Depends(layers)]
