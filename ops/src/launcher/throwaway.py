"""A cluster for one run of tests: `python -m launcher.throwaway FOLDER`, alive as long as its standard input is open.

It is a process of its own so that a test run that is killed leaves nothing: the pipe closes with the run, however the
run ends, and this process stops the server and removes the folder.
"""

import json
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from launcher.postgres import SUPERUSER, THROWAWAY, Cluster, socket_folder
from launcher.refusals import Refusal

READY = "ready.json"


def main(folder: Path) -> int:
    """Serve until standard input closes; `ready.json` in the folder tells the superuser's address, or the failure."""
    # A terminal's interrupt reaches the whole group; the run decides when its database goes, by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    password = secrets.token_hex(16)
    cluster = Cluster(folder / "data", socket_folder(folder / "s"), THROWAWAY)
    server: subprocess.Popen[bytes] | None = None
    try:
        cluster.initialise(password)
        with (folder / "log").open("wb") as log:
            server = cluster.start(log)
        cluster.wait(server, password)
        _tell(folder, {"admin": cluster.conninfo(SUPERUSER, password, "postgres")})
        sys.stdin.buffer.read()
    except Refusal as refusal:
        _tell(folder, {"refusal": refusal.english})
        sys.stdin.buffer.read()
        return 1
    finally:
        if server is not None and server.poll() is None:
            cluster.stop(server)
        shutil.rmtree(cluster.sockets, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _tell(folder: Path, message: dict[str, str]) -> None:
    fresh = folder / f"{READY}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(message))
    fresh.rename(folder / READY)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
