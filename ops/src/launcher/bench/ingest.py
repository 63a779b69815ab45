"""How many rows a second gathering takes in, end to end, against the same file by raw COPY, in a database of its own.

`./city bench` has it as the row `ingest`; `python -m launcher.bench.ingest [--rows 1000000]` measures it alone. It
makes a throw-away cluster with the city's settings, publishes a resource with seven items and a key, sends clean CSV in
parts through the service's whole application, lets the worker check and merge it (types, ranges, codes, pattern, key),
and counts from the first part to the loaded batch. Raw COPY writes the same file into a table with the same columns and
the same unique index. The measurement fails (1) below 0.4 of COPY, and on two cores below 50,000 rows a second.

`--sealed` measures what sealing costs instead: the same file with three of its items personal, one of them in the key,
against the file with none, by turns. It has no aim of its own.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import psycopg

from launcher.bench.hub import HUB, Hub, database, folder
from launcher.bench.stage import cores

AIM = 0.4  # of raw COPY
FLOOR = 50_000  # rows a second, with two cores or more: a gathering below that is too slow whatever COPY does there
DEPARTMENT, BUREAU = "11131100MB0H00030L", "11131100MB0H00014Y"
SUBJECTS = {
    DEPARTMENT: "01890000-0000-7000-8000-000000000014",
    BUREAU: "01890000-0000-7000-8000-000000000013",
}
PART = 8 * 1024 * 1024
ROUNDS = 3
PERSONAL = ("station", "aqi", "pm2_5")  # sealed with `--sealed`: a column of the key, an integer and a number
HEAD = "station,hour,aqi,pm2_5,pm10,level,remark"
ITEMS: list[dict[str, Any]] = [
    {"name": "station", "title": "站点编码", "type": "string", "required": True,
     "rules": [{"kind": "pattern", "pattern": "[0-9]{4}A"}]},
    {"name": "hour", "title": "监测时间", "type": "datetime", "required": True},
    {"name": "aqi", "title": "空气质量指数", "type": "integer",
     "rules": [{"kind": "range", "minimum": "0", "maximum": "500"}]},
    {"name": "pm2_5", "title": "细颗粒物", "type": "number", "rules": [{"kind": "range", "minimum": "0"}]},
    {"name": "pm10", "title": "可吸入颗粒物", "type": "number"},
    {"name": "level", "title": "级别", "type": "string",
     "rules": [{"kind": "codes", "values": ["优", "良", "轻度污染"]}]},
    {"name": "remark", "title": "备注", "type": "string"},
]  # fmt: skip
DESCRIPTION = {
    "summary": "性能样例", "provider_name": "衡水市生态环境局",
    "source_department": DEPARTMENT, "source_department_name": "衡水市生态环境局", "theme": "environment",
    "format": "database", "items": ITEMS, "key": ["station", "hour"], "share_type": "unconditional",
    "opening": "closed", "update_cycle": "hourly", "contact": "data@hengshui.example",
}  # fmt: skip
# What is personal is shared under a condition alone; the open file too, so that the two differ in nothing else.
NOT_FOR_ALL = {"share_type": "conditional", "share_basis": "《政务数据共享条例》", "share_condition": "用于履职"}
TABLE = """
drop table if exists raw_copy;
create table raw_copy (_id bigint generated always as identity primary key, station text, hour timestamptz, aqi bigint,
  pm2_5 numeric, pm10 numeric, level text, remark text);
