"""Reads the features of a layer, page by page, in the order of their ids, so that none is lost between two pages."""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import shapely
from psycopg import errors as refused
from shapely.geometry.base import BaseGeometry

from citykit.problems import BadCursor, Unavailable
from citykit.work import Work
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.errors import BadFilter
from data_hub.registries.geography.features.filters import Filter
from data_hub.registries.geography.repository import box

MOST_READ = 20_000  # rows that one request looks at; a page ends early rather than hold the database
_LARGEST_STEP = 2_000
# What was read of the layer (its columns, who sees them) belongs to one version: a later one is not read as if it were
# that one, whoever publishes meanwhile.
_LIVING = "until is null and (select version from geo_layer where id = %(layer)s) = %(version)s"
_KNOWN_THEN = "since <= %(version)s and (until is null or until > %(version)s)"


@dataclass(frozen=True)
class Found:
    """A feature: its id, and geometry and shown properties as JSON text."""

    fid: str
    geometry: str
    properties: str


@dataclass
class Selection:
    """Which features: conditions in SQL with their values, areas to meet, and a filter that may need shapely."""

    limit: int
    after: str = ""
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    area: BaseGeometry | None = None
    filter: Filter | None = None
    geometry: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether every feature of the layer is selected."""
        return not self.conditions and self.area is None and self.filter is None


@dataclass(frozen=True)
class Features:
    """A page of features. `last` is where the next page begins; `matched` is exact, or not known."""

    items: list[Found]
    last: str | None
    matched: int | None


def cursor_of(fid: str) -> str:
    """The cursor after a feature: opaque to callers."""
    return base64.urlsafe_b64encode(fid.encode()).decode().rstrip("=")


def fid_of(cursor: str) -> str:
    """The feature that a cursor stands after. Raises BadCursor."""
    try:
        fid = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise BadCursor() from None
    if not fid or "\x00" in fid:
        raise BadCursor()
    return fid


class FeatureTable:
    """The features of one layer as its viewer sees them."""

    def __init__(self, work: Work, seen: Seen) -> None:
        self._work = work
        self._seen = seen
        self._is_living = seen.then is None

    async def page(self, asked: Selection) -> Features:
        """The features that are selected, at most `asked.limit`."""
        found: list[Found] = []
        after, read, exact = asked.after, 0, asked.area is not None or (asked.filter and asked.filter.decide)
        step = asked.limit + 1
        while True:
            rows = await self._selected(asked, after, step)
            for row in await asyncio.to_thread(_passing, asked, rows) if exact else rows:
                if len(found) == asked.limit:
                    return Features(found, found[-1].fid if found else asked.after, self._count(asked))
                found.append(Found(row[0], row[1] or "null", row[2]))
            if len(rows) < step:
                return Features(found, None, self._count(asked, ended=len(found)))
            after, read = rows[-1][0], read + len(rows)
            if read >= MOST_READ:
                return Features(found, after, None)
            step = min(step * 4, _LARGEST_STEP)

    def _count(self, asked: Selection, ended: int | None = None) -> int | None:
        """How many features match, where that is known without counting: never a guess."""
        if asked.is_whole:
            return int(self._seen.feature_count)
        return None if ended is None or asked.after else ended

    async def one(self, fid: str) -> Found | None:
        """The feature of an id."""
        asked = Selection(limit=1, conditions=["fid = %(fid)s"], values={"fid": fid})
        rows = await self._selected(asked, "", 1)
        return Found(*rows[0][:3]) if rows else None

    async def _selected(self, asked: Selection, after: str, step: int) -> list[tuple[Any, ...]]:
        """The next rows; where the layer was published anew in between, as they were in the version that is read."""
        return await self._asked(lambda: self._statement(asked), {"after": after, "step": step})

    async def candidates(
        self, asked: Selection, columns: str, question: str, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """The rows of a question about the features that conditions and boxes let through, which it calls `candidate`.

        The question has no row where there is no candidate; its texts are ours. Shapely decides nothing here.
        """

        def statement() -> tuple[str, dict[str, Any]]:
            narrowed, bound = self._narrowed(asked)
            return f"with candidate as (select {columns} from geo_feature where {narrowed}) {question}", bound  # noqa: S608 - no caller's text stands in it

        return await self._asked(statement, values)

    async def _asked(
        self, statement: Callable[[], tuple[str, dict[str, Any]]], values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        text, bound = statement()
        rows = await self._rows(text, bound | dict(values))
        if rows or not self._is_living:
            return rows
        told = await self._rows("select version from geo_layer where id = %(layer)s", {"layer": self._seen.row.id})
        if told == [(self._seen.version,)]:
            return rows
        self._is_living = False
        return await self._asked(statement, values)

    def _narrowed(self, asked: Selection) -> tuple[str, dict[str, Any]]:
        """The conditions of a selection, which its area and its filter may have to settle, and their values."""
        conditions = ["layer = %(layer)s", _LIVING if self._is_living else _KNOWN_THEN, *asked.conditions]
        values = asked.values | {"layer": self._seen.row.id, "version": self._seen.version}
        if asked.area is not None:
            conditions.append("extent && %(area)s::box")
            values["area"] = box(*asked.area.bounds)
        if asked.filter is not None:
            conditions.append(asked.filter.sql)
        return " and ".join(conditions), values

    def _statement(self, asked: Selection) -> tuple[str, dict[str, Any]]:
        narrowed, values = self._narrowed(asked)
        hidden = self._seen.hidden
        shown = "(properties - %(hidden)s::text[])::text" if hidden else "properties::text"
        listed = ", ".join(["fid", "geometry::text", shown, *(asked.filter.columns if asked.filter else ())])
        after = 'fid > %(after)s::text collate "C"'
        text = f"select {listed} from geo_feature where {narrowed} and {after} order by fid limit %(step)s"  # noqa: S608 - no caller's text stands in it
        return text, values | {"hidden": hidden}

    async def _rows(self, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        connection = await self._work.driver()
        try:
            return await (await connection.execute(statement.encode(), values)).fetchall()
        except refused.DataError as error:
            raise BadFilter(("过滤条件无法计算", "The filter cannot be computed")) from error
        except refused.QueryCanceled as error:
            raise Unavailable(("过滤条件计算超时", "The filter takes too long")) from error


def _passing(asked: Selection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows that are really selected. It computes: away from the loop that answers everybody."""
    return [row for row in rows if _passes(asked, row)]


def _passes(asked: Selection, row: tuple[Any, ...]) -> bool:
    """Whether a row that the boxes let through is really selected."""
    geometry = shapely.from_geojson(row[1])
    if asked.area is not None and not asked.area.intersects(geometry):
        return False
    decide = asked.filter.decide if asked.filter else None
    return decide is None or decide(row[3:], geometry) is True


def document_of(found: Found) -> dict[str, Any]:
    """The feature as parsed JSON."""
    return {
        "type": "Feature", "id": found.fid, "geometry": json.loads(found.geometry),
        "properties": json.loads(found.properties),
    }  # fmt: skip
