"""Requests of firms for tests, and what gov-collab says about departments."""

from typing import Any

import httpx

from citykit.ids import new_id
from citykit.testing import MESH, ServiceUnderTest

REQUESTS = "/api/enterprise/v1/requests"
SUBMIT = "enterprise.requests.submit"
ANSWER = "enterprise.requests.answer"
SUPERVISE = "enterprise.requests.supervise"
DEPARTMENT = "11131100MB0H000657"
OTHER_DEPARTMENT = "11131100MB0H00057C"
ORGANISATIONS = f"{MESH}/internal/gov-collab/v1/organisations"
FOUNDER = {
    "category": "policy",
    "title": "补贴何时兑付",
    "text": "去年的技改补贴至今没有到账。",
    "firm_name": "衡水筹备中的企业",
    "division_code": "131102",
    "phone": "13900000000",
}


def responsibility(city: ServiceUnderTest) -> None:
    """gov-collab names the industry bureau for every request of a firm."""
    body = {"department_code": DEPARTMENT, "department_name": "衡水市工业和信息化局", "legal_basis": "责任清单"}
    city.neighbours.get(f"{ORGANISATIONS}/responsibilities/resolution").respond(json=body)


def supervisor(city: ServiceUnderTest) -> dict[str, str]:
    """Headers of a supervisor."""
    return city.token([SUPERVISE], department="11131100MB0H00014Y")


def official(city: ServiceUnderTest, department: str = DEPARTMENT) -> dict[str, str]:
    """Headers of an official who answers requests for her department."""
    return city.token([ANSWER], department=department)


def founder(city: ServiceUnderTest) -> dict[str, str]:
    """Headers of a person who asks."""
    return city.token([SUBMIT], subject=str(new_id()))


async def submitted(city: ServiceUnderTest, headers: dict[str, str], **changes: Any) -> str:
    """A new request; the answer is its id."""
    response = await city.client.post(REQUESTS, json=FOUNDER | changes, headers=headers)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def act(city: ServiceUnderTest, request: str, name: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    """POST an act on a request."""
    return await city.client.post(f"{REQUESTS}/{request}/{name}", json=body, headers=headers)


async def assigned(city: ServiceUnderTest, headers: dict[str, str], **changes: Any) -> str:
    """A request that lies with the industry bureau."""
    responsibility(city)
    request = await submitted(city, headers, **changes)
    await city.drain()
    assert (await act(city, request, "acceptance", supervisor(city))).json()["state"] == "assigned"
    return request


async def answered(city: ServiceUnderTest, headers: dict[str, str]) -> str:
    """A request that the industry bureau has answered."""
    request = await assigned(city, headers)
    await act(city, request, "contacts", official(city), note="已电话联系企业")
    assert (await act(city, request, "answers", official(city), answer="本月内到账。")).status_code == 201
    return request


async def read(city: ServiceUnderTest, request: str, headers: dict[str, str]) -> dict[str, Any]:
    """The request as these headers see it."""
    response = await city.client.get(f"{REQUESTS}/{request}", headers=headers)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body
