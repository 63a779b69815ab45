"""The access log of every service, as citizen-pass sees it: who read a person's data there."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from citykit.actors import Actor
from citykit.mesh import Mesh
from citykit.usage import ReadersQuery, UsageQuery

NEIGHBOURS = ("data-hub", "gov-collab", "city-ops", "enterprise")
_PATIENCE_SECONDS = 3.0


class UsageView(BaseModel):
    """One read of a person's data in another service. What a service has no words for is absent."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    logtime: datetime
    action: str
    receiver_code: str
    receiver_name: str | None = None
    receiver_organisation: str | None = None
    receiver_organisation_name: str | None = None
    receiver_post: str | None = None
    on_behalf_of: str | None = None
    purpose: str
    legal_basis: str | None = None
    record: str | None = None
    matter: str | None = None
    fields: list[str]
    field_words: dict[str, str] = Field(default={})


class UsagePageView(BaseModel):
    """The newest reads in one service, and how many there are in all."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    total_usages: int
    usages: list[UsageView]


class ReaderView(BaseModel):
    """Who read a person's data in one service, and how often."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    receiver_organisation: str | None = None
    receiver_organisation_name: str | None = None
    receiver_code: str | None = None
    receiver_name: str | None = None
    usages: int
    first: datetime
    last: datetime


class ReadersView(BaseModel):
    """The readers of a person's data in one service."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    readers: list[ReaderView]


async def usages_of(mesh: Mesh, service: str, query: UsageQuery, *, by: Actor) -> UsagePageView:
    """The reads that `service` knows and `query` asks for. Raises NeighbourUnavailable and NeighbourRefused."""
    return await mesh.get(
        service, f"/internal/{service}/v1/usage", UsagePageView, params=_given(query), on_behalf_of=by,
        timeout=_PATIENCE_SECONDS,
    )  # fmt: skip


async def readers_of(mesh: Mesh, service: str, query: ReadersQuery, *, by: Actor) -> ReadersView:
    """The readers that `service` knows. Raises NeighbourUnavailable and NeighbourRefused."""
    return await mesh.get(
        service, f"/internal/{service}/v1/usage/readers", ReadersView, params=_given(query), on_behalf_of=by,
        timeout=_PATIENCE_SECONDS,
    )  # fmt: skip


def _given(query: ReadersQuery) -> dict[str, str | int | list[str]]:
    named = query.model_dump(exclude_none=True)
    return {name: value if isinstance(value, int | list) else _text(value) for name, value in named.items()}


def _text(value: str | UUID | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
