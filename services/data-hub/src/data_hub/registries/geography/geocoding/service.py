"""What is asked of the geocoder: from a text to places, within one transaction."""

from collections.abc import Sequence
from math import hypot, inf
from statistics import fmean
from typing import Annotated

from fastapi import Depends

from citykit.work import Work, WorkInRequest
from data_hub.divisions.domain import Level, Place, to_gcj02
from data_hub.divisions.errors import NoSuchDivision, OutsideTheCity
from data_hub.divisions.service import DivisionDesk
from data_hub.registries.geography.access import ViewerInRequest
from data_hub.registries.geography.domain import NameKind, Viewer
from data_hub.registries.geography.geocoding.domain import Judged, Upper, judged, probes, tidied, ways, within
from data_hub.registries.geography.geocoding.repository import Known, NameTable
from data_hub.registries.geography.geocoding.schemas import (
    Candidate,
    Geocoding,
    Piece,
    Precision,
    Reason,
    Source,
    Speech,
    Spot,
    Step,
)
from data_hub.registries.geography.models import LayerRow
from data_hub.registries.geography.spellings import usual

_POINTED = {Level.town, Level.county, Level.city}  # divisions above the villages whose point may be told
GOOD = 0.8  # a candidate this good ends the search for names with a slip


def told_in(place: Place, crs: Speech) -> tuple[float, float]:
    """A stored point in the system that the caller speaks: longitude, latitude in degrees."""
    x, y = to_gcj02(place) if crs is Speech.gcj02 else (place.longitude, place.latitude)
    return round(x, 8), round(y, 8)


def source_of(layer: LayerRow) -> Source:
    """Whose statement the names of a layer are."""
    return Source(**{name: getattr(layer, name) for name in Source.model_fields if name != "layer"}, layer=layer.id)


async def chain_of(desk: DivisionDesk, code: str | None, place: Place | None) -> list[Step]:
    """The divisions from the province down to `code`; where that is none, down to the county of the point."""
    found = []
    if code is not None:
        try:
            found = [*await desk.ancestors(code), await desk.one(code)]
        except NoSuchDivision:
            found = []
    if not found and place is not None:
        try:
            at = await desk.at(place.longitude, place.latitude)
        except OutsideTheCity:
            return []
        found = [*at.ancestors, at.division]
    return [Step(code=one.code, name=one.name, level=one.level) for one in found]


def address_of(steps: Sequence[Step]) -> str:
    """Divisions as they stand in an address."""
    return "".join(usual(one.name, one.level) for one in steps)


