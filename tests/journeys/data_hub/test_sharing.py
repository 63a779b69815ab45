"""A resource goes its way: catalogued, applied for, granted, used, revoked, refused; an auditor proves all of it."""

import random
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from citykit.clock import CHINA
from launcher.city import City
from launcher.day.people import Person, persona, wait_for

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]

HUB = "/api/data-hub/v1"
SHARING = f"{HUB}/sharing"
ECOLOGY = "11131100MB0H00030L"
ROWS = "site,district,pm10\nS-001,131102,80\nS-002,131103,190\n=S-003,131102,210\n"


@pytest.fixture(scope="module")
def people(city_at_work: City) -> Iterator[dict[str, Person]]:
    keys = ("ecology-steward", "data-steward", "housing-steward", "auditor")
    found = {key: persona(city_at_work, key) for key in keys}
    yield found
    for person in found.values():
        person.close()


@pytest.fixture
def catalogued(people: dict[str, Person]) -> str:
    """A resource of the ecology bureau with three rows; its code."""
    ecology, code = people["ecology-steward"], f"203001-{random.randrange(500_000, 999_999):06d}"
    ecology.post(f"{HUB}/resources", described(code))
    ecology.post(f"{HUB}/resources/{code}/submissions")
    people["data-steward"].post(f"{HUB}/resources/{code}/reviews", {"approve": True})
    sent = ecology.send(
        "POST", f"{HUB}/ingest/{code}/files", params={"format": "csv"}, content=ROWS.encode(),
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert sent.status_code == 202, sent.text
    batch = f"{HUB}/ingest/{code}/batches/{sent.json()['id']}"
    wait_for("the rows to be loaded", lambda: ecology.get(batch)["state"] == "loaded")
    return code


@pytest.fixture
def grant(people: dict[str, Person], catalogued: str) -> dict[str, Any]:
    """A grant to the housing bureau of two columns and one district."""
    housing, ecology = people["housing-steward"], people["ecology-steward"]
    asked = housing.post(f"{SHARING}/applications", wish(catalogued))
    assert asked["state"] == "submitted"
    assert asked["id"] in {one["id"] for one in ecology.get(f"{SHARING}/applications", to_decide=True)["items"]}
    approval = {"columns": ["site", "pm10"], "row_filter": "district=eq.131102", "note": "同意"}
    done = ecology.post(f"{SHARING}/applications/{asked['id']}/approvals", approval)
    return dict(housing.get(f"{SHARING}/grants/{done['grant_id']}"))


def described(code: str) -> dict[str, Any]:
    return {
        "code": code, "name": "工地扬尘小时数据", "summary": "在建工地每小时的扬尘监测结果",
        "provider_name": "衡水市生态环境局", "source_department": ECOLOGY,
        "source_department_name": "衡水市生态环境局", "theme": "environment", "format": "database",
        "items": [
            {"name": "site", "title": "工地", "type": "string", "required": True},
            {"name": "district", "title": "区县", "type": "string"},
            {"name": "pm10", "title": "PM10", "type": "integer"},
        ],
        "key": ["site"], "share_type": "conditional", "share_basis": "《政务数据共享条例》",
        "share_condition": "用于扬尘治理", "opening": "closed", "update_cycle": "hourly",
        "contact": "data@hengshui.example",
    }  # fmt: skip


def wish(code: str) -> dict[str, Any]:
    return {
        "resource": code, "department_name": "衡水市住房和城乡建设局", "purpose": "工地扬尘治理",
        "legal_basis": "《中华人民共和国大气污染防治法》第六十九条", "daily_quota_rows": 1000,
        "valid_until": (datetime.now(CHINA) + timedelta(days=300)).isoformat(),
        "deliveries": ["query", "file", "subscription"],
    }  # fmt: skip


def queried(who: Person, code: str, **query: str) -> httpx.Response:
    return who.send("GET", f"{HUB}/services/{code}/rows", params=query)


def test_a_query_sees_what_was_granted_and_nothing_else(people: dict[str, Person], grant: dict[str, Any]) -> None:
    answer = queried(people["housing-steward"], grant["resource"])
    assert answer.status_code == 200, answer.text
    assert "S-001" in answer.text
    assert "S-002" not in answer.text
    assert "131102" not in answer.text
    assert queried(people["housing-steward"], grant["resource"], district="eq.131103").status_code in (400, 403, 422)


def test_a_file_holds_the_same(people: dict[str, Person], grant: dict[str, Any]) -> None:
    housing = people["housing-steward"]
    asked = housing.post(f"{SHARING}/grants/{grant['id']}/files", {"format": "csv"})
    wait_for("the file", lambda: housing.get(f"{SHARING}/files/{asked['id']}")["state"] == "made")
    lines = housing.send("GET", f"{SHARING}/files/{asked['id']}/content").text.splitlines()
    assert sorted(lines[1:]) == ["'=S-003,210", "S-001,80"]


def test_a_change_of_the_grant_tells_on_the_next_call(people: dict[str, Person], grant: dict[str, Any]) -> None:
    housing, ecology = people["housing-steward"], people["ecology-steward"]
    made = housing.post(f"{SHARING}/grants/{grant['id']}/subscriptions", {"name": "扬尘系统"})
    changes = f"{SHARING}/subscriptions/{made['id']}/changes"
    assert len(housing.get(changes)["items"]) == 2
    narrower = {"row_filter": "district=eq.131102&pm10=gt.100", "columns": ["pm10"], "reason": "仅超标数据"}
    ecology.post(f"{SHARING}/grants/{grant['id']}/changes", narrower)
    assert housing.get(changes)["items"] == [{"pm10": 210}]


def test_what_is_revoked_is_refused_on_the_next_call(people: dict[str, Person], grant: dict[str, Any]) -> None:
    housing, ecology = people["housing-steward"], people["ecology-steward"]
    assert queried(housing, grant["resource"]).status_code == 200
    ecology.post(f"{SHARING}/grants/{grant['id']}/revocations", {"reason": "履职事项已终结"})
    refused = queried(housing, grant["resource"])
    assert (refused.status_code, refused.json()["code"]) == (403, "revoked")


def test_all_of_it_can_be_proven_offline(people: dict[str, Person], grant: dict[str, Any], tmp_path: Path) -> None:
    housing, ecology, auditor = people["housing-steward"], people["ecology-steward"], people["auditor"]
    asked = housing.post(f"{SHARING}/grants/{grant['id']}/files", {"format": "ndjson"})
    wait_for("the file", lambda: housing.get(f"{SHARING}/files/{asked['id']}")["state"] == "made")
    ecology.post(f"{SHARING}/grants/{grant['id']}/revocations", {"reason": "履职事项已终结"})
    for refused in (
        housing.send("POST", f"{SHARING}/grants/{grant['id']}/files", json={"format": "csv"}),
        housing.send("GET", f"{SHARING}/files/{asked['id']}/content"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "revoked")
    stream = f"grant/{grant['id']}"
    wait_for("the seal and its stamp", lambda: sealed(auditor, stream))
    answer = auditor.send("GET", f"{SHARING}/evidence/exports", params={"stream": stream})
    zipfile.ZipFile(BytesIO(answer.content)).extractall(tmp_path)
    records = (tmp_path / "records.ndjson").read_text(encoding="utf-8")
    assert '\\"code\\":\\"revoked\\"' in records
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is not installed: nothing verifies the export here")
    said = subprocess.run(["sh", str(tmp_path / "verify.sh")], capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stdout + said.stderr
    (tmp_path / "records.ndjson").write_text(records.replace("revoked", "granted", 1), encoding="utf-8")
    said = subprocess.run(["sh", str(tmp_path / "verify.sh")], capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 1


def sealed(auditor: Person, stream: str) -> bool:
    """Whether all records of a stream are under a seal, and no root waits for its stamp."""
    verdict = auditor.get(f"{SHARING}/evidence/verdicts", stream=stream)
    assert verdict["intact"]
    if auditor.get(f"{SHARING}/evidence/stamps", waiting=True)["items"]:
        return False
    after, found = None, dict[str, Any]()
    while True:
        page = auditor.get(f"{SHARING}/evidence/streams", limit=200, **({"after": after} if after else {}))
        found |= {one["stream"]: one for one in page["items"]}
        after = page["next"]
        if after is None:
            return bool(found[stream]["sealed"] == found[stream]["records"])
