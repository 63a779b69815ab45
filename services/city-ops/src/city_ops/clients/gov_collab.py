"""What city-ops asks gov-collab: who answers for a matter in a division, and what a department is called."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from citykit.mesh import Mesh, NeighbourRefused

SERVICE = "gov-collab"


class ResponsibleDepartment(BaseModel):
    """Who answers for a matter (权责清单)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    department_code: str
    department_name: str
    legal_basis: str | None = None


class Department(BaseModel):
    """A department as gov-collab keeps it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    name: str


async def responsible_for(mesh: Mesh, *, matter: str, division: str, on: date) -> ResponsibleDepartment | None:
    """The department that answers for `matter` in `division` on a day; None where the list names nobody.

    Raises NeighbourUnavailable while gov-collab is down.
    """
    try:
        return await mesh.get(
            SERVICE,
            "/internal/gov-collab/v1/organisations/responsibilities/resolution",
            ResponsibleDepartment,
            params={"matter": matter, "division": division, "on": on.isoformat()},
        )
    except NeighbourRefused as refused:
        if refused.status in {404, 422}:
            return None
        raise


async def department(mesh: Mesh, code: str) -> Department | None:
    """The department `code`; None where gov-collab knows none. Raises NeighbourUnavailable while it is down."""
    try:
        return await mesh.get(SERVICE, f"/internal/gov-collab/v1/organisations/departments/{code}", Department)
    except NeighbourRefused as refused:
        if refused.status in {404, 422}:
            return None
        raise
