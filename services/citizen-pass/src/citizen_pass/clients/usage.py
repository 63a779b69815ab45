"""The access log of every service, as citizen-pass sees it: who read a person's data there."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from citykit.actors import Actor
from citykit.mesh import Mesh

NEIGHBOURS = ("data-hub", "gov-collab", "city-ops", "enterprise")
_PATIENCE_SECONDS = 3.0


class UsageView(BaseModel):
    """One read of a person's data in another service."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    logtime: datetime
    action: str
    receiver_code: str
    receiver_name: str | None = None
    receiver_organisation: str | None = None
    on_behalf_of: str | None = None
    purpose: str
    legal_basis: str | None = None
    fields: list[str]


class UsagePageView(BaseModel):
    """The newest reads in one service, and how many there are in all."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    total_usages: int
    usages: list[UsageView]


async def usages_of(
    mesh: Mesh,
    service: str,
    *,
    references: list[str],
    limit: int,
    by: Actor,
    start: datetime | None,
    end: datetime | None,
) -> UsagePageView:
    """The newest `limit` reads that `service` knows. Raises NeighbourUnavailable and NeighbourRefused."""
    period = {"period_start": start.isoformat() if start else None, "period_end": end.isoformat() if end else None}
    return await mesh.get(
        service,
        f"/internal/{service}/v1/usage",
        UsagePageView,
        params={"person": references, "limit": limit} | {name: value for name, value in period.items() if value},
        on_behalf_of=by,
        timeout=_PATIENCE_SECONDS,
    )
