"""What the divisions say over the wire."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Query, Wire
from data_hub.divisions.domain import Crs, DivisionKind, Level

Longitude = Annotated[float, Field(ge=73, le=136, allow_inf_nan=False, description="Degrees east", examples=[115.67])]
Latitude = Annotated[float, Field(ge=3, le=54, allow_inf_nan=False, description="Degrees north", examples=[37.74])]
SearchWord = Annotated[str, Field(min_length=2, max_length=50, pattern=r"\S\s*\S", examples=["桃城"])]


class Division(Wire):
    """A division: code by GB/T 2260 (6 digits), GB/T 10114 (9) or the statistical code set (12)."""

    code: str
    name: str
    level: Level
    kind: DivisionKind = Field(description="`statistical` units are counted on their own and are no legal division")
    parent_code: str | None
    valid_from: date | None = Field(description="First day; null where the source does not tell")
    valid_to: date | None = Field(description="First day on which it no longer exists; null while it does")
    successor_code: str | None = Field(description="The division that took its place")

    @classmethod
    def of(cls, row: object) -> Self:
        """The division that a row of the table holds."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class DivisionBrief(Wire):
    """A division as the other services of the city ask for it."""

    code: str
    name: str
    level: Level
    parent_code: str | None


class DivisionFilter(PageQuery):
    """Which divisions: by parent, by level, by a part of the name (two characters or more), on which day."""

    parent: DivisionCode | None = None
    within: Annotated[DivisionCode | None, Field(description="Anywhere below this division")] = None
    level: Level | None = None
    name: SearchWord | None = None
    on: Annotated[date | None, Field(description="As the divisions stood on this day; today unless said")] = None


class ChildrenQuery(PageQuery):
    """The page of children, and the day on which they are asked for."""

    on: date | None = None


class PlaceQuery(Query):
    """A point and the coordinate system that it is told in."""

    longitude: Longitude
    latitude: Latitude
    crs: Crs = Crs.cgcs2000


class MeshPlaceQuery(Query):
    """A point in EPSG:4490, as services exchange it."""

    longitude: Longitude
    latitude: Latitude


class Location(Wire):
    """The county in which a point lies, with everything above it; the point as it is stored, in EPSG:4490."""

    division: Division
    ancestors: list[Division]
    longitude: float
    latitude: float
    crs: Literal[Crs.cgcs2000] = Crs.cgcs2000


class BoundaryFacts(Wire):
    """What a boundary is and is not."""

    code: str
    name: str
    level: Level
    coordinate_reference_system: str = Field(
        default="http://www.opengis.net/def/crs/EPSG/0/4490",
        description="The realisation: CGCS2000, within a metre of WGS 84. Order: longitude, latitude",
    )
    source: str
    caution: str = "简化边界，不作法定依据 Simplified; not for legal borders"


class Boundary(Wire):
    """A boundary as a GeoJSON Feature (RFC 7946)."""

    type: Literal["Feature"] = "Feature"
    id: str
    bbox: tuple[float, float, float, float] = Field(description="West, south, east, north, in degrees")
    geometry: dict[str, Any]
    properties: BoundaryFacts
