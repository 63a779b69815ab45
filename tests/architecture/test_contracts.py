"""The published contracts: equal to the code, complete in their refusals, and understood on both sides."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from citykit.contracts import differing
from citykit.events import parse_event
from citykit.problems import Problem
from citykit.service import Service, load

from .tree import ROOT, SERVICES, modules, package_of

ALL = {name: load(f"{package_of(name)}.main:service") for name in SERVICES}


def contract(name: str, file: str) -> dict[str, Any]:
    """A committed contract."""
    document: dict[str, Any] = json.loads((ROOT / "services" / name / file).read_text(encoding="utf-8"))
    return document


def problem_types(service: Service) -> Iterator[type[Problem]]:
    """The problems that a service's own code defines."""
    for module in modules(f"services/{service.name}"):
        if module.name.rpartition(".")[2] == "errors":
            found = vars(__import__(module.name, fromlist=["errors"])).values()
            own = (kind for kind in found if isinstance(kind, type) and kind.__module__ == module.name)
            yield from (kind for kind in own if issubclass(kind, Problem))


def deliveries() -> list[tuple[str, str, str]]:
    """Every (sender, event type, receiver) that a sender lists."""
    return [
        (sender, event, receiver)
        for sender in SERVICES
        for event, said in contract(sender, "events.json")["publishes"].items()
        for receiver in said["subscribers"]
    ]


def instances(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a JSON Schema of ours allows, as its sender may send them."""
    if "$ref" in schema:
        return instances(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return st.one_of([instances(one, root) for one in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            wanted = {name: instances(one, root) for name, one in properties.items()}
            return st.fixed_dictionaries(wanted)
        case "array":
            return st.lists(instances(schema.get("items", {"type": "string"}), root), max_size=3)
        case "integer":
            return st.integers(int(schema.get("minimum", 0)), int(schema.get("maximum", 1000)))
        case "number":
            return st.floats(float(schema.get("minimum", 0)), float(schema.get("maximum", 1000)))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    return _texts(schema)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    shapes: dict[str | None, st.SearchStrategy[str]] = {
        "uuid": st.uuids(version=4).map(str),
        "date-time": st.just("2026-11-24T09:30:00+08:00"),
        "date": st.just("2026-11-24"),
        None: st.just("衡水市示例") if "pattern" not in schema else st.from_regex(schema["pattern"], fullmatch=True),
    }
    return shapes[schema.get("format")]


@pytest.mark.parametrize("name", SERVICES)
class TestCommitted:
    def test_equal_the_code(self, name: str) -> None:
        hint = f"python -m citykit.contracts {package_of(name)}.main:service --write, and read the difference"
        assert differing(ALL[name]) == [], hint

    def test_every_operation_documents_its_refusals(self, name: str) -> None:
        bare = []
        for path, operations in contract(name, "openapi.json")["paths"].items():
            for method, operation in operations.items():
                refusals = {status for status in operation["responses"] if status >= "400"}
                wanted = {"401", "403"} if operation.get("security") else set()
                if not wanted <= refusals or not operation.get("summary"):
                    bare.append(f"{method} {path}")
        assert bare == []

    def test_every_problem_has_its_own_name_in_two_languages(self, name: str) -> None:
        kinds = list(problem_types(ALL[name]))
        meanings = {(kind.slug, kind.status, kind.title) for kind in kinds}  # two slices may refuse for one reason
        assert len(meanings) == len({kind.slug for kind in kinds})
        for kind in kinds:
            zh, en = kind.title
            assert any("\u4e00" <= character <= "\u9fff" for character in zh), kind
            assert en.isascii(), kind
            assert 400 <= kind.status < 600, kind

    def test_every_problem_is_documented_where_it_is_raised(self, name: str) -> None:
        text = (ROOT / "services" / name / "openapi.json").read_text(encoding="utf-8")
        missing = [kind.slug for kind in problem_types(ALL[name]) if f"`{kind.slug}`" not in text]
        assert missing == [], "name them in responses=problems(…) of the endpoints that raise them"


class TestEvents:
    def test_there_are_deliveries(self) -> None:
        assert len(deliveries()) > 10

    @pytest.mark.parametrize(("sender", "event", "receiver"), deliveries())
    def test_the_receiver_listens(self, sender: str, event: str, receiver: str) -> None:
        assert event in contract(receiver, "events.json")["consumes"], f"{receiver} does not listen to {event}"

    @pytest.mark.parametrize("receiver", SERVICES)
    def test_nobody_listens_in_vain(self, receiver: str) -> None:
        sent = {event for _, event, to in deliveries() if to == receiver}
        assert set(contract(receiver, "events.json")["consumes"]) - sent == set()

    @pytest.mark.parametrize(("sender", "event", "receiver"), deliveries())
    def test_the_receiver_understands_whatever_the_sender_may_say(self, sender: str, event: str, receiver: str) -> None:
        schema = contract(sender, "events.json")["publishes"][event]["schema"]
        view = next(one.view for one in ALL[receiver].subscriptions if one.type == event)

        @settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(data=instances(schema, schema))
        def understands(data: dict[str, Any]) -> None:
            parse_event(view, data)

        understands()

    @pytest.mark.parametrize("name", SERVICES)
    def test_types_are_named_as_the_house_names_them(self, name: str) -> None:
        for event in contract(name, "events.json")["publishes"]:
            prefix, _, rest = event.partition(f"cn.hengshui.{name}.")
            assert prefix == ""
            assert rest.endswith(".v1")
            assert rest.count(".") == 2, event