create unique index on raw_copy (station, hour)
"""


def invented(rows: int) -> bytes:
    """Clean rows: a hundred stations, hour after hour."""
    began = datetime(2020, 1, 1, tzinfo=UTC)
    lines = [HEAD]
    for number in range(rows):
        hour = (began + timedelta(hours=number // 100)).strftime("%Y-%m-%d %H:%M:%S")
        value, level = number * 7919 % 150, ("优", "良", "轻度污染")[number % 3]
        lines.append(f"{1000 + number % 100}A,{hour},{value},{value * 0.7:.1f},{value * 1.3:.1f},{level},")
    return ("\n".join(lines) + "\n").encode()


class Bench(Hub):
    """Gathering, and raw COPY of the same file."""

    def _of(self, department: str, scope: str) -> dict[str, str]:
        """Somebody of a department."""
        return self.headers(sub=SUBJECTS[department], kind="person", acr="l2", department=department, scope=scope)

    async def run(self, content: bytes, rounds: int) -> list[tuple[float, float]]:
        """Seconds of gathering and of raw COPY, round by round in turn, each into an empty table."""
        found = []
        async with self.asked() as (client, queue):
            for number in range(rounds + 1):
                code = f"203001-{900 + number:06}"
                await self._publish(client, code)
                copied = await self._raw_copy(content) if number % 2 else None
                gathered = await self._gather(client, queue, code, content)
                found.append((gathered, copied or await self._raw_copy(content)))
        return found[1:]  # the first batch of a worker waits for the libraries

    async def run_sealed(self, content: bytes, rounds: int) -> list[tuple[float, float]]:
        """Seconds of gathering with sealed columns and of gathering with none, round by round in turn."""
        found = []
        async with self.asked() as (client, queue):
            for number in range(rounds + 1):
                lasted = {}
                for place, sealed in enumerate((True, False) if number % 2 else (False, True)):
                    code = f"203001-{800 + 2 * number + place:06}"
                    await self._publish(client, code, items=_items(sealed=sealed), **NOT_FOR_ALL)
                    lasted[sealed] = await self._gather(client, queue, code, content)
                found.append((lasted[True], lasted[False]))
        return found[1:]

    async def _publish(self, client: httpx.AsyncClient, code: str, **more: Any) -> None:
        author = self._of(DEPARTMENT, "data-hub.resources.catalogue")
        reviewer = self._of(BUREAU, "data-hub.resources.review")
        base = "/api/data-hub/v1/resources"
        for path, headers, body in (
            (base, author, DESCRIPTION | more | {"code": code, "name": f"空气质量小时数据（性能样例）{code}"}),
            (f"{base}/{code}/submissions", author, None),
            (f"{base}/{code}/reviews", reviewer, {"approve": True}),
        ):
            _right(await client.post(path, json=body, headers=headers))

    async def _gather(self, client: httpx.AsyncClient, queue: Any, code: str, content: bytes) -> float:
        headers = self._of(DEPARTMENT, "data-hub.ingest.load")
        began = time.perf_counter()
        base = f"/api/data-hub/v1/ingest/{code}/batches"
        batch = _right(await client.post(base, json={}, headers=headers))["id"]
        for number, at in enumerate(range(0, len(content), PART), 1):
            part = content[at : at + PART]
            digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
            told = headers | {"Content-Digest": f"sha-256=:{digest}:"}
            _right(await client.put(f"{base}/{batch}/parts/{number}", content=part, headers=told))
        _right(await client.post(f"{base}/{batch}/completion", headers=headers))
        await queue.run_worker_async(
            queues=[HUB], wait=False, concurrency=1, listen_notify=False, install_signal_handlers=False
        )
        lasted = time.perf_counter() - began
        ended = _right(await client.get(f"{base}/{batch}", headers=headers))
        if ended["state"] != "loaded" or ended["accepted"] != content.count(b"\n") - 1:
            raise SystemExit(f"not loaded: {json.dumps(ended, ensure_ascii=False)[:500]}")
        return lasted

    async def _raw_copy(self, content: bytes) -> float:
        conninfo = self.settings.conninfo
        options = "-c timezone=Asia/Shanghai"
        async with await psycopg.AsyncConnection.connect(conninfo, options=options) as connection:
            await connection.execute(TABLE)
            await connection.commit()
            began = time.perf_counter()
            statement = "copy raw_copy (station, hour, aqi, pm2_5, pm10, level, remark) from stdin (format csv, header)"
            async with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for at in range(0, len(content), PART):
                    await copy.write(content[at : at + PART])
            await connection.commit()
            return time.perf_counter() - began


def _items(*, sealed: bool) -> list[dict[str, Any]]:
    """The items, some of them personal or none."""
    return [one | ({"sensitivity": "personal"} if sealed and one["name"] in PERSONAL else {}) for one in ITEMS]


def _right(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise SystemExit(f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json()


def measured(rows: int, rounds: int) -> dict[str, Any]:
    """Rows a second of both sides, in the median of the rounds, and their ratio pair by pair."""
    content = invented(rows)
    with folder() as place, database(place) as address:
        bench = Bench(address, place)
        bench.migrate()
        found = asyncio.run(bench.run(content, rounds))
    return judged(rows, found, cores())


def judged(rows: int, found: list[tuple[float, float]], on: int) -> dict[str, Any]:
    """The row of the seconds of gathering and of COPY, round by round, on so many cores."""
    ratios = sorted(copied / gathered for gathered, copied in found)
    rate, floor = rows / median(gathered for gathered, _ in found), FLOOR if on > 1 else None
    return {
        "row": "ingest", "rows": rows, "rounds": len(found),
        "city_rows_per_second": round(rate),
        "copy_rows_per_second": round(rows / median(copied for _, copied in found)),
        "ratio": round(median(ratios), 3), "ratio_least": round(ratios[0], 3), "ratio_most": round(ratios[-1], 3),
        "aim": AIM, "floor": floor, "reached": median(ratios) >= AIM and rate >= (floor or 0),
    }  # fmt: skip


def sealed(rows: int, rounds: int) -> dict[str, Any]:
    """Rows a second with sealed columns and with none, in the median of the rounds, and their ratio pair by pair."""
    content = invented(rows)
    with folder() as place, database(place) as address:
        bench = Bench(address, place)
        bench.migrate()
        found = asyncio.run(bench.run_sealed(content, rounds))
    ratios = sorted(plain / closed for closed, plain in found)
    return {
        "row": "ingest-sealed", "rows": rows, "rounds": len(found),
        "sealed_rows_per_second": round(rows / median(closed for closed, _ in found)),
        "open_rows_per_second": round(rows / median(plain for _, plain in found)),
        "ratio": round(median(ratios), 3), "ratio_least": round(ratios[0], 3), "ratio_most": round(ratios[-1], 3),
        "reached": True,
    }  # fmt: skip


def main(words: list[str]) -> int:
    """Measure, and print what was measured as JSON; 1 where it was too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sealed", action="store_true", help="sealed columns against open ones")
    told = parser.parse_args(words)
    found = (sealed if told.sealed else measured)(told.rows, told.rounds)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 0 if found["reached"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
