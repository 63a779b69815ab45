"""Layers as rows. Every list begins with what the viewer may see."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, desc, false, or_, select

from citykit.work import Work
from data_hub.registries.geography.domain import PUBLISH, READ, Access, Viewer
from data_hub.registries.geography.models import EditionRow, FeatureRow, LayerRow, NameRow
from data_hub.registries.geography.preparing import Feature, Name

_FEATURES = "copy geo_feature (layer, fid, since, geometry, extent, properties, fingerprint, batch) from stdin"
_NAMES = (
    "copy geo_name (layer, fid, kind, name, keys, bigrams, address, division_code, location, longitude, latitude)"
    " from stdin"
)
_BOUNDS = """
select min((extent[1])[0]), min((extent[1])[1]), max((extent[0])[0]), max((extent[0])[1])
from geo_feature where layer = %s and until is null
"""


def visible(viewer: Viewer, *, withdrawn: bool = False) -> ColumnElement[bool]:
    """The layers that are shown to a viewer; of withdrawn ones, those of her own department."""
    shown: ColumnElement[bool] = LayerRow.access == Access.public.value
    actor, there = viewer.actor, LayerRow.withdrawn_at.is_(None)
    if actor is None or not (actor.may(READ) or actor.may(PUBLISH)):
        return false() if withdrawn else and_(there, shown)
    own = false() if actor.department is None else LayerRow.department == actor.department
    if withdrawn:
        return and_(~there, own)
    departments = and_(own, LayerRow.access == Access.department.value)
    return and_(there, or_(shown, LayerRow.access == Access.government.value, departments))


def editions_of(layer: str) -> Select[EditionRow]:
    """The versions of a layer."""
    return select(EditionRow).where(EditionRow.layer == layer)


def known_at(layer: str, version: int) -> Select[FeatureRow]:
    """The states of a layer's features that were known in a version."""
    living = or_(FeatureRow.until.is_(None), FeatureRow.until > version)
    return select(FeatureRow).where(FeatureRow.layer == layer, FeatureRow.since <= version, living)


class LayerTable:
    """Layers, their features and their names in the database."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def one(self, layer: str, *, lock: bool = False) -> LayerRow | None:
        """The layer of an id, locked for a change where asked."""
        found = select(LayerRow).where(LayerRow.id == layer).execution_options(populate_existing=lock)
        return await self._work.session.scalar(found.with_for_update() if lock else found)

    def seen_by(self, viewer: Viewer, *, withdrawn: bool = False) -> Select[LayerRow]:
        """The layers that a viewer sees."""
        return select(LayerRow).where(visible(viewer, withdrawn=withdrawn))

    async def all_seen_by(self, viewer: Viewer) -> list[LayerRow]:
        """All of them, by id."""
        return list(await self._work.session.scalars(self.seen_by(viewer).order_by(LayerRow.id)))

    async def claim(self, layer: str) -> None:
        """Hold the name of a layer until the commit, so that two who publish it for the first time go one by one."""
        connection = await self._work.driver()
        await connection.execute("select pg_advisory_xact_lock(hashtextextended('geo_layer/' || %s, 0))", (layer,))

    async def edition_at(self, layer: str, instant: datetime) -> EditionRow | None:
        """The version that was the living one at an instant; None before the first."""
        found = editions_of(layer).where(EditionRow.published_at <= instant)
        return await self._work.session.scalar(found.order_by(desc(EditionRow.version)).limit(1))

    async def edition(self, layer: str, version: int) -> EditionRow | None:
        """A version of a layer."""
        return await self._work.session.get(EditionRow, (layer, version))

    async def marks(self, layer: str) -> dict[str, bytes]:
        """The fingerprints of the living features."""
        connection = await self._work.driver()
        found = await connection.execute(
            "select fid, fingerprint from geo_feature where layer = %s and until is null", (layer,)
        )
        return {fid: bytes(mark) for fid, mark in await found.fetchall()}

    async def living(self, layer: str, fid: str) -> FeatureRow | None:
        """The living state of a feature."""
        found = select(FeatureRow).where(FeatureRow.layer == layer, FeatureRow.fid == fid, FeatureRow.until.is_(None))
        return await self._work.session.scalar(found)

    async def bounds(self, layer: str) -> list[float]:
        """West, south, east, north of the living features."""
        connection = await self._work.driver()
        found = await (await connection.execute(_BOUNDS, (layer,))).fetchone()
        return [float(one) for one in found or ()]

    async def times(self, layer: str, names: Sequence[str]) -> list[str]:
        """The values of some columns of the living features."""
        connection = await self._work.driver()
        found = await connection.execute(
            "select value from geo_feature, jsonb_each_text(properties) as each (name, value)"
            " where layer = %s and until is null and name = any(%s) and value is not null",
            (layer, list(names)),
        )
        return [one for (one,) in await found.fetchall()]

    async def close(self, layer: str, fids: Sequence[str], version: int) -> None:
        """End the living states of some features with a version."""
        connection = await self._work.driver()
        await connection.execute(
            "update geo_feature set until = %s where layer = %s and until is null and fid = any(%s)",
            (version, layer, list(fids)),
        )

    async def add_features(self, layer: str, version: int, features: Iterable[Feature]) -> None:
        """Store states of features that a version begins, by COPY."""
        connection = await self._work.driver()
        async with connection.cursor() as cursor, cursor.copy(_FEATURES) as copy:
            for number, one in enumerate(features):
                await _breathe(number)
                properties, extent = json.dumps(one.properties, ensure_ascii=False), box(*one.geometry.bounds)
                await copy.write_row(
                    (layer, one.fid, version, one.geojson, extent, properties, one.fingerprint, one.batch)
                )

    async def names(self, layer: str) -> set[tuple[str, ...]]:
        """The names of a layer: id, kind, and every spelling as it is searched."""
        connection = await self._work.driver()
        found = await connection.execute("select fid, kind, keys from geo_name where layer = %s", (layer,))
        return {(fid, kind, *keys) for fid, kind, keys in await found.fetchall()}

    async def drop_names(self, layer: str, fids: Sequence[str] | None = None) -> None:
        """Forget the names of a layer, or of some of its features."""
        gone = delete(NameRow).where(NameRow.layer == layer)
        await self._work.session.execute(gone if fids is None else gone.where(NameRow.fid.in_(fids)))

    async def add_names(self, layer: str, names: Iterable[Name]) -> None:
        """Store names by COPY."""
        connection = await self._work.driver()
        async with connection.cursor() as cursor, cursor.copy(_NAMES) as copy:
            for number, one in enumerate(names):
                await _breathe(number)
                x, y = one.place or (None, None)
                spot = None if x is None or y is None else box(x, y, x, y)
                await copy.write_row(
                    (layer, one.fid, one.kind, one.name, one.keys, one.pairs, one.address, one.division_code, spot, x,
                     y)
                )  # fmt: skip


async def _breathe(number: int) -> None:
    """Let others have their turn now and then: a layer may have 100,000 features."""
    if number % 200 == 199:
        await asyncio.sleep(0)


def box(west: float, south: float, east: float, north: float) -> str:
    """A box as PostgreSQL writes it: upper right corner first."""
    return f"({east!r},{north!r}),({west!r},{south!r})"
