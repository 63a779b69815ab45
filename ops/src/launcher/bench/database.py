"""The database alone: the same statement over as many connections, with nothing before it.

`python -m launcher.bench.database` reads jobs as lines of JSON and answers each with a line of JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import psycopg
import uvloop

from launcher.bench.reference import report_values
from launcher.bench.statements import LIST, MATCH, PERSON, POINT, REPORT, SEARCH

Connection = psycopg.AsyncConnection[Any]


def _values(job: dict[str, Any]) -> Iterator[Any]:
    if job["row"] == "write":
        while True:
            yield report_values({"title": "性能样例 bench sample", "description": "性能样例 bench sample"})
    yield from cycle(job["values"])


async def _one(connection: Connection, statement: bytes, values: Iterator[Any], until: float) -> int:
    done = 0
    for given in values:
        if time.perf_counter() >= until:
            break
        cursor = await connection.execute(statement, given, prepare=True)
        if await cursor.fetchone() is None:
            raise ValueError("the statement found nothing")
        done += 1
    return done


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job; the connections stand before its time begins."""
    listed = LIST.format(where="true and uscc > %s")
    statements = {"point": POINT, "list": listed, "match": MATCH, "person": PERSON, "search": SEARCH, "write": REPORT}
    statement = statements[job["row"]]
    values = _values(job)
    connections = [
        await psycopg.AsyncConnection.connect(job["conninfo"], autocommit=True) for _ in range(job["connections"])
    ]
    try:
        began = time.perf_counter()
        until = began + job["seconds"]
        takers = [_one(connection, statement.encode(), values, until) for connection in connections]
        done = sum(await asyncio.gather(*takers))
        return {"count": done, "seconds": time.perf_counter() - began}
    finally:
        for connection in connections:
            await connection.close()


def main() -> int:
    """Do the jobs that standard input brings, until it closes."""
    for line in sys.stdin:
        try:
            told = uvloop.run(run(json.loads(line)))
        except (psycopg.Error, ValueError) as error:
            told = {"error": str(error)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
