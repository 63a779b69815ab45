"""Who works while requests run: processor time by process, from the kernel's own accounts (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path

from launcher.processes import children

TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def spent(pid: int) -> float:
    """Processor seconds of process `pid` so far, in the program and in the kernel for it; 0 where nobody tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


@dataclass
class Effort:
    """Processor seconds by part of the chain: generator, gateway, service, database."""

    pids: dict[str, int]

    def now(self) -> dict[str, float]:
        """What each part has spent; the database is all its processes together."""
        return {name: sum(map(spent, _members(name, pid))) for name, pid in self.pids.items()}


def _members(name: str, pid: int) -> list[int]:
    return [pid, *children(pid)] if name == "database" else [pid]


def between(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What was spent in between. A process that ended meanwhile takes its account along: never less than nothing."""
    return {name: max(0.0, after[name] - before[name]) for name in before}


def machine_idle() -> float:
    """Idle processor seconds of the whole machine so far, waiting for disks included; 0 where nobody tells."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return 0.0
    return (int(fields[4]) + int(fields[5])) / TICK
