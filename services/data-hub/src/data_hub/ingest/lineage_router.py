"""HTTP face of lineage: OpenLineage events in and out, and the graph."""

from typing import Annotated

from fastapi import Query

from citykit.pages import Page
from citykit.problems import problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.ingest import repository
from data_hub.ingest.access import Gatherer, Loader
from data_hub.ingest.errors import NotYourLineage
from data_hub.ingest.lineage import Lineage
from data_hub.ingest.lineage_schemas import Accepted, Graph, GraphQuery, KeptEvent, LineageEvent, LineageFilter

router = CityRouter(prefix="/api/data-hub/v1/ingest", tags=["ingest"])


@router.post("/lineage", status_code=201, responses=problems(NotYourLineage))
async def accept_lineage(actor: Loader, body: LineageEvent, work: WorkInRequest) -> Accepted:
    """Take in an OpenLineage event 血缘事件 (RunEvent, JobEvent or DatasetEvent of 2-0-2) of a program elsewhere."""
    return Accepted(id=await Lineage(work).accept(body, by=actor))


@router.get("/lineage")
async def list_lineage(
    actor: Gatherer, query: Annotated[LineageFilter, Query()], work: WorkInRequest
) -> Page[KeptEvent]:
    """List lineage events, newest first: of a resource, a batch, a run."""
    return await repository.lineage(work, query)


@router.get("/lineage/graph")
async def read_graph(actor: Gatherer, query: Annotated[GraphQuery, Query()], work: WorkInRequest) -> Graph:
    """Read the graph 血缘图 around a resource: what it was made from, and what is made from it."""
    return await Lineage(work).graph(query.resource, query.depth)
