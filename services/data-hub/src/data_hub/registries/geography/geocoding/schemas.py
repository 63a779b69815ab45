"""What is asked of the geocoder and what it answers."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from citykit.wire import DivisionCode, Query, Wire
from data_hub.divisions.domain import Level
from data_hub.divisions.schemas import Latitude, Longitude
from data_hub.registries.geography.domain import NameKind
from data_hub.registries.geography.geocoding.domain import How

MOST_TEXTS = 100
MOST_CANDIDATES = 20
Words = Annotated[
    str, Field(min_length=2, max_length=100, description="An address or a name", examples=["衡水市桃城区何家庄乡"])
]
Limit = Annotated[int, Field(ge=1, le=MOST_CANDIDATES)]


class Speech(StrEnum):
    """The coordinate systems that points are told in, longitude first; metres are for maps, not for addresses."""

    cgcs2000 = "EPSG:4490"
    crs84 = "CRS84"
    wgs84 = "EPSG:4326"
    gcj02 = "GCJ-02"


class Precision(StrEnum):
    """What a point stands for: nobody is to take the middle of a county for a house."""

    address = "address"
    place = "place"
    village = "village"
    town = "town"
    county = "county"
    city = "city"


class GeocodingQuery(Query):
    """A text, and where to look."""

    text: Words
    within: Annotated[DivisionCode | None, Field(description="Only what lies in this division")] = None
    limit: Limit = 5
    crs: Speech = Speech.cgcs2000


class GeocodingBatch(Wire):
    """Texts to find, each by itself."""

    texts: Annotated[list[Words], Field(min_length=1, max_length=MOST_TEXTS)]
    within: DivisionCode | None = None
    limit: Limit = 1
    crs: Speech = Speech.cgcs2000


class Step(Wire):
    """A division of the chain from the province down."""

    code: str
    name: str
    level: Level


class Piece(Wire):
    """A piece of the text and what it was taken for."""

    text: str
    name: str
    code: str | None
    how: How


class Reason(Wire):
    """Something that a candidate lost score for."""

    how: How
    cost: float


class Source(Wire):
    """Whose statement a name or a point is."""

    layer: str
    title: str
    department_name: str
    source: str
    sample: bool = Field(description="Made up for demonstrations, not surveyed")


class Spot(Wire):
    """A point, what it stands for, and who stated it."""

    longitude: float
    latitude: float
    crs: Speech
    precision: Precision
    source: Source


class Candidate(Wire):
    """What a text may mean."""

    name: str
    kind: NameKind
    full_name: str = Field(description="The address from the province down")
    divisions: list[Step] = Field(description="From the province to the finest division that is known")
    house_number: str | None = Field(description="As written; no point of it is known unless the precision is address")
    location: Spot | None
    score: float = Field(ge=0, le=1, description="1 less the costs of `reasons`")
    reasons: list[Reason]
    parts: list[Piece]
    source: Source


class Geocoding(Wire):
    """What was found for a text, best first; nothing found is an empty list."""

    text: str
    candidates: list[Candidate]


class Geocodings(Wire):
    """What was found for each text, in the order of the texts."""

    results: list[Geocoding]


class ReverseQuery(Query):
    """A point, and how far around it to look."""

    longitude: Longitude
    latitude: Latitude
    crs: Speech = Speech.cgcs2000
    radius: Annotated[int, Field(ge=1, le=10_000, description="Metres")] = 2000
    limit: Limit = 5


class Nearby(Wire):
    """A named feature that contains the point, or lies near it."""

    name: str
    kind: NameKind
    contains: bool = Field(description="The point lies in its area")
    address: str | None
    division_code: str | None
    distance: float = Field(description="Geodesic metres from its point to the asked one; 0 where it contains it")
    bearing: float | None = Field(description="Degrees from north, clockwise, from its point to the asked one")
    longitude: float
    latitude: float
    source: Source


class ReverseGeocoding(Wire):
    """Where a point lies. Coordinates are in the system that was asked in."""

    full_name: str = Field(
        description="河北省衡水市桃城区…; with a direction and a distance where the name is only near"
    )
    divisions: list[Step]
    longitude: float
    latitude: float
    crs: Speech
    radius: int
    nearby: list[Nearby]
