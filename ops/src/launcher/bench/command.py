"""`./city bench`: prepares, measures, prints a table, and writes it as JSON where asked."""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from launcher import control, sample
from launcher.bench import maps, rows, stage
from launcher.bench.effort import Effort
from launcher.bench.measure import Instrument, Measurement, Plan, Side, alone, instrument
from launcher.bench.report import GATHERING, machine, table
from launcher.city import City
from launcher.plan import DATABASE_PROCESS, GATEWAY_PROCESS, base_environment, worker_of
from launcher.refusals import Refusal
from launcher.terminal import Step, say

SAMPLE_SCALE = 0.001
ROWS = ("point", "list", "match", "person", "search", "features", "token", "write", "ingest")
GATHERED = 200_000  # rows of the file that is gathered


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./city bench", description="速度测量 Measure speed beside bare handlers")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of rounds per row (5)")
    parser.add_argument("--seconds", type=float, default=1.2, help="seconds per round and side (1.2)")
    parser.add_argument("--connections", type=int, default=16, help="connections that ask at once (16)")
    parser.add_argument("--row", action="append", choices=ROWS, help="measure this row only; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON too")
    told = parser.parse_args(words)
    if told.rounds < 1 or not 0.1 <= told.seconds <= 60 or not 1 <= told.connections <= 250:
        parser.error("rounds from 1, seconds from 0.1 to 60, connections from 1 to 250")
    return told


def main(city: City, words: list[str]) -> int:
    """Measure; 1 where a row missed its aim. Raises Refusal where a city cannot be measured or answers wrongly."""
    told = _arguments(words)
    plan = Plan(told.rounds, told.seconds, told.connections)
    token = _prepare(city)
    began = time.monotonic()
    found = [row for row in rows.make(city, token) if not told.row or row.key in told.row]
    result: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine(platform.machine()),
        "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "connections": plan.connections},
        "rows": _measure(city, plan, found) if found else [],
    }
    result["rows"] += _maps(city, plan, told.row)
    result["gathering"] = _gathering(plan) if not told.row or "ingest" in told.row else None
    result["lasted_seconds"] = round(time.monotonic() - began, 1)
    say()
    say(table(result))
    if told.json:
        told.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if reached(result) else 1


def reached(result: dict[str, Any]) -> bool:
    """Whether every row that was measured reached its aim."""
    return all(row["reached"] for row in (*result["rows"], result["gathering"]) if row is not None)


def _prepare(city: City) -> str:
    """A running demo city with a sample in it; an access token of the client `bench`."""
    with city.locked():
        control.up(city, "demo")
        token = rows.access_token(city)
        if token is not None and rows.holds_enough(city, token):
            return token
        sample.load(city, SAMPLE_SCALE)
    token = rows.access_token(city)
    if token is None:
        raise Refusal("城市不认识测量程序", "The city gives the client `bench` no token")
    return token


def _measure(city: City, plan: Plan, found: list[rows.Row]) -> list[dict[str, Any]]:
    """Measure all rows; everything that was put up for it is taken down again."""
    with ExitStack() as stack:
        stack.enter_context(stage.tables(city))
        bare = stack.enter_context(stage.reference(city, city.state / "bench"))
        caller = stack.enter_context(instrument("launcher.bench.load"))
        direct = stack.enter_context(instrument("launcher.bench.database"))
        measurement = _between(city, plan, caller, bare)
        return [_one(city, plan, measurement, direct, row) for row in found]


def _between(city: City, plan: Plan, caller: Instrument, other: dict[str, Any]) -> Measurement:
    """The city beside what else was put up."""
    common = {"caller": caller.pid, "database": _pid(city, DATABASE_PROCESS)}

    def side(row: rows.Row) -> Side:
        pids = {"service": _pid(city, row.service), "gateway": _pid(city, GATEWAY_PROCESS)}
        return Side(city.ports.web, Effort(pids | common))

    return Measurement(plan, caller, side, Side(other["port"], Effort(other["pids"] | common)))


def _maps(city: City, plan: Plan, asked: list[str] | None) -> list[dict[str, Any]]:
    """Pages of features beside pygeoapi; none where that cannot be had, and then it is said."""
    if not maps.wanted(asked):
        if not asked:
            say("要素分页未测量 Feature pages are measured after one run with --row features")
        return []
    try:
        row, boundaries = maps.row(city)
        with (
            maps.pygeoapi(city, city.state / "bench", boundaries) as other,
            instrument("launcher.bench.load") as caller,
            Step(row.title) as step,
        ):
            maps.agree(city, other["port"], row)
            measured = _between(city, plan, caller, other).row(row, step.turn)
            step.note = f"{measured['ratio']:.2f}"
    except Refusal as refusal:
        say(f"要素分页未测量 Feature pages are left out: {refusal}")
        return []
    return [measured | {"database_alone_per_second": None}]


def _gathering(plan: Plan) -> dict[str, Any] | None:
    """Gathering beside raw COPY, in a database of its own and a process that ends with it; what fails there is said."""
    words = ["--rows", str(GATHERED), "--rounds", str(min(plan.rounds, 3))]
    with Step(GATHERING) as step:
        command = [sys.executable, "-X", "utf8", "-m", "launcher.bench.ingest", *words]
        done = subprocess.run(command, env=base_environment(), stdout=subprocess.PIPE, text=True, check=False)
        if not done.stdout.strip():  # one that was too slow ends with 1 as well, and says what it measured
            step.note = "未测量 not measured"
            return None
        measured: dict[str, Any] = json.loads(done.stdout)
        step.note = f"{measured['ratio']:.2f}, {measured['city_rows_per_second']:,}/s"
    return measured


def _one(city: City, plan: Plan, measurement: Measurement, direct: Instrument, row: rows.Row) -> dict[str, Any]:
    with Step(row.title) as step, _quiet(city, row), stage.directory(city) if row.key == "search" else nullcontext():
        measured = measurement.row(row, step.turn)
        conninfo = stage.scratch(city) if row.writes else stage.libpq(city, row.service)
        rate = alone(row, plan, direct, conninfo)
        measured["database_alone_per_second"] = None if rate is None else round(rate, 1)
        step.note = f"{measured['ratio']:.2f}"
    return measured


@contextmanager
def _quiet(city: City, row: rows.Row) -> Iterator[None]:
    """Hold the worker of a service that is written to: its deliveries would run into the other side's rounds."""
    if not row.writes:
        yield
        return
    worker = worker_of(row.service)
    with city.locked():
        control.hold(city, worker)
    try:
        yield
    finally:
        with city.locked():
            control.release(city, worker)


def _pid(city: City, name: str) -> int:
    pid = control.told(city).get("processes", {}).get(name, {}).get("pid")
    if not pid:
        raise Refusal(f"{name} 未在运行", f"{name} does not run")
    return int(pid)
