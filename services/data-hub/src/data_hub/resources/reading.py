"""What readers ask of the directory: lists, facets, statistics, one resource, its versions and what they changed."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement, select

from citykit.access import Actor
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.bigrams import search_key
from data_hub.resources import repository
from data_hub.resources.access import sees_drafts, visible_to
from data_hub.resources.differences import differences
from data_hub.resources.domain import OPEN_STATES, Reference, VersionState
from data_hub.resources.errors import NoResource
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.schemas import (
    DepartmentStatistics,
    Description,
    Difference,
    DifferenceQuery,
    Differences,
    Facets,
    InsideFacets,
    InsideFilter,
    PublicFacets,
    PublicPart,
    Resource,
    ResourceBrief,
    Rival,
    Statistics,
    Version,
    VersionContent,
)

PUBLIC: tuple[ColumnElement[bool], ...] = (ResourceRow.public.is_(True),)
_UNSEEN = frozenset(OPEN_STATES | {VersionState.discarded})


class Reading:
    """The directory as it is read, within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def page(self, query: InsideFilter, *, by: Actor) -> Page[ResourceBrief]:
        """A page of the resources that the actor may know of."""
        statement = select(ResourceRow).where(visible_to(by), *repository.chosen(query, self.work.clock.now()))
        keys = repository.order(query)
        return await keyset_page(self.work.session, statement, keys=keys, query=query, make=ResourceBrief.of)

    async def facets(self, query: InsideFacets, *, by: Actor) -> Facets:
        """Facets of the resources that the actor may know of."""
        conditions = [visible_to(by), *repository.chosen(query, self.work.clock.now())]
        total, found = await repository.facets(self.work.session, conditions)
        return Facets(total=total, facets=found)

    async def public_facets(self, query: PublicFacets) -> Facets:
        """Facets of the opened resources."""
        conditions = [*PUBLIC, *repository.chosen(query, self.work.clock.now())]
        total, found = await repository.facets(self.work.session, conditions)
        return Facets(total=total, facets=found)

    async def public_providers(self) -> dict[str, str]:
        """The departments that opened something, by their codes."""
        code, name = ResourceRow.provider, repository.provider_name()
        rows = await self.work.session.execute(select(code, name).where(*PUBLIC).group_by(code))
        return {row[0]: row[1] for row in rows}

    async def statistics(self, *, by: Actor) -> Statistics:
        """Counts for each department, of what the actor may know of."""
        now = self.work.clock.now()
        rows = await self.work.session.execute(repository.statistics(now, (visible_to(by),)))
        return Statistics(at=now, departments=tuple(DepartmentStatistics(**row) for row in rows.mappings()))

    async def detail(self, row: ResourceRow) -> Resource:
        """A resource as its shown version describes it: the published one, else the last that was."""
        found = await repository.version(self.work.session, row.code, row.shown_version)
        if found is None:
            raise NoResource
        return Resource.of(row, found.content, found.number)

    async def public(self, code: str, found: Callable[[str], None] | None = None) -> Resource:
        """An opened resource; `found` hears of it where it is in the directory, opened or not. Raises NoResource."""
        row = await self.work.session.scalar(select(ResourceRow).where(ResourceRow.code == code))
        if row is not None and found is not None:
            found(row.code)
        if row is None or not row.public:
            raise NoResource
        return (await self.all_told([await self.detail(row)]))[0]

    async def public_state(self) -> str:
        """What changes whenever the public face of the directory does."""
        count, changed = await repository.public_state(self.work.session)
        return f"{count} {changed}"

    async def public_part(self, after: str | None, limit: int) -> PublicPart:
        """The opened resources after a code, in the order of codes."""
        count, changed = await repository.public_state(self.work.session)
        rows = await repository.published(self.work.session, PUBLIC, after=after, limit=limit + 1)
        told = await self.all_told([Resource.of(*row) for row in rows[:limit]])
        return PublicPart(
            resources=told, total=count, changed_at=changed or self.work.clock.now(), more=len(rows) > limit,
            last_after=await repository.code_at(self.work.session, PUBLIC, (count - 1) // limit * limit),
        )  # fmt: skip

    async def all_told(self, resources: Sequence[Resource]) -> tuple[Resource, ...]:
        """Resources as everybody may read them: they name no other resource that is not public."""
        known = await repository.told_in_public(self.work.session, _named(resources))
        return tuple(_told(one, known) for one in resources)

    async def versions(self, row: ResourceRow, *, by: Actor) -> tuple[Version, ...]:
        """The versions of a resource, newest first; drafts for those who may see them."""
        statement = select(ResourceVersionRow).where(ResourceVersionRow.code == row.code)
        found = await self.work.session.scalars(statement.order_by(ResourceVersionRow.number.desc()))
        return tuple(Version.of(one) for one in found if self._sees(one, row, by))

    async def version(self, row: ResourceRow, number: int, *, by: Actor) -> VersionContent:
        """One version with its description. Raises NoResource."""
        found = await self._version(row, number, by)
        description = Description.model_validate(found.content)
        return VersionContent(**Version.of(found).model_dump(), description=description)

    async def differences(self, row: ResourceRow, query: DifferenceQuery, *, by: Actor) -> Differences:
        """What one version changed against another. Raises NoResource."""
        newest = row.open_version if row.open_version and sees_drafts(by, row.provider) else row.shown_version
        after = await self._version(row, query.after or newest, by)
        earlier = [n for n in await repository.published_versions(self.work.session, row.code) if n < after.number]
        before = await self._version(row, query.before or (earlier[-1] if earlier else after.number), by)
        found = differences(before.content, after.content)
        changes = tuple(Difference(field=name, before=old, after=new) for name, old, new in found)
        return Differences(code=row.code, before=before.number, after=after.number, changes=changes)

    async def conflicts(self, row: ResourceRow) -> tuple[Rival, ...]:
        """The rivals of a resource for being the source of its data, as its newest version stands."""
        found = await repository.version(self.work.session, row.code, row.open_version or row.shown_version)
        if found is None:
            raise NoResource
        content = Description.model_validate(found.content)
        return await repository.rivals(self.work.session, row, search_key(content.name), content.source_department)

    async def _version(self, row: ResourceRow, number: int, by: Actor) -> ResourceVersionRow:
        found = await repository.version(self.work.session, row.code, number)
        if found is None or not self._sees(found, row, by):
            raise NoResource
        return found

    def _sees(self, found: ResourceVersionRow, row: ResourceRow, by: Actor) -> bool:
        return VersionState(found.state) not in _UNSEEN or sees_drafts(by, row.provider)


def _named(resources: Sequence[Resource]) -> set[str]:
    """The other resources that descriptions name."""
    rules = (rule for one in resources for item in one.items for rule in item.rules)
    related = {code for one in resources for code in one.related}
    return related | {rule.resource for rule in rules if isinstance(rule, Reference)}


def _told(resource: Resource, known: set[str]) -> Resource:
    items = tuple(
        item.model_copy(
            update={"rules": tuple(r for r in item.rules if not isinstance(r, Reference) or r.resource in known)}
        )
        for item in resource.items
    )
    related = tuple(code for code in resource.related if code in known)
    return resource.model_copy(update={"items": items, "related": related})


async def reading(work: WorkInRequest) -> Reading:
    """The directory within this request's transaction."""
    return Reading(work)


ReadingInRequest = Annotated[Reading, Depends(reading)]
