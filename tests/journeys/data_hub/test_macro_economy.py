"""A figure of the city: released, read by everybody, revised with a reason, read as it was; and what stays secret."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from citykit.ids import new_id
from launcher.city import City
from launcher.day import Day

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
API, SDMX = "/api/data-hub/v1", "/api/data-hub/sdmx/2.1"
DEPARTMENT = "11131100MB0H00014Y"
FLOW = f"{API}/statistics/flows/HS/GDP/1.0"
CSV = {"Accept": "application/vnd.sdmx.data+csv;version=2.0.0"}


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


def rows(day: Day, path: str) -> list[dict[str, str]]:
    """What anybody reads as SDMX-CSV."""
    answer = day.anyone().send("GET", f"{SDMX}/data/{path}", headers=CSV)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_revision_keeps_what_was_known(day: Day) -> None:
    steward, code = day.persona("data-steward"), f"J{new_id().hex[-10:].upper()}"
    indicator = {
        "code": code, "name": {"zh": "测试指标", "en": "Test"}, "unit": "INDEX", "additive": False,
        "department": DEPARTMENT, "department_name": "数据和政务服务局", "flow": "HS:GDP(1.0)",
    }  # fmt: skip
    steward.post(f"{API}/indicators", indicator)
    cell = {"key": f"M.{code}", "period": "2025-01", "value": "101.5"}
    body: dict[str, Any] = {"release": f"{code}-1", "source": {"department": DEPARTMENT}, "observations": [cell]}
    steward.post(f"{FLOW}/releases", body)
    known = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    body = body | {"release": f"{code}-2", "observations": [cell | {"value": "101.7"}]}
    assert steward.send("POST", f"{FLOW}/releases", json=body).status_code == 409
    steward.post(f"{FLOW}/releases", body | {"revision": {"kind": "routine", "reason": "迟报数据到齐"}})
    assert [one["OBS_VALUE"] for one in rows(day, f"GDP/M.{code}")] == ["101.7"]
    assert [one["OBS_VALUE"] for one in rows(day, f"GDP/M.{code}?asOf={known}")] == ["101.5"]
    both = rows(day, f"GDP/M.{code}?includeHistory=true")
    assert [one["REVISION_REASON"] for one in both] == ["", "迟报数据到齐"]


def test_what_is_confidential_stays_so_and_cannot_be_computed(day: Day) -> None:
    query = "REGIONAL/A.VALUE_ADDED_2.?startPeriod=2023"
    hidden = {one["REF_AREA"]: one["CONF_STATUS"] for one in rows(day, query) if not one["OBS_VALUE"]}
    assert hidden["131123"] == "C"
    assert "D" in hidden.values()
    listed = day.persona("data-steward").get(f"{API}/statistics/flows/HS/REGIONAL/1.0/confidential-cells")
    assert {"A.VALUE_ADDED_2.131123"} < {one["key"] for one in listed["items"]}
