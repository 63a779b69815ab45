"""Every operation of every document, called with good and bad data by a tool that reads nothing but the document.

No answer is a server error (a neighbour that is down is a documented 503), every answer is one that the document
declares, bad data are refused, and no operation that asks for a token answers without one.
"""

import json
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from citykit.openapi import api_routes, requirement_of
from citykit.testing import ServiceUnderTest

from .conftest import Listening

DECLARED = [status_code_conformance, content_type_conformance, response_schema_conformance]
# A few of each in every run; a long night may ask for more by the environment.
COUNT = int(os.environ.get("CITY_FUZZ_EXAMPLES", "4"))
EXAMPLES = {GenerationMode.POSITIVE: COUNT, GenerationMode.NEGATIVE: COUNT}
DEPARTMENT = "11131100MB0H00014Y"


def headers_for(city: ServiceUnderTest, path: str) -> dict[str, str]:
    """A caller who is let in everywhere: every scope of the service, or a service that the path admits."""
    required = [r for route in api_routes(city.service.bare_app()) if (r := requirement_of(route)) is not None]
    if path.startswith("/internal/"):
        named = {
            route.path: sorted(requirement.services or ("citizen-pass",))
            for route in api_routes(city.service.bare_app())
            if (requirement := requirement_of(route)) is not None
        }
        return city.mesh_token(named[path][0])
    scopes = sorted({scope for one in required for scope in (*one.scopes, *one.any_of)})
    person = "01890000-0000-7000-8000-000000001001"
    return city.token(scopes, expires_in=3600, department=DEPARTMENT, person=person)


def examine(case: Case, base_url: str, headers: dict[str, str], mode: GenerationMode) -> None:
    """Call, and hold the answer against the document."""
    response = case.call(base_url=base_url, headers=headers, timeout=60)
    checks: list[Any] = list(DECLARED)
    if response.status_code != 503:
        checks.append(not_a_server_error)
    if mode is GenerationMode.NEGATIVE:
        checks.append(negative_data_rejection)
    case.validate_response(response, checks=checks, headers=headers)


@pytest.mark.slow
def test_every_operation_keeps_its_word(city: ServiceUnderTest, listening: Listening) -> None:
    document = json.loads((city.service.folder / "openapi.json").read_text(encoding="utf-8"))
    wrong = []
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        headers = headers_for(city, operation.path)
        for mode, count in EXAMPLES.items():
            try:
                _fuzz(operation, mode, count, listening.base_url, headers)
            except Unsatisfiable:
                continue  # an operation without input has no bad data
            except (Exception, FailureGroup) as failure:
                wrong.append(f"{operation.label} ({mode.value}): {failure}")
    assert not wrong, "\n\n".join(wrong)


def _fuzz(operation: Any, mode: GenerationMode, count: int, base_url: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def keeps_its_word(case: Case) -> None:
        examine(case, base_url, headers, mode)

    keeps_its_word()


@pytest.mark.slow
def test_no_operation_forgets_to_ask_for_a_token(city: ServiceUnderTest, listening: Listening) -> None:
    document = json.loads((city.service.folder / "openapi.json").read_text(encoding="utf-8"))
    forgetful = []
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        if not operation.definition.raw.get("security"):
            continue
        for headers in ({}, {"Authorization": "Bearer not.a.token"}):
            case = operation.Case(path_parameters={one.name: "x" for one in operation.path_parameters})
            response = case.call(base_url=listening.base_url, headers=headers, timeout=60)
            if response.status_code != 401:
                forgetful.append(f"{operation.label}: {response.status_code}")
    assert forgetful == []
