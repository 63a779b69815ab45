"""From a point to an address: the county by its boundary, then the areas that contain it, then the nearest names."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends

from citykit.work import Work, WorkInRequest
from data_hub.divisions.domain import Place, from_gcj02
from data_hub.divisions.service import DivisionDesk
from data_hub.registries.geography.access import ViewerInRequest
from data_hub.registries.geography.domain import NameKind, Viewer
from data_hub.registries.geography.geocoding.repository import Known, NameTable
from data_hub.registries.geography.geocoding.schemas import Nearby, ReverseGeocoding, ReverseQuery, Speech, Step
from data_hub.registries.geography.geocoding.service import address_of, chain_of, source_of, told_in

_QUARTERS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")


class ReverseGeocoder:
    """Points into addresses."""

    def __init__(self, work: Work, viewer: Viewer) -> None:
        self._names = NameTable(work, viewer)
        self._desk = DivisionDesk(work)

    async def find(self, asked: ReverseQuery) -> ReverseGeocoding:
        """Where a point lies. Raises OutsideTheCity."""
        place = Place(asked.longitude, asked.latitude)
        if asked.crs is Speech.gcj02:
            place = from_gcj02(asked.longitude, asked.latitude)
        at = await self._desk.at(place.longitude, place.latitude)
        steps = [Step(code=one.code, name=one.name, level=one.level) for one in (*at.ancestors, at.division)]
        areas = await self._names.containing(place)
        inside = [_nearby(one, place, asked.crs, contains=True) for one in areas]
        finer = next((one.finer.code for one in areas if one.row.kind == NameKind.village and one.finer.code), None)
        if finer is not None:
            steps = await chain_of(self._desk, finer, None) or steps
        seen = {one.finer.id for one in areas}
        others = [one for one in await self._names.around(place, asked.radius) if one.finer.id not in seen]
        near = [_nearby(one, place, asked.crs, contains=False) for one in others if one.place is not None]
        near = sorted((one for one in near if one.distance <= asked.radius), key=lambda one: one.distance)
        nearby = [*inside, *near][: asked.limit]
        x, y = told_in(place, asked.crs)
        return ReverseGeocoding(
            full_name=address_of(steps) + _where(nearby), divisions=steps, longitude=x, latitude=y, crs=asked.crs,
            radius=asked.radius, nearby=nearby,
        )  # fmt: skip


def _where(nearby: Sequence[Nearby]) -> str:
    """The end of an address: the place that contains the point, or how it lies to the nearest name."""
    first = next((one for one in nearby if not (one.contains and one.kind is NameKind.village)), None)
    if first is None:
        return ""
    if first.contains:
        return first.name
    if any(one.contains for one in nearby):
        return ""
    quarter = "" if first.bearing is None else _QUARTERS[round(first.bearing / 45) % 8]
    return f"({first.name}{quarter}约{round(first.distance)}米)"


def _nearby(known: Known, asked: Place, crs: Speech, *, contains: bool) -> Nearby:
    place = known.place or asked
    distance, bearing = (0.0, None) if contains else _away(place, asked)
    x, y = told_in(place, crs)
    return Nearby(
        name=known.row.name, kind=NameKind(known.row.kind), contains=contains, address=known.row.address,
        division_code=known.finer.code, distance=round(distance, 2), bearing=bearing, longitude=x, latitude=y,
        source=source_of(known.layer),
    )  # fmt: skip


def _away(start: Place, end: Place) -> tuple[float, float | None]:
    """Metres and degrees from north of the geodesic between two points on the ellipsoid of CGCS2000 (GRS 80)."""
    from pyproj import Geod  # noqa: PLC0415 - heavy, and most processes never need it

    way = Geod(ellps="GRS80").inv(start.longitude, start.latitude, end.longitude, end.latitude)
    distance = float(way[2])
    return distance, round(float(way[0]) % 360, 1) if distance >= 0.01 else None


async def reverse_geocoder(work: WorkInRequest, who: ViewerInRequest) -> ReverseGeocoder:
    """The reverse geocoder within this request's transaction, with the caller's rights."""
    return ReverseGeocoder(work, who)


ReverseGeocoderInRequest = Annotated[ReverseGeocoder, Depends(reverse_geocoder)]
