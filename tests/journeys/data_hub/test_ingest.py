"""Data is gathered with one bad row in twenty: they wait with their reasons, are mended, and come in."""

import base64
import csv
import hashlib
import io
from random import SystemRandom
from typing import Any

import pytest

from launcher.city import City
from launcher.day import Day
from launcher.day.people import Person, wait_for

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]
INGEST, RESOURCES = "/api/data-hub/v1/ingest", "/api/data-hub/v1/resources"
ECOLOGY, ECOLOGY_NAME = "11131100MB0H00030L", "衡水市生态环境局"
ROWS, BAD = 100, (7, 23, 41, 77, 99)
DESCRIPTION: dict[str, Any] = {
    "name": "河流断面水质监测（示例）", "summary": "各断面每日的监测结果（示例）", "provider_name": ECOLOGY_NAME,
    "source_department": ECOLOGY, "source_department_name": ECOLOGY_NAME, "theme": "environment", "format": "database",
    "items": [
        {"name": "section", "title": "断面编码", "type": "string", "required": True,
         "rules": [{"kind": "pattern", "pattern": "HS[0-9]{3}"}]},
        {"name": "ph", "title": "pH 值", "type": "number",
         "rules": [{"kind": "range", "minimum": "0", "maximum": "14"}]},
        {"name": "grade", "title": "水质类别", "type": "string",
         "rules": [{"kind": "codes", "values": ["Ⅱ", "Ⅲ", "Ⅳ"]}]},
    ],
    "key": ["section"], "share_type": "unconditional", "opening": "closed", "update_cycle": "daily",
    "contact": "data@hengshui.example",
}  # fmt: skip


@pytest.fixture
def day(city_at_work: City) -> Any:
    day = Day(city_at_work, quiet=True)
    yield day
    day.close()


@pytest.fixture
def code(day: Day) -> str:
    """A resource that the ecology bureau described and the data bureau published."""
    code = f"203002-{SystemRandom().randrange(100_000, 999_999)}"
    ecology = day.persona("ecology-steward")
    ecology.post(RESOURCES, DESCRIPTION | {"code": code, "name": f"{DESCRIPTION['name']}{code[-6:]}"})
    ecology.post(f"{RESOURCES}/{code}/submissions")
    day.persona("data-steward").post(f"{RESOURCES}/{code}/reviews", {"approve": True})
    return code


def file() -> bytes:
    """A hundred rows in GB18030, as older systems write them; five of them are wrong."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["断面编码", "pH 值", "水质类别"])
    for line in range(1, ROWS + 1):
        writer.writerow([f"HS{line:03}", "77" if line in BAD else "7.4", "Ⅲ"])
    return out.getvalue().encode("gb18030")


def send(ecology: Person, path: str, number: int, part: bytes) -> None:
    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
    headers = {"Content-Digest": f"sha-256=:{digest}:"}
    ecology.call("PUT", f"{path}/parts/{number}", content=part, headers=headers)


def ended(ecology: Person, path: str) -> dict[str, Any]:
    def look() -> Any:
        batch = ecology.get(path)
        return batch if batch["state"] not in ("open", "queued", "running") else None

    return dict(wait_for("the batch to be worked on", look))


def tickets(ecology: Person, code: str) -> list[tuple[str, str, str]]:
    found = ecology.get(f"{INGEST}/tickets", resource=code)["items"]
    return [(one["column"], one["rule"], one["state"]) for one in found]


def test_bad_rows_wait_are_mended_and_come_in(day: Day, code: str) -> None:
    ecology = day.persona("ecology-steward")
    content = file()
    whole = hashlib.sha256(content).hexdigest()
    batch = ecology.post(f"{INGEST}/{code}/batches", {"mode": "row-by-row", "sha256": whole})
    path = f"{INGEST}/{code}/batches/{batch['id']}"
    send(ecology, path, 2, content[500:])
    assert [part["number"] for part in ecology.get(f"{path}/parts")["items"]] == [2]
    send(ecology, path, 1, content[:500])
    ecology.post(f"{path}/completion")
    loaded = ended(ecology, path)
    assert (loaded["state"], loaded["encoding"]) == ("loaded", "gb18030")
    assert (loaded["parsed"], loaded["accepted"], loaded["quarantined"]) == (ROWS, ROWS - len(BAD), len(BAD))
    assert tickets(ecology, code) == [("ph", "range", "open")]

    waiting = ecology.get(f"{path}/quarantine", limit=100)["items"]
    assert [row["line"] for row in waiting] == list(BAD)
    for row in waiting:
        assert row["faults"] == [{"column": "ph", "rule": "range", "value": "77"}]
        ecology.post(f"{INGEST}/quarantine/{row['id']}/mendings", {"values": {"ph": "7.7"}})
    ecology.post(f"{path}/replays")
    done = ended(ecology, path)
    assert (done["accepted"], done["quarantined"], done["inserted"]) == (ROWS, 0, ROWS)
    assert tickets(ecology, code) == [("ph", "range", "closed")]

    again = ecology.post(f"{INGEST}/{code}/batches", {"id": batch["id"], "mode": "row-by-row", "sha256": whole})
    assert (again["id"], again["state"]) == (batch["id"], "loaded")
    told = [one["event"]["eventType"] for one in ecology.get(f"{INGEST}/lineage", batch=batch["id"])["items"]]
    assert told == ["COMPLETE", "COMPLETE", "START"]


def test_nobody_else_brings_the_data_of_a_department(day: Day, code: str) -> None:
    answer = day.persona("housing-steward").send(
        "POST", f"{INGEST}/{code}/files", content=file(), headers={"Content-Type": "application/octet-stream"}
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-the-resource-source")


def test_a_file_that_is_none_leaves_all_as_it_was(day: Day, code: str) -> None:
    ecology = day.persona("ecology-steward")
    batch = ecology.call("POST", f"{INGEST}/{code}/files", content=b"<html>502 Bad Gateway</html>")
    refused = ended(ecology, f"{INGEST}/{code}/batches/{batch['id']}")
    assert (refused["state"], refused["fault"]["code"]) == ("refused", "unknown-column")
