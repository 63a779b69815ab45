"""Departments and grants for the tests of sharing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from citykit.ids import new_id
from citykit.testing import ServiceUnderTest
from data_hub.sharing.models import ApplicationRow, GrantRow

BUREAU = "11131100MB0H00014Y"
ECOLOGY = "11131100MB0H00030L"
HOUSING = "11131100MB0H000732"
POLICE = "11131100MB0H00049H"
RESOURCE = "303001-000001"


async def grant_to(city: ServiceUnderTest, department: str, **policy: Any) -> UUID:
    """A grant to a department, put straight into the tables; `policy` says what it allows."""
    async with city.work() as work:
        now = work.clock.now()
        shared: dict[str, Any] = {
            "resource": RESOURCE, "resource_name": "空气质量监测数据", "source_department": POLICE,
            "department": department, "department_name": "示例部门", "columns": ["station", "hour", "aqi"],
            "row_filter": None, "purpose": "扬尘治理", "legal_basis": "《大气污染防治法》",
            "deliveries": ["query", "file", "subscription"], "daily_quota_rows": None, "onward": False,
            "valid_until": now + timedelta(days=365),
        } | policy  # fmt: skip
        applied = ApplicationRow(
            id=new_id(), resource_version=1, share_type="conditional", state="granted", applied_by="sub:x",
            applied_at=now, due_at=now, extended=False, **shared,
        )  # fmt: skip
        work.session.add(applied)
        await work.session.flush()
        row = GrantRow(
            id=new_id(), application_id=applied.id, version=1, state="active", valid_from=now, granted_at=now,
            deliver_by=now, **shared,
        )  # fmt: skip
        work.session.add(row)
        return row.id
