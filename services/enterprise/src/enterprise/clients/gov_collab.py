"""Departments and responsibility lists as this service sees them."""

from datetime import date
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from citykit.actors import Actor
from citykit.mesh import Mesh, NeighbourRefused

MATTER = "enterprise-request"
_ORGANISATIONS = "/internal/gov-collab/v1/organisations"


class Responsibility(BaseModel):
    """Who answers for a matter in a division, and by what right."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    department_code: str
    department_name: str
    legal_basis: str | None = None


class Department(BaseModel):
    """A department's name."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    name: str


async def responsible_for(mesh: Mesh, division: str, on: date) -> Responsibility | None:
    """The department that answers for requests of firms in `division`, or None where the list names none."""
    params = {"matter": MATTER, "division": division, "on": on.isoformat()}
    try:
        return await mesh.get(
            "gov-collab", f"{_ORGANISATIONS}/responsibilities/resolution", Responsibility, params=params
        )
    except NeighbourRefused as refused:
        if refused.status in {404, 422}:
            return None
        raise


async def department(mesh: Mesh, code: str, *, on_behalf_of: Actor | None = None) -> Department | None:
    """The department of this code, or None where there is none. Raises NeighbourUnavailable."""
    path = f"{_ORGANISATIONS}/departments/{quote(code)}"
    try:
        return await mesh.get("gov-collab", path, Department, on_behalf_of=on_behalf_of)
    except NeighbourRefused as refused:
        if refused.status in {404, 422}:
            return None
        raise
