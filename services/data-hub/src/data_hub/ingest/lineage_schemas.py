"""OpenLineage events on the wire, as the specification 2-0-2 shapes them: unknown facets pass, wrong ones do not."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, Query, Wire
from data_hub.ingest.models import LineageEdgeRow, LineageRow
from data_hub.ingest.schemas import ResourceCode

_KINDS = r"^(START|RUNNING|COMPLETE|ABORT|FAIL|OTHER)$"
Uri = Annotated[str, Text(pattern=r"^[a-z][a-z0-9+.-]*:[^\s]{1,1990}$", max_length=2000)]
Name = Annotated[str, Text(min_length=1, max_length=500)]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class Facet(_Open):
    """A facet says who made it and which schema it keeps."""

    producer: Uri = Field(alias="_producer")
    schema_url: Uri = Field(alias="_schemaURL")


Facets = Annotated[dict[str, Facet], Field(max_length=100)]


class Run(_Open):
    """A run of a job."""

    run_id: UUID = Field(alias="runId")
    facets: Facets | None = None


class Job(_Open):
    """A job."""

    namespace: Name
    name: Name
    facets: Facets | None = None


class LineageDataset(_Open):
    """A data set that a job reads or writes."""

    namespace: Name
    name: Name
    facets: Facets | None = None
    input_facets: Facets | None = Field(default=None, alias="inputFacets")
    output_facets: Facets | None = Field(default=None, alias="outputFacets")


class LineageEvent(_Open):
    """A RunEvent, JobEvent or DatasetEvent."""

    event_time: AwareDatetime = Field(alias="eventTime")
    producer: Uri
    schema_url: Uri = Field(alias="schemaURL")
    event_type: Annotated[str | None, Text(pattern=_KINDS)] = Field(default=None, alias="eventType")
    run: Run | None = None
    job: Job | None = None
    dataset: LineageDataset | None = None
    inputs: Annotated[list[LineageDataset], Field(max_length=500)] = []
    outputs: Annotated[list[LineageDataset], Field(max_length=500)] = []

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if self.run is not None and self.job is None:
            raise ValueError("a run belongs to a job")
        if (self.job is None) == (self.dataset is None):
            raise ValueError("an event is about a run of a job, a job, or a dataset")
        return self


class KeptEvent(Wire):
    """An event that is kept."""

    id: UUID
    received_from: str | None
    at: Instant
    event: dict[str, Any]

    @classmethod
    def of(cls, row: LineageRow) -> Self:
        """The event of a row."""
        return cls(id=row.id, received_from=row.received_from, at=row.at, event=row.event)


class Accepted(Wire):
    """An event was taken in."""

    id: UUID


class LineageFilter(PageQuery):
    """Which events, newest first."""

    resource: ResourceCode | None = None
    batch: UUID | None = None
    run: UUID | None = None


class GraphQuery(Query):
    """Around which resource, and how many jobs far."""

    resource: ResourceCode
    depth: Annotated[int, Field(ge=1, le=10)] = 3


class Node(Wire):
    """A data set of the graph."""

    namespace: str
    name: str


class Edge(Wire):
    """A job reads a data set (`input`) or writes it (`output`)."""

    job: Node
    direction: str
    dataset: Node
    last_run: UUID | None
    last_at: Instant

    @classmethod
    def of(cls, row: LineageEdgeRow) -> Self:
        """The edge of a row."""
        return cls(
            job=Node(namespace=row.job_namespace, name=row.job_name), direction=row.direction,
            dataset=Node(namespace=row.dataset_namespace, name=row.dataset_name), last_run=row.last_run,
            last_at=row.last_at,
        )  # fmt: skip


class Graph(Wire):
    """Data sets and the jobs between them."""

    datasets: list[Node]
    edges: list[Edge]


__all__ = ["Accepted", "Edge", "Graph", "GraphQuery", "KeptEvent", "LineageEvent", "LineageFilter", "Node"]
