"""What followers of a registry say and are told."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from citykit.wire import Instant, Query, Wire
from data_hub.registries.schemas import PurposeCode, Within
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.schemas import FieldName


class SubscriptionDraft(Wire):
    """What a department wants to follow."""

    registry: Registry
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=20)]
    division_code: Within | None = Field(default=None, description="Only records within this division")
    purpose: PurposeCode | None = Field(default=None, description="For persons: why, from the list of purposes")


class Subscription(Wire):
    """A subscription of one's department."""

    subscription: UUID
    registry: Registry
    department: str
    fields: list[str]
    division_code: str | None
    purpose: str | None
    number_from: int = Field(description="Changes after this number belong to it")
    made_at: Instant
    ended_at: Instant | None

    @classmethod
    def of(cls, row: object) -> Self:
        """The subscription that a row of the table holds."""
        told = {"subscription", "registry"}
        known = {name: getattr(row, name) for name in cls.model_fields if name not in told}
        return cls(subscription=getattr(row, "id"), registry=Registry(getattr(row, "registry_name")), **known)  # noqa: B009 - any row will do


class ChangeQuery(Query):
    """Which changes: at most `limit`, after the number that was read last."""

    after: Annotated[int, Field(ge=0, lt=2**62)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Change(Wire):
    """A record changed. The values are read where they are kept."""

    number: int
    subject: str = Field(description="The person's number in the registry, or the code of the legal entity")
    act: str
    fields: list[str]
    changed_at: Instant
    merged_into: str | None = Field(default=None, description="Where the record was merged into another: which")


class ChangePage(Wire):
    """Changes by number, and the number to read on from; it moves on past changes that are not the follower's."""

    items: list[Change]
    after: int
    more: bool
