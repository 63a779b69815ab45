"""Lineage as the client of the OpenLineage project sends it, over a real connection by its HTTP transport."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from citykit.testing import ServiceUnderTest, service_fixture

pytest.importorskip("openlineage.client")

from openlineage.client import OpenLineageClient, event_v2
from openlineage.client.facet_v2 import error_message_run, output_statistics_output_dataset, schema_dataset
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

RUN = "0190a000-0000-7000-8000-0000000000f1"
ENDPOINT = "api/data-hub/v1/ingest/lineage"
PRODUCER = "https://example.com/etl/1.2"
DEPARTMENT = "11131100MB0H00030L"

city = service_fixture("data_hub.main:service")


def sender(city: ServiceUnderTest) -> dict[str, str]:
    subject = "01890000-0000-7000-8000-000000000014"
    scopes = ["data-hub.ingest.load", "data-hub.resources.review"]  # the bureau tells of any resource's lineage
    return city.token(scopes, subject=subject, department=DEPARTMENT)


@pytest.fixture
async def address(city: ServiceUnderTest) -> AsyncIterator[str]:
    """Where the data hub is served over a real connection."""
    server = uvicorn.Server(uvicorn.Config(city.app, port=0, lifespan="off", log_level="error", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells of its start in no other way
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


def client(address: str, token: str, **more: Any) -> OpenLineageClient:
    """The client with its HTTP transport; the token is what it calls an API key."""
    key = ApiKeyTokenProvider({"apiKey": token})
    config = HttpConfig(url=address, endpoint=ENDPOINT, auth=key, retry={"total": 0}, **more)
    return OpenLineageClient(transport=HttpTransport(config))


def told(state: event_v2.RunState, minute: int, **facets: Any) -> event_v2.RunEvent:
    """An event of a run that makes a daily table from hourly values."""
    fields = [schema_dataset.SchemaDatasetFacetFields(name="aqi", type="integer", description="空气质量指数")]
    rows = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=24, size=960)
    return event_v2.RunEvent(
        eventType=state, eventTime=f"2026-11-02T01:{minute:02}:00+08:00", producer=PRODUCER,
        run=event_v2.Run(runId=RUN, facets=facets), job=event_v2.Job(namespace="ecology-etl", name="daily-air"),
        inputs=[
            event_v2.InputDataset(
                namespace="data-hub", name="203001-000011",
                facets={"schema": schema_dataset.SchemaDatasetFacet(fields=fields)},
            )
        ],
        outputs=[
            event_v2.OutputDataset(namespace="warehouse", name="air_day", outputFacets={"outputStatistics": rows})
        ],
    )  # fmt: skip


async def kept(city: ServiceUnderTest) -> list[dict[str, Any]]:
    """The events of the run that the hub keeps, newest first."""
    answer = await city.client.get(f"/{ENDPOINT}", params={"run": RUN}, headers=sender(city))
    assert answer.status_code == 200, answer.text
    return [one["event"] for one in answer.json()["items"]]


@pytest.mark.parametrize("end", [event_v2.RunState.COMPLETE, event_v2.RunState.FAIL])
async def test_a_run_is_taken_in_with_its_facets(city: ServiceUnderTest, address: str, end: event_v2.RunState) -> None:
    outside = client(address, sender(city)["Authorization"].removeprefix("Bearer "))
    fault = error_message_run.ErrorMessageRunFacet(message="disk full", programmingLanguage="python")
    failed = {"errorMessage": fault} if end is event_v2.RunState.FAIL else {}
    for event in (told(event_v2.RunState.START, 0), told(end, 9, **failed)):
        await asyncio.to_thread(outside.emit, event)
    last, first = await kept(city)
    assert (first["eventType"], last["eventType"]) == ("START", end.value)
    assert last["inputs"][0]["facets"]["schema"]["fields"][0]["description"] == "空气质量指数"
    assert last["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 24
    assert ("errorMessage" in last["run"]["facets"]) == bool(failed)


async def test_the_client_is_told_that_a_stranger_may_not_send(city: ServiceUnderTest, address: str) -> None:
    outside = client(address, "nonsense")
    with pytest.raises(Exception, match="401"):
        await asyncio.to_thread(outside.emit, told(event_v2.RunState.START, 0))
    assert await kept(city) == []
