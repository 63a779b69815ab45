"""Cases, photos, persons and neighbours for the tests of cases."""

import io
from typing import Any
from uuid import UUID

import httpx
from PIL import Image
from sqlalchemy import text

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest

CASES = "/api/city-ops/v1/cases"
URBAN = "11131100MB0H00022R"
HOUSING = "11131100MB0H000732"

DESK = ("city-ops.cases.accept", "city-ops.cases.dispatch", "city-ops.cases.read")
HAND = ("city-ops.cases.handle", "city-ops.cases.read")
EYE = ("city-ops.cases.verify", "city-ops.cases.read")
CITIZEN = ("city-ops.cases.report",)

DRAFT: dict[str, Any] = {
    "title": "井盖缺失",
    "description": "人民路与育才街交叉口东侧污水井盖缺失，夜间危险。",
    "location": {"longitude": 115.67, "latitude": 37.74},
    "address": "桃城区人民路",
}


class People:
    """The persons of a test, each with headers of her own."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.citizen_id, self.officer_id = str(new_id()), str(new_id())
        self.citizen = city.token(CITIZEN, subject=self.citizen_id)
        self.stranger = city.token(CITIZEN)
        self.desk = city.token(DESK, department=URBAN)
        self.officer = city.token(HAND, subject=self.officer_id, department=URBAN, name="刘洋")
        self.verifier = city.token(EYE, department=URBAN)
        self.elsewhere = city.token(HAND, department=HOUSING)


def departments_answer(city: ServiceUnderTest) -> None:
    """The neighbour that knows the departments is up."""
    for code, name in ((URBAN, "衡水市城市管理综合行政执法局"), (HOUSING, "衡水市住房和城乡建设局")):
        path = f"/internal/gov-collab/v1/organisations/departments/{code}"
        city.neighbours.get(path__eq=path).respond(json={"code": code, "name": name, "division_code": "131100"})
    city.neighbours.get(path__regex=r"/internal/gov-collab/v1/organisations/departments/.*").respond(
        404, json={"type": "/problems/not-found"}
    )


async def reported(city: ServiceUnderTest, people: People, **changes: Any) -> dict[str, Any]:
    """A case that the citizen reported."""
    answer = await city.client.post(CASES, json=DRAFT | changes, headers=people.citizen)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def act(
    city: ServiceUnderTest, case: dict[str, Any], what: str, headers: dict[str, str], **body: Any
) -> httpx.Response:
    """An act on a case."""
    return await city.client.post(f"{CASES}/{case['id']}/{what}", json=body, headers=headers)


STEPS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("accepted", "acceptances", "desk", {}),
    ("filed", "filings", "desk", {"class_code": "C0102"}),
    ("dispatched", "dispatches", "desk", {"department_code": URBAN}),
    ("handled", "handlings", "officer", {"result": "已补装井盖"}),
    ("verified", "verifications", "verifier", {"passed": True}),
    ("closed", "closings", "desk", {"outcome_text": "井盖已补装，感谢您的反映。"}),
)


async def brought_to(city: ServiceUnderTest, people: People, state: str) -> dict[str, Any]:
    """A case that went the straight way up to `state`."""
    departments_answer(city)
    case = await reported(city, people)
    for reached, what, who, body in STEPS:
        if case["state"] == state:
            break
        answer = await act(city, case, what, getattr(people, who), **body)
        assert answer.status_code == 200, answer.text
        case = answer.json()
        assert case["state"] == reached
    return case


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """A picture in one of the formats."""
    written = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(written, kind, **options)
    return written.getvalue()


async def uploaded(city: ServiceUnderTest, headers: dict[str, str], content: bytes | None = None) -> httpx.Response:
    """An upload of a photo."""
    files = {"photo": ("photo.jpg", content if content is not None else picture(), "image/jpeg")}
    return await city.client.post(f"{CASES}/photos", files=files, headers=headers)


def ticket(**changes: Any) -> dict[str, Any]:
    """A hotline ticket that is a matter of city management, as gov-collab tells it."""
    return {
        "ticket_id": str(new_id()), "number": "RX20261124000001", "citizen": str(new_id()), "title": "路灯不亮",
        "text": "小区门口路灯不亮三天。", "nature": "complaint", "matter": "street-lamps", "handled_as": "city-case",
        "department_code": URBAN, "department_name": "城管局", "division_code": "131102",
        "location": {"longitude": 115.7, "latitude": 37.73, "address": "和平路"},
        "due_at": "2026-12-01T17:30:00+08:00",
    } | changes  # fmt: skip


ASSIGNED = "cn.hengshui.gov-collab.ticket.assigned.v1"


async def deliver(city: ServiceUnderTest, data: dict[str, Any], event_id: UUID | None = None) -> httpx.Response:
    """Deliver the event that a ticket was assigned."""
    return await city.deliver(ASSIGNED, data, source="gov-collab", subject=data["ticket_id"], event_id=event_id)


async def count(city: ServiceUnderTest, table: str) -> int:
    """How many rows a table has."""
    async with city.work() as work:
        return await work.session.scalar(text(f"select count(*) from {table}")) or 0


async def read(city: ServiceUnderTest, case: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    """A case with all that belongs to it."""
    return await city.client.get(f"{CASES}/{case['id']}", headers=headers)
