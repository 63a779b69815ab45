"""How many rows a second gathering takes in, end to end, against the same file by raw COPY, in a database of its own.

`python -m launcher.bench.ingest [--rows 1000000]` makes a throw-away cluster with the city's settings, publishes a
resource with seven items and a key, sends clean CSV in parts through the service's whole application, lets the worker
check and merge it (types, ranges, codes, pattern, key), and prints rows a second from the first part to the loaded
batch. Raw COPY writes the same file into a table with the same columns and the same unique index. A city that runs is
not touched.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import psycopg
from joserfc import jwt
from joserfc.jwk import OKPKey

from launcher.postgres import SUPERUSER, Cluster, serving, socket_folder
from launcher.provision import give_roles, make_database, service_url

HUB = "data-hub"
DEPARTMENT, BUREAU = "11131100MB0H00030L", "11131100MB0H00014Y"
SUBJECTS = {
    DEPARTMENT: "01890000-0000-7000-8000-000000000014",
    BUREAU: "01890000-0000-7000-8000-000000000013",
}
PART = 8 * 1024 * 1024
ROUNDS = 3
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


class Bench:
    """One service on one database, asked in this process."""

    def __init__(self, address: str, folder: Path) -> None:
        self._key = OKPKey.generate_key("Ed25519", {"kid": "bench", "use": "sig"})
        self.hub = import_module("data_hub.main").service
        (folder / "identifier_key").write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        own = OKPKey.generate_key("Ed25519", {"kid": HUB, "use": "sig"})
        (folder / "mesh_key.json").write_text(json.dumps(own.as_dict(private=True)))
        (folder / "mesh_keys.json").write_text(json.dumps({"keys": [own.as_dict(private=False)]}))
        tokens = {"token_issuer": "http://bench/issuer", "token_keys_url": "http://bench/keys"}
        self.settings = self.hub.settings(
            **tokens, database_url=address, profile="demo", secrets_dir=folder, log_level="ERROR"
        )

    def migrate(self) -> None:
        """Make the tables."""
        import_module("citykit.migrate").upgrade(self.hub, self.settings)

    def _headers(self, department: str, *scopes: str) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.settings.token_issuer, "sub": SUBJECTS[department], "aud": [HUB], "iat": now,
            "exp": now + 3000, "jti": secrets.token_hex(8), "scope": " ".join(scopes), "kind": "person",
            "client_id": "bench",
            "acr": "l2", "department": department,
        }  # fmt: skip
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "bench"}
        return {"Authorization": f"Bearer {jwt.encode(header, claims, self._key, algorithms=['Ed25519'])}"}

    async def run(self, content: bytes, rounds: int) -> list[tuple[float, float]]:
        """Seconds of gathering and of raw COPY, round by round, each into an empty table."""
        keys = {"keys": [self._key.as_dict(private=False)]}
        neighbours = httpx.MockTransport(lambda _: httpx.Response(200, json=keys))
        app = self.hub.app(self.settings, transport=neighbours)
        found = []
        async with app.router.lifespan_context(app), app.state.city.queue.open_async():
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=600) as client:
                for number in range(rounds):
                    code = f"203001-{900 + number:06}"
                    await self._publish(client, code)
                    gathered = await self._gather(client, app.state.city.queue, code, content)
                    found.append((gathered, await self._raw_copy(content)))
        return found

    async def _publish(self, client: httpx.AsyncClient, code: str) -> None:
        author = self._headers(DEPARTMENT, "data-hub.resources.catalogue")
        reviewer = self._headers(BUREAU, "data-hub.resources.review")
        base = "/api/data-hub/v1/resources"
        for path, headers, body in (
            (base, author, DESCRIPTION | {"code": code, "name": f"空气质量小时数据（性能样例）{code}"}),
            (f"{base}/{code}/submissions", author, None),
            (f"{base}/{code}/reviews", reviewer, {"approve": True}),
        ):
            _right(await client.post(path, json=body, headers=headers))

    async def _gather(self, client: httpx.AsyncClient, queue: Any, code: str, content: bytes) -> float:
        headers = self._headers(DEPARTMENT, "data-hub.ingest.load")
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


def _right(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise SystemExit(f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json()


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    password = secrets.token_hex(16)
    cluster = Cluster(folder / "data", socket_folder(folder / "s"))
    cluster.initialise(password)
    with serving(cluster, password, folder / "postgres.log"):
        make_database(cluster.conninfo(SUPERUSER, password, "postgres"), "bench")
        give_roles(cluster.conninfo(SUPERUSER, password, "bench"), {HUB: password})
        yield service_url(cluster.conninfo("data_hub", password, "bench"))


def main(words: list[str]) -> int:
    """Measure, and print the best round of each side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    told = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="city-ingest-"))
    folder.chmod(0o711)
    (folder / "secrets").mkdir(mode=0o700)
    content = invented(told.rows)
    try:
        with _database(folder) as address:
            bench = Bench(address, folder / "secrets")
            bench.migrate()
            found = asyncio.run(bench.run(content, told.rounds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write("| round | gathered rows/s | raw COPY rows/s | ratio |\n|--:|--:|--:|--:|\n")
    for number, (gathered, copied) in enumerate(found, 1):
        sys.stdout.write(
            f"| {number} | {told.rows / gathered:,.0f} | {told.rows / copied:,.0f} | {copied / gathered:.2f} |\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
