"""Which process is meant: a process id alone lies once the kernel hands it out again."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def birth(pid: int) -> str | None:
    """A mark of when process `pid` started, equal for the whole of its life; None where no such process lives.

    A zombie counts as dead: it has ended, only its parent has not looked yet.
    """
    if PROC.joinpath("self/stat").exists():
        try:
            fields = PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in {"Z", "X"} else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not shown or shown.startswith("Z") else shown.partition(" ")[2].strip()


def working_folder(pid: int) -> Path | None:
    """Where process `pid` works, or None where that cannot be known."""
    with suppress(OSError):
        return PROC.joinpath(str(pid), "cwd").readlink()
    return None


def working_in(folder: Path) -> list[int]:
    """The processes whose working folder is `folder`."""
    if not PROC.is_dir():
        return []
    pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in pids if working_folder(pid) == folder]


def ended(pid: int, born: str | None, *, within: float) -> bool:
    """Wait until the process that was born at `born` is gone; False where it still lives after `within` seconds."""
    limit = time.monotonic() + within
    while birth(pid) == born and born is not None:
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def stop(pid: int, born: str | None, *signals: tuple[signal.Signals, float]) -> bool:
    """Send the signals one after the other, each with its seconds of patience, until the process is gone."""
    for number, patience in signals:
        if born is None or birth(pid) != born:
            return True
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if ended(pid, born, within=patience):
            return True
    return False


def resident_bytes(pid: int) -> int | None:
    """The share of memory that process `pid` alone answers for (PSS; RSS where the kernel does not tell), in bytes."""
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(OSError):
            for line in PROC.joinpath(str(pid), name).read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
    return None


def children(pid: int) -> list[int]:
    """The living children of process `pid`."""
    found: list[int] = []
    with suppress(OSError):
        for task in PROC.joinpath(str(pid), "task").iterdir():
            found += [int(child) for child in task.joinpath("children").read_text().split()]
    return found


def family(pid: int) -> list[int]:
    """Process `pid` and all that descend from it."""
    members = [pid]
    for member in members:
        members += children(member)
    return members
