"""What feeds say over the wire: which resource feeds which registry, how far, and what was refused. Never a value."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import Instant, Wire
from data_hub.registries.feeding.domain import RunState
from data_hub.registries.feeding.models import FaultRow, FeedRow, RunRow
from data_hub.registries.sources.domain import Registry
from data_hub.registries.sources.schemas import FieldName
from data_hub.resources.schemas import ColumnName, ResourceCode

Word = Annotated[str, Field(min_length=1, max_length=200)]


class FeedField(Wire):
    """An item of the resource says a field of the registry; `true_from` says since when a row's changes are true."""

    item: ColumnName
    field: FieldName
    values: Annotated[dict[Word, Word], Field(max_length=200)] = Field(
        default_factory=dict, description="The registry's words for the department's own", examples=[{"存续": "active"}]
    )


class FeedDraft(Wire):
    """A resource is to feed a registry, in the name of its source department."""

    resource: ResourceCode
    registry: Registry
    fields: Annotated[list[FeedField], Field(min_length=2, max_length=30)]
    with_earlier: bool = Field(default=True, description="Whether batches that were loaded before are stated too")


class FeedRun(Wire):
    """A batch as a feed states it, in rows: registered, changed, unchanged or refused, each row once.

    `conflicts` are the rows of which a value contradicts its source.
    """

    batch: UUID
    brought_at: Instant
    state: RunState
    registered: int
    changed: int
    unchanged: int
    conflicts: int
    refused: int
    finished_at: Instant | None
    fault: str | None

    @classmethod
    def of(cls, row: RunRow) -> Self:
        """The run that a row of the table holds."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class Feed(Wire):
    """A feed, with the batch that came last."""

    feed: UUID
    resource: str
    registry: Registry
    department: str
    fields: list[FeedField]
    with_earlier: bool
    made_at: Instant
    ended_at: Instant | None
    last: FeedRun | None

    @classmethod
    def of(cls, row: FeedRow, last: RunRow | None = None) -> Self:
        """The feed that a row of the table holds."""
        return cls(
            feed=row.id, resource=row.resource, registry=Registry(row.registry_name), department=row.department,
            fields=[FeedField(**one) for one in row.fields], with_earlier=row.with_earlier, made_at=row.made_at,
            ended_at=row.ended_at, last=None if last is None else FeedRun.of(last),
        )  # fmt: skip


class FeedQuery(PageQuery):
    """Which feeds: of one registry; with `ended` those that are no more, too."""

    registry: Registry | None = None
    ended: bool = False


class FeedFault(Wire):
    """A row that was not stated. The department finds it by its number in the data set."""

    fault: UUID
    batch: UUID
    row: int
    shown: str = Field(description="The number of the record, masked", examples=["131102********0049"])
    field: str
    item: str | None
    code: str
    reason: str
    at: Instant

    @classmethod
    def of(cls, row: FaultRow) -> Self:
        """The fault that a row of the table holds."""
        return cls(fault=row.id, **{name: getattr(row, name) for name in cls.model_fields if name != "fault"})


class FaultQuery(PageQuery):
    """Which faults: of one batch, or of all."""

    batch: UUID | None = None
