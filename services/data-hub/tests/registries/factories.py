"""What the tests of the registries say again and again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.sharing.models import ApplicationRow, GrantRow

POLICE = "11131100MB0H00049H"
MARKET = "11131100MB0H00057C"
READ = "data-hub.registries.read"
PEOPLE = "data-hub.population.read"
DISCLOSE = "data-hub.registries.disclose"
MAINTAIN = "data-hub.registries.maintain"
PERSONS = "/api/data-hub/v1/population/persons"
SEARCHES = "/api/data-hub/v1/population/searches"
ENTITIES = "/api/data-hub/v1/legal-entities"
SERVICE = {"purpose": "public-service"}
OTHER = "131102199008110028"  # another person's identification number
FIRM = "91131102MA07XY3K94"


def person_draft(**changes: Any) -> dict[str, Any]:
    """A person to register."""
    return {
        "name": "李秀英", "id_number": "131102198503150049", "ethnicity": "汉族", "division_code": "131102001045",
        "address": "河北省衡水市桃城区人民路1号", "phone": "13900000001",
        "source": {"department": POLICE, "batch": "t-1"},
    } | changes  # fmt: skip


def entity_draft(**changes: Any) -> dict[str, Any]:
    """A legal entity to register."""
    return {
        "uscc": FIRM, "name": "衡水示例橡塑制品有限公司", "legal_form": "limited-company", "division_code": "131102",
        "established_on": "2016-03-01", "representative_name": "张伟", "capital_fen": 500_000_000,
        "source": {"department": MARKET, "batch": "m-1"},
    } | changes  # fmt: skip


def correction(field: str, value: str | None, **changes: Any) -> dict[str, Any]:
    """A correction of one field."""
    return {"field": field, "value": value, "source": {"department": POLICE, "reason": "校核"}} | changes


async def register(city: ServiceUnderTest, **changes: Any) -> UUID:
    """Register a person and answer her number."""
    answer = await city.client.post(PERSONS, json=person_draft(**changes), headers=city.token([MAINTAIN]))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["person"])


async def register_firm(city: ServiceUnderTest, **changes: Any) -> str:
    """Register a legal entity and answer its code."""
    answer = await city.client.post(ENTITIES, json=entity_draft(**changes), headers=city.token([MAINTAIN]))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["uscc"])


async def read(city: ServiceUnderTest, person: UUID, purpose: str = "household-registration") -> dict[str, Any]:
    """Read a person for a purpose."""
    answer = await city.client.get(f"{PERSONS}/{person}", params={"purpose": purpose}, headers=city.token([PEOPLE]))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def served(city: ServiceUnderTest, resource: str, department: str) -> None:
    """A department that was granted the rows of a resource and received some."""
    async with city.work() as work:
        now = work.clock.now()
        shared: dict[str, Any] = {
            "id": new_id(), "resource": resource, "resource_name": "基础信息", "source_department": POLICE,
            "department": department, "department_name": "示例部门", "columns": ["name"], "row_filter": None,
            "purpose": "履职", "legal_basis": "《政务数据共享条例》", "deliveries": ["query"], "daily_quota_rows": None,
            "onward": False, "valid_until": now + timedelta(days=365),
        }  # fmt: skip
        applied = ApplicationRow(
            resource_version=1, share_type="conditional", state="granted", applied_by="sub:x", applied_at=now,
            due_at=now, extended=False, **shared,
        )  # fmt: skip
        work.session.add(applied)
        await work.session.flush()
        granted = GrantRow(
            application_id=applied.id, version=1, state="active", valid_from=now, granted_at=now, deliver_by=now,
            **shared,
        )  # fmt: skip
        work.session.add(granted)
        await work.session.flush()
        used = "insert into sharing_grant_usage (grant_id, day, row_count) values (:grant, current_date, 3)"
        await work.session.execute(text(used), {"grant": granted.id})
