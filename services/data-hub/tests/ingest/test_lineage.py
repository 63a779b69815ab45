"""Lineage: OpenLineage events of our batches and of others, sent on, and the graph that they make."""

import json
from typing import Any

import pytest

from citykit.testing import ServiceUnderTest

from .factories import AIR, BAD, BUREAU, GOOD, HOUSING, act, brought, loader, published, seen, table
from .test_mending import received
from .test_sources import http, serving

RUN = "0190a000-0000-7000-8000-000000000001"


def event(**more: Any) -> dict[str, Any]:
    """What a program elsewhere says of a run that makes a daily table from ours."""
    return {
        "eventType": "COMPLETE", "eventTime": "2026-11-02T01:00:00+08:00", "producer": "https://example.com/etl/1.2",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": RUN, "facets": {}}, "job": {"namespace": "ecology-etl", "name": "daily-air"},
        "inputs": [{"namespace": "data-hub", "name": AIR}], "outputs": [{"namespace": "warehouse", "name": "air_day"}],
    } | more  # fmt: skip


class TestOurs:
    async def test_say_what_a_batch_did(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table(GOOD))
        kept = (await seen(city, "lineage", batch=batch["id"]))["items"]
        complete, start = (one["event"] for one in kept)
        assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
        assert complete["run"]["runId"] == start["run"]["runId"] == batch["id"]
        assert complete["job"] == {"namespace": "data-hub", "name": f"ingest.{AIR}", "facets": {}}
        [output] = complete["outputs"]
        assert (output["namespace"], output["name"]) == ("data-hub", AIR)
        assert [field["name"] for field in output["facets"]["schema"]["fields"]][:2] == ["station", "hour"]
        assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3

    async def test_say_why_a_batch_failed(self, city: ServiceUnderTest) -> None:
        await published(city)
        batch = await brought(city, table([*GOOD, BAD]))
        fail = (await seen(city, "lineage", batch=batch["id"]))["items"][0]["event"]
        assert fail["eventType"] == "FAIL"
        assert fail["run"]["facets"]["errorMessage"]["message"] == batch["fault"]["en"]

    async def test_are_read_by_the_classes_of_the_openlineage_project(self, city: ServiceUnderTest) -> None:
        events = pytest.importorskip("openlineage.client.event_v2")
        facets = pytest.importorskip("openlineage.client.facet_v2")
        await published(city)
        batch = await brought(city, table(GOOD))
        for one in (await seen(city, "lineage", batch=batch["id"]))["items"]:
            told = one["event"]
            [output] = told["outputs"]
            read = events.RunEvent(
                eventTime=told["eventTime"], producer=told["producer"], eventType=events.RunState(told["eventType"]),
                run=events.Run(**told["run"]), job=events.Job(**told["job"]),
                inputs=[events.InputDataset(**given) for given in told["inputs"]],
                outputs=[events.OutputDataset(**output)],
            )  # fmt: skip
            assert read.schemaURL == told["schemaURL"]
            own = {name: value for name, value in output["facets"]["schema"].items() if name[0] != "_"}
            shape = facets.schema_dataset
            fields = [shape.SchemaDatasetFacetFields(**field) for field in own.pop("fields")]
            assert shape.SchemaDatasetFacet(fields=fields, **own).fields

    async def test_go_to_a_receiver_that_the_settings_name(self, city: ServiceUnderTest) -> None:
        await published(city)
        heard: list[str] = []
        refusals = ["503 Busy"]

        def answer(path: str, _: dict[str, str]) -> bytes:
            heard.append(path)
            return http(b"", refusals.pop() if refusals else "201 Created")

        async with serving(answer) as port:
            told = {"lineage_url": f"http://127.0.0.1:{port}/api/v1/lineage"}
            city.runtime.settings = city.runtime.settings.model_copy(update=told)
            batch = await brought(city, table(GOOD))
            assert batch["state"] == "loaded"  # whatever the receiver does
            city.clock.advance(hours=1)
            await city.drain()
        assert heard == ["/api/v1/lineage"] * 3  # refused once, sent again, and the second event after it


