"""Every OpenAPI document of the city as a validator written by others reads it, without any network."""

import copy
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, service_fixture

validator = pytest.importorskip("openapi_spec_validator")
OpenAPIValidationError = pytest.importorskip("openapi_spec_validator.validation.exceptions").OpenAPIValidationError
ROOT = Path(__file__).parents[3]
SERVICES = sorted(file.parent.name for file in ROOT.glob("services/*/openapi.json"))
HUB = "/api/data-hub/v1"
CODE = "203001-000009"
PATH = f"{HUB}/services/{CODE}/openapi.json"
BUREAU, ECOLOGY, HOUSING = "11131100MB0H00014Y", "11131100MB0H00030L", "11131100MB0H000732"
# An item of each type, and some that are named as words of the grammar are.
ITEMS = {
    "station": "string", "aqi": "integer", "pm25": "number", "valid": "boolean", "day": "date", "hour": "datetime",
    "order": "integer", "count": "integer", "limit": "number", "and": "string", "purpose": "string",
}  # fmt: skip
Document = dict[str, Any]

city = service_fixture("data_hub.main:service")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked for a schema."""

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("the validator asks the network")

    monkeypatch.setattr(socket, "getaddrinfo", refused)


def told(service: str) -> Document:
    """The committed document of a service."""
    return dict(json.loads((ROOT / "services" / service / "openapi.json").read_text(encoding="utf-8")))


async def published(city: ServiceUnderTest, **more: Any) -> None:
    """A resource of the ecology bureau with rows of every type."""
    body: Document = {
        "code": CODE, "name": "空气质量“小时”数据 <b>&amp; {x}", "summary": "每小时的监测结果\n第二行",
        "provider_name": "衡水市生态环境局", "source_department": ECOLOGY,
        "source_department_name": "衡水市生态环境局", "theme": "environment", "format": "database",
        "items": [
            {"name": name, "title": f"项目 {{{name}}}：值", "type": kind, "required": name == "station"}
            for name, kind in ITEMS.items()
        ],
        "key": ["station"], "share_type": "conditional", "share_basis": "《政务数据共享条例》",
        "share_condition": "用于履职", "opening": "closed", "update_cycle": "hourly",
        "contact": "data@hengshui.example",
    } | more  # fmt: skip
    author = city.token(["data-hub.resources.catalogue"], subject=str(new_id()), department=ECOLOGY)
    reviewer = city.token(["data-hub.resources.review"], subject=str(new_id()), department=BUREAU)
    for path, headers, said in (
        ("", author, body), (f"/{CODE}/submissions", author, None), (f"/{CODE}/reviews", reviewer, {"approve": True}),
    ):  # fmt: skip
        answer = await city.client.post(f"{HUB}/resources{path}", json=said, headers=headers)
        assert answer.status_code < 300, answer.text


async def shown(city: ServiceUnderTest, path: str, headers: dict[str, str] | None = None) -> Document:
    """The document that the hub makes for a caller."""
    answer = await city.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def columns(document: Document) -> list[str]:
    """The properties of a row."""
    return list(document["components"]["schemas"]["Row"]["properties"])


@pytest.mark.parametrize("service", SERVICES)
def test_the_committed_document_is_valid(service: str) -> None:
    validator.validate(told(service))


def test_all_five_services_commit_one() -> None:
    assert len(SERVICES) == 5


class TestDataService:
    async def test_of_opened_rows_of_every_type(self, city: ServiceUnderTest) -> None:
        await published(city, opening="opened", share_type="unconditional", share_condition=None)
        document = await shown(city, PATH)
        validator.validate(document)
        assert columns(document) == list(ITEMS)
        row = document["components"]["schemas"]["Row"]["properties"]
        assert row["hour"] == {"type": ["string", "null"], "format": "date-time", "title": "项目 {hour}：值"}

    async def test_of_a_granted_subset(self, city: ServiceUnderTest) -> None:
        await published(city)
        housing = city.token(
            ["data-hub.services.query", "data-hub.sharing.apply"], department=HOUSING, subject=str(new_id())
        )
        ecology = city.token(["data-hub.sharing.decide"], department=ECOLOGY, subject=str(new_id()))
        wish = {
            "resource": CODE, "department_name": "住建局", "purpose": "扬尘治理", "legal_basis": "《大气污染防治法》",
            "valid_until": "2027-06-01T00:00:00+08:00", "deliveries": ["query"],
        }  # fmt: skip
        asked = await city.client.post(f"{HUB}/sharing/applications", json=wish, headers=housing)
        assert asked.status_code == 201, asked.text
        path = f"{HUB}/sharing/applications/{asked.json()['id']}/approvals"
        granted = await city.client.post(path, json={"columns": ["station", "order"]}, headers=ecology)
        assert granted.status_code == 201, granted.text
        document = await shown(city, PATH, housing)
        validator.validate(document)
        assert columns(document) == ["station", "order"]

    async def test_of_ones_own_department(self, city: ServiceUnderTest) -> None:
        await published(city)
        own = city.token(["data-hub.services.query"], department=ECOLOGY, subject=str(new_id()))
        validator.validate(await shown(city, PATH, own))

    async def test_an_item_named_as_a_word_of_the_grammar_is_asked_in_a_group(self, city: ServiceUnderTest) -> None:
        await published(city, opening="opened", share_type="unconditional", share_condition=None)
        rows = PATH.replace("openapi.json", "rows")
        for group in ("(order.eq.1)", "(count.gt.0,limit.is.null)", "(and.eq.x)"):
            assert (await city.client.get(rows, params={"and": group})).status_code == 200


class TestOgc:
    async def test_definition_without_layers(self, city: ServiceUnderTest) -> None:
        validator.validate(await shown(city, "/api/data-hub/ogc/api"))

    async def test_definition_with_a_layer(self, city: ServiceUnderTest) -> None:
        document = await definition(city)
        validator.validate(document)
        assert any("/items/{featureId}" in path for path in document["paths"])


async def definition(city: ServiceUnderTest) -> Document:
    """The definition of the OGC face where a department published a layer with a field of each kind."""
    fields = {"places": 4, "opened": "2025-01-01", "share": 0.5, "free": True, "limit": 7, "名称": "公厕1号"}
    point = {"type": "Point", "coordinates": [115.6, 37.7]}
    body = {
        "id": f"toilets-{new_id().hex[-12:]}", "title": "公共厕所", "title_en": "Public toilets",
        "department_name": "衡水市生态环境局", "source": "2026 年普查 Census of 2026", "access": "public",
        "crs": "EPSG:4490",
        "features": {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "id": "t1", "geometry": point, "properties": fields}],
        },
    }  # fmt: skip
    rights = ["data-hub.geography.publish", "data-hub.geography.read"]
    publisher = city.token(rights, department=ECOLOGY, subject=str(new_id()))
    answer = await city.client.post(f"{HUB}/geography/layers", json=body, headers=publisher)
    assert answer.status_code == 200, answer.text
    return await shown(city, "/api/data-hub/ogc/api")


def _operation(document: Document) -> Document:
    return next(dict(path)["get"] for path in document["paths"].values() if path.get("get", {}).get("parameters"))


def _twice(document: Document) -> None:
    parameters = _operation(document)["parameters"]
    parameters.append(copy.deepcopy(parameters[0]))


def _alike(document: Document) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            operation["operationId"] = "same"


BREAKS: dict[str, Callable[[Document], Any]] = {
    "no title": lambda document: document["info"].pop("title"),
    "a type that there is not": lambda document: _operation(document)["parameters"][0].update(
        schema={"type": "text"}
    ),
    "a parameter twice": _twice,
    "operations of one name": _alike,
    "a path parameter that nobody describes": lambda document: document["paths"].update(
        {"/of/{nobody}": {"get": {"responses": {"200": {"description": "?"}}}}}
    ),
    "an answer without a description": lambda document: _operation(document)["responses"]["200"].pop("description"),
    "a parameter that stands nowhere": lambda document: _operation(document)["parameters"][0].update({"in": "body"}),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS.keys())
class TestTheValidator:
    def test_refuses_a_broken_document_of_3_1(self, broken: Callable[[Document], Any]) -> None:
        document = told("enterprise")
        broken(document)
        with pytest.raises(OpenAPIValidationError):
            validator.validate(document)

    async def test_refuses_a_broken_document_of_3_0(
        self, city: ServiceUnderTest, broken: Callable[[Document], Any]
    ) -> None:
        document = await definition(city)
        broken(document)
        with pytest.raises(OpenAPIValidationError):
            validator.validate(document)
