"""What can be asked of the divisions: one, its ancestors, its boundary, and where a point lies."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends
from shapely.geometry import shape

from citykit.clock import CHINA
from citykit.work import Work, WorkInRequest
from data_hub.divisions.domain import Crs, Place, ancestors_of, canonical, from_gcj02
from data_hub.divisions.errors import NoBoundary, NoSuchDivision, OutsideTheCity
from data_hub.divisions.repository import Divisions
from data_hub.divisions.schemas import Boundary, BoundaryFacts, Division, DivisionBrief, Location


class DivisionDesk:
    """Answers about divisions within one transaction."""

    def __init__(self, work: Work) -> None:
        self._rows = Divisions(work)
        self._clock = work.clock

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self._clock.now().astimezone(CHINA).date()

    async def one(self, code: str) -> Division:
        """The division of `code`, in any of its written forms. Raises NoSuchDivision."""
        row = await self._rows.one(canonical(code))
        if row is None:
            raise NoSuchDivision()
        return Division.of(row)

    async def brief(self, code: str) -> DivisionBrief:
        """The same, as other services ask for it. Raises NoSuchDivision."""
        found = await self.one(code)
        return DivisionBrief(code=found.code, name=found.name, level=found.level, parent_code=found.parent_code)

    async def exists(self, code: str) -> bool:
        """Whether `code` names a division, former ones included: old records say old codes."""
        return await self._rows.one(canonical(code)) is not None

    async def ancestors(self, code: str) -> list[Division]:
        """The divisions above `code`, from the province down. Raises NoSuchDivision."""
        found = await self.one(code)
        return [Division.of(row) for row in await self._rows.many(ancestors_of(found.code))]

    async def boundary(self, code: str) -> Boundary:
        """The boundary of `code`. Raises NoSuchDivision, NoBoundary."""
        found = await self.one(code)
        row = await self._rows.boundary(found.code)
        if row is None:
            raise NoBoundary()
        facts = BoundaryFacts(code=found.code, name=found.name, level=found.level, source=row.edition)
        bounds = shape(row.geometry).bounds
        return Boundary(id=found.code, bbox=bounds, geometry=row.geometry, properties=facts)

    async def everything(self) -> list[Division]:
        """Every division that was ever loaded, former ones too, by code: what other registries build their names on."""
        return [Division.of(row) for row in await self._rows.everything()]

    async def bounded(self) -> list[tuple[Division, dict[str, Any], str]]:
        """The divisions whose boundary is known, with it (GeoJSON, EPSG:4490) and where it comes from, by code."""
        found = await self._rows.bounded()
        return [(Division.of(row), boundary.geometry, boundary.edition) for row, boundary in found]

    async def at(self, longitude: float, latitude: float, crs: Crs = Crs.cgcs2000) -> Location:
        """The county in which a point lies. Raises OutsideTheCity."""
        place = from_gcj02(longitude, latitude) if crs is Crs.gcj02 else Place(longitude, latitude)
        code = await self._rows.county_at(place)
        if code is None:
            raise OutsideTheCity()
        county = await self.one(code)
        above = [Division.of(row) for row in await self._rows.many(ancestors_of(code))]
        return Location(division=county, ancestors=above, longitude=place.longitude, latitude=place.latitude)


async def desk(work: WorkInRequest) -> DivisionDesk:
    """The divisions within this request's transaction."""
    return DivisionDesk(work)


DivisionsInRequest = Annotated[DivisionDesk, Depends(desk)]
