"""The acts on matters, and the questions that other slices ask about them."""

from functools import lru_cache
from importlib.resources import files
from typing import Annotated

from fastapi import Depends
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from gov_collab.matters.domain import Classifier, ancestry
from gov_collab.matters.domain import Matter as MatterClass
from gov_collab.matters.errors import UnknownMatter
from gov_collab.matters.models import MatterRow
from gov_collab.matters.schemas import Adoption, Catalogue, Matter, MatterFilter, SuggestedMatter, Suggestions

SHIPPED = "catalogue_2026_11.json"


def shipped_catalogue() -> Catalogue:
    """The list that comes with the service; the first migration puts it into an empty city."""
    return Catalogue.model_validate_json(files("gov_collab.matters").joinpath(SHIPPED).read_bytes())


# Building the weights of all keywords costs a few milliseconds; the list changes once a year.
@lru_cache(maxsize=4)
def _classifier(matters: tuple[MatterClass, ...]) -> Classifier:
    return Classifier(matters)


class Matters:
    """The classes of matters within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._session = work.session

    async def adopt(self, catalogue: Catalogue, *, by: Actor | str) -> Adoption:
        """Put a whole list in the place of the one in use; classes that it leaves out are retired, not deleted."""
        entries = {entry.code: entry for entry in catalogue.matters}
        parents = {code: entry.parent_code for code, entry in entries.items()}
        order = {code: place for place, code in enumerate(entries)}
        for code in sorted(entries, key=lambda code: (len(ancestry(code, parents)), order[code])):
            values = entries[code].model_dump(mode="json") | {"sort_order": order[code], "active": True}
            statement = insert(MatterRow).values(values)
            await self._session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))
        retired = await self._session.scalars(
            update(MatterRow)
            .where(MatterRow.code.not_in(entries), MatterRow.active)
            .values(active=False)
            .returning(MatterRow.code)
        )
        adoption = Adoption(version=catalogue.version, active=len(entries), retired=len(retired.all()))
        self._work.audit.note(stream="matters", act="adopt", by=by, data=adoption.model_dump(mode="json"))
        return adoption

    async def matter(self, code: str) -> MatterRow:
        """The class in use of that code. Raises UnknownMatter (422)."""
        row = await self._session.get(MatterRow, code)
        if row is None or not row.active:
            raise UnknownMatter((f"没有事项分类 {code}", f"There is no class of matters {code}"))
        return row

    async def chain(self, code: str) -> tuple[str, ...]:
        """The class itself and what lies above it, up to the root. Raises UnknownMatter; retired classes count."""
        rows = await self._session.execute(select(MatterRow.code, MatterRow.parent_code))
        parents = {row.code: row.parent_code for row in rows}
        if code not in parents:
            raise UnknownMatter((f"没有事项分类 {code}", f"There is no class of matters {code}"))
        return ancestry(code, parents)

    async def page(self, query: MatterFilter) -> Page[Matter]:
        """Classes in the order of the list."""
        statement = select(MatterRow).where(MatterRow.active)
        if query.parent is not None:
            statement = statement.where(MatterRow.parent_code == query.parent)
        keys = (MatterRow.sort_order, MatterRow.code)
        return await keyset_page(self._session, statement, keys=keys, query=query, make=Matter.of)

    async def suggest(self, title: str, text: str) -> Suggestions:
        """The classes in use that fit a message best."""
        rows = (await self._session.scalars(select(MatterRow).where(MatterRow.active).order_by(MatterRow.code))).all()
        by_code = {row.code: row for row in rows}
        classes = tuple(
            MatterClass(
                row.code, row.parent_code if row.parent_code in by_code else None, row.name, tuple(row.keywords)
            )
            for row in rows
        )
        if not classes:
            return Suggestions(items=[])
        found = _classifier(classes).suggest(title, text)
        return Suggestions(
            items=[
                SuggestedMatter(matter=Matter.of(by_code[s.code]), score=s.score, because=list(s.because))
                for s in found
            ]
        )


async def matters(work: WorkInRequest) -> Matters:
    """The matters of this request's transaction."""
    return Matters(work)


MattersInRequest = Annotated[Matters, Depends(matters)]
