"""What the rest of the hub asks of the directory: the published description of a resource, names for everybody."""

from collections.abc import Iterable

from sqlalchemy import select

from citykit.work import Work
from data_hub.resources.domain import State, VersionState, canonical_code
from data_hub.resources.errors import NoResource, WithdrawnResource
from data_hub.resources.models import ResourceRow, ResourceVersionRow
from data_hub.resources.schemas import Resource


class Resources:
    """The directory within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def published(self, code: str) -> Resource | None:
        """The published description of a resource, either face; None where none is published (any more)."""
        found = await self.work.session.execute(
            select(ResourceRow, ResourceVersionRow)
            .join(ResourceVersionRow, ResourceVersionRow.code == ResourceRow.code)
            .where(ResourceRow.code == canonical_code(code), ResourceVersionRow.state == VersionState.published)
        )
        row = found.one_or_none()
        return None if row is None else Resource.of(row[0], row[1].content, row[1].number)

    async def need(self, code: str) -> Resource:
        """The published description of a resource, for departments. Raises NoResource, WithdrawnResource."""
        found = await self.published(code)
        if found is None:
            known = select(ResourceRow.state).where(ResourceRow.code == canonical_code(code))
            raise WithdrawnResource if await self.work.session.scalar(known) == State.withdrawn else NoResource
        return found

    async def named_in_public(self, codes: Iterable[str]) -> dict[str, str]:
        """The names of those of the resources that the public may know of, by their codes."""
        wanted = sorted(set(codes))
        if not wanted:
            return {}
        told = select(ResourceRow.code, ResourceRow.name).where(ResourceRow.code.in_(wanted), ResourceRow.public)
        return {row.code: row.name for row in await self.work.session.execute(told)}
