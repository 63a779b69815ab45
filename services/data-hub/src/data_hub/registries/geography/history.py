"""What was known of a layer's features, and where each state came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import ColumnElement, Text, cast, desc, func, select

from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.geography.access import Seen, seen_then
from data_hub.registries.geography.domain import GEOMETRY, Access, Cause, value_versions
from data_hub.registries.geography.errors import NoSuchFeature, NoSuchVersion
from data_hub.registries.geography.models import EditionRow, FeatureRow
from data_hub.registries.geography.repository import editions_of, known_at
from data_hub.registries.geography.schemas import Origin, State

_MARK = func.md5(cast(FeatureRow.geometry, Text))  # a geometry may have 100,000 points: only whether it changed counts


class History:
    """The versions of one layer within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def states(self, seen: Seen, fid: str) -> list[State]:
        """Every state of a feature that the viewer may see, newest first. Raises NoSuchFeature."""
        told = await self._told(seen, fid)
        found = select(FeatureRow).where(*_of(seen, fid), FeatureRow.since.in_(told.names))
        return [told.state(row) for row in await self._work.session.scalars(found.order_by(FeatureRow.since.desc()))]

    async def page(self, seen: Seen, fid: str, query: PageQuery) -> Page[State]:
        """The same, page by page. Why a value was corrected is for those inside government.

        Raises NoSuchFeature, BadCursor.
        """
        told = await self._told(seen, fid)
        found = select(FeatureRow).where(*_of(seen, fid), FeatureRow.since.in_(told.names))
        page = await keyset_page(
            self._work.session, found, keys=(desc(FeatureRow.since),), query=query, make=told.state
        )
        if seen.viewer.sees(Access.government, seen.row.department):
            return page
        return page.model_copy(update={"items": [_without_note(one) for one in page.items]})

    async def _told(self, seen: Seen, fid: str) -> "_Told":
        """What may be told of a feature's states: every one is looked at, with a fingerprint for its geometry."""
        editions = await self._editions(seen)
        looked = select(FeatureRow.since, FeatureRow.until, FeatureRow.properties, _MARK).where(*_of(seen, fid))
        names, values = {}, []
        for since, until, properties, mark in await self._work.session.execute(looked.order_by(FeatureRow.since)):
            open_in = [one for one in editions.values() if _covers(since, until, one.version) and _open(seen, one)]
            if open_in:
                names[since] = shown = _shown(seen, open_in[-1])
                values.append((since, until, _only(properties, shown) | {GEOMETRY: mark}))
        if not names:
            raise NoSuchFeature()
        return _Told(editions, names, value_versions(values))

    async def features(self, seen: Seen, version: int, query: PageQuery) -> Page[State]:
        """The features of a version as they were known in it. Raises NoSuchVersion and as `access.shown`."""
        editions = await self._editions(seen)
        if version not in editions:
            raise NoSuchVersion()
        names = _shown(seen, editions[version])
        return await keyset_page(
            self._work.session, known_at(seen.row.id, version), keys=(FeatureRow.fid,), query=query,
            make=lambda row: _state(row, editions, names),
        )  # fmt: skip

    async def _editions(self, seen: Seen) -> dict[int, EditionRow]:
        found = editions_of(seen.row.id).order_by(EditionRow.version)
        return {one.version: one for one in await self._work.session.scalars(found)}


@dataclass(frozen=True)
class _Told:
    """The states that a viewer may see by the version of each: the columns shown, and what brought each value."""

    editions: Mapping[int, EditionRow]
    names: Mapping[int, set[str]]
    brought: Mapping[int, dict[str, int]]

    def state(self, row: FeatureRow) -> State:
        """The state of a row."""
        made = _state(row, self.editions, self.names[row.since])
        return made.model_copy(update={"value_since": self.brought[row.since]})


def _of(seen: Seen, fid: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return FeatureRow.layer == seen.row.id, FeatureRow.fid == fid


def _covers(since: int, until: int | None, version: int) -> bool:
    return since <= version and (until is None or version < until)


def _open(seen: Seen, edition: EditionRow) -> bool:
    """Whether the viewer might have seen a version when it was the living one."""
    return seen.viewer.sees(Access(edition.access), seen.row.department)


def _shown(seen: Seen, edition: EditionRow) -> set[str]:
    return {one.name for one in seen_then(seen, edition).fields}


def _only(properties: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name in names}


def _without_note(state: State) -> State:
    return state.model_copy(update={"origin": state.origin.model_copy(update={"note": None})})


def _state(row: FeatureRow, editions: Mapping[int, EditionRow], names: set[str]) -> State:
    since, until = editions[row.since], None if row.until is None else editions[row.until]
    return State(
        fid=row.fid, since=since.version, until=row.until, known_from=since.published_at,
        known_to=None if until is None else until.published_at, geometry=row.geometry,
        properties=_only(row.properties, names),
        origin=Origin(
            cause=Cause(since.cause), department=since.department, source=since.source, resource=since.resource,
            batch=row.batch, note=since.note,
        ),
    )  # fmt: skip


async def history(work: WorkInRequest) -> History:
    """The versions within this request's transaction."""
    return History(work)


HistoryInRequest = Annotated[History, Depends(history)]
