"""The service on a real PostgreSQL, with a small town in it: two departments, a list of who answers, and its people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest_asyncio

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest, service_fixture
from gov_collab.organisations.responsibilities import Responsibilities
from gov_collab.organisations.schemas import DepartmentDraft, ResponsibilityDraft
from gov_collab.organisations.service import Organisations

city = service_fixture("gov_collab.main:service")

API = "/api/gov-collab/v1"
URBAN = "11131100MB0H00022R"
ECOLOGY = "11131100MB0H00030L"
HOUSING = "11131100MB0H000732"
PLACE = {"longitude": 115.69, "latitude": 37.73, "address": "人民路与中心街交叉口"}
NAMES = {URBAN: "衡水市城市管理综合行政执法局", ECOLOGY: "衡水市生态环境局", HOUSING: "衡水市住房和城乡建设局"}
LEADS = {"city-management": URBAN, "air-pollution": ECOLOGY, "property-management": HOUSING}
HANDLE = "gov-collab.hotline.handle"


@dataclass
class Town:
    """The town: its people's headers, and short ways to call the service as one of them."""

    city: ServiceUnderTest
    citizen_id: str = field(default_factory=lambda: str(new_id()))
    urban: str = URBAN
    ecology: str = ECOLOGY
    housing: str = HOUSING

    def __post_init__(self) -> None:
        token = self.city.token
        self.citizen = token(["gov-collab.hotline.submit"], subject=self.citizen_id)
        self.stranger = token(["gov-collab.hotline.submit"])
        self.operator_id = str(new_id())
        self.operator = token(["gov-collab.hotline.operate"], subject=self.operator_id, name="赵敏")
        self.ecologist = token([HANDLE], department=ECOLOGY)
        self.urbanist = token([HANDLE], department=URBAN)
        self.maintainer_id = str(new_id())
        self.maintainer = token(["gov-collab.organisations.maintain"], subject=self.maintainer_id)
        self.reader = token(["gov-collab.organisations.read"])

    async def get(self, path: str, who: Mapping[str, str] | None = None, **query: Any) -> httpx.Response:
        """GET a path below the public API."""
        return await self.city.client.get(API + path, headers=dict(who or {}), params=query)

    async def post(
        self, path: str, body: Any, who: Mapping[str, str] | None = None, key: str | None = None
    ) -> httpx.Response:
        """POST a body to a path below the public API."""
        headers = dict(who or {}) | ({"Idempotency-Key": key} if key else {})
        return await self.city.client.post(API + path, json=body, headers=headers)

    async def ticket(self, **fields: Any) -> dict[str, Any]:
        """A ticket that the citizen sends in."""
        message = {"title": "小区外烧烤油烟", "text": "每天晚上油烟很大。\n已经一个月了。"} | fields
        response = await self.post("/hotline/tickets", message, self.citizen)
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def act(self, ticket: Mapping[str, Any], act: str, body: Any, who: Mapping[str, str]) -> httpx.Response:
        """An act on a ticket."""
        return await self.post(f"/hotline/tickets/{ticket['id']}/{act}", body, who)

    async def does(self, ticket: Mapping[str, Any], act: str, body: Any, who: Mapping[str, str]) -> dict[str, Any]:
        """An act that must succeed."""
        response = await self.act(ticket, act, body, who)
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def read(self, ticket: Mapping[str, Any], who: Mapping[str, str]) -> dict[str, Any]:
        """A ticket as somebody sees it."""
        response = await self.get(f"/hotline/tickets/{ticket['id']}", who)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def classified(self, matter: str = "air-pollution", nature: str = "complaint", **more: Any) -> dict[str, Any]:
        """A ticket that the operator has classified."""
        ticket = await self.ticket()
        return await self.does(ticket, "classifications", {"nature": nature, "matter": matter} | more, self.operator)

    async def assigned(self, matter: str = "air-pollution", **more: Any) -> dict[str, Any]:
        """A ticket in the hands of the department that the list names."""
        return await self.does(await self.classified(matter, **more), "assignments", {}, self.operator)

    async def answered(self) -> dict[str, Any]:
        """A ticket that the ecologists have answered."""
        ticket = await self.assigned()
        await self.does(ticket, "acceptances", None, self.ecologist)
        return await self.does(ticket, "answers", {"text": "已责令整改。"}, self.ecologist)

    async def as_case(self) -> dict[str, Any]:
        """A ticket that was assigned as a matter of city management."""
        return await self.assigned("street-lighting", location=PLACE)


@pytest_asyncio.fixture(loop_scope="session")
async def town(city: ServiceUnderTest) -> Town:
    """A town with departments and a responsibility list."""
    async with city.work() as work:
        organisations, responsibilities = Organisations(work), Responsibilities(work)
        for order, (code, name) in enumerate(NAMES.items()):
            fields = {"code": code, "name": name, "short_name": name[3:], "division_code": "131100"}
            draft = DepartmentDraft(**fields, phone="0318-5550001", sort_order=order, valid_from="2019-01-01")
            await organisations.enter(draft, by="service:test")
        for matter, code in LEADS.items():
            clause = {"matter": matter, "area": "1311", "role": "lead", "legal_basis": f"{matter} 第一条"}
            lead = ResponsibilityDraft(**clause, department_code=code, valid_from="2019-01-01")
            await responsibilities.publish(lead, by="service:test")
    return Town(city)
