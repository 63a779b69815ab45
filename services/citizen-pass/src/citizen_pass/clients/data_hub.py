"""The data hub, as citizen-pass sees it: does a name belong to an identity number, and to which person?"""

from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict

from citykit.actors import Actor
from citykit.mesh import Mesh, NeighbourRefused, NeighbourUnavailable

PURPOSE = "real-name-verification"  # a code of the data hub's list of purposes


log = structlog.get_logger("citizen_pass.data_hub")


class PopulationVerification(BaseModel):
    """What the population registry says; `person` is its opaque reference."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    matched: bool
    person: UUID | None = None
    masked_name: str | None = None


async def population_verification(mesh: Mesh, name: str, id_number: str, *, by: Actor) -> PopulationVerification:
    """Ask whether `name` and `id_number` belong together. Raises NeighbourUnavailable (503).

    A question that the registry refuses to hear is no answer about the person: it counts as the registry being away.
    """
    try:
        return await mesh.post(
            "data-hub",
            "/internal/data-hub/v1/registries/population/verifications",
            PopulationVerification,
            json={"name": name, "id_number": id_number, "purpose": PURPOSE},
            on_behalf_of=by,
            idempotent=True,
        )
    except NeighbourRefused as refused:
        log.error("verification_refused", status=refused.status, slug=refused.slug)
        raise NeighbourUnavailable("data-hub") from refused
