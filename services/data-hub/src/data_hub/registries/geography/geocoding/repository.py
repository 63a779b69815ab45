"""Names as rows, of the layers that the viewer sees. A hidden column is never a name: publishing refuses that."""

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Point, shape
from sqlalchemy import Select, and_, case, func, select, tuple_

from citykit.identifiers.gbt2260 import InvalidDivisionCode
from citykit.work import Work
from data_hub.bigrams import bigrams
from data_hub.divisions.domain import Place, canonical, stem_of
from data_hub.registries.geography.domain import NameKind, Viewer
from data_hub.registries.geography.geocoding.domain import Finer, arabic
from data_hub.registries.geography.models import FeatureRow, LayerRow, NameRow
from data_hub.registries.geography.repository import box, visible

MOST_ROWS = 200
MOST_SIMILAR = 1000
MOST_ALIKE = 60
# Probe by probe, so that the index answers each and a spelling that thousands share costs no more than MOST_ROWS.
_SPELT = f"""
select distinct found.layer, found.fid from unnest(%s::text[]) as probe, lateral (
  select layer, fid from geo_name where keys @> array[probe] and kind <> 'division' limit {MOST_ROWS}
) as found limit 1000
"""  # noqa: S608 - fixed texts
METRES_PER_DEGREE = 88_000  # of longitude at 38° north, and fewer than one of latitude has: the box is large enough
# Pairs that hundreds of villages share find nothing in particular.
_EVERYWHERE = frozenset(bigrams("家庄村村民委员会庄村家村社区居民委员会南庄北庄东庄西庄大庄小庄庄乡庄镇"))


@dataclass(frozen=True)
class Known:
    """A name with its layer, and as the rules judge it."""

    row: NameRow
    layer: LayerRow
    finer: Finer

    @property
    def place(self) -> Place | None:
        """Its point, where one is known."""
        if self.row.longitude is None or self.row.latitude is None:
            return None
        return Place(self.row.longitude, self.row.latitude)


def _valid(code: str | None) -> str | None:
    try:
        return None if code is None else stem_of(code) and canonical(code)
    except InvalidDivisionCode:
        return None


def _known(row: NameRow, layer: LayerRow) -> Known:
    finer = Finer((row.layer, row.fid), row.kind, row.name, tuple(map(arabic, row.keys)), _valid(row.division_code))
    return Known(row, layer, finer)


class NameTable:
    """The names that a viewer may find, within one transaction."""

    def __init__(self, work: Work, viewer: Viewer) -> None:
        self._work = work
        self._session = work.session
        self._viewer = viewer

    def _seen(self) -> Select[NameRow, LayerRow]:
        return select(NameRow, LayerRow).join(LayerRow, LayerRow.id == NameRow.layer).where(visible(self._viewer))

    async def _known(self, found: Select[NameRow, LayerRow]) -> list[Known]:
        return [_known(row[0], row[1]) for row in await self._session.execute(found)]

    async def uppers(self) -> list[Known]:
        """Every division above the villages, by code; a partial index holds these few."""
        found = self._seen().where(NameRow.kind == NameKind.division.value)
        return await self._known(found.order_by(NameRow.fid))

    async def spelt(self, probes: Sequence[str], near: str | None) -> list[Known]:
        """Finer names one of whose spellings is among `probes`, those within `near` first, at most MOST_ROWS."""
        connection = await self._work.driver()
        ids = await (await connection.execute(_SPELT, (list(probes),))).fetchall()
        found = self._seen().where(tuple_(NameRow.layer, NameRow.fid).in_(ids))
        if near is not None:
            inside = NameRow.division_code.startswith(stem_of(near))
            found = found.order_by(case((inside, 0), else_=1))
        return await self._known(found.order_by(NameRow.layer, NameRow.fid).limit(MOST_ROWS))

    async def similar(self, text: str) -> list[Known]:
        """Finer names that share the most pairs of characters with a text, of at most MOST_SIMILAR that share any."""
        pairs = [one for one in bigrams(text) if len(one) == 2 and one not in _EVERYWHERE]
        if not pairs:
            return []
        some = (
            select(NameRow.layer, NameRow.fid, NameRow.bigrams)
            .where(NameRow.bigrams.overlap(pairs), NameRow.kind != NameKind.division.value)
            .limit(MOST_SIMILAR)
            .subquery()
        )
        pair = func.unnest(some.c.bigrams).column_valued("pair")
        shared = select(func.count(pair)).where(pair.in_(pairs)).scalar_subquery()
        joined = and_(some.c.layer == NameRow.layer, some.c.fid == NameRow.fid)
        found = self._seen().join(some, joined).order_by(shared.desc(), NameRow.layer, NameRow.fid)
        return await self._known(found.limit(MOST_ALIKE))

    async def villages(self, codes: Sequence[str]) -> dict[str, Known]:
        """Villages of published layers whose point is known, by their division code."""
        found = self._seen().where(
            NameRow.division_code.in_(codes), NameRow.kind == NameKind.village.value, NameRow.location.is_not(None)
        )
        known = await self._known(found.order_by(NameRow.layer.desc(), NameRow.fid.desc()))
        return {one.finer.code: one for one in known if one.finer.code is not None}

    async def villages_of(self, town: str) -> list[Known]:
        """The villages of a town whose point a published layer tells, at most MOST_ROWS."""
        stem = stem_of(town)
        found = self._seen().where(
            NameRow.division_code.between(f"{stem}000", f"{stem}999"), NameRow.kind == NameKind.village.value,
            NameRow.location.is_not(None),
        )  # fmt: skip
        return await self._known(found.order_by(NameRow.layer, NameRow.fid).limit(MOST_ROWS))

    async def containing(self, place: Place) -> list[Known]:
        """Named features in whose area a point lies, the smallest first."""
        spot = box(place.longitude, place.latitude, place.longitude, place.latitude)
        named = select(LayerRow.id).where(
            visible(self._viewer), LayerRow.named_by.is_not(None), LayerRow.kind.not_in(("Point", "LineString"))
        )
        layers = list(await self._session.scalars(named))
        found = select(FeatureRow).where(
            FeatureRow.layer.in_(layers), FeatureRow.until.is_(None), FeatureRow.extent.op("&&")(spot)
        )
        areas = [(one, shape(one.geometry)) for one in await self._session.scalars(found.limit(MOST_ROWS))]
        point = Point(place.longitude, place.latitude)
        sizes = {(one.layer, one.fid): area.area for one, area in areas if area.area and area.covers(point)}
        if not sizes:
            return []
        known = await self._known(self._seen().where(tuple_(NameRow.layer, NameRow.fid).in_(list(sizes))))
        return sorted(known, key=lambda one: (sizes[one.finer.id], one.finer.id))

    async def around(self, place: Place, radius: int) -> list[Known]:
        """Finer names whose point may lie within `radius` metres, at most MOST_ROWS of the nearest."""
        x, y, off = place.longitude, place.latitude, radius / METRES_PER_DEGREE + 1e-6
        found = self._seen().where(
            NameRow.location.op("&&")(box(x - off, y - off, x + off, y + off)),
            NameRow.kind != NameKind.division.value,
        )
        far = func.power((NameRow.longitude - x) * 0.79, 2) + func.power(NameRow.latitude - y, 2)
        return await self._known(found.order_by(far, NameRow.layer, NameRow.fid).limit(MOST_ROWS))
