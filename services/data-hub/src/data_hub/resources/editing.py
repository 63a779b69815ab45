"""The acts of a department's steward: draft a description, rewrite it, change a published one, send it to review."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from citykit.access import Actor
from citykit.work import Work, WorkInRequest
from data_hub.bigrams import search_key
from data_hub.organisations import called
from data_hub.resources.domain import (
    HIGHEST_SEQUENCE,
    State,
    VersionState,
    class_of,
    directory_of,
    faults,
)
from data_hub.resources.errors import (
    DirectoryFull,
    NotTheProvider,
    ResourceExists,
    ResourceStateProblem,
)
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.projection import project, projection
from data_hub.resources.references import check_references, refuse
from data_hub.resources.repository import name_of_provider, rivals, version
from data_hub.resources.schemas import Description, Registered, Resource, ResourceDraft

# After the first place, from one on, at which the numbers taken in their order leave a gap, or after all of them.
LOWEST_FREE = text("""
select coalesce(max(place), 0) + 1
from (
  select cast(right(code, 6) as integer) as number, row_number() over (order by code) as place
  from resource where directory = :directory and right(code, 6) > '000000'
) as taken
where number = place
""")


class Editing:
    """Descriptions on their way, within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def draft(self, draft: ResourceDraft, *, by: Actor, sample: bool = False) -> Registered:
        """Begin the description of a new resource. Raises NotTheProvider, BadDescription, ResourceExists."""
        if by.department is None:
            raise NotTheProvider
        content = Description(**{name: getattr(draft, name) for name in Description.model_fields})
        content = await self._named(content, by)
        _check(content)
        code = await self._code(draft.code)
        now = self.work.clock.now()
        columns = projection(code, State.draft, content) | {
            "code": code, "directory": directory_of(code), "state": State.draft.value, "shown_version": 1,
            "open_version": 1, "open_state": VersionState.draft.value, "latest_version": 1, "provider": by.department,
            "resource_class": class_of(code).value, "sample": sample, "created_at": now, "changed_at": now,
        }  # fmt: skip
        made = insert(ResourceRow).values(columns).on_conflict_do_nothing().returning(ResourceRow.code)
        if await self.work.session.scalar(made) is None:
            raise ResourceExists
        row = (await self.work.session.scalars(select(ResourceRow).where(ResourceRow.code == code))).one()
        await self._add_version(row, content, by)
        self._note(row, "draft", by)
        return await self._registered(row, content)

    async def _named(self, content: Description, by: Actor) -> Description:
        """The description with its departments called what they are called, whatever its author typed."""
        own = called(by, content.provider_name)
        source = own
        if content.source_department != by.department:
            known = await self.work.session.scalar(name_of_provider(content.source_department))
            source = known or content.source_department_name or content.source_department
        return content.model_copy(update={"provider_name": own, "source_department_name": source})

    async def _code(self, wanted: str) -> str:
        """The whole code: as it is given, or with the lowest sequence of its directory entry that is free.

        The next after the highest would end with whoever takes the highest there is.
        """
        directory = directory_of(wanted)
        lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
        await self.work.session.execute(lock, {"name": f"resource/{directory}"})
        if directory != wanted:
            return wanted
        sequence: int = await self.work.session.scalar(LOWEST_FREE, {"directory": directory})
        if sequence > HIGHEST_SEQUENCE:
            raise DirectoryFull
        return f"{directory}-{sequence:06d}"

    async def _add_version(self, row: ResourceRow, content: Description, by: Actor) -> None:
        made = ResourceVersionRow(
            code=row.code, number=row.latest_version, state=VersionState.draft.value,
            content=content.model_dump(mode="json"), authors=[by.reference], drafted_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.session.add(made)
        await self.work.session.flush()

    async def rewrite(self, row: ResourceRow, content: Description, *, by: Actor) -> Registered:
        """Write the open draft anew. Raises ResourceStateProblem, BadDescription."""
        draft = await self._open(row, VersionState.draft)
        content = await self._named(content, by)
        _check(content)
        draft.content = content.model_dump(mode="json")
        draft.authors = _with(draft.authors, by)
        if row.published_at is None:  # what is published did not change: nobody outside learns of a draft
            project(row, State.draft, content)
            row.changed_at = self.work.clock.now()
        await self.work.session.flush()
        self._note(row, "rewrite", by)
        return await self._registered(row, content)

    async def change(self, row: ResourceRow, content: Description, *, by: Actor) -> Registered:
        """Draft a new version of a published or withdrawn resource. Raises ResourceStateProblem, BadDescription."""
        if row.open_version is not None:
            raise ResourceStateProblem
        content = await self._named(content, by)
        _check(content)
        row.latest_version += 1
        row.open_version, row.open_state = row.latest_version, VersionState.draft.value
        await self._add_version(row, content, by)
        self._note(row, "change", by)
        return await self._registered(row, content)

    async def submit(self, row: ResourceRow, *, by: Actor) -> Registered:
        """Send the open draft to review. Raises ResourceStateProblem, BadDescription."""
        draft = await self._open(row, VersionState.draft)
        content = Description.model_validate(draft.content)
        await check_references(self.work, row, content)
        draft.state = row.open_state = VersionState.review.value
        draft.submitted_at = self.work.clock.now()
        draft.authors = _with(draft.authors, by)
        if row.published_at is None:
            row.state = State.review.value
        await self.work.session.flush()
        self._note(row, "submit", by)
        return await self._registered(row, content)

    async def discard(self, row: ResourceRow, *, by: Actor) -> None:
        """Give the open draft up; a resource that was never published goes with it. Raises ResourceStateProblem."""
        draft = await self._open(row, VersionState.draft)
        self._note(row, "discard", by)
        if row.published_at is None:
            await self.work.session.execute(delete(ResourceVersionRow).where(ResourceVersionRow.code == row.code))
            await self.work.session.delete(row)
            return
        draft.state, draft.ended_at = VersionState.discarded.value, self.work.clock.now()
        row.open_version = row.open_state = None

    async def _open(self, row: ResourceRow, state: VersionState) -> ResourceVersionRow:
        found = await version(self.work.session, row.code, row.open_version)
        if found is None or found.state != state.value:
            raise ResourceStateProblem
        return found

    async def _registered(self, row: ResourceRow, content: Description) -> Registered:
        found = await rivals(self.work.session, row, search_key(content.name), content.source_department)
        shown = Resource.of(row, content.model_dump(mode="json"), row.open_version or row.latest_version)
        return Registered(resource=shown, conflicts=found)

    def _note(self, row: ResourceRow, act: str, by: Actor) -> None:
        data: dict[str, Any] = {"version": row.open_version}
        self.work.audit.note(stream=f"resource/{row.code}", act=act, by=by, data=data)


def _with(authors: list[str], by: Actor) -> list[str]:
    return authors if by.reference in authors else [*authors, by.reference]


def _check(content: Description) -> None:
    refuse(faults(content.terms()))


async def editing(work: WorkInRequest) -> Editing:
    """The stewards' acts within this request's transaction."""
    return Editing(work)


EditingInRequest = Annotated[Editing, Depends(editing)]
