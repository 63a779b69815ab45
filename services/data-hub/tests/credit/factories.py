"""What the tests of credit say again and again."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from citykit.testing import ServiceUnderTest

POLICE = "11131100MB0H00049H"
MARKET, URBAN, ECOLOGY = "11131100MB0H00057C", "11131100MB0H00022R", "11131100MB0H00030L"
FIRM, OTHER_FIRM = "91131102MA07XY3K94", "91131100109800001W"
CREDIT = "/api/data-hub/v1/credit"
OF_FIRM = f"{CREDIT}/firms/{FIRM}"
RECORD, REPAIR, READ = "data-hub.credit.record", "data-hub.credit.repair", "data-hub.credit.read"
MAINTAIN = "data-hub.registries.maintain"
SOURCE = {"department": MARKET, "batch": "m-1"}


def penalty(**changes: Any) -> dict[str, Any]:
    """A general penalty of market supervision, of 2026-01-31."""
    return {
        "uscc": FIRM, "kind": "penalty", "severity": "general", "title": "虚假宣传", "content": "罚款人民币2万元",
        "basis": "《中华人民共和国反不正当竞争法》第二十条", "document_number": "衡市监罚〔2026〕1号",
        "document_date": "2026-01-31", "department_name": "衡水市市场监督管理局",
    } | changes  # fmt: skip


def honour(**changes: Any) -> dict[str, Any]:
    """An honour of market supervision, of 2026-01-15, with no last day."""
    return penalty(
        kind="honour", severity=None, title="守合同重信用企业", content="2025年度公示企业",
        basis="《守合同重信用企业公示办法》第九条", document_number="衡市监信〔2026〕2号", document_date="2026-01-15",
    ) | changes  # fmt: skip


async def forget_rules(city: ServiceUnderTest) -> None:
    """Take away what other tests added to the rules, which are reference data and stay."""
    async with city.work() as work:
        for table in ("credit_limit", "credit_term", "credit_method"):
            await work.session.execute(text(f"delete from {table} where effective_from > '2026-01-01'"))


class Town:
    """A firm, its representative, and the departments that deal with its credit."""

    def __init__(self, city: ServiceUnderTest) -> None:
        self.city = city
        self.market = city.token([RECORD, REPAIR, READ], department=MARKET)
        self.urban = city.token([RECORD, REPAIR, READ], department=URBAN)
        self.ecology = city.token([READ], department=ECOLOGY)
        self.boss: dict[str, str] = {}
        self.person = ""  # the registry's number of the boss
        self.stranger = city.token([], assurance=2, person="01890000-0000-7000-8000-00000000bb02")

    async def found(self) -> "Town":
        """Register the firm and who represents it."""
        await forget_rules(self.city)
        headers = self.city.token([MAINTAIN], department=POLICE)
        answer = await self.city.client.post("/api/data-hub/v1/population/persons", headers=headers, json={
            "name": "张伟", "id_number": "131102198503150049", "ethnicity": "汉族", "division_code": "131102001045",
            "address": "河北省衡水市桃城区人民路1号", "source": {"department": POLICE, "batch": "t-1"},
        })  # fmt: skip
        assert answer.status_code == 201, answer.text
        person = UUID(answer.json()["person"])
        headers = self.city.token([MAINTAIN], department=SOURCE["department"])
        answer = await self.city.client.post("/api/data-hub/v1/legal-entities", headers=headers, json={
            "uscc": FIRM, "name": "衡水示例橡塑制品有限公司", "legal_form": "limited-company",
            "division_code": "131102",
            "established_on": "2016-03-01", "legal_representative": str(person), "representative_name": "张伟",
            "source": SOURCE,
        })  # fmt: skip
        assert answer.status_code == 201, answer.text
        self.person = str(person)
        self.boss = self.city.token([], assurance=2, person=self.person)
        return self

    async def post(self, path: str, body: Any = None, *, by: dict[str, str] | None = None) -> httpx.Response:
        """Post as market supervision, or as `by`."""
        return await self.city.client.post(f"{CREDIT}{path}", json=body, headers=by or self.market)

    async def get(self, path: str, *, by: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        """Get as market supervision, or as `by`."""
        return await self.city.client.get(f"{CREDIT}{path}", params=query, headers=by or self.market)

    async def record(self, **changes: Any) -> dict[str, Any]:
        """Take a record."""
        answer = await self.post("/records", penalty(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def published(self) -> list[str]:
        """The numbers of the records that everybody sees."""
        answer = await self.city.client.get(OF_FIRM)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["records"]]

    async def apply(self, record: str, *, by: dict[str, str] | None = None) -> httpx.Response:
        """Apply for repair as the firm."""
        body = {"duties": "罚款已缴清，广告已撤下", "commitment": "今后依法经营"}
        return await self.post(f"/firms/{FIRM}/records/{record}/repairs", body, by=by or self.boss)

    async def repaired(self, record: str) -> None:
        """Let the firm apply and market supervision grant."""
        answer = await self.apply(record)
        assert answer.status_code == 201, answer.text
        body = {"granted": True, "reason": "义务已履行"}
        answer = await self.post(f"/repairs/{answer.json()['id']}/decisions", body)
        assert answer.status_code == 200, answer.text

    async def alarms(self, act: str) -> int:
        """How often an act stands in the audit trail of the firm."""
        answer = await self.city.client.get(
            "/api/data-hub/v1/audit/entries", params={"stream": f"credit/{FIRM}"},
            headers=self.city.token(["data-hub.audit.read"]),
        )  # fmt: skip
        return sum(entry["act"] == act for entry in answer.json()["items"])
