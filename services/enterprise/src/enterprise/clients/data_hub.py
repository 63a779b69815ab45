"""The legal-entity registry as this service sees it."""

from datetime import date
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from citykit.actors import Actor
from citykit.mesh import Mesh, NeighbourRefused

SOURCE = "data-hub/registries/legal-entities"
_ENTITIES = "/internal/data-hub/v1/registries/legal-entities"


class LegalEntity(BaseModel):
    """A legal entity's public facts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    uscc: str
    name: str
    state: str
    legal_form: str | None = None
    division_code: str | None = None
    established_on: date | None = None


class RepresentationQuestion(BaseModel):
    """Does this person of the population registry represent the entity?"""

    person: UUID


class Representation(BaseModel):
    """The registry's answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    represents: bool
    role: str | None = None


async def legal_entity(mesh: Mesh, uscc: str, *, on_behalf_of: Actor | None = None) -> LegalEntity | None:
    """The entity of this code, or None where the registry has none. Raises NeighbourUnavailable."""
    try:
        return await mesh.get("data-hub", f"{_ENTITIES}/{quote(uscc)}", LegalEntity, on_behalf_of=on_behalf_of)
    except NeighbourRefused as refused:
        if refused.status == 404:
            return None
        raise


async def representation(mesh: Mesh, uscc: str, person: UUID, *, on_behalf_of: Actor | None = None) -> Representation:
    """Whether `person` represents the entity. Asking changes nothing, so it may be repeated."""
    return await mesh.post(
        "data-hub",
        f"{_ENTITIES}/{quote(uscc)}/representations",
        Representation,
        json=RepresentationQuestion(person=person),
        on_behalf_of=on_behalf_of,
        idempotent=True,
    )
