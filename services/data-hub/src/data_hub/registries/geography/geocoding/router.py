"""The geocoder over HTTP: for everybody, and with the names of inner layers for those who may see them."""

from math import ceil
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request

from citykit.access import anyone
from citykit.problems import TooManyRequests, Unauthenticated, problems
from citykit.routing import CityRouter
from data_hub import keyless
from data_hub.divisions.errors import NoSuchDivision, OutsideTheCity
from data_hub.registries.geography.access import ViewerInRequest
from data_hub.registries.geography.geocoding.reversing import ReverseGeocoderInRequest
from data_hub.registries.geography.geocoding.schemas import (
    Geocoding,
    GeocodingBatch,
    GeocodingQuery,
    Geocodings,
    ReverseGeocoding,
    ReverseQuery,
)
from data_hub.registries.geography.geocoding.service import GeocoderInRequest

router = CityRouter(prefix="/api/data-hub/v1/geography", tags=["地理编码 Geocoding"], dependencies=[Depends(anyone)])
TEXTS_AT_ONCE = 20  # what somebody without a right asks for at once counts as one request for each so many


@router.get("/geocodings", responses=problems(NoSuchDivision, Unauthenticated))
async def find_places(query: Annotated[GeocodingQuery, Query()], geocoder: GeocoderInRequest) -> Geocoding:
    """Find what a Chinese address or name means 地理编码: ranked candidates with reasons, or clearly none."""
    found = await geocoder.find([query.text], area=query.within, limit=query.limit, crs=query.crs)
    return found[0]


@router.post("/geocodings", responses=problems(NoSuchDivision, Unauthenticated, TooManyRequests))
async def find_places_of_many(
    request: Request, body: GeocodingBatch, who: ViewerInRequest, geocoder: GeocoderInRequest
) -> Geocodings:
    """Find what up to 100 addresses mean 批量地理编码, in their order; nothing is kept."""
    keyless.spend(request, ceil(len(body.texts) / TEXTS_AT_ONCE) if who.is_anybody else 0)
    return Geocodings(results=await geocoder.find(body.texts, area=body.within, limit=body.limit, crs=body.crs))


@router.get("/reverse-geocodings", responses=problems(OutsideTheCity, Unauthenticated))
async def find_address(query: Annotated[ReverseQuery, Query()], geocoder: ReverseGeocoderInRequest) -> ReverseGeocoding:
    """Say where a point lies 逆地理编码: divisions, areas around it, the nearest names with their distance."""
    return await geocoder.find(query)
