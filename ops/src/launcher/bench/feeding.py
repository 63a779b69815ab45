"""How many rows a second a feed states in the registries, in a database of its own.

`python -m launcher.bench.feeding [--rows 20000] [--firms 5000]` makes a throw-away cluster with the city's settings,
gathers a register of invented persons and one of invented firms, lets each feed its registry, and counts from the
moment when the batch waits to the moment when all of its rows are stated: rows of records that nobody knew
(registered), the same register again (unchanged), and one in which one value of every row is another (changed). The
job of the feed runs again and again as the worker runs it, with its transactions, events, the jobs of their delivery,
audit and history; the deliveries themselves, which the worker does between, are not counted.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from launcher.bench.effort import Effort, between
from launcher.bench.hub import HUB, Hub, database, folder

POLICE, MARKET, BUREAU = "11131100MB0H00049H", "11131100MB0H00057C", "11131100MB0H00014Y"
SUBJECTS = dict(zip((POLICE, MARKET, BUREAU), (f"01890000-0000-7000-8000-00000000001{n}" for n in "123"), strict=True))
FEEDS = "/api/data-hub/v1/registries/feeds"
RESOURCES, INGEST = "/api/data-hub/v1/resources", "/api/data-hub/v1/ingest"
_LAST = """
select to_jsonb(r) from registry_feed_run r where feed = %(feed)s order by brought_at desc limit 1
"""
# While its register is gathered a feed rests, so that no periodic job states rows that nobody counts.
_REST = """
update registry_feed set ended_at = now() where id = %(feed)s;
delete from procrastinate_jobs where status = 'todo' and task_name in ('citykit.deliver', 'data-hub.registries.feed')
"""
_GO_ON = "update registry_feed set ended_at = null where id = %(feed)s"
Lines = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Register:
    """A department's register: its resource, the registry that it feeds, and which item says which field."""

    code: str
    department: str
    registry: str
    fields: dict[str, str]
    sealed: frozenset[str] = frozenset()

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of the resource, named as the fields."""
        kinds = {"established_on": "date", "capital_fen": "integer"}
        return [
            {
                "name": item,
                "title": item,
                "type": kinds.get(field, "string"),
                "required": item == next(iter(self.fields)),
            }
            | ({"sensitivity": "personal"} if item in self.sealed else {})
            | ({"unit": "分"} if field == "capital_fen" else {})
            for item, field in self.fields.items()
        ]


PERSONS = Register(
    "203001-000901", POLICE, "population",
    {"zjhm": "id_number", "xm": "name", "mz": "ethnicity", "qh": "division_code", "dz": "address", "lxdh": "phone"},
    frozenset({"zjhm", "xm", "dz", "lxdh"}),
)  # fmt: skip
FIRMS = Register(
    "205001-000902", MARKET, "legal-entities",
    {"tydm": "uscc", "mc": "name", "lx": "legal_form", "qh": "division_code", "clrq": "established_on",
     "fddbr": "representative_name", "zczb": "capital_fen"},
)  # fmt: skip


def _persons(rows: int, street: str) -> Lines:
    people = map(import_module("data_hub.sample.invention").invent_person, range(rows))
    return [
        (one.id_number, one.name, "汉族", one.county, f"河北省衡水市{street}{number}号", one.phone)
        for number, one in enumerate(people)
    ]


def _firms(rows: int, more: int) -> Lines:
    firms = map(import_module("data_hub.sample.invention").invent_entity, range(rows))
    return [
        (one.uscc, one.name, one.legal_form, one.county, one.established_on.isoformat(), one.representative_name,
         str(one.capital_fen + more))
        for one in firms
    ]  # fmt: skip


class Bench(Hub):
    """Registers that are gathered and feed the registries."""

    def __init__(self, address: str, place: Path) -> None:
        super().__init__(address, place)
        self._place = place

    async def run(self, persons: int, firms: int) -> dict[str, dict[str, dict[str, int]]]:
        """How fast each kind of row is stated, for persons and firms."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        async with self.asked() as (client, queue):
            for register, rows, loads in (
                (PERSONS, persons, [_persons(persons, "人民路"), _persons(persons, "和平路")]),
                (FIRMS, firms, [_firms(firms, 0), _firms(firms, 1_000_000)]),
            ):
                if rows:
                    feed = await self._feeding(client, register)
                    first, other = loads
                    kinds = (("registered", first), ("unchanged", first[::-1]), ("changed", other))
                    found[register.registry] = {
                        kind: await self._stated(client, queue, register, feed, kind, lines) for kind, lines in kinds
                    }
        return found

    def _of(self, department: str, scope: str) -> dict[str, str]:
        return self.headers(sub=SUBJECTS[department], kind="person", acr="l2", department=department, scope=scope)

    async def _feeding(self, client: httpx.AsyncClient, register: Register) -> str:
        described = {
            "code": register.code, "name": f"登记信息（性能样例）{register.code}", "summary": "性能样例",
            "provider_name": "部门", "source_department": register.department, "source_department_name": "部门",
            "theme": "population", "format": "database", "items": register.items,
            "key": [next(iter(register.fields))], "share_type": "conditional", "share_basis": "《政务数据共享条例》",
            "share_condition": "用于履职", "opening": "closed", "update_cycle": "daily",
            "contact": "data@hengshui.example",
        }  # fmt: skip
        author = self._of(register.department, "data-hub.resources.catalogue")
        reviewer = self._of(BUREAU, "data-hub.resources.review")
        for path, headers, body in (
            (RESOURCES, author, described),
            (f"{RESOURCES}/{register.code}/submissions", author, None),
            (f"{RESOURCES}/{register.code}/reviews", reviewer, {"approve": True}),
        ):
            _right(await client.post(path, json=body, headers=headers))
        fields = [{"item": item, "field": field} for item, field in register.fields.items()]
        draft = {"resource": register.code, "registry": register.registry, "fields": fields}
        supervisor = self._of(BUREAU, "data-hub.registries.supervise")
        return str(_right(await client.post(FEEDS, json=draft, headers=supervisor))["feed"])

    async def _stated(
        self, client: httpx.AsyncClient, queue: Any, register: Register, feed: str, kind: str, lines: Lines
    ) -> dict[str, int]:
        """How fast the rows of one batch were stated: rows a second, and microseconds of processor time for each."""
        told = [",".join(register.fields), *(",".join(line) for line in lines)]
        headers = self._of(register.department, "data-hub.ingest.load")
        path = f"{INGEST}/{register.code}/files"
        await self._done(client, _REST, feed)
        _right(await client.post(path, content="\n".join(told).encode(), params={"merge": "replace"}, headers=headers))
        await _work(queue)
        await self._done(client, _GO_ON, feed)
        jobs = import_module("data_hub.registries.feeding.jobs")
        async with self._opened(client) as work:
            await jobs.find_batches(work)
        effort = Effort({"service": os.getpid(), "database": _postmaster(self._place)})
        spent, began, run = effort.now(), time.perf_counter(), dict[str, Any](state="waiting")
        while run["state"] == "waiting":
            async with self._opened(client) as work:
                await jobs.feed_registry(work, feed)
            async with self._opened(client) as work:
                ((run,),) = await (await (await work.driver()).execute(_LAST, {"feed": feed})).fetchall()
        lasted, used = time.perf_counter() - began, between(spent, effort.now())
        if run["state"] != "done" or run[kind] != len(lines):
            raise SystemExit(f"not {kind}: {json.dumps(run, ensure_ascii=False)[:500]}")
        rows = len(lines)
        return {"rows_per_second": round(rows / lasted)} | {
            f"{name}_us_per_row": round(seconds / rows * 1e6) for name, seconds in used.items()
        }

    async def _done(self, client: httpx.AsyncClient, statements: str, feed: str) -> None:
        async with self._opened(client) as work:
            for statement in statements.split(";"):
                await (await work.driver()).execute(statement.encode(), {"feed": feed})

    @staticmethod
    def _opened(client: httpx.AsyncClient) -> Any:
        """A transaction of the service."""
        transport: Any = client._transport  # the application in this process
        return transport.app.state.city.open_work()


def _postmaster(place: Path) -> int:
    """The process whose children serve the database in a folder."""
    return int((place / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


async def _work(queue: Any) -> None:
    await queue.run_worker_async(
        queues=[HUB], wait=False, concurrency=1, listen_notify=False, install_signal_handlers=False
    )


def _right(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise SystemExit(f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json()


def main(words: list[str]) -> int:
    """Measure, and print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="persons")
    parser.add_argument("--firms", type=int, default=5_000)
    told = parser.parse_args(words)
    with folder() as place, database(place) as address:
        bench = Bench(address, place)
        bench.migrate()
        found = asyncio.run(bench.run(told.rows, told.firms))
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
