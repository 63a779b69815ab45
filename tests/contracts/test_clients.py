"""Consumers' own views of their neighbours, held against what the neighbours publish and against their real doors."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from citizen_pass.clients import data_hub as pass_data_hub
from citizen_pass.clients import usage as pass_usage
from city_ops.clients import data_hub as ops_data_hub
from city_ops.clients import gov_collab as ops_gov_collab
from citykit.actors import Actor, ActorKind
from citykit.testing import ServiceUnderTest
from citykit.usage import ReadersQuery, UsageQuery
from citykit.wire import Point
from enterprise.clients import data_hub as enterprise_data_hub
from enterprise.clients import gov_collab as enterprise_gov_collab
from gov_collab.clients import data_hub as collab_data_hub

SOMEBODY = Actor("01890000-0000-7000-8000-000000000001", ActorKind.person)
PERSON = UUID("01890000-0000-7000-8000-000000001001")
FIRM, DEPARTMENT = "91131102MA07XY3K94", "11131100MB0H000657"
TODAY = date(2026, 11, 24)


@dataclass
class Question(Exception):
    """What a client would have sent."""

    service: str
    method: str
    path: str
    view: type[BaseModel]
    params: dict[str, Any] | None = None
    json: BaseModel | dict[str, Any] | None = None

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return self.json.model_dump(mode="json") if isinstance(self.json, BaseModel) else self.json


class Ear:
    """Stands where the mesh stands, and raises each question instead of sending it."""

    async def get(self, service: str, path: str, view: type[BaseModel], **options: Any) -> Any:
        """Hear a GET."""
        raise Question(service, "get", path, view, params=options.get("params"))

    async def post(self, service: str, path: str, view: type[BaseModel], **options: Any) -> Any:
        """Hear a POST."""
        raise Question(service, "post", path, view, json=options["json"])


Ask = Callable[[Any], Awaitable[Any]]


def usage_of(service: str) -> Ask:
    """citizen-pass asks `service` who read a person's data."""
    asked = UsageQuery(person=[f"sub:{SOMEBODY.subject}"], receiver="client:bench", organisation=DEPARTMENT)
    return lambda mesh: pass_usage.usages_of(mesh, service, asked, by=SOMEBODY)


def readers_of(service: str) -> Ask:
    """citizen-pass asks `service` for the readers alone."""
    asked = ReadersQuery(person=[f"sub:{SOMEBODY.subject}"])
    return lambda mesh: pass_usage.readers_of(mesh, service, asked, by=SOMEBODY)


ASKED: list[tuple[str, Ask]] = [
    ("citizen-pass", lambda m: pass_data_hub.population_verification(m, "李秀英", "131102198503150049", by=SOMEBODY)),
    *(("citizen-pass", usage_of(service)) for service in pass_usage.NEIGHBOURS),
    *(("citizen-pass", readers_of(service)) for service in pass_usage.NEIGHBOURS),
    ("city-ops", lambda m: ops_data_hub.division_at(m, longitude=115.69, latitude=37.73)),
    ("city-ops", lambda m: ops_gov_collab.department(m, DEPARTMENT)),
    (
        "city-ops",
        lambda m: ops_gov_collab.responsible_for(m, matter="city-management", division="131102", on=TODAY),
    ),
    ("enterprise", lambda m: enterprise_data_hub.legal_entity(m, FIRM)),
    ("enterprise", lambda m: enterprise_data_hub.representation(m, FIRM, PERSON)),
    ("enterprise", lambda m: enterprise_gov_collab.department(m, DEPARTMENT)),
    ("enterprise", lambda m: enterprise_gov_collab.responsible_for(m, "131102", TODAY)),
    ("gov-collab", lambda m: collab_data_hub.division_at(m, Point(longitude=115.69, latitude=37.73))),
]


async def heard(ask: Ask) -> Question:
    """The question that a client asks."""
    with pytest.raises(Question) as caught:
        await ask(Ear())
    return caught.value


def operation_of(document: dict[str, Any], question: Question) -> tuple[dict[str, Any], dict[str, str]]:
    """The published operation that a question goes to, and what stands in its path; plain paths come first."""
    for path in sorted(document["paths"], key=lambda one: one.count("{")):
        shape = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        if (match := re.fullmatch(shape, question.path)) and question.method in document["paths"][path]:
            return document["paths"][path][question.method], match.groupdict()
    raise AssertionError(f"{question.service} publishes no {question.method} {question.path}")


def lacks(view: type[BaseModel], schema: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    """The fields of a view that the published schema does not promise."""
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    missing = []
    for name, field in view.model_fields.items():
        published = schema.get("properties", {}).get(name)
        promised = published is not None and (name in schema.get("required", ()) or not field.is_required())
        nullable = published is not None and any(one.get("type") == "null" for one in published.get("anyOf", ()))
        if not promised or (nullable and field.is_required()):
            missing.append(f"{view.__name__}.{name}")
        inner = getattr(field.annotation, "__args__", (None,))[0]
        if published is not None and isinstance(inner, type) and issubclass(inner, BaseModel):
            missing += lacks(inner, published["items"], schemas)
    return missing


@pytest.mark.parametrize(("consumer", "ask"), ASKED)
async def test_the_neighbour_publishes_what_the_view_reads(consumer: str, ask: Ask, contracts: Any) -> None:
    question = await heard(ask)
    document = contracts(question.service)
    operation, _ = operation_of(document, question)
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert lacks(question.view, schema, document["components"]["schemas"]) == []
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    assert set(question.params or ()) <= known
    admitted = operation["security"][0]["mesh"]
    assert not admitted or consumer in admitted


async def test_the_neighbour_opens_its_door(city: ServiceUnderTest) -> None:
    """Each client's real request to the real application: let in, understood, and answered in its words or by 404."""
    for consumer, ask in ASKED:
        question = await heard(ask)
        if question.service != city.service.name:
            continue
        response = await city.client.request(
            question.method,
            question.path,
            params=question.params,
            json=question.body,
            headers=city.mesh_token(consumer, on_behalf_of=SOMEBODY.subject),
        )
        assert response.status_code in {200, 404}, f"{consumer} {question.path}: {response.text}"
        if response.status_code == 200:
            question.view.model_validate_json(response.content)


@pytest.fixture
def contracts() -> Callable[[str], dict[str, Any]]:
    """The committed OpenAPI documents, by service."""
    root = Path(__file__).resolve().parents[2] / "services"
    return lambda name: dict(json.loads((root / name / "openapi.json").read_text(encoding="utf-8")))