class Geocoder:
    """Texts into places."""

    def __init__(self, work: Work, viewer: Viewer) -> None:
        self.names = NameTable(work, viewer)
        self.desk = DivisionDesk(work)

    async def find(self, texts: Sequence[str], *, area: str | None, limit: int, crs: Speech) -> list[Geocoding]:
        """The candidates of each text, best first, at most `limit`, within `area`. Raises NoSuchDivision."""
        inside = None if area is None else (await self.desk.one(area)).code
        uppers = {one.finer.id[1]: one for one in await self.names.uppers()}
        return [
            Geocoding(text=text, candidates=await self._candidates(tidied(text), uppers, inside, limit, crs))
            for text in texts
        ]

    async def _candidates(
        self, text: str, uppers: dict[str, Known], inside: str | None, limit: int, crs: Speech
    ) -> list[Candidate]:
        if len(text) < 2:
            return []
        known, found = await self._judged(text, uppers, inside)
        made: list[Candidate] = []
        for one in found:
            name = None if one.finer is None else known[one.finer.id]
            candidate = await self._told(one, name, uppers, crs)
            if inside is None or any(within(step.code, inside) for step in candidate.divisions):
                made.append(candidate)
            if len(made) == limit:
                break
        return made

    async def _judged(
        self, text: str, uppers: dict[str, Known], inside: str | None
    ) -> tuple[dict[tuple[str, str], Known], list[Judged]]:
        gazetteer = [
            Upper(code, one.finer.code or code, one.finer.name, one.finer.keys) for code, one in uppers.items()
        ]
        readings = ways(text, gazetteer)
        near = inside or readings[0].code
        known = {one.finer.id: one for one in await self.names.spelt(probes(text), near)}

        def ranked() -> list[Judged]:
            finers = [one.finer for one in known.values() if _may_lie_in(one, inside)]
            return judged(text, readings, finers)

        found = ranked()
        if not found or found[0].score < GOOD:
            rest = text[readings[0].end :]
            known |= {one.finer.id: one for one in await self.names.similar(rest)}
            found = ranked()
        return known, found

    async def _told(self, one: Judged, name: Known | None, uppers: dict[str, Known], crs: Speech) -> Candidate:
        own = None if name is None else name.place
        steps = await chain_of(self.desk, one.code, own)
        kind = NameKind.division if name is None else NameKind(name.row.kind)
        whole = address_of(steps)
        if name is not None and kind is not NameKind.village:
            whole += name.row.address or name.row.name
        elif name is not None and (not steps or steps[-1].level is not Level.village):
            whole += name.row.name
        return Candidate(
            name=name.row.name if name is not None else steps[-1].name if steps else one.parts[-1].name,
            kind=kind, full_name=whole + (one.house or ""), divisions=steps, house_number=one.house,
            location=await self._spot(name, steps, uppers, crs), score=one.score,
            reasons=[Reason(how=how, cost=round(cost, 4)) for how, cost in one.costs],
            parts=[Piece(text=p.text, name=p.name, code=p.code, how=p.how) for p in one.parts],
            source=source_of(name.layer if name is not None else uppers[steps[-1].code].layer),
        )  # fmt: skip

    async def _spot(
        self, name: Known | None, steps: Sequence[Step], uppers: dict[str, Known], crs: Speech
    ) -> Spot | None:
        """The finest known point: of the name itself, its village, its town, its county, the city.

        No boundary of a town is known: a published village in the midst of those of the town stands for it.
        """
        if name is not None and name.place is not None:
            return _spot_at(name, Precision(name.row.kind), crs)
        if steps and steps[-1].level is Level.village:
            village = (await self.names.villages([steps[-1].code])).get(steps[-1].code)
            if village is not None:
                return _spot_at(village, Precision.village, crs)
        for step in reversed(steps):
            known = uppers.get(step.code)
            if step.level is Level.town and (known is None or known.place is None):
                known = _midmost(await self.names.villages_of(step.code))
            if step.level in _POINTED and known is not None and known.place is not None:
                return _spot_at(known, Precision(step.level.value), crs)
        return None


def _midmost(villages: Sequence[Known]) -> Known | None:
    """The village nearest to the middle of them all: a town's seat lies where people live, not between the fields."""
    places = [one.place for one in villages if one.place is not None]
    if not places:
        return None
    x, y = fmean(one.longitude for one in places), fmean(one.latitude for one in places)

    def off(one: Known) -> float:
        place = one.place
        return inf if place is None else hypot((place.longitude - x) * 0.79, place.latitude - y)

    return min(villages, key=off)


def _may_lie_in(known: Known, inside: str | None) -> bool:
    """Whether a name may lie in a division; where no code tells, its point will."""
    if inside is None or known.finer.code is None:
        return True
    return within(known.finer.code, inside)


def _spot_at(known: Known, precision: Precision, crs: Speech) -> Spot | None:
    if known.place is None:
        return None
    x, y = told_in(known.place, crs)
    return Spot(longitude=x, latitude=y, crs=crs, precision=precision, source=source_of(known.layer))


async def geocoder(work: WorkInRequest, who: ViewerInRequest) -> Geocoder:
    """The geocoder within this request's transaction, with the caller's rights."""
    return Geocoder(work, who)


GeocoderInRequest = Annotated[Geocoder, Depends(geocoder)]
