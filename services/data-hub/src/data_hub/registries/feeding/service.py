"""The acts on feeds: set one, end one, read how far it is and what it refused."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, PageQuery
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.datasets.service import Datasets
from data_hub.registries.feeding import repository
from data_hub.registries.feeding.domain import Assignment, Misfit, misfits
from data_hub.registries.feeding.errors import BadFeed, FeedEnded, FeedExists, NoSuchFeed
from data_hub.registries.feeding.models import FaultRow, FeedRow
from data_hub.registries.feeding.schemas import FaultQuery, Feed, FeedDraft, FeedFault, FeedQuery, FeedRun
from data_hub.registries.purposes.domain import BY_CODE, FIELD_WORDS, REGISTER
from data_hub.registries.sources.domain import Registry
from data_hub.resources.service import Resources

_MAINTENANCE = BY_CODE["registry-maintenance"]
_LOOKED = "查看供数差错 Read what a feed refused"


class Feeds:
    """The feeds of the registries within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def set(self, draft: FeedDraft, *, by: Actor) -> Feed:
        """Let a resource feed a registry in the name of its source department.

        Raises NoResource, NoDataset, BadFeed, FeedExists.
        """
        described = await Resources(self.work).need(draft.resource)
        dataset = await Datasets(self.work).need(draft.resource)
        assignments = [Assignment(one.item, one.field, one.values) for one in draft.fields]
        if wrong := misfits(draft.registry, assignments, dataset.shape):
            raise BadFeed(errors=[_told(one) for one in wrong])
        values = {
            "id": new_id(), "resource": draft.resource, "registry_name": draft.registry.value,
            "department": described.source_department, "fields": [one.model_dump(mode="json") for one in draft.fields],
            "with_earlier": draft.with_earlier, "made_by": by.reference, "made_at": self.work.clock.now(),
        }  # fmt: skip
        made = insert(FeedRow).values(values).on_conflict_do_nothing().returning(FeedRow)
        row = (await self.work.session.scalars(made)).one_or_none()
        if row is None:
            raise FeedExists
        self._note(row, "set-feed", by)
        return Feed.of(row)

    async def end(self, feed: UUID, *, by: Actor) -> Feed:
        """Let a resource feed a registry no more; what was stated stays. Raises NoSuchFeed, FeedEnded."""
        row = await self.work.session.scalar(select(FeedRow).where(FeedRow.id == feed).with_for_update())
        if row is None:
            raise NoSuchFeed
        if row.ended_at is not None:
            raise FeedEnded
        row.ended_at, row.ended_by = self.work.clock.now(), by.reference
        await self.work.session.flush()
        self._note(row, "end-feed", by)
        return await self.one(feed, by=by)

    async def listed(self, query: FeedQuery, *, by: Actor) -> Page[Feed]:
        """The feeds of one's department, all of them for supervision."""
        return await repository.feeds(self.work, query, by)

    async def one(self, feed: UUID, *, by: Actor) -> Feed:
        """A feed with its last batch. Raises NoSuchFeed."""
        found = await repository.feed(self.work, feed, by)
        if found is None:
            raise NoSuchFeed
        return Feed.of(*found)

    async def runs(self, feed: UUID, query: PageQuery, *, by: Actor) -> Page[FeedRun]:
        """The batches of a feed and what became of their rows. Raises NoSuchFeed."""
        await self.one(feed, by=by)
        return await repository.runs(self.work, feed, query)

    async def faults(self, feed: UUID, query: FaultQuery, *, by: Actor) -> Page[FeedFault]:
        """The rows that were not stated; each person concerned finds it in her access log. Raises NoSuchFeed."""
        known = await self.one(feed, by=by)
        told: dict[str, set[str]] = {}

        def make(row: FaultRow) -> FeedFault:
            if known.registry is Registry.population and row.subject is not None:
                told.setdefault(row.subject, set()).add(row.field)
            return FeedFault.of(row)

        page = await repository.faults(self.work, feed, query, make)
        for person, fields in told.items():
            self.work.access.read(
                person=f"person:{person}", by=by, action=_LOOKED, fields=sorted(fields), purpose=_MAINTENANCE.said,
                legal_basis=_MAINTENANCE.legal_basis, record=REGISTER, said=FIELD_WORDS,
            )  # fmt: skip
        return page

    def _note(self, row: FeedRow, act: str, by: Actor) -> None:
        data = {
            "resource": row.resource, "registry": row.registry_name, "department": row.department,
            "fields": {one["field"]: one["item"] for one in row.fields},
        }  # fmt: skip
        self.work.audit.note(stream=f"registry-feed/{row.id}", act=act, by=by, data=data)


def _told(wrong: Misfit) -> FieldError:
    pointer = "/body/fields" if wrong.place is None else f"/body/fields/{wrong.place}/{wrong.part}"
    return FieldError(pointer=pointer, code=wrong.code, message=wrong.said)


async def feeds(work: WorkInRequest) -> Feeds:
    """The feeds within this request's transaction."""
    return Feeds(work)


FeedsInRequest = Annotated[Feeds, Depends(feeds)]
