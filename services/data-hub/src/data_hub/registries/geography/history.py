"""What was known of a layer's features, and where each state came from."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import select

from citykit.pages import Page, PageQuery, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.geography.access import Seen, seen_then
from data_hub.registries.geography.domain import GEOMETRY, Access, Cause, value_versions
from data_hub.registries.geography.errors import NoSuchFeature, NoSuchVersion
from data_hub.registries.geography.models import EditionRow, FeatureRow
from data_hub.registries.geography.repository import editions_of, known_at
from data_hub.registries.geography.schemas import Origin, State


class History:
    """The versions of one layer within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def states(self, seen: Seen, fid: str) -> list[State]:
        """Every state of a feature that the viewer may see, newest first. Raises NoSuchFeature."""
        found = select(FeatureRow).where(FeatureRow.layer == seen.row.id, FeatureRow.fid == fid)
        editions = await self._editions(seen)
        told = []
        for row in await self._work.session.scalars(found.order_by(FeatureRow.since.desc())):
            open_in = [one for one in editions.values() if _covers(row, one.version) and _open(seen, one)]
            if open_in:
                told.append(_state(row, editions, _shown(seen, open_in[-1])))
        if not told:
            raise NoSuchFeature()
        brought = value_versions((one.since, one.until, _values(one)) for one in reversed(told))
        return [one.model_copy(update={"value_since": brought[one.since]}) for one in told]

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


def _covers(row: FeatureRow, version: int) -> bool:
    return row.since <= version and (row.until is None or version < row.until)


def _open(seen: Seen, edition: EditionRow) -> bool:
    """Whether the viewer might have seen a version when it was the living one."""
    return seen.viewer.sees(Access(edition.access), seen.row.department)


def _shown(seen: Seen, edition: EditionRow) -> set[str]:
    return {one.name for one in seen_then(seen, edition).fields}


def _values(state: State) -> dict[str, Any]:
    return state.properties | {GEOMETRY: state.geometry}


def _state(row: FeatureRow, editions: dict[int, EditionRow], names: set[str]) -> State:
    since, until = editions[row.since], None if row.until is None else editions[row.until]
    return State(
        fid=row.fid, since=since.version, until=row.until, known_from=since.published_at,
        known_to=None if until is None else until.published_at, geometry=row.geometry,
        properties={name: value for name, value in row.properties.items() if name in names},
        origin=Origin(
            cause=Cause(since.cause), department=since.department, source=since.source, resource=since.resource,
            batch=row.batch, note=since.note,
        ),
    )  # fmt: skip


async def history(work: WorkInRequest) -> History:
    """The versions within this request's transaction."""
    return History(work)


HistoryInRequest = Annotated[History, Depends(history)]
