"""Divisions as this service sees them: in which county a point lies."""

from pydantic import BaseModel, ConfigDict

from citykit.mesh import Mesh, NeighbourRefused, NeighbourUnavailable
from citykit.wire import Point

PATIENCE_SECONDS = 1.0


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
        path = "/internal/data-hub/v1/divisions/at"
        return (await mesh.get("data-hub", path, Division, params=params, timeout=PATIENCE_SECONDS)).code
    except (NeighbourRefused, NeighbourUnavailable):
        return None