class TestOthers:
    async def test_are_taken_in_once(self, city: ServiceUnderTest) -> None:
        await published(city)
        first, second = [await act(city, "lineage", event()) for _ in range(2)]
        assert first.status_code == second.status_code == 201
        assert first.json() == second.json()
        [kept] = (await seen(city, "lineage", run=RUN))["items"]
        assert kept["event"]["job"]["name"] == "daily-air"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"eventTime": "yesterday"}, {"eventTime": "2026-11-02T01:00:00"}, {"producer": "no uri"},
            {"eventType": "DONE"}, {"run": {"runId": "1"}}, {"job": None}, {"inputs": [{"name": "no namespace"}]},
            {"run": {"runId": RUN, "facets": {"x": {"no": "producer"}}}}, {"inputs": [event()["inputs"][0]] * 501},
            {"job": {"namespace": "a", "name": "b\u0000"}},
        ],
    )  # fmt: skip
    async def test_that_are_none_are_refused(self, city: ServiceUnderTest, wrong: dict[str, Any]) -> None:
        answer = await act(city, "lineage", event() | wrong)
        assert answer.status_code == 422, answer.text

    async def test_may_carry_facets_that_we_do_not_know(self, city: ServiceUnderTest) -> None:
        await published(city)
        facet = {"_producer": "https://example.com/x", "_schemaURL": "https://example.com/x.json", "any": [1, {"a": 2}]}
        told = event(run={"runId": RUN, "facets": {"own": facet}})
        assert (await act(city, "lineage", told)).status_code == 201
        [kept] = (await seen(city, "lineage", run=RUN))["items"]
        assert kept["event"]["run"]["facets"]["own"] == facet

    async def test_may_be_about_a_job_or_a_dataset(self, city: ServiceUnderTest) -> None:
        await published(city)
        bare = {name: event()[name] for name in ("eventTime", "producer", "schemaURL")}
        for told in (bare | {"job": event()["job"]}, bare | {"dataset": event()["inputs"][0]}):
            assert (await act(city, "lineage", told)).status_code == 201
        assert (await act(city, "lineage", bare)).status_code == 422


OURS = [{"namespace": "data-hub", "name": AIR}]
THEIRS = [{"namespace": "warehouse", "name": "air_day"}]


class TestWhoMayTell:
    @pytest.mark.parametrize(
        "forged",
        [
            {"outputs": OURS, "inputs": THEIRS},
            {"job": {"namespace": "data-hub", "name": f"ingest.{AIR}"}, "inputs": [], "outputs": []},
            {"job": None, "run": None, "inputs": [], "outputs": [], "dataset": OURS[0]},
            {"inputs": THEIRS, "outputs": [{"namespace": "city", "name": "department/11131100MB0H00030L"}]},
            {"inputs": THEIRS, "outputs": [{"namespace": "data-hub", "name": "203001-000099"}]},
            {"inputs": OURS, "outputs": THEIRS},
        ],
        ids=["made-from", "our-job", "described", "our-source", "not-there-yet", "read-without-grant"],
    )
    async def test_is_not_another_department(self, city: ServiceUnderTest, forged: dict[str, Any]) -> None:
        await published(city)
        await brought(city, table(GOOD))
        before = await seen(city, "lineage/graph", resource=AIR)
        told = {name: value for name, value in event(**forged).items() if value is not None}
        answer = await act(city, "lineage", told, loader(city, HOUSING))
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/lineage-of-another")
        assert await seen(city, "lineage/graph", resource=AIR) == before

    async def test_is_the_source_department_of_what_is_written(self, city: ServiceUnderTest) -> None:
        await published(city)
        assert (await act(city, "lineage", event(inputs=THEIRS, outputs=OURS))).status_code == 201

    async def test_is_the_bureau_that_keeps_the_directory(self, city: ServiceUnderTest) -> None:
        bureau = city.token(["data-hub.ingest.load", "data-hub.resources.review"], department=BUREAU)
        assert (await act(city, "lineage", event(inputs=THEIRS, outputs=OURS), bureau)).status_code == 201

    async def test_is_of_its_being_read_also_who_was_granted_it(self, city: ServiceUnderTest) -> None:
        await published(city)
        await received(city)
        assert (await act(city, "lineage", event(), loader(city, HOUSING))).status_code == 201
        both = event(inputs=OURS, outputs=OURS)
        assert (await act(city, "lineage", both, loader(city, HOUSING))).status_code == 403

    async def test_is_anybody_about_what_is_not_ours(self, city: ServiceUnderTest) -> None:
        told = event(inputs=THEIRS, outputs=[{"namespace": "warehouse", "name": "air_year"}])
        assert (await act(city, "lineage", told, loader(city, HOUSING))).status_code == 201


class TestGraph:
    async def test_reaches_up_and_down_the_stream(self, city: ServiceUnderTest) -> None:
        await published(city)
        await brought(city, table(GOOD))
        await act(city, "lineage", event())
        graph = await seen(city, "lineage/graph", resource=AIR)
        names = {(one["namespace"], one["name"]) for one in graph["datasets"]}
        assert {("data-hub", AIR), ("warehouse", "air_day")} <= names
        assert any(
            one["name"].startswith("department/") or one["namespace"] == "department" for one in graph["datasets"]
        )
        ends = {(one["job"]["name"], one["direction"], one["dataset"]["name"]) for one in graph["edges"]}
        assert ("daily-air", "input", AIR) in ends
        assert (f"ingest.{AIR}", "output", AIR) in ends
        assert json.dumps(graph)

    async def test_is_for_those_who_gather(self, city: ServiceUnderTest) -> None:
        answer = await city.client.get(
            "/api/data-hub/v1/ingest/lineage/graph", params={"resource": AIR},
            headers=city.token(["data-hub.resources.read"], department=HOUSING),
        )  # fmt: skip
        assert answer.status_code == 403
        assert loader(city)
