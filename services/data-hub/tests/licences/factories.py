"""Hands and papers for the tests of licences."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from citykit.actors import Actor, ActorKind
from citykit.testing import ServiceUnderTest
from data_hub.registries.population.schemas import PersonDraft
from data_hub.registries.population.service import Population
from data_hub.registries.schemas import SourceDraft
from data_hub.sample.catalogue import NAMES
from data_hub.sample.departments import load_departments

LICENCES = "/api/data-hub/v1/licences"
MARKET, URBAN, POLICE = "11131100MB0H00057C", "11131100MB0H00022R", "11131100MB0H00049H"
TYPE = "11100000MB0143028R001"
HANDED_OUT = "cn.hengshui.data-hub.licence.handed-out.v1"
FIRM_TYPE = "11100000MB0143028R002"
LI, WANG = ("李秀英", "131102198503150049"), ("王建国", "131102198307020036")
LI_PERSON = UUID("01890000-0000-7000-8000-000000001001")
FIRM = "91131102MA07XY3K94"
SYSTEM = Actor("data-hub", ActorKind.service)


def type_draft(code: str = TYPE, **more: Any) -> dict[str, Any]:
    return {
        "code": code, "name_zh": "健康证明", "name_en": "Health certificate", "department": MARKET,
        "department_name": "衡水市市场监督管理局", "holder_kind": "person", "valid_months": 12,
        "renew_before_days": 60, "renew_after_days": 30,
        "fields": [
            {"name": "trade", "title": "从业类别", "kind": "code", "codes": ["餐饮", "托幼"]},
            {"name": "examined_on", "title": "体检日期", "kind": "date"},
            {"name": "clinic", "title": "体检机构", "required": False},
        ],
        "template": {"title": "{type_name}", "lines": ["{holder_name}于{examined_on}体检合格，可从事{trade}服务。"]},
    } | more  # fmt: skip


class Desk:
    """An issuing officer, a holder, a window clerk."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        scope = "data-hub.licences."
        self.steward = city.token([f"{scope}maintain"], department="11131100MB0H00014Y")
        self.issuer = city.token([f"{scope}issue", f"{scope}read"], department=MARKET)
        self.stranger = city.token([f"{scope}issue", f"{scope}use"], department=POLICE)
        self.clerk = city.token([f"{scope}use", f"{scope}read"], department=URBAN, name="窗口人员")
        self.holder = city.token([f"{scope}hold"], person=str(LI_PERSON))
        self.other = city.token([f"{scope}hold"], person="01890000-0000-7000-8000-000000001002")

    async def send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        return await self.city.client.request(method, LICENCES + path, headers=headers, **more)

    async def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.send("POST", path, headers or self.issuer, json=body)

    async def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return await self.send("GET", path, headers or self.issuer, params=params)

    async def person(self, who: tuple[str, str] = LI, person: UUID | None = LI_PERSON) -> None:
        draft = PersonDraft(
            name=who[0], id_number=who[1], division_code="131102001045",
            source=SourceDraft(department=POLICE, batch="t"),
        )  # fmt: skip
        async with self.city.work() as work:
            await Population(work).register(draft, by=SYSTEM, person=person)

    async def type(self, **more: Any) -> dict[str, Any]:
        answer = await self.post("/types", type_draft(**more), self.steward)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def draft(self, who: tuple[str, str] = LI, **more: Any) -> httpx.Response:
        body = {
            "type_code": TYPE, "person": {"name": who[0], "id_number": who[1]},
            "claims": {"trade": "餐饮", "examined_on": "2026-11-01"},
        } | more  # fmt: skip
        return await self.post("", body)

    async def issued(self, **more: Any) -> dict[str, Any]:
        """A licence of a known person, of a type made for it."""
        await self.person()
        await self.type()
        answer = await self.draft(**more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def issued_until(self, first: str, last: str, **more: Any) -> dict[str, Any]:
        """A licence of a known person that says its last day, of a type made for it that takes stock."""
        await self.person()
        await self.type(validity="until", valid_months=36, stock=True)
        answer = await self.draft(valid_from=first, valid_to=last, **more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def act(self, licence: dict[str, Any], act: str) -> httpx.Response:
        return await self.post(f"/{licence['id']}/{act}", {"reason": "复查"})

    async def form(self, licence: dict[str, Any], name: str) -> httpx.Response:
        return await self.get(f"/own/{licence['id']}/{name}", self.holder)

    async def credential(self, licence: dict[str, Any], **body: Any) -> str:
        answer = await self.post(f"/own/{licence['id']}/credentials", body, self.holder)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["credential"])

    async def departments(self) -> None:
        """Let the registry know the departments that a holder may let use her licence."""
        async with self.city.work() as work:
            await load_departments(work, {URBAN: NAMES[URBAN], MARKET: NAMES[MARKET]})

    async def leave(self, licence: dict[str, Any], **more: Any) -> httpx.Response:
        await self.departments()
        body = {
            "department": URBAN, "matter": "占道经营许可",
            "until": (self.city.clock.now() + timedelta(days=30)).isoformat(), "fields": ["holder_name", "trade"],
        } | more  # fmt: skip
        return await self.post(f"/own/{licence['id']}/authorisations", body, self.holder)

    async def use(self, leave: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.post(f"/authorisations/{leave['id']}/uses", {"case_number": "B-1"}, headers or self.clerk)

    async def verify(self, **body: Any) -> dict[str, Any]:
        answer = await self.send("POST", "/verifications", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def read_from(picture: bytes) -> list[Any]:
    """The symbols that a reader written by others finds in a picture."""
    import zxingcpp
    from PIL import Image

    return list(zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)), formats=zxingcpp.BarcodeFormat.QRCode))


def scanned(png: bytes) -> str:
    """What a QR code says: an address."""
    (found,) = read_from(png)
    return str(found.text)


def jws_of(text: str) -> str:
    """The signed part of what a QR code says."""
    address, mark, code = text.partition("#")
    assert address, mark
    return code
