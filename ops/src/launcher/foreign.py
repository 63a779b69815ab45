"""Programs by others that want libraries which do not go with the city's: each in an environment of its own.

None of them is part of a running city. They lie outside the project, and are made again where their lock changes.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from launcher.refusals import Refusal


def place_of(lock: Path) -> Path:
    """The folder of the environment that a lock file describes."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "smart-hengshui" / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"


def is_made(lock: Path) -> bool:
    """Whether the environment of a lock file stands already."""
    return (place_of(lock) / "complete").exists()


def environment_of(lock: Path) -> Path:
    """The interpreter of the environment of a lock file, made where it is not there. Raises Refusal."""
    place = place_of(lock)
    python = place / "bin" / "python"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if is_made(lock):
            return python
        _run(lock, sys.executable, "-m", "venv", "--clear", place)
        words = ("-m", "pip", "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r", lock)
        _run(lock, python, *words)
        (place / "complete").touch()
    return python


def _run(lock: Path, *words: str | Path) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Refusal(f"无法在此安装 {lock.stem}", f"{lock.stem} cannot be installed here: {said[:300]}")
