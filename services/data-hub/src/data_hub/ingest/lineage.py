"""Where data came from: OpenLineage events (spec 2-0-2) of our batches and of others, and the graph they make."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.work import Work
from data_hub.adapters.lineage.http import HttpReceiver
from data_hub.datasets.service import Dataset
from data_hub.ingest.domain import Origin
from data_hub.ingest.errors import NotYourLineage
from data_hub.ingest.lineage_schemas import Edge, Graph, LineageEvent, Node
from data_hub.ingest.models import BatchRow, LineageEdgeRow, LineageRow
from data_hub.resources.service import Resources
from data_hub.sharing.service import Grants

SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
_FACETS = "https://openlineage.io/spec/facets"
NAMESPACE = "data-hub"
CITY = "city"  # where our jobs bring in from: departments, and sources that are pulled
_OWN = (NAMESPACE, CITY)
BUREAU = "data-hub.resources.review"  # who keeps the directory sets its lineage right
EMIT_TASK = "data-hub.ingest.emit"
_MOST_EDGES = 2_000
_EDGE = ("job_namespace", "job_name", "direction", "dataset_namespace", "dataset_name")


class Lineage:
    """The lineage of data sets within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.producer = f"{work.settings.public_url}/api/data-hub"

    async def tell(self, batch: BatchRow, dataset: Dataset, kind: str, at: datetime) -> None:
        """Record what a batch does: START, COMPLETE, FAIL or ABORT."""
        event = self._event(batch, dataset, kind, at)
        kept = await self._keep(event, at=at, batch=batch.id, resource=batch.resource, sender=None)
        if self.work.settings.lineage_url:
            self.work.jobs.defer(EMIT_TASK, lock=f"ingest/lineage/{batch.resource}", event=str(kept))

    def _event(self, batch: BatchRow, dataset: Dataset, kind: str, at: datetime) -> dict[str, Any]:
        run: dict[str, Any] = {}
        if kind in ("FAIL", "ABORT") and batch.fault:
            run["errorMessage"] = self._facet(
                "1-0-1/ErrorMessageRunFacet.json", message=batch.fault["en"], programmingLanguage="none"
            )
        fields = [{"name": c.name, "type": c.type.value, "description": c.title} for c in dataset.shape.columns]
        facets = {"schema": self._facet("1-1-1/SchemaDatasetFacet.json", fields=fields)}
        output: dict[str, Any] = {"namespace": NAMESPACE, "name": batch.resource, "facets": facets}
        if kind == "COMPLETE":
            output["outputFacets"] = {
                "outputStatistics": self._facet(
                    "1-0-2/OutputStatisticsOutputDatasetFacet.json", rowCount=batch.accepted, size=batch.size
                )
            }
        source = f"source/{batch.source}" if batch.origin == Origin.pull else f"department/{batch.department}"
        return {
            "eventType": kind, "eventTime": at.astimezone(CHINA).isoformat(timespec="milliseconds"),
            "producer": self.producer, "schemaURL": f"{SPEC}#/$defs/RunEvent",
            "run": {"runId": str(batch.id), "facets": run},
            "job": {"namespace": NAMESPACE, "name": f"ingest.{batch.resource}", "facets": {}},
            "inputs": [{"namespace": CITY, "name": source, "facets": {}}],
            "outputs": [output],
        }  # fmt: skip

    def _facet(self, schema: str, **members: Any) -> dict[str, Any]:
        name = schema.partition("/")[2].removesuffix(".json")
        return {"_producer": self.producer, "_schemaURL": f"{_FACETS}/{schema}#/$defs/{name}"} | members

    async def accept(self, event: LineageEvent, *, by: Actor) -> UUID:
        """Take in another's event; the same event again is the same. Raises NotYourLineage."""
        if not by.may(BUREAU):
            await self._check(event, by)
        document = event.model_dump(mode="json", by_alias=True, exclude_none=True)
        return await self._keep(document, at=event.event_time, batch=None, resource=None, sender=by.reference)

    async def _check(self, event: LineageEvent, by: Actor) -> None:
        """What is ours others do not speak for: our jobs, and what they bring in from.

        Of a data set of ours its source department tells, and of its being read also who was granted it.
        """
        written = event.outputs + ([] if event.dataset is None else [event.dataset])
        if (event.job is not None and event.job.namespace in _OWN) or any(one.namespace == CITY for one in written):
            raise NotYourLineage
        readers = {one.name for one in event.inputs if one.namespace == NAMESPACE}
        ours = {one.name for one in written if one.namespace == NAMESPACE}
        for name in sorted(readers | ours):
            described = await Resources(self.work).published(name)
            if described is not None and described.code == name and described.source_department == by.department:
                continue
            if name in ours or not await Grants(self.work).was_granted(name, by.department):
                raise NotYourLineage

    async def _keep(
        self, event: dict[str, Any], *, at: datetime, batch: UUID | None, resource: str | None, sender: str | None
    ) -> UUID:
        digest = hashlib.sha256(json.dumps(event, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        job, run = event.get("job") or {}, event.get("run") or {}
        made = new_id()
        values = {
            "id": made, "run": UUID(run["runId"]) if run else None, "batch": batch, "resource": resource,
            "event_type": event.get("eventType"), "event_time": at, "job_namespace": job.get("namespace"),
            "job_name": job.get("name"), "digest": digest, "event": event, "received_from": sender,
            "at": self.work.clock.now(),
        }  # fmt: skip
        statement = insert(LineageRow).values(values).on_conflict_do_nothing().returning(LineageRow.id)
        kept = await self.work.session.scalar(statement)
        if kept is None:
            found = await self.work.session.scalar(select(LineageRow.id).where(LineageRow.digest == digest))
            return found or made
        await self._connect(event, values)
        return made

    async def _connect(self, event: dict[str, Any], values: dict[str, Any]) -> None:
        if values["job_name"] is None:
            return
        for direction, sets in (("input", event.get("inputs", [])), ("output", event.get("outputs", []))):
            for dataset in sets:
                edge = {
                    "job_namespace": values["job_namespace"], "job_name": values["job_name"], "direction": direction,
                    "dataset_namespace": dataset["namespace"], "dataset_name": dataset["name"],
                    "last_run": values["run"], "last_at": values["event_time"],
                }  # fmt: skip
                statement = insert(LineageEdgeRow).values(edge)
                latest = {"last_run": edge["last_run"], "last_at": edge["last_at"]}
                await self.work.session.execute(
                    statement.on_conflict_do_update(index_elements=list(_EDGE), set_=latest)
                )

    async def emit(self, event: UUID) -> None:
        """Send an event of ours to the receiver that the settings name. Raises ReceiverDown."""
        row = await self.work.session.get(LineageRow, event)
        if row is not None and self.work.settings.lineage_url:
            await HttpReceiver(self.work.settings.lineage_url).send(row.event)

    async def graph(self, resource: str, depth: int) -> Graph:
        """The jobs and data sets within `depth` jobs of a resource, up and down the stream."""
        seen, border = {(NAMESPACE, resource)}, {(NAMESPACE, resource)}
        edges: dict[tuple[str, ...], Edge] = {}
        for _ in range(depth):
            rows = await self._around(sorted(border))
            for row in rows:
                edges[row.job_namespace, row.job_name, row.direction, row.dataset_namespace, row.dataset_name] = (
                    Edge.of(row)
                )
            reached = {(row.dataset_namespace, row.dataset_name) for row in rows}
            border, seen = reached - seen, seen | reached
            if not border or len(edges) > _MOST_EDGES:
                break
        return Graph(datasets=[Node(namespace=space, name=name) for space, name in sorted(seen)],
                     edges=list(edges.values()))  # fmt: skip

    async def _around(self, datasets: Sequence[tuple[str, str]]) -> list[LineageEdgeRow]:
        place = tuple_(LineageEdgeRow.dataset_namespace, LineageEdgeRow.dataset_name)
        jobs = select(LineageEdgeRow.job_namespace, LineageEdgeRow.job_name).where(place.in_(datasets))
        job = tuple_(LineageEdgeRow.job_namespace, LineageEdgeRow.job_name)
        found = await self.work.session.scalars(
            select(LineageEdgeRow).where(or_(place.in_(datasets), job.in_(jobs))).limit(_MOST_EDGES)
        )
        return list(found)
