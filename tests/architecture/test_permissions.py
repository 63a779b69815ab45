"""The matrix of who may call what is committed, equals the code, and is what really happens."""

import csv
import re

import httpx

from citykit.testing import ServiceUnderTest

from .permissions import MATRIX, Caller, callers, endpoints, matrix

SAMPLES = {"uscc": "91131102MA07XY3K94", "code": "131102", "date": "2026-03-01", "status": "404", "number": "1"}
SOME_ID = "01890000-0000-7000-8000-00000000ffff"


def filled(path: str) -> str:
    """A path with something in the place of each parameter; nothing of that name exists."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: SAMPLES.get(found[1], SOME_ID), path)


def headers_of(city: ServiceUnderTest, caller: Caller) -> dict[str, str]:
    """What this caller sends."""
    actor = caller.actor
    if actor is None:
        return {}
    if actor.kind.value == "service":
        return city.mesh_token(actor.subject)
    return city.token(
        sorted(actor.scopes),
        subject=actor.subject,
        kind=actor.kind.value,
        assurance=actor.assurance,
        department=actor.department,
        person=actor.person,
    )


def refused_at_the_door(response: httpx.Response) -> bool:
    """Whether the answer is the kernel's own refusal; a slice may refuse for reasons of its own, by other names."""
    if response.status_code not in {401, 403} or not response.headers["content-type"].startswith("application/problem"):
        return False
    return str(response.json()["type"]) in {"/problems/unauthenticated", "/problems/forbidden"}


def test_the_matrix_equals_the_code() -> None:
    hint = "write it anew with python -m tests.architecture.permissions and read the difference"
    assert MATRIX.read_text(encoding="utf-8") == matrix(), hint


async def test_the_matrix_is_what_happens(city: ServiceUnderTest) -> None:
    with MATRIX.open(encoding="utf-8") as file:
        rows = {(row["method"], row["path"]): row for row in csv.DictReader(file)}
    wrong = []
    for endpoint in endpoints(city.service):
        row = rows[endpoint.method, endpoint.path]
        for caller in callers():
            body = {} if endpoint.method in {"POST", "PUT", "PATCH"} else None
            response = await city.client.request(
                endpoint.method, filled(endpoint.path), json=body, headers=headers_of(city, caller)
            )
            what = f"{caller.name} {endpoint.method} {endpoint.path}: {response.status_code}"
            if refused_at_the_door(response) is (row[caller.name] == "yes"):
                wrong.append(f"{what}, and the matrix says {row[caller.name]}")
            elif response.status_code >= 500 and response.status_code != 503:
                wrong.append(what)
    assert wrong == []
