"""The measurement: the city and the bare handlers in turn, pair by pair, so that a change of weather hits both."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from launcher.bench.effort import Effort, between, machine_idle
from launcher.bench.rows import Row
from launcher.bench.stage import cores
from launcher.plan import base_environment
from launcher.refusals import Refusal

WARM_UP_SECONDS = 0.8


@dataclass(frozen=True)
class Plan:
    """How long and how hard."""

    rounds: int
    seconds: float
    connections: int


@dataclass(frozen=True)
class Round:
    """What one round of one side told."""

    rate: float
    p50_ms: float
    p95_ms: float
    seconds: float
    count: int
    effort: dict[str, float] = field(default_factory=dict)
    idle: float = 0.0


class Instrument:
    """A process that does jobs, told as lines of JSON."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self.pid = running.pid
        self._running = running

    def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """Do a job. Raises Refusal where an answer was wrong."""
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(json.dumps(job) + "\n")
        self._running.stdin.flush()
        line = self._running.stdout.readline()
        told: dict[str, Any] = json.loads(line) if line else {"error": "the instrument ended"}
        if "error" in told:
            raise Refusal("测量中收到错误的应答", f"The bench got a wrong answer: {told['error']}")
        return told


@contextmanager
def instrument(module: str) -> Iterator[Instrument]:
    """An instrument in a process of its own, for the length of the block."""
    running = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", module],
        env=base_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Instrument(running)
    finally:
        assert running.stdin is not None
        running.stdin.close()
        try:
            running.wait(timeout=10)
        except subprocess.TimeoutExpired:
            running.kill()


@dataclass
class Side:
    """One of the two that are compared: where it listens, and the processes that work for it."""

    port: int
    effort: Effort


class Measurement:
    """Measures rows."""

    def __init__(self, plan: Plan, caller: Instrument, city: Callable[[Row], Side], bare: Side) -> None:
        self._plan = plan
        self._caller = caller
        self._city = city
        self._bare = bare

    def row(self, row: Row, turn: Callable[[], None]) -> dict[str, Any]:
        """Measure one row against the bare handler."""
        city = self._city(row)
        for side in (self._bare, city):
            self._ask(row, side, WARM_UP_SECONDS)
        pairs: list[tuple[Round, Round]] = []
        for number in range(self._plan.rounds):
            turn()
            sides = (city, self._bare) if number % 2 == 0 else (self._bare, city)
            first, second = (self._ask(row, side, self._plan.seconds) for side in sides)
            pairs.append((first, second) if number % 2 == 0 else (second, first))
        return summary(row, pairs)

    def _ask(self, row: Row, side: Side, seconds: float) -> Round:
        before, idle = side.effort.now(), machine_idle()
        told = self._caller.do(
            {
                "port": side.port, "connections": self._plan.connections, "seconds": seconds, "status": row.status,
                "members": None if row.members is None else list(row.members),
                "requests": [_encoded(sent, got) for sent, got in row.requests],
            }
        )  # fmt: skip
        effort = between(before, side.effort.now())
        rate = told["count"] / told["seconds"]
        idle = machine_idle() - idle
        return Round(rate, told["p50_ms"], told["p95_ms"], told["seconds"], told["count"], effort, idle)


def _encoded(sent: bytes, got: bytes | None) -> tuple[str, str | None]:
    return b64encode(sent).decode(), None if got is None else b64encode(got).decode()


def alone(row: Row, plan: Plan, caller: Instrument, conninfo: str) -> float | None:
    """The rate of the statement alone, in the median of the rounds; None where there is no such statement."""
    if row.key == "token":
        return None
    job = {"row": row.key, "conninfo": conninfo, "connections": plan.connections, "values": row.values}
    rates: list[float] = []
    for seconds in (0.3, *[max(0.3, plan.seconds / 3)] * 3):
        told = caller.do(job | {"seconds": seconds})
        rates.append(told["count"] / told["seconds"])
    return median(rates[1:])


def summary(row: Row, pairs: list[tuple[Round, Round]]) -> dict[str, Any]:
    """A row of the table: medians of both sides, and the median of the ratios pair by pair."""
    ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
    cities, bares = [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
    ratio = median(ratios)
    city, bare = _side(cities), _side(bares)
    return {
        "row": row.key, "title": row.title, "aim": row.aim, "ratio": round(ratio, 3), "reached": ratio >= row.aim,
        "ratio_least": round(ratios[0], 3), "ratio_most": round(ratios[-1], 3),
        "city": city, "bare": bare, "bound_by": bound(cities),
        # What a request costs in processor time, all parts together, is steadier than a rate on a busy machine.
        "cost_ratio": round(sum(bare["cpu_us"].values()) / max(1, sum(city["cpu_us"].values())), 3),
    }  # fmt: skip


def _side(rounds: list[Round]) -> dict[str, Any]:
    asked = sum(one.count for one in rounds)
    parts = rounds[0].effort
    return {
        "per_second": round(median(one.rate for one in rounds), 1),
        "p50_ms": round(median(one.p50_ms for one in rounds), 2),
        "p95_ms": round(median(one.p95_ms for one in rounds), 2),
        "requests": asked,
        "cpu_us": {part: round(sum(one.effort[part] for one in rounds) / asked * 1e6) for part in parts},
    }


def bound(rounds: list[Round]) -> str:
    """What keeps a row from being faster, as the processes' accounts tell it."""
    lasted = sum(one.seconds for one in rounds)
    busy = {part: sum(one.effort[part] for one in rounds) / lasted for part in rounds[0].effort}
    part, most = max(busy.items(), key=lambda item: item[1])
    if not most:
        return "unknown: this system does not account for processes"
    shares = ", ".join(f"{name} {share:.2f}" for name, share in sorted(busy.items(), key=lambda item: -item[1]))
    count = cores()
    idle = sum(one.idle for one in rounds) / lasted
    others = count - idle - sum(busy.values())
    if part != "database" and most > 0.85:
        return f"the one core of the {part} process (cores in use: {shares})"
    if idle < 0.15 * count:
        foreign = f"; other programs {others:.2f}" if others > 0.1 * count else ""
        return f"the machine's {count} cores, most of all the {part} (cores in use: {shares}{foreign})"
    return f"waiting: for the disk at each commit, or for one another (cores in use: {shares}, idle {idle:.2f})"
