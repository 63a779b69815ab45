"""What city-ops asks data-hub: which division a point lies in."""

from pydantic import BaseModel, ConfigDict

from citykit.mesh import Mesh, NeighbourRefused

SERVICE = "data-hub"


class Division(BaseModel):
    """A division of GB/T 2260."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    name: str


async def division_at(mesh: Mesh, *, longitude: float, latitude: float) -> Division | None:
    """The division at a point (EPSG:4490); None outside the city. Raises NeighbourUnavailable."""
    try:
        return await mesh.get(
            SERVICE,
            "/internal/data-hub/v1/divisions/at",
            Division,
            params={"longitude": longitude, "latitude": latitude},
        )
    except NeighbourRefused as refused:
        if refused.status in {404, 422}:
            return None
        raise
