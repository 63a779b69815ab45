"""People and firms for tests, and what the registry says about them."""

import json
from typing import Any
from uuid import UUID

import httpx

from citykit.ids import new_id
from citykit.testing import MESH, ServiceUnderTest

USCC = "91131102MA07XY3K94"
OTHER_USCC = "91350100M000100Y43"
ENTITIES = f"{MESH}/internal/data-hub/v1/registries/legal-entities"
BIND = "enterprise.firms.bind"


class Caller:
    """A person with an account: her headers, her account id, her number in the population registry."""

    def __init__(self, city: ServiceUnderTest, *scopes: str, assurance: int = 2, **claims: Any) -> None:
        self.subject = str(new_id())
        self.person = new_id()
        known = {"person": str(self.person)} | claims
        self.headers = city.token(scopes, subject=self.subject, assurance=assurance, **known)


def registry_knows(city: ServiceUnderTest, uscc: str = USCC, **facts: Any) -> None:
    """The legal-entity registry answers for `uscc`."""
    body = {
        "uscc": uscc,
        "name": "衡水示例橡塑制品有限公司",
        "state": "active",
        "legal_form": "有限责任公司",
        "division_code": "131102",
        "established_on": "2018-05-04",
        "a_field_of_tomorrow": True,
    }
    city.neighbours.get(f"{ENTITIES}/{uscc}").respond(json=body | facts)


def registry_names(city: ServiceUnderTest, *persons: UUID, uscc: str = USCC) -> None:
    """The registry names these persons as representatives of `uscc`, and nobody else."""

    def answer(request: httpx.Request) -> httpx.Response:
        named = UUID(json.loads(request.content)["person"]) in persons
        return httpx.Response(200, json={"represents": named, "role": "法定代表人" if named else None})

    city.neighbours.post(f"{ENTITIES}/{uscc}/representations").mock(side_effect=answer)


async def bound(city: ServiceUnderTest, uscc: str = USCC, *scopes: str) -> Caller:
    """A person who is bound to `uscc` as its representative."""
    caller = Caller(city, BIND, *scopes)
    registry_knows(city, uscc)
    registry_names(city, caller.person, uscc=uscc)
    response = await city.client.post("/api/enterprise/v1/firms/bindings", json={"uscc": uscc}, headers=caller.headers)
    assert response.status_code == 201, response.text
    return caller
