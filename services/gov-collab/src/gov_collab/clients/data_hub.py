"""Divisions as this service sees them: in which county a point lies."""

from pydantic import BaseModel, ConfigDict

from citykit.mesh import Mesh, NeighbourRefused, NeighbourUnavailable
from citykit.wire import Point


class Division(BaseModel):
    """A division's code (GB/T 2260 and below)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str


async def division_at(mesh: Mesh, point: Point) -> str | None:
    """The code of the division that a point lies in; None where it lies in none, or where data-hub does not answer.

    A ticket must not wait for a map: without an answer it is the operator who names the division.
    """
    params = {"longitude": point.longitude, "latitude": point.latitude}
    try:
        return (await mesh.get("data-hub", "/internal/data-hub/v1/divisions/at", Division, params=params)).code
    except (NeighbourRefused, NeighbourUnavailable):
        return None
